package io.jobqueue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Runs of one queue: distributed work of many units, each a job, whose outputs are cached in one Redis hash and gathered
 * exactly once at the end.
 *
 * <pre>{@code
 * runs.start("2026-11", files, ReadFile::path, JobRunOptions.of("census").gather(new CensusReport("2026-11")));
 * }</pre>
 *
 * <p>A unit ends as an output or as a failure, in the very step in which its job ends. The step that makes the run
 * complete marks it, publishes it and enqueues the gather job, so that all of it happens once, whoever repeats or dies.
 * What is left of a run survives every process: the same {@link #start} goes on where the last one stopped.
 *
 * <p>A run that has not ended carries no time to live, and neither does one whose gather job has not ended. After that it
 * is kept for its {@linkplain JobRunOptions#retention retention}; {@link WorkOutputCache#evict} removes it earlier. Outputs of a started run come from its jobs alone.
 *
 * <p>All methods make round trips; when Redis is away they throw a {@link RedisUnavailableException}, and repeating
 * any of them is safe. Thread-safe.
 *
 * @since 0.1.0
 */
public interface JobRuns {

    /** How many units a run may have. */
    int MOST_UNITS = 1_000_000;

    /**
     * Starts a run, adds all its units and seals it; or goes on with a run of that id: units that have an output are
     * skipped, units that wait or run are left alone, and those that failed, or were never added, get their job. A run
     * that is complete and has nothing to be retried stays as it is; one that has, or whose gather job failed, is opened
     * anew and gathered again.
     *
     * <p>A live run keeps the options that it was started with. The call may take any number of units up to
     * {@link #MOST_UNITS} in any order, sends them in chunks, and can be cut off and repeated at any point. Until it comes
     * to its end the run is not sealed, so it does not complete with a part of its units.
     *
     * @param runId the run, see {@link Names#run(String)}
     * @param units what there is to do; read once, so a lazy one is fine
     * @param unitId the name of each unit, see {@link Names#unit(String)}; two of the same name are one unit
     * @param payload what each unit's job gets as its payload, or a {@link JobRequest} without id, delay and unit
     * @param options kind of the units, gather job, policy, times
     * @return the run as it is then; a run without units is complete at once
     * @throws IllegalArgumentException when a unit cannot be written or has an impossible name, when there are too many,
     *     or when a kind is routed to another queue; the units before it have been added
     * @throws IllegalStateException when the id belongs to outputs that were {@linkplain WorkOutputCache#put put} there,
     *     or when the run is cancelled meanwhile, or fails because all units it had so far ended without meeting its policy
     * @throws EnqueueRefusedException when Redis has no memory left
     */
    <U> JobRun start(
            String runId,
            Iterable<? extends U> units,
            Function<? super U, String> unitId,
            Function<? super U, ?> payload,
            JobRunOptions options);

    /** Starts a run whose units are the payloads of their jobs themselves; see the other {@code start}. */
    default <U> JobRun start(
            String runId, Iterable<? extends U> units, Function<? super U, String> unitId, JobRunOptions options) {
        return start(runId, units, unitId, unit -> unit, options);
    }

    /**
     * Starts a run whose units come over time, or opens one anew that is sealed or has ended. It does not end before it
     * is {@linkplain #seal sealed}.
     *
     * @param options see {@link #start}; a run that is live keeps its own
     * @throws IllegalStateException when the id belongs to outputs that were {@linkplain WorkOutputCache#put put} there
     */
    JobRun open(String runId, JobRunOptions options);

    /**
     * Adds units to an open run. What is added twice is one unit; one that has ended since is treated as in
     * {@link #start}. Units that do not say their kind get the one that the run was opened with.
     *
     * @return what was done with them
     * @throws IllegalArgumentException as {@link #start}
     * @throws IllegalStateException when the run is not open
     */
    <U> JobRunOptions.Progress add(
            String runId,
            Iterable<? extends U> units,
            Function<? super U, String> unitId,
            Function<? super U, ?> payload);

    /** Adds units that are the payloads of their jobs themselves; see the other {@code add}. */
    default <U> JobRunOptions.Progress add(
            String runId, Iterable<? extends U> units, Function<? super U, String> unitId) {
        return add(runId, units, unitId, unit -> unit);
    }

    /**
     * Says that all units of a run are known, so that it can end; it does so in this step when they have ended. A run that
     * is sealed or has ended stays as it is.
     *
     * @throws IllegalStateException when nobody started the run
     */
    JobRun seal(String runId);

    /** Looks at a run; empty when nobody started it, or when it is forgotten. */
    Optional<JobRun> find(String runId);

    /**
     * A page of the runs that are live or kept, the newest first.
     *
     * @param offset how many to pass over, from 0
     * @param limit how many at the most, 1 to 200
     */
    List<JobRun> list(int offset, int limit);

    /**
     * Waits for what the gather job of a run comes to. Asks for the truth when it is told of an end, and from time to time
     * without that; outages of Redis are waited out.
     *
     * @param type what the gather's result is read into
     * @param timeout how long to wait, as long as you like; zero looks once
     * @return the result; empty when the time is over, when the thread is interrupted, when the run has no gather job or
     *     the gather's result is nothing; {@link #find} tells which
     * @throws JobRunException when the run failed or was cancelled, when its gather job failed, or when nobody started it
     * @throws UnreadableJsonException when the result does not fit the type
     */
    <T> Optional<T> await(String runId, Class<T> type, Duration timeout);

    /**
     * Cancels a live run: it ends at once and is not gathered. Waiting units are taken away and become failures that
     * begin with {@code cancelled}, in bounded steps; running ones are told by their next heartbeat, see
     * {@link JobContext#isCancelled()}. The run can be started again.
     *
     * @return whether this call cancelled it; {@code false} when it had ended, or nobody started it
     */
    boolean cancel(String runId);

    /**
     * The outputs of a run as its gather job sees them. No round trip.
     *
     * @param type what outputs are read into
     */
    <T> WorkOutputs<T> outputs(String runId, Class<T> type);
}
