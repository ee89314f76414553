package io.jobqueue;

import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * The attempt that a handler works on: its data, and methods to extend, report and remember work. Thread-safe, so the
 * handler may use its own threads.
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

    /**
     * Whether a failure of this attempt is final because it is the last one that the job has. Of a job with a
     * {@linkplain JobRequest#deadline(java.time.Duration) deadline} and no limit of attempts of its own it is
     * {@code false}, because nobody knows before whether the attempt fails after the deadline.
     */
    boolean lastAttempt();

    /**
     * A number that grows with every claim on the queue. Writes of the handler to other systems can carry it, so that
     * those refuse an older attempt that comes late: {@code UPDATE … SET fence = :fence WHERE fence < :fence}.
     */
    long fence();

    /** The job's headers, perhaps none. */
    Map<String, String> headers();

    /**
     * Extends the time limit of this attempt, counted from now, and renews the lease at once. The time limit never
     * moves to an earlier time. A handler need not renew its lease: heartbeats do that as long as the attempt may run.
     * When Redis cannot be reached, the method throws the exception of the Redis client and changes nothing.
     *
     * @param duration how long from now, at most 7 days
     * @return {@code false} when this worker no longer owns the job; the handler should stop
     */
    boolean extend(Duration duration);

    /**
     * Whether the job has been taken from this worker, because it was paused or cut off for longer than its lease.
     * What this attempt returns will be refused. The handler's thread is interrupted when it happens.
     */
    boolean isLeaseLost();

    /**
     * Whether the job was {@linkplain JobQueue#cancel(String) cancelled}, or is a unit of a run that was cancelled, or
     * gathers a run that was opened again. The handler should stop; its thread is interrupted after
     * {@code jobqueue.worker.cancel-grace}. If the handler throws, the job has failed with
     * {@link FailureReason.Code#CANCELLED} and is not tried again; a unit runs again when its run is started again. If
     * the handler returns a value, the job has completed, and the value is kept.
     */
    boolean isCancelled();

    /**
     * Reports how far the job is, for {@link JobSnapshot#progress()} and for live views. Returns at once and throws
     * nothing when Redis is away: a report must not slow down or break the work. Reports are thinned out: one that
     * comes within 500 ms of the last one is dropped, unless it says that everything is done. An attempt that has lost
     * its lease reports nothing.
     *
     * @param done how much is done, from 0 to {@code total}
     * @param total how much there is to do, from 0
     * @param note a few words, cut to 200 characters; may be empty
     * @throws IllegalArgumentException when {@code done} is not from 0 to {@code total}
     */
    void progress(long done, long total, String note);

    /** Reports how far the job is without a note; see {@link #progress(long, long, String)}. */
    default void progress(long done, long total) {
        progress(done, total, "");
    }

    /**
     * Adds a line to the log of the job, which {@link JobSnapshot#log()} shows while the job runs and afterwards.
     * Returns at once and throws nothing when Redis is away. The log holds the last 16 KB of all attempts; older lines
     * go first. A line is cut to 1,000 characters, and line breaks in it become blanks.
     *
     * @param line the line
     */
    void log(String line);

    /**
     * Writes an early output of this job's unit. Early outputs are kept apart from the final ones, see
     * {@link WorkOutputCache#early}. An early output replaces the one before, and is removed when the final output is
     * accepted.
     *
     * @param output the value; not {@code null}
     * @return {@code false} when the job is no longer this worker's; nothing was written then
     * @throws IllegalStateException when the job is no unit of a run
     * @throws IllegalArgumentException when it cannot be written as JSON or is too large
     */
    boolean output(Object output);

    /**
     * Does a step of the job once: what it returned is remembered with the job, and a later attempt gets it instead of
     * doing the step again. Like the whole job, a step whose worker dies in it is done again.
     *
     * @param name the name of the step, unique within the job; 1 to 128 characters without control characters
     * @param type what the step returns; not {@code null} values
     * @param work does the step; what it throws comes through, and nothing is remembered then
     * @return what the step returned, in this attempt or an earlier one
     * @throws IllegalArgumentException when the value cannot be written as JSON or is too large
     * @throws IllegalStateException when the job is no longer this worker's, so that the step could not be remembered
     * @throws Exception what the work throws
     */
    <T> T step(String name, Class<T> type, Callable<? extends T> work) throws Exception;

    /**
     * The result of the job before this one in a {@linkplain JobRequest#then chain}.
     *
     * @param type a type as in {@link JsonText#as(Class)}
     * @return the result, or {@code null} when the handler of that job returned none
     * @throws IllegalStateException when this job follows no other
     * @throws UnreadableJsonException when the result does not fit the type
     */
    <T> @Nullable T previous(Class<T> type);

    /**
     * The outputs of the run that this job gathers.
     *
     * @param type what outputs are read into
     * @throws IllegalStateException when this job gathers no run
     */
    <T> WorkOutputs<T> outputs(Class<T> type);

    /** The outputs of the run that this job gathers, of a generic type; see {@link #outputs(Class)}. */
    WorkOutputs<?> outputs(Type type);
}
