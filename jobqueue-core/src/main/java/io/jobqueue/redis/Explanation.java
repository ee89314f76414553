package io.jobqueue.redis;

import io.jobqueue.JobExplanation;
import io.jobqueue.JobExplanation.RunFigures;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.QueueStats.PausedKind;
import io.jobqueue.Retention;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Reads the state of one job, and explains in words why the job is in that state and what happens next. */
final class Explanation {

    private static final Script EXPLAIN = Script.of(ScriptOutputType.MULTI, "admin/explain");

    /** The most characters of the last error in the sentence. */
    private static final int ERROR_LENGTH = 200;

    private final String queue;
    private final String id;
    private final Instant at;
    private final @Nullable Instant pausedSince;
    private final @Nullable String pausedBy;
    private final @Nullable JobSnapshot job;
    private final @Nullable Instant cancelledAt;
    private final long position;
    private final long ofAll;
    private final @Nullable String uniqueKey;
    private final QueueSettings.Retentions retention;
    private final @Nullable RunFigures run;
    private final @Nullable PausedKind pausedKind;
    private final boolean held;

    private Explanation(QueueRedis redis, String id, Reply reply) {
        this.queue = redis.name();
        this.retention = redis.settings().retention();
        this.id = id;
        this.at = Instant.ofEpochMilli(Reply.wholeNumber(reply.text()));
        this.pausedSince = reply.instantOrNull();
        this.pausedBy = reply.textOrNull();
        Map<String, String> fields = fields(reply.texts());
        this.job = fields.isEmpty() ? null : JobHash.of(redis, id, fields).snapshot();
        long cancelled = Reply.wholeNumber(fields.get("cancelled_at_ms"));
        this.cancelledAt = cancelled == 0 ? null : Instant.ofEpochMilli(cancelled);
        this.position = reply.number();
        this.ofAll = reply.number();
        this.uniqueKey = reply.flag() ? keyOf(fields.getOrDefault("unique", "")) : null;
        this.run = run(reply.list());
        Reply kind = reply.list();
        this.pausedKind = kind.hasNext() ? KindOnHold.of(kind).pause().orElse(null) : null;
        this.held = kind.hasNext() && kind.flag();
    }

    /** Explains a job; empty when there is none of this id, and no run that will create it. */
    static CompletableFuture<Optional<JobExplanation>> of(QueueRedis redis, String id) {
        return redis.ask(EXPLAIN, List.of(id)).thenApply(reply -> {
            Explanation read = new Explanation(redis, id, reply);
            return read.job == null && read.run == null ? Optional.empty() : Optional.of(read.told());
        });
    }

    private static Map<String, String> fields(List<String> flat) {
        Map<String, String> fields = new HashMap<>();
        for (int i = 0; i < flat.size(); i += 2) {
            fields.put(flat.get(i), flat.get(i + 1));
        }
        return fields;
    }

    /** The key in a job's field {@code unique}, which holds {@code hold:key}. */
    private static String keyOf(String unique) {
        return unique.substring(unique.indexOf(':') + 1);
    }

    private static @Nullable RunFigures run(Reply reply) {
        return reply.hasNext()
                ? new RunFigures(
                        reply.text(), reply.text(), reply.number(), reply.number(), reply.number(), reply.texts())
                : null;
    }

    private JobExplanation told() {
        return new JobExplanation(
                queue,
                id,
                sentence(),
                at,
                job,
                position > 0 ? position : null,
                ofAll,
                pausedSince,
                pausedBy,
                pausedKind,
                nextAt(),
                uniqueKey,
                run);
    }

    private @Nullable Instant nextAt() {
        if (job == null || job.status() == null) {
            return null;
        }
        return switch (job.status()) {
            case SCHEDULED -> held ? null : job.dueAt();
            case PROCESSING -> job.lease() == null ? null : job.lease().endsAt();
            case PENDING -> null;
            case COMPLETED -> end(retention.completed(), job.completedAt());
            case FAILED -> end(retention.failed(), job.lastErrorAt());
        };
    }

    private static @Nullable Instant end(Retention retention, @Nullable Instant begin) {
        return begin == null ? null : begin.plus(retention.age());
    }

    // ---- the sentence

