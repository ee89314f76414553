package io.jobqueue;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A worker's proof that it owns one attempt of a job. It carries all that running and settling need; only the token
 * decides whether the worker still owns the job.
 *
 * @param queue the queue's name
 * @param id the job's id
 * @param kind the kind that the payload names, or {@code null} when it names none
 * @param token the random proof; in no log and in no {@code toString}
 * @param attempt the number of this attempt, from 1
 * @param maxAttempts the job's own limit of attempts, or 0 when the settings of kind and queue decide
 * @param fence a number that grows with every claim on the queue; lets an outside system refuse what an older attempt
 *     writes late
 * @param payload the payload
 * @param headers the headers, perhaps none
 * @param runId the run the job is a unit of, or {@code null}
 * @param unitId the unit, or {@code null}
 * @param enqueuedAt when the job was enqueued, or {@code null} when nobody wrote it down
 * @param gathers the run whose outputs the job gathers, or {@code null}
 * @since 0.1.0
 */
public record Claim(
        String queue,
        String id,
        @Nullable String kind,
        String token,
        int attempt,
        int maxAttempts,
        long fence,
        JsonText payload,
        Map<String, String> headers,
        @Nullable String runId,
        @Nullable String unitId,
        @Nullable Instant enqueuedAt,
        @Nullable String gathers) {

    /** Copies the headers. */
    public Claim {
        headers = Map.copyOf(headers);
    }

    /** A claim of a job that gathers no run. */
    public Claim(
            String queue,
            String id,
            @Nullable String kind,
            String token,
            int attempt,
            int maxAttempts,
            long fence,
            JsonText payload,
            Map<String, String> headers,
            @Nullable String runId,
            @Nullable String unitId,
            @Nullable Instant enqueuedAt) {
        this(queue, id, kind, token, attempt, maxAttempts, fence, payload, headers, runId, unitId, enqueuedAt, null);
    }

    /** Whether the job is a unit of a run, by names that {@link Names} allows. */
    public boolean isUnit() {
        return runId != null && unitId != null && Names.isRun(runId) && Names.isUnit(unitId);
    }

    @Override
    public String toString() {
        return "Claim[%s/%s, kind=%s, attempt=%s, fence=%s]".formatted(queue, id, kind, attempt, fence);
    }
}
