package io.jobqueue;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A worker's proof that it owns one attempt of a job. It carries everything that a worker needs to run and settle the job.
 * Only the token decides whether the worker still owns the job.
 *
 * @param queue the queue's name
 * @param id the job's id
 * @param kind the kind that the payload names, or {@code null} when it names none
 * @param token the random proof; in no log and in no {@code toString}
 * @param attempt the number of this attempt, from 1
 * @param maxAttempts the job's own limit of attempts, or 0 when the settings of kind and queue, or the deadline, decide
 * @param deadline until when the job is retried, or {@code null} when its attempts are counted
 * @param fence a number that grows with every claim on the queue; lets another system refuse a late write of an
 *     older attempt
 * @param payload the payload
 * @param headers the headers, perhaps none
 * @param enqueuedAt when the job was enqueued, or {@code null} when the producer did not store it
 * @param runPart the job's part in a run, or {@code null} when it belongs to none
 * @param linked whether the job's completion concerns another job: the job has a {@link Unique} key, or another job
 *     {@linkplain JobRequest#then follows} it
 * @since 0.1.0
 */
public record Claim(
        String queue,
        String id,
        @Nullable String kind,
        String token,
        int attempt,
        int maxAttempts,
        @Nullable Instant deadline,
        long fence,
        JsonText payload,
        Map<String, String> headers,
        @Nullable Instant enqueuedAt,
        @Nullable RunPart runPart,
        boolean linked) {

    /** Copies the headers. */
    public Claim {
        headers = Map.copyOf(headers);
    }

    /**
     * The limit of the job's attempts: its own, or none when it has a deadline, or else that of a policy.
     *
     * @param policy the settings of kind and queue
     */
    public int maxAttempts(RetryPolicy policy) {
        if (maxAttempts > 0) {
            return maxAttempts;
        }
        return deadline == null ? policy.maxAttempts() : Integer.MAX_VALUE;
    }

    /**
     * How long a failed attempt of the job waits: by its own backoff, or else by that of a policy.
     *
     * @param policy the settings of kind and queue
     */
    public Backoff backoff(RetryPolicy policy) {
        return Backoff.read(headers.get(Backoff.HEADER)).orElseGet(policy::backoff);
    }

    /** Whether the job's completion writes an output: it is a unit of a run, or gathers one. */
    public boolean hasOutput() {
        return runPart != null && runPart.hasOutput();
    }

    /** The run and the unit that the job does, or {@code null} when it is no unit. */
    public RunPart.@Nullable Unit unit() {
        return runPart instanceof RunPart.Unit unit ? unit : null;
    }

    /** The run that the job gathers, or {@code null} when it gathers none. */
    public @Nullable String gathers() {
        return runPart instanceof RunPart.Gather gather ? gather.runId() : null;
    }

    @Override
    public String toString() {
        return "Claim[%s/%s, kind=%s, attempt=%s, fence=%s]".formatted(queue, id, kind, attempt, fence);
    }
}
