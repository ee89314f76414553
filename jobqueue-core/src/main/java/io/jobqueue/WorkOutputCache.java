package io.jobqueue;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The outputs of distributed work: one Redis hash for each run, one field for each unit of it, gathered at the end. It
 * follows the article "Caching Distributed Work Output in Redis"; what the article calls a job id is the run id here.
 *
 * <p>A unit that runs as a job needs no {@link #put}: its completion writes its output in the same step, under its claim
 * token, so that exactly one output is accepted for a unit, whoever is late. A field holds the value's plain JSON, so
 * any type that survives a round trip through JSON fits. A unit whose handler returned nothing is done and has no output to
 * read. All methods make round trips; thread-safe.
 *
 * @since 0.1.0
 */
public interface WorkOutputCache {

    /**
     * Writes the output of a unit that does not run as a job. The last write wins; the completion of a job never replaces
     * an output that is there. A run that was started takes outputs from its jobs only, see {@link JobRuns}.
     *
     * @param runId the run, see {@link Names#run(String)}
     * @param unitId the unit, see {@link Names#unit(String)}
     * @param output the value; not {@code null}
     * @throws IllegalArgumentException when it cannot be written as JSON or is too large
     * @throws IllegalStateException when the run was started
     */
    void put(String runId, String unitId, Object output);

    /**
     * Reads one output.
     *
     * @throws UnreadableJsonException when it does not fit the type
     */
    <T> Optional<T> get(String runId, String unitId, Class<T> type);

    /**
     * Reads all outputs of a run into memory, by unit id. For runs of many units {@link #stream} is the better choice.
     *
     * @throws UnreadableJsonException when one does not fit the type; the message names the unit
     */
    <T> Map<String, T> all(String runId, Class<T> type);

    /**
     * Reads the outputs of a run page by page while the stream is consumed, never in one giant reply. Units that end
     * meanwhile may or may not appear; each appears once. Needs no closing.
     *
     * @throws UnreadableJsonException while consumed, when one does not fit the type; the message names the unit
     */
    <T> Stream<Map.Entry<String, T>> stream(String runId, Class<T> type);

    /**
     * Reads what a unit has so far, as its job {@linkplain JobContext#output wrote} it; empty once its final output is
     * there.
     *
     * @throws UnreadableJsonException when it does not fit the type
     */
    <T> Optional<T> early(String runId, String unitId, Class<T> type);

    /** Reads what units have so far, page by page while the stream is consumed; see {@link #early} and {@link #stream}. */
    <T> Stream<Map.Entry<String, T>> streamEarly(String runId, Class<T> type);

    /** Reads the failures of a run into memory: unit id and reason of each unit whose job failed for good. */
    Map<String, String> failures(String runId);

    /**
     * Notes how many units a run has, so that {@link #progress} can tell when it is complete.
     *
     * @param units zero or more
     * @throws IllegalStateException when the run was started; then its units are known
     */
    void expect(String runId, long units);

    /** How far a run is; zeros for a run that nobody has written to. */
    RunProgress progress(String runId);

    /**
     * Removes a run with its outputs and failures, in one step that is short however many there are.
     *
     * @return whether there were any
     * @throws IllegalStateException when the run was started and has not ended, or its gather job has not; cancel it before,
     *     or wait for the gather
     */
    boolean evict(String runId);

    /**
     * How far a run is.
     *
     * @param expected how many units it has, when {@link WorkOutputCache#expect} told it
     * @param done how many units have an output
     * @param failed how many units failed for good
     * @since 0.1.0
     */
    record RunProgress(OptionalLong expected, long done, long failed) {

        /** Whether every expected unit has ended. */
        public boolean isComplete() {
            return expected.isPresent() && done + failed >= expected.getAsLong();
        }
    }
}
