package io.jobqueue;

import java.time.Duration;
import java.util.Map;

/**
 * What a handler may ask and say while it works on one attempt of a job. Safe for use by the handler's own threads.
 *
 * @since 0.1.0
 */
public interface JobContext {

    /** The job's id. */
    String id();

    /** The job's kind. */
    String kind();

    /** The number of this attempt, from 1. */
    int attempt();

    /** Whether a failure of this attempt is final. */
    boolean lastAttempt();

    /**
     * A number that grows with every claim on the queue. Writes of the handler to other systems can carry it, so that
     * those refuse an older attempt that comes late: {@code UPDATE … SET fence = :fence WHERE fence < :fence}.
     */
    long fence();

    /** The job's headers, perhaps none. */
    Map<String, String> headers();

    /**
     * Asks for more time, counted from now: moves the time limit of this attempt, never to an earlier time, and renews
     * the lease right away. The lease itself needs no care, it is renewed by heartbeats as long as the attempt may run.
     * When Redis cannot be reached, the Redis client's exception comes through and nothing is changed.
     *
     * @param duration how long from now, at most 7 days
     * @return {@code false} when the job is no longer this worker's; the handler had better stop
     */
    boolean extend(Duration duration);

    /**
     * Whether the job has been taken from this worker, because it was paused or cut off for longer than its lease.
     * What this attempt returns will be refused. The handler's thread is interrupted when it happens.
     */
    boolean isLeaseLost();
}
