package io.jobqueue.redis;

import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The new time of a waiting job.
 *
 * @param when as the script reads it: {@code +ms} from now, or {@code ms} of the epoch
 */
record Rescheduling(String when) {

    private static final Script RESCHEDULE = Script.of(ScriptOutputType.VALUE, "admin/reschedule");
    private static final Duration LONGEST = Duration.ofDays(3660);
    private static final Instant LATEST = Instant.parse("9999-12-31T00:00:00Z");

    static Rescheduling to(Instant at) {
        if (at.isBefore(Instant.EPOCH) || at.isAfter(LATEST)) {
            throw new IllegalArgumentException("at must be an instant from 1970 to 9999, was " + at);
        }
        return new Rescheduling(Long.toString(at.toEpochMilli()));
    }

    static Rescheduling in(Duration delay) {
        if (delay.isNegative() || delay.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("delay must be from 0 to 10 years, was " + delay);
        }
        return new Rescheduling("+" + delay.toMillis());
    }

    /** Reschedules a job; empty when the queue has none of this id, {@code false} when the job has ended. */
    CompletableFuture<Optional<Boolean>> of(QueueRedis redis, String id) {
        return redis.<String>call(RESCHEDULE, List.of(id, when)).thenApply(letter -> switch (letter) {
            case "R" -> Optional.of(true);
            case "N" -> Optional.empty();
            case "E" -> Optional.of(false);
            case "P" ->
                throw new IllegalStateException(
                        "job %s/%s is being processed, so it cannot be rescheduled; its handler can snooze it"
                                .formatted(redis.name(), id));
            default ->
                throw new IllegalStateException(
                        "job %s/%s cannot be rescheduled now: another client is moving it, or more than 100,000 jobs stand before and behind it; try again later"
                                .formatted(redis.name(), id));
        });
    }
}
