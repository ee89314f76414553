package io.jobqueue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Claims and settles single jobs of one queue, with the methods that the public Redis job-queue guide defines. It is
 * for code that runs its own workers; {@code @JobHandler} methods and the engine do not need it.
 *
 * <p>A {@link Claim} is the worker's proof that it owns a job for one attempt. It is good for the queue's visibility
 * timeout, its lease. A worker that needs longer must {@linkplain #extend extend} the claim before the lease ends;
 * otherwise another worker gets the job, and every method returns {@code false} for the old claim and changes nothing.
 *
 * <p>{@link JobQueue} describes what all methods have in common: round trips, errors and asynchronous variants
 * ({@code …Async}). Thread-safe.
 *
 * @since 0.1.0
 */
public interface JobWorker {

    /**
     * Claims the next job.
     *
     * @param timeout how long to wait for a job; zero looks once
     * @return the claim; empty when no job came in time, or when the waiting thread was interrupted
     */
    Optional<Claim> claim(Duration timeout);

    /** The twin of {@link #claim(Duration)}. */
    CompletableFuture<Optional<Claim>> claimAsync(Duration timeout);

    /**
     * Completes a claimed job. When the job is a unit of a run, the result becomes the unit's output as well.
     *
     * @param result what the job produced, {@code null} for nothing; a scalar is stored as {@code {"value":…}}
     * @return {@code true} when the job is completed by this claim, also when an earlier call did that and the job is
     *     still kept as history; {@code false} when the claim no longer owns the job
     * @throws IllegalArgumentException when the result cannot be written as JSON or is too large
     */
    boolean complete(Claim claim, @Nullable Object result);

    /** The twin of {@link #complete(Claim, Object)}. */
    CompletableFuture<Boolean> completeAsync(Claim claim, @Nullable Object result);

    /**
     * Ends an attempt as failed. The queue's retry policy decides when the job runs again; after its last attempt the
     * job is a dead letter.
     *
     * @param error a short reason; longer than 4,096 characters is cut
     * @return {@code false} when the claim no longer owns the job
     */
    boolean fail(Claim claim, String error);

    /** The twin of {@link #fail(Claim, String)}. */
    CompletableFuture<Boolean> failAsync(Claim claim, String error);

    /**
     * Gives a claimed job back. It is the next job to be claimed, and the attempt is not counted.
     *
     * @return {@code false} when the claim no longer owns the job
     */
    boolean release(Claim claim);

    /** The twin of {@link #release(Claim)}. */
    CompletableFuture<Boolean> releaseAsync(Claim claim);

    /**
     * Renews the lease of a claim: a heartbeat.
     *
     * @param lease how long the claim is to be good from now, at most 7 days; a lease that already ends later stays
     * @return {@code false} when the claim no longer owns the job
     */
    boolean extend(Claim claim, Duration lease);

    /** The twin of {@link #extend(Claim, Duration)}. */
    CompletableFuture<Boolean> extendAsync(Claim claim, Duration lease);

    /**
     * Whether the claimed job was {@linkplain JobQueue#cancel(String) cancelled}, or is a unit of a run that was cancelled, or
     * gathers a run that was opened again. The worker should stop then and end the attempt by {@link #fail}, which does not
     * retry the job. Like a heartbeat the question is seen by other workers, but it makes no lease longer.
     *
     * @return {@code false} also when the claim no longer owns the job
     */
    boolean isCancelled(Claim claim);

    /** The twin of {@link #isCancelled(Claim)}. */
    CompletableFuture<Boolean> isCancelledAsync(Claim claim);

    /**
     * Sweeps the whole queue at once for claims whose lease is over, and puts their jobs back at the head of the queue.
     * A job that has lost too many workers becomes a dead letter instead.
     *
     * @return the ids of the jobs that were put back
     */
    List<String> reclaimStuck();

    /** The twin of {@link #reclaimStuck()}. */
    CompletableFuture<List<String>> reclaimStuckAsync();
}
