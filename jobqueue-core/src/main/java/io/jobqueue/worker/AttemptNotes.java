package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JsonText;
import io.jobqueue.WorkOutputs;
import java.lang.reflect.Type;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Stores what running attempts of one queue report: early outputs, steps, progress and log lines. Also reads what an attempt
 * builds on: the result of the job before it in a chain, and the outputs of a run for its gather job. A {@link WorkerPool} needs it together with the {@link JobStore}; it may change
 * between releases.
 *
 * <p>A future fails when Redis cannot be reached or refuses the call. Thread-safe.
 *
 * @since 0.1.0
 */
public interface AttemptNotes {

    /**
     * Writes an early output of the unit that a claimed job belongs to.
     *
     * @param output the output as plain JSON
     * @return {@code false} when the job is no longer the claim's; nothing was written then
     */
    CompletableFuture<Boolean> putOutput(Claim claim, String output);

    /** Reads the value of a step of a claimed job; empty when no attempt has done the step. */
    CompletableFuture<Optional<JsonText>> findStep(Claim claim, String name);

    /**
     * Writes the value of a step of a claimed job, so that later attempts need not do the step again.
     *
     * @param value the value as plain JSON
     * @return {@code false} when the job is no longer the claim's; nothing was written then
     */
    CompletableFuture<Boolean> putStep(Claim claim, String name, String value);

    /** Reads the result of the job that a claimed job follows, as it is stored; empty when it follows none. */
    CompletableFuture<Optional<String>> findPrevious(Claim claim);

    /**
     * Writes the progress of a claimed job.
     *
     * @param note a short text without line breaks
     * @return {@code false} when the job is no longer the claim's; nothing was written then
     */
    CompletableFuture<Boolean> putProgress(Claim claim, long done, long total, String note);

    /**
     * Adds a line to the log of a claimed job.
     *
     * @param line a short text without line breaks
     * @return {@code false} when the job is no longer the claim's; nothing was written then
     */
    CompletableFuture<Boolean> putLogLine(Claim claim, String line);

    /**
     * The outputs of a run.
     *
     * @param type what each output is read into
     */
    WorkOutputs<?> outputs(String runId, Type type);
}
