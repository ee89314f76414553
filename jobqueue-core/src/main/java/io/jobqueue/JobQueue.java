package io.jobqueue;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A queue of jobs on Redis, for producers: enqueue jobs, find a job, read the figures.
 *
 * <p>Two more interfaces use the same queue: {@link #admin()} for operators, and {@link #worker()} for code that claims and
 * completes jobs itself instead of leaving that to the engine.
 *
 * <h2>Which queue</h2>
 *
 * The queue that an application injects is its default queue. It sends a job to the queue that the job's kind is routed
 * to. {@link #on(String)} gives one queue by name, which keeps all its jobs whatever their kinds are routed to.
 *
 * <h2>Errors</h2>
 *
 * Every method makes at least one round trip to Redis, unless its description says otherwise. When Redis cannot be
 * reached, an enqueue throws an {@link EnqueueRefusedException} or {@link EnqueueUncertainException}, and every other method
 * a {@link RedisUnavailableException}: at once while Redis is known to be away, otherwise after the command timeout.
 *
 * <p>A method and its {@code …Async} twin do the same work. Both throw {@link IllegalArgumentException} at once for wrong
 * arguments; every other failure of the twin completes its future exceptionally.
 *
 * <p>Stages that depend on such a future run on a thread of the Redis client, which delivers the replies of all callers, so
 * they must not block. A blocking method that is called there throws an {@link IllegalStateException} and sends nothing;
 * call its twin, or use {@code thenApplyAsync} with an executor.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public interface JobQueue {

    /** The queue's name. No round trip. */
    String name();

    /**
     * Another queue of the same application. It keeps all its jobs, whatever their kinds are routed to. No round trip.
     *
     * @param queue the name, see {@link Names#queue(String)}
     */
    JobQueue on(String queue);

    /** The runs of this queue. No round trip. */
    JobRuns runs();

    /** The cache that holds the outputs of this queue's runs. No round trip. */
    WorkOutputCache outputs();

    /** The operations of an operator on this queue. No round trip. */
    JobAdmin admin();

    /** The verbs of a worker on this queue: claim, complete, fail and so on. No round trip. */
    JobWorker worker();

    /**
     * Enqueues one job.
     *
     * @param job an object whose type carries {@link JobKind}, or a {@link JobRequest}
     * @return the job's id, and whether this call created it
     * @throws IllegalArgumentException when the payload has no kind, is not a JSON object, or is too large
     * @throws EnqueueUncertainException when the reply was lost; the exception carries the id, and enqueueing again with
     *     that id is safe
     * @throws EnqueueRefusedException when Redis refuses the job, for example because its memory is full, or when nothing
     *     was sent because the connection is down
     */
    JobRef enqueue(Object job);

    /** The twin of {@link #enqueue(Object)}. */
    CompletableFuture<JobRef> enqueueAsync(Object job);

    /**
     * Enqueues many jobs in their order, with as few round trips as their size allows. Each round trip is atomic, the
     * whole call is not: when a round trip fails, the jobs of the earlier ones stay. Repeating the call with the same ids
     * is safe.
     *
     * @param jobs objects whose types carry {@link JobKind}, or {@link JobRequest}s
     * @return one answer for each job, in the same order
     * @throws IllegalArgumentException when one of the jobs cannot be written; no job was sent
     * @throws EnqueueUncertainException when a reply was lost; the exception carries the ids of all jobs that are in doubt
     *     or were not sent
     * @throws EnqueueRefusedException when Redis refuses a job, or when the connection is down; the exception carries the
     *     ids of all jobs that were not created
     */
    List<JobRef> enqueueAll(Collection<?> jobs);

    /** The twin of {@link #enqueueAll(Collection)}. */
    CompletableFuture<List<JobRef>> enqueueAllAsync(Collection<?> jobs);

    /**
     * Finds a job that is waiting, running, or kept as history. The default queue looks on itself first and then on all
     * other queues of the application; a queue that {@link #on(String)} gave looks on itself alone.
     *
     * @param id the job's id
     */
    Optional<JobSnapshot> find(String id);

    /** The twin of {@link #find(String)}. */
    CompletableFuture<Optional<JobSnapshot>> findAsync(String id);

    /**
     * Finds the job that an enqueue answered for, on the queue that holds it.
     *
     * @param ref the answer of an enqueue
     */
    Optional<JobSnapshot> find(JobRef ref);

    /** The twin of {@link #find(JobRef)}. */
    CompletableFuture<Optional<JobSnapshot>> findAsync(JobRef ref);

    /**
     * Explains why a job is where it is, and what happens to it next; see {@link JobAdmin#explain(String)}. Looks on the same
     * queues as {@link #find(String)}.
     *
     * @param id the job's id
     */
    Optional<JobExplanation> explain(String id);

    /** The twin of {@link #explain(String)}. */
    CompletableFuture<Optional<JobExplanation>> explainAsync(String id);

    /** The depths of this queue's lists and its totals, read in one step. */
    QueueStats stats();

    /** The twin of {@link #stats()}. */
    CompletableFuture<QueueStats> statsAsync();
}
