package io.jobqueue;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A job at one instant.
 *
 * @param queue the queue's name
 * @param id the job's id
 * @param kind the kind, or {@code null} when the payload names none
 * @param status where the job is, or {@code null} when another client wrote an unknown status
 * @param attempts how often it was claimed
 * @param maxAttempts its own limit of attempts, or 0 when the settings of kind and queue decide
 * @param deadline until when it is retried, or {@code null} when its attempts are counted
 * @param fence the fence of its last claim, 0 before the first
 * @param crashes how many of its workers died
 * @param payload the payload
 * @param result the result of a completed job, a JSON object; {@code null} before
 * @param lastError the error of the last failed attempt, or {@code null}
 * @param enqueuedAt when it was enqueued
 * @param dueAt the time it waits or waited for, or {@code null}
 * @param startedAt when its last attempt was claimed, or {@code null}
 * @param lease the lease of a claimed job; {@code null} when no worker holds a claim on it
 * @param completedAt when it was completed, or {@code null}
 * @param lastErrorAt when its last attempt failed, or {@code null}
 * @param headers the headers, perhaps none
 * @param runId the run it is a unit of, or {@code null}
 * @param unitId the unit, or {@code null}
 * @param progress the progress that the handler reported last, or {@code null} when it reported none
 * @param log the last lines that its handlers wrote, oldest first
 * @param errors why its last attempts failed, oldest first
 * @since 0.1.0
 */
public record JobSnapshot(
        String queue,
        String id,
        @Nullable String kind,
        @Nullable JobStatus status,
        int attempts,
        int maxAttempts,
        @Nullable Instant deadline,
        long fence,
        int crashes,
        JsonText payload,
        @Nullable JsonText result,
        @Nullable String lastError,
        @Nullable Instant enqueuedAt,
        @Nullable Instant dueAt,
        @Nullable Instant startedAt,
        @Nullable Lease lease,
        @Nullable Instant completedAt,
        @Nullable Instant lastErrorAt,
        Map<String, String> headers,
        @Nullable String runId,
        @Nullable String unitId,
        @Nullable JobProgress progress,
        List<JobLogLine> log,
        List<JobError> errors) {

    /**
     * The lease of a claimed job, by the clock of Redis. A job whose lease is over stays claimed until a sweep takes it
     * back.
     *
     * @param renewedAt when it was claimed or its worker renewed the lease last
     * @param endsAt until when the claim is good without a further renewal
     * @since 0.1.0
     */
    public record Lease(Instant renewedAt, Instant endsAt) {}

    /** Copies headers, log and errors. */
    public JobSnapshot {
        headers = Map.copyOf(headers);
        log = List.copyOf(log);
        errors = List.copyOf(errors);
    }

    /** The job's tags in the order in which its request named them, perhaps none. */
    public Set<String> tags() {
        return Tags.of(headers);
    }

    @Override
    public String toString() {
        return "JobSnapshot[%s/%s, kind=%s, status=%s, attempts=%s]".formatted(queue, id, kind, status, attempts);
    }
}