    private String sentence() {
        if (job == null) {
            return awaitedGather();
        }
        String name = job.kind() == null ? "The job" : "The job of kind '" + job.kind() + "'";
        if (job.status() == null) {
            return name + " has a status that only another client knows; no worker takes it";
        }
        return name
                + switch (job.status()) {
                    case PENDING -> waits(job);
                    case SCHEDULED -> held ? waitsHeld(job) : isDue(job);
                    case PROCESSING -> runs(job);
                    case COMPLETED -> " was completed" + when(job.completedAt()) + kept();
                    case FAILED -> " is a dead letter" + lastError(job) + "; requeue it or discard it" + kept();
                }
                + held();
    }

    private String awaitedGather() {
        RunFigures waited = run;
        if (waited == null) {
            return "";
        }
        long left = waited.units() - waited.outputs() - waited.failures();
        if (left == 0) {
            return "The gather job of run '%s' is created when the run is sealed".formatted(waited.id());
        }
        return "The gather job of run '%s' is created when %s of its %s units have ended, %s among them"
                .formatted(waited.id(), left, waited.units(), waited.outstanding());
    }

    private String waits(JobSnapshot waiting) {
        if (position == 0) {
            return " is to wait in '" + JobStatus.PENDING.text()
                    + "', but is not in that list; the audit puts it back when it stays so";
        }
        String place = position < 0 ? "far from both ends of" : "at place " + position + " of";
        return " waits, %s %s%s; %s".formatted(place, ofAll, lastError(waiting), nextClaim());
    }

    private String waitsHeld(JobSnapshot waiting) {
        return " is held, at place %s of %s jobs of its kind%s; %s"
                .formatted(position, ofAll, lastError(waiting), nextClaim());
    }

    private String nextClaim() {
        if (pausedSince == null && pausedKind != null) {
            return "the kind is paused since %s by %s, so no worker gets it until the kind is resumed"
                    .formatted(pausedKind.since(), pausedKind.by());
        }
        return pausedSince == null
                ? "a free worker claims it in that order"
                : "the queue is paused since %s by %s, so no worker claims it until it is resumed"
                        .formatted(pausedSince, pausedBy == null ? "an unknown hand" : pausedBy);
    }

    private String isDue(JobSnapshot waiting) {
        Instant due = waiting.dueAt();
        String time = due == null
                ? ""
                : due.isAfter(at)
                        ? " until %s (in %s)".formatted(due, rough(Duration.between(at, due)))
                        : " and is due";
        return " waits%s%s; then %s".formatted(time, lastError(waiting), nextClaim());
    }

    private String runs(JobSnapshot claimed) {
        String since = " is in attempt %s%s%s"
                .formatted(
                        attempt(claimed),
                        when(claimed.startedAt()),
                        cancelledAt == null
                                ? ""
                                : "; it was cancelled at %s, and fails unless its handler returns"
                                        .formatted(cancelledAt));
        JobSnapshot.Lease lease = claimed.lease();
        if (lease == null) {
            return since + "; its worker wrote no lease";
        }
        return since
                + (lease.endsAt().isAfter(at)
                        ? "; its worker renewed the lease at %s, and it ends at %s unless it is renewed again"
                                .formatted(lease.renewedAt(), lease.endsAt())
                        : "; its lease ended at %s, so the next sweep gives the job back".formatted(lease.endsAt()));
    }

    private static String attempt(JobSnapshot claimed) {
        return claimed.maxAttempts() > 0
                ? claimed.attempts() + " of " + claimed.maxAttempts()
                : String.valueOf(claimed.attempts());
    }

    private static String lastError(JobSnapshot failed) {
        String error = failed.lastError();
        if (error == null) {
            return "";
        }
        String start = error.length() > ERROR_LENGTH ? error.substring(0, ERROR_LENGTH) + "…" : error;
        return " after attempt %s failed%s: %s%s"
                .formatted(failed.attempts(), when(failed.lastErrorAt()), start, retried(failed));
    }

    private static String retried(JobSnapshot failed) {
        boolean over = failed.deadline() == null || failed.status() == JobStatus.FAILED;
        return over ? "" : "; it is retried until " + failed.deadline();
    }

    private static String when(@Nullable Instant time) {
        return time == null ? "" : " at " + time;
    }

    private String kept() {
        Instant end = nextAt();
        return end == null ? "" : "; it is kept until %s at the longest".formatted(end);
    }

    private String held() {
        return uniqueKey == null ? "" : "; it holds the unique key '" + uniqueKey + "'";
    }

    private static String rough(Duration time) {
        if (time.toMinutes() < 2) {
            return time.toSeconds() + " s";
        }
        return time.toHours() < 2 ? time.toMinutes() + " min" : String.format(Locale.ROOT, "%,d h", time.toHours());
    }
}
