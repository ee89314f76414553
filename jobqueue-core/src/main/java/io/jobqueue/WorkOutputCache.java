package io.jobqueue;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The cache for the outputs of distributed work: one Redis hash for each run, with one field for each unit. It follows
 * the article "Caching Distributed Work Output in Redis"; the article's job id is the run id here.
 *
 * <p>A unit that runs as a job needs no {@link #put}. The completion of its job writes the output in the same step,
 * guarded by the claim's token, so that each unit has exactly one accepted output.
 *
 * <p>A field contains the output as plain JSON, so any type works that JSON can write and read back. A unit whose
 * handler returned nothing counts as done and has no output to read.
 *
 * <p>All methods make round trips. Thread-safe.
 *
 * @since 0.1.0
 */
public interface WorkOutputCache {

    /**
     * Writes the output of a unit that does not run as a job. The last write wins, but the completion of a job never
     * replaces an output. A run that {@link JobRuns} started takes outputs from its jobs only.
     *
     * @param runId the run, see {@link Names#run(String)}
     * @param unitId the unit, see {@link Names#unit(String)}
     * @param output the output; not {@code null}
     * @throws IllegalArgumentException when the output cannot be written as JSON or is too large
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
     * Reads all outputs of a run into memory, by unit id. Use {@link #stream} for runs of many units.
     *
     * @throws UnreadableJsonException when one does not fit the type; the message names the unit
     */
    <T> Map<String, T> all(String runId, Class<T> type);

    /**
     * Reads the outputs of a run page by page while the stream is consumed. A unit that ends in the meantime may appear
     * or not; no unit appears twice. The stream needs no closing.
     *
     * @throws UnreadableJsonException while consumed, when one does not fit the type; the message names the unit
     */
    <T> Stream<Map.Entry<String, T>> stream(String runId, Class<T> type);

    /**
     * Reads the early output of a unit, which its running job {@linkplain JobContext#output wrote}. Empty once the unit
     * has its final output.
     *
     * @throws UnreadableJsonException when it does not fit the type
     */
    <T> Optional<T> early(String runId, String unitId, Class<T> type);

    /**
     * Reads the early outputs of a run page by page while the stream is consumed; see {@link #early} and
     * {@link #stream}.
     */
    <T> Stream<Map.Entry<String, T>> streamEarly(String runId, Class<T> type);

    /** Reads the failures of a run into memory: the reason for each unit whose job failed for good, by unit id. */
    Map<String, String> failures(String runId);

    /**
     * Sets how many units a run has, so that {@link #progress} can tell when it is complete.
     *
     * @param units zero or more
     * @throws IllegalStateException when the run was started, because then Redis knows its units
     */
    void expect(String runId, long units);

    /** How far a run has come; zeros for a run without any output. */
    RunProgress progress(String runId);

    /**
     * Removes a run with its outputs and failures. One short step, however many there are.
     *
     * @return whether there was anything to remove
     * @throws IllegalStateException when the run was started, and it or its gather job has not ended; cancel the run
     *     first, or wait for the gather job
     */
    boolean evict(String runId);

    /**
     * How far a run has come.
     *
     * @param expected how many units the run has; empty when {@link WorkOutputCache#expect} was not called
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
