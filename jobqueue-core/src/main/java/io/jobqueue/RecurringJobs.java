package io.jobqueue;

import java.util.List;
import java.util.Optional;

/**
 * The recurring jobs of one queue. The recurring jobs that an application declares, by {@code @RecurringJob} or by
 * properties, can be listed, paused and triggered here; others can be created at run time.
 *
 * <p>Any number of instances run the schedules of a queue together, without a leader: one script lets each slot enqueue
 * one job, whichever instance comes first. The clock of Redis decides when a slot is due. The other instances learn of
 * a created, changed or resumed recurring job within a second.
 *
 * <p>{@link JobQueue} describes the round trips and errors of all methods. These methods have no asynchronous variants.
 * Thread-safe.
 *
 * @since 0.1.0
 */
public interface RecurringJobs {

    /** All recurring jobs, retired ones included, by name. */
    List<RecurringSnapshot> list();

    /**
     * Finds a recurring job.
     *
     * @param name its name
     */
    Optional<RecurringSnapshot> find(String name);

    /**
     * Makes a recurring job, or changes one that was made at run time. It belongs to no instance: every instance that
     * keeps up the queue runs it until it is {@linkplain #remove removed}. The first slot is the first one from now on;
     * one whose schedule stays the same misses none.
     *
     * @param job the job; every instance must be able to read its schedule from the {@linkplain Schedule#text() text}.
     *     Fixed periods can be read everywhere, cron expressions by every Spring application
     * @throws IllegalArgumentException when the payload cannot be written, when the kind is routed to another queue, or
     *     when no instance could read the schedule from its text
     * @throws IllegalStateException when instances declare a recurring job of this name
     */
    void put(Recurring job);

    /**
     * Removes a recurring job that was made at run time, or one that is retired. Jobs that it has enqueued stay.
     *
     * @param name its name
     * @return whether there was one
     * @throws IllegalStateException when instances declare it
     */
    boolean remove(String name);

    /**
     * Enqueues a job at once, whatever the schedule says, also while it is paused. Where jobs may not overlap and the
     * last one has not ended, no job is enqueued, and the answer is {@link JobRef.State#EXISTING} with the id of that
     * job.
     *
     * @param name its name
     * @throws IllegalArgumentException when there is none of this name
     */
    JobRef trigger(String name);

    /**
     * Pauses a recurring job on all instances; it stays paused over restarts. Jobs that it has enqueued run.
     *
     * @param name its name
     * @return whether there is one
     */
    boolean pause(String name);

    /**
     * Resumes a paused recurring job with its first slot from now on. Slots that passed meanwhile are not made up for.
     *
     * @param name its name
     * @return whether there is one
     */
    boolean resume(String name);
}
