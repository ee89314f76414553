package io.jobqueue.sample;

import io.jobqueue.JobSnapshot;
import io.jobqueue.JsonText;
import io.jobqueue.UnreadableJsonException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * A job as the pages get it: the fields of the guide's demo servers, and what is our own behind them.
 *
 * @param leaseAgeMs how long ago a claimed job was claimed, or its lease was renewed last; {@code null} for other jobs
 * @param leaseLeftMs how long the lease of a claimed job is still good; zero or less once it has expired; {@code null}
 *     for other jobs
 */
record JobBody(
        String id,
        String status,
        int attempts,
        JsonNode payload,
        @Nullable JsonNode result,
        @Nullable String lastError,
        @Nullable Long leaseAgeMs,
        @Nullable Long leaseLeftMs) {

    /**
     * Shows jobs as they are at one instant.
     *
     * @param now the time by the clock of Redis, which decides about leases
     */
    static List<JobBody> of(List<JobSnapshot> jobs, Instant now) {
        return jobs.stream().map(job -> of(job, now)).toList();
    }

    private static JobBody of(JobSnapshot job, Instant now) {
        JobSnapshot.Lease lease = job.lease();
        return new JobBody(
                job.id(),
                job.status() == null ? "unknown" : job.status().text(),
                job.attempts(),
                payload(job.payload()),
                job.result() == null ? null : json(job.result()),
                job.lastError(),
                // the lease may have been renewed after the clock was read
                lease == null
                        ? null
                        : Math.max(0, Duration.between(lease.renewedAt(), now).toMillis()),
                lease == null ? null : Duration.between(now, lease.endsAt()).toMillis());
    }

    /** The guide's payloads are objects; any other payload shows as an empty one. */
    private static JsonNode payload(JsonText payload) {
        JsonNode json = json(payload);
        return json == null || !json.isObject() ? JsonNodeFactory.instance.objectNode() : json;
    }

    private static @Nullable JsonNode json(JsonText text) {
        try {
            return text.as(JsonNode.class);
        } catch (UnreadableJsonException ex) {
            return null;
        }
    }
}
