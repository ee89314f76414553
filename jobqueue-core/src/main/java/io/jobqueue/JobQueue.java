package io.jobqueue;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A queue of jobs on Redis: delivered at least once, with claim tokens, leases, retries and history.
 *
 * <p>The queue that an application injects is its default queue; it sends a kind that is routed to another queue there.
 * {@link #on(String)} gives one queue by name. Application code enqueues; handlers are run by the engine. The verbs of
 * the public Redis job-queue guide ({@link #claim}, {@link #complete}, {@link #fail}, {@link #reclaimStuck}) are for
 * those who run their own workers.
 *
 * <p>Every method makes at least one round trip to Redis, except where it says otherwise. When Redis cannot be reached, an
 * enqueue throws an {@link EnqueueRefusedException} or {@link EnqueueUncertainException}, and any other method the Redis
 * client's own exception: at once while the connection is known to be down, else after the command timeout. A method and its {@code …Async} twin do the same; wrong arguments are refused at once by both, any
 * other failure of the twin comes with its future. The stages of that future run on a thread of the Redis client, which
 * delivers the replies of all callers, so they must not block: a blocking method that is called there throws an
 * {@link IllegalStateException} and sends nothing. Use the twins there, or {@code thenApplyAsync} with an executor.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public interface JobQueue {

    /** The queue's name. No round trip. */
    String name();

    /**
     * Another queue, whatever its jobs' kinds are routed to. No round trip.
     *
     * @param queue the name, see {@link Names#queue(String)}
     */
    JobQueue on(String queue);

    /** The cache for the outputs of runs on this queue. No round trip. */
    WorkOutputCache outputs();

    /** The runs of this queue. No round trip. */
    JobRuns runs();

    /**
     * Enqueues a job.
     *
     * @param payload an object whose type carries {@link JobKind}, or a {@link JobRequest}
     * @return the job's id, and whether this call created it
     * @throws IllegalArgumentException when the payload has no kind, is no JSON object, or is too large
     * @throws EnqueueUncertainException when the answer is lost; it carries the id, with which the call can be repeated
     * @throws EnqueueRefusedException when Redis refuses the job, for example for want of memory, or when nothing was sent
     *     because the connection is down
     */
    default JobRef enqueue(Object payload) {
        return enqueue(JobRequest.of(payload));
    }

    /** Enqueues a job; see {@link #enqueue(Object)}. */
    JobRef enqueue(JobRequest request);

    /** The twin of {@link #enqueue(JobRequest)}. */
    CompletableFuture<JobRef> enqueueAsync(JobRequest request);

    /**
     * Enqueues many jobs, in their order, by as few round trips as their size allows. Each trip is atomic, the whole
     * is not: when one fails, the jobs of the others stay, and repeating the call with the same ids is safe.
     *
     * @param jobs payloads whose types carry {@link JobKind}, or {@link JobRequest}s
     * @return one answer for each, in the same order
     * @throws IllegalArgumentException when any of them cannot be written; then none was sent
     * @throws EnqueueUncertainException when answers are lost; it carries the ids of all jobs that are in doubt or were
     *     not sent
     * @throws EnqueueRefusedException when Redis refuses a job, or when the connection is down; it carries the ids of all
     *     jobs not created
     */
    List<JobRef> enqueueAll(Collection<?> jobs);

    /** The twin of {@link #enqueueAll(Collection)}. */
    CompletableFuture<List<JobRef>> enqueueAllAsync(Collection<?> jobs);

    /**
     * Finds a job that is alive or kept as history.
     *
     * @param id the job's id
     */
    Optional<JobSnapshot> find(String id);

    /** The twin of {@link #find(String)}. */
    CompletableFuture<Optional<JobSnapshot>> findAsync(String id);

    /**
     * A page of the jobs of one status: waiting jobs in the order in which they will be claimed, claimed and ended ones
     * newest first. Jobs whose hash a foreign hand deleted are left out.
     *
     * @param status which jobs
     * @param offset how many to pass over, from 0
     * @param limit how many at the most, 1 to 200
     */
    List<JobSnapshot> list(JobStatus status, int offset, int limit);

    /** The twin of {@link #list(JobStatus, int, int)}. */
    CompletableFuture<List<JobSnapshot>> listAsync(JobStatus status, int offset, int limit);

    /** Depths and totals, read in one step. */
    QueueStats stats();

    /** The twin of {@link #stats()}. */
    CompletableFuture<QueueStats> statsAsync();

    /**
     * Removes jobs for good, in bounded steps. The attempt of a job that is running is not stopped; what it returns is
     * refused. Outputs of runs stay, see {@link WorkOutputCache#evict(String)}.
     *
     * @param statuses which jobs; none means all of them
     * @return how many jobs were removed
     */
    long purge(JobStatus... statuses);

    /** The twin of {@link #purge(JobStatus...)}. */
    CompletableFuture<Long> purgeAsync(JobStatus... statuses);

    /**
     * Claims the next job. The claim is good for the queue's visibility timeout and must be {@linkplain #extend
     * extended} before that when the work takes longer.
     *
     * @param timeout how long to wait for a job; zero looks once
     * @return the claim, or empty when no job came in time
     */
    Optional<Claim> claim(Duration timeout);

    /** The twin of {@link #claim(Duration)}. */
    CompletableFuture<Optional<Claim>> claimAsync(Duration timeout);

    /**
     * Completes a claimed job. When the job is a unit of a run, the result is also the unit's output.
     *
     * @param result what the job produced, {@code null} for nothing; a scalar is stored as {@code {"value":…}}
     * @return {@code false} when the job is no longer the claim's; nothing was changed then. A repeat of a completion
     *     that succeeded answers {@code true} and changes nothing, as long as the job is kept as history
     * @throws IllegalArgumentException when the result cannot be written as JSON or is too large
     */
    boolean complete(Claim claim, @Nullable Object result);

    /** The twin of {@link #complete(Claim, Object)}. */
    CompletableFuture<Boolean> completeAsync(Claim claim, @Nullable Object result);

    /**
     * Ends a claimed attempt as failed: the job is retried by the queue's policy, or becomes a dead letter after its
     * last attempt.
     *
     * @param error one short text; longer than 4 KiB is cut
     * @return {@code false} when the job is no longer the claim's; nothing was changed then
     */
    boolean fail(Claim claim, String error);

    /** The twin of {@link #fail(Claim, String)}. */
    CompletableFuture<Boolean> failAsync(Claim claim, String error);

    /**
     * Hands a claimed job back unspent: it is the next to be claimed, and the attempt is not counted.
     *
     * @return {@code false} when the job is no longer the claim's; nothing was changed then
     */
    boolean release(Claim claim);

    /** The twin of {@link #release(Claim)}. */
    CompletableFuture<Boolean> releaseAsync(Claim claim);

    /**
     * Renews a claim, which is a heartbeat.
     *
     * @param lease how long from now the claim is to be good, at most 7 days; an earlier, longer promise stays
     * @return {@code false} when the job is no longer the claim's
     */
    boolean extend(Claim claim, Duration lease);

    /** The twin of {@link #extend(Claim, Duration)}. */
    CompletableFuture<Boolean> extendAsync(Claim claim, Duration lease);

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
