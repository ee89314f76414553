package io.jobqueue.redis;

import io.jobqueue.JobCodec;
import io.jobqueue.JobError;
import io.jobqueue.JobLogLine;
import io.jobqueue.JobProgress;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.JsonText;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The fields of a job's hash as a snapshot. Other clients and operators write to the hash too, so a field without a
 * meaningful value reads as absent.
 *
 * @param visibility the queue's visibility timeout: the length of a lease that its claimer did not write down
 */
record JobHash(String queue, String id, Map<String, String> fields, JobCodec codec, Duration visibility) {

    /** The field {@code progress}: when it was written, how much is done, of how much, and a note. */
    private static final Pattern PROGRESS = Pattern.compile("(\\d{1,15}):(\\d{1,18}):(\\d{1,18}):(.*)");

    /** A line of the fields {@code log} and {@code errors}: when it was written, in which attempt, and its text. */
    private static final Pattern LOG_LINE = Pattern.compile("(\\d{1,15}):(\\d{1,9}):(.*)");

    /** Reads a job; empty when there is none of this id. */
    static CompletableFuture<Optional<JobSnapshot>> read(QueueRedis redis, String id) {
        String key = redis.keys().job(id);
        return redis.<Map<String, String>>read(key, commands -> commands.hgetall(key))
                .thenApply(fields -> fields.isEmpty()
                        ? Optional.empty()
                        : Optional.of(of(redis, id, fields).snapshot()));
    }

    static JobHash of(QueueRedis redis, String id, Map<String, String> fields) {
        return new JobHash(
                redis.name(),
                id,
                fields,
                redis.codec(),
                redis.settings().lease().visibilityTimeout());
    }

    JobSnapshot snapshot() {
        String payload = fields.getOrDefault("payload", "{}");
        String kind = text("kind");
        String runId = text("run_id");
        String unitId = text("unit_id");
        if (kind == null) {
            JobCodec.Envelope envelope = codec.envelope(payload);
            kind = envelope.kind();
            runId = runId == null ? envelope.runId() : runId;
            unitId = unitId == null ? envelope.unitId() : unitId;
        }
        String result = text("result");
        JobStatus status = JobStatus.of(fields.getOrDefault("status", "")).orElse(null);
        return new JobSnapshot(
                queue,
                id,
                kind,
                status,
                Reply.count(fields.get("attempts")),
                Reply.count(fields.get("max_attempts")),
                Reply.deadline(fields.get("deadline")),
                Reply.wholeNumber(fields.get("fence")),
                Reply.count(fields.get("crashes")),
                codec.json(payload),
                json(result),
                text("last_error"),
                instant("enqueued_at_ms"),
                instant("due_at_ms"),
                startedAt(),
                status == JobStatus.PROCESSING ? lease() : null,
                instant("completed_at_ms"),
                instant("last_error_at_ms"),
                codec.headers(text("headers")),
                runId,
                unitId,
                progress(),
                log(),
                errors());
    }

    private List<JobError> errors() {
        List<JobError> errors = new ArrayList<>();
        String details = "{}";
        for (String line : fields.getOrDefault("errors", "").split("\n")) {
            Matcher parts = LOG_LINE.matcher(line);
            if (parts.matches()) {
                details = parts.group(3).equals("=") ? details : parts.group(3);
                errors.add(error(parts, details));
            }
        }
        return errors;
    }

    private static JobError error(Matcher parts, String details) {
        JsonNode read;
        try {
            read = JsonMapper.shared().readTree(details);
        } catch (JacksonException ex) {
            read = JsonMapper.shared().createObjectNode(); // other hands wrote it
        }
        return new JobError(
                Instant.ofEpochMilli(Long.parseLong(parts.group(1))),
                Integer.parseInt(parts.group(2)),
                read.path("type").stringValue(null),
                read.path("message").stringValue(null),
                read.path("trace").stringValue(null));
    }

    private @Nullable JobProgress progress() {
        Matcher parts = PROGRESS.matcher(fields.getOrDefault("progress", ""));
        return parts.matches()
                ? new JobProgress(
                        Long.parseLong(parts.group(2)),
                        Long.parseLong(parts.group(3)),
                        parts.group(4),
                        Instant.ofEpochMilli(Long.parseLong(parts.group(1))))
                : null;
    }

    private List<JobLogLine> log() {
        return fields.getOrDefault("log", "")
                .lines()
                .map(LOG_LINE::matcher)
                .filter(Matcher::matches)
                .map(parts -> new JobLogLine(
                        Instant.ofEpochMilli(Long.parseLong(parts.group(1))),
                        Reply.count(parts.group(2)),
                        parts.group(3)))
                .toList();
    }

    /** The guide's clients know only the time of the claim. */
    private @Nullable Instant startedAt() {
        Instant started = instant("started_at_ms");
        return started == null ? instant("claimed_at_ms") : started;
    }

    /** The lease that the claimer wrote down, or, for clients of the guide, the one that the sweep gives to their claims. */
    private JobSnapshot.@Nullable Lease lease() {
        Instant renewed = instant("claimed_at_ms");
        if (renewed == null) {
            return null;
        }
        // "token:deadline:length", void when the token is not that of the claim
        String lease = fields.getOrDefault("lease", "");
        String prefix = fields.getOrDefault("claim_token", "") + ":";
        long deadline = lease.startsWith(prefix)
                ? Reply.wholeNumber(lease.substring(prefix.length()).split(":", 2)[0])
                : 0;
        return new JobSnapshot.Lease(
                renewed, deadline == 0 ? renewed.plus(visibility) : Instant.ofEpochMilli(deadline));
    }

    private @Nullable JsonText json(@Nullable String value) {
        return value == null ? null : codec.json(value);
    }

    private @Nullable String text(String field) {
        String value = fields.get(field);
        return value == null || value.isEmpty() ? null : value;
    }

    private @Nullable Instant instant(String field) {
        long millis = Reply.wholeNumber(fields.get(field));
        return millis == 0 ? null : Instant.ofEpochMilli(millis);
    }
}
