package io.jobqueue;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A key that at most one job of a queue holds at a time. An enqueue with a key that another job holds creates nothing,
 * and returns {@link JobRef.State#EXISTING} with the id of that job.
 *
 * <pre>{@code
 * jobs.enqueue(JobRequest.of(new Reindex(7)).unique(Unique.untilDone("reindex-7")));
 * }</pre>
 *
 * <p>Redis checks the key in the step that enqueues the job, and frees it in the step that ends the job, however the
 * job ends. When the job that holds a key no longer exists, the key is free, so no key is held forever. All kinds of a
 * queue share its keys.
 *
 * <p>Immutable and thread-safe.
 *
 * @param key the key, see {@link Names#uniqueKey(String)}
 * @param hold how long a job holds the key
 * @param period the period of {@link Hold#WITHIN}, else {@code null}
 * @param replaces whether the job that holds the key takes the payload of a further enqueue; see {@link #replace()}
 * @since 0.1.0
 */
public record Unique(String key, Hold hold, @Nullable Duration period, boolean replaces) {

    private static final Duration LONGEST_PERIOD = Duration.ofDays(366);

    /** How long a job holds its key. */
    public enum Hold {
        /** Until a worker claims the job. A job that is enqueued while the first one runs, waits behind it. */
        WHILE_WAITING("waiting"),
        /** Until the job has ended: completed, failed for good, cancelled or removed. Retries hold the key. */
        UNTIL_DONE("done"),
        /** For a period that begins with the enqueue, whatever becomes of the job. */
        WITHIN("within");

        private final String word;

        Hold(String word) {
            this.word = word;
        }

        /** The name of the hold in Redis. */
        public String word() {
            return word;
        }
    }

    /**
     * Checks the parts.
     *
     * @throws IllegalArgumentException when the key breaks its rule, when the period is missing, not positive or longer
     *     than a year, or when another hold has one
     */
    public Unique {
        Names.uniqueKey(key);
        if (hold == Hold.WITHIN) {
            if (period == null || period.toMillis() < 1 || period.compareTo(LONGEST_PERIOD) > 0) {
                throw new IllegalArgumentException(
                        "the period of a unique key must be from 1 ms to 366 days, was " + period);
            }
        } else if (period != null) {
            throw new IllegalArgumentException(
                    "a unique key has a period only with Unique.within(key, period), was " + period + " for " + hold);
        }
    }

    /** One job of this key waits at a time. */
    public static Unique whileWaiting(String key) {
        return new Unique(key, Hold.WHILE_WAITING, null, false);
    }

    /** One job of this key waits or runs at a time. */
    public static Unique untilDone(String key) {
        return new Unique(key, Hold.UNTIL_DONE, null, false);
    }

    /**
     * One job of this key is enqueued in a period.
     *
     * @param period from 1 ms to 366 days
     */
    public static Unique within(String key, Duration period) {
        return new Unique(key, Hold.WITHIN, period, false);
    }

    /**
     * The same key; a further enqueue gives its payload to the job that holds the key, if that job still waits and is
     * of the same kind. If that job is delayed and the further enqueue names a time, the job takes that time as well.
     * So a job with a delay runs once, when nothing has been enqueued for that long.
     */
    public Unique replace() {
        return new Unique(key, hold, period, true);
    }
}
