package io.jobqueue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The runs of one queue. A run is distributed work of many units. Each unit is a job; its result becomes an output in
 * one Redis hash; and when all units have ended, one gather job reads the outputs.
 *
 * <pre>{@code
 * runs.start("2026-11", files, File::getPath, ReadFile::new, JobRunOptions.of("census").gather(new CensusReport("2026-11")));
 * }</pre>
 *
 * <h2>How a run ends</h2>
 *
 * A unit ends with an output or a failure, in the same step in which its job ends. The step that ends the last unit
 * also ends the run, publishes that and enqueues the gather job. So each of these happens once, even when workers die
 * and calls are repeated. A run outlives every process: the same {@link #start} continues it where the last call
 * stopped.
 *
 * <h2>How long a run is kept</h2>
 *
 * A run has no time to live until it and its gather job have ended. Then it is kept for its
 * {@linkplain JobRunOptions#retention retention}, unless {@link WorkOutputCache#evict} removes it earlier.
 *
 * <p>All methods make round trips, unless their description says otherwise. When Redis cannot be reached they throw a
 * {@link RedisUnavailableException}. Every call can safely be repeated. Thread-safe.
 *
 * @since 0.1.0
 */
public interface JobRuns {

    /** How many units a run may have. */
    int MOST_UNITS = 1_000_000;

    /**
     * Starts a run, adds all its units and seals it, or continues the run of that id:
     *
     * <ul>
     * <li>A unit that has an output is skipped.
     * <li>A unit whose job waits or runs is left alone.
     * <li>A unit that failed, or that the run does not have yet, gets a job.
     * <li>A completed run without a unit to retry stays as it is. With one, or when its gather job failed, it is opened
     *     again and gathered again.
     * </ul>
     *
     * <p>A live run keeps the options that it was started with. The units are sent in chunks. The call may be cut off
     * and repeated at any point: the run is sealed at the end of the call only, so it never completes with a part of
     * its units.
     *
     * @param runId the run, see {@link Names#run(String)}
     * @param units up to {@link #MOST_UNITS}, in any order; iterated once, so a lazy {@code Iterable} is fine
     * @param unitId the name of each unit, see {@link Names#unit(String)}; name a file by its path, because two folders
     *     may hold files of one name
     * @param payload the payload of each unit's job, or a {@link JobRequest} without id, delay and unit
     * @param options kind of the units, gather job, policy, times
     * @return the run after the call; a run without units is complete at once
     * @throws IllegalArgumentException when a unit cannot be written, when two units of this call share a name but not
     *     their payload, when there are too many units, or when a kind is routed to another queue; units before the
     *     refused one have been added
     * @throws IllegalStateException when outputs were {@linkplain WorkOutputCache#put put} under this id, when the run
     *     is cancelled during the call, or when it fails during the call because all its units so far ended without
     *     meeting its policy
     * @throws EnqueueRefusedException when Redis has no memory left
     */
    <U> JobRun start(
            String runId,
            Iterable<? extends U> units,
            Function<? super U, String> unitId,
            Function<? super U, ?> payload,
            JobRunOptions options);

    /** Starts a run in which each unit is itself the payload of its job; see the other {@code start}. */
    default <U> JobRun start(
            String runId, Iterable<? extends U> units, Function<? super U, String> unitId, JobRunOptions options) {
        return start(runId, units, unitId, unit -> unit, options);
    }

    /**
     * Starts a run whose units come over time, or opens a sealed or ended run again. An open run does not end;
     * {@link #seal} lets it end.
     *
     * @param options see {@link #start}; a live run keeps its own
     * @throws IllegalStateException when outputs were {@linkplain WorkOutputCache#put put} under this id
     */
    JobRun open(String runId, JobRunOptions options);

    /**
     * Adds units to an open run. A unit that the run already has is treated as in {@link #start}. A unit that does not
     * name its kind gets the kind of the run's options.
     *
     * @return what was done with the units
     * @throws IllegalArgumentException as in {@link #start}
     * @throws IllegalStateException when the run is not open
     */
    <U> JobRunOptions.Progress add(
            String runId,
            Iterable<? extends U> units,
            Function<? super U, String> unitId,
            Function<? super U, ?> payload);

    /** Adds units of which each is itself the payload of its job; see the other {@code add}. */
    default <U> JobRunOptions.Progress add(
            String runId, Iterable<? extends U> units, Function<? super U, String> unitId) {
        return add(runId, units, unitId, unit -> unit);
    }

    /**
     * Seals a run: all its units are known, so it may end. It ends in this step when all units have ended already. A
     * run that is sealed or has ended stays as it is.
     *
     * @throws IllegalStateException when there is no such run
     */
    JobRun seal(String runId);

    /** Finds a run; empty when it was not started, or is no longer kept. */
    Optional<JobRun> find(String runId);

    /**
     * Lists one page of the live and kept runs, the newest first.
     *
     * @param offset how many runs to skip, from 0
     * @param limit the page's size, 1 to 200
     */
    List<JobRun> list(int offset, int limit);

    /**
     * Waits for the result of a run's gather job. A message of Redis wakes the wait; a poll, which slows down to 2 s,
     * makes up for lost messages. The wait outlasts outages of Redis.
     *
     * @param type the type that the gather job's result is read into
     * @param timeout how long to wait at most; zero looks once
     * @return the result; empty when the time is over, when the thread is interrupted, when the run has no gather job,
     *     or when the gather job has no result; {@link #find} shows which
     * @throws JobRunException when the run failed or was cancelled, when its gather job failed, or when there is no
     *     such run
     * @throws UnreadableJsonException when the result does not fit the type
     */
    <T> Optional<T> await(String runId, Class<T> type, Duration timeout);

    /**
     * Cancels a live run. The run ends at once and is not gathered. Units that wait are taken out of the queue, in
     * bounded steps, and become failures that begin with {@code cancelled}. Units that run learn of it with their next
     * heartbeat, see {@link JobContext#isCancelled()}. The run can be started again.
     *
     * @return {@code true} when this call cancelled the run; {@code false} when it had ended or there is no such run
     */
    boolean cancel(String runId);

    /**
     * The outputs of a run as its gather job sees them. No round trip before the first read.
     *
     * @param type the type that each output is read into
     */
    <T> WorkOutputs<T> outputs(String runId, Class<T> type);
}
