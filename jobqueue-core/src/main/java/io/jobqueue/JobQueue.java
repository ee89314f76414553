package io.jobqueue;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A queue of jobs on Redis, for producers: enqueue jobs, find a job, wait for its result, read the figures.
 *
 * <p>Two more interfaces use the same queue: {@link #admin()} for operators, and {@link #worker()} for code that claims
 * and completes jobs itself instead of leaving that to the engine.
 *
 * <h2>Which queue</h2>
 *
 * The queue that an application injects is its default queue. It sends a job to the queue that the job's kind is routed
 * to. {@link #on(String)} gives one queue by name, which keeps all its jobs whatever their kinds are routed to.
 *
 * <h2>Errors</h2>
 *
 * Every method makes at least one round trip to Redis, unless its description says otherwise. When Redis cannot be
 * reached, an enqueue throws an {@link EnqueueRefusedException} or {@link EnqueueUncertainException}, and every other
 * method a {@link RedisUnavailableException}: at once while Redis is known to be away, otherwise after the command
 * timeout.
 *
 * <p>A method and its {@code …Async} twin do the same work. Both throw {@link IllegalArgumentException} at once for
 * wrong arguments; every other failure of the twin completes its future exceptionally.
 *
 * <p>Stages that depend on such a future run on a thread of the Redis client, which delivers the replies of all
 * callers, so they must not block. A blocking method that is called there throws an {@link IllegalStateException} and
 * sends nothing; call its twin, or use {@code thenApplyAsync} with an executor.
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
     * @throws EnqueueUncertainException when the reply was lost; the exception carries the id, and enqueueing again
     *     with that id is safe
     * @throws EnqueueRefusedException when Redis refuses the job, for example because its memory is full, or when
     *     nothing was sent because the connection is down
     */
    JobRef enqueue(Object job);

    /** The twin of {@link #enqueue(Object)}. */
    CompletableFuture<JobRef> enqueueAsync(Object job);

    /**
     * Enqueues many jobs in their order, with as few round trips as their size allows. Each round trip is atomic, the
     * whole call is not: when a round trip fails, the jobs of the earlier ones stay. Repeating the call with the same
     * ids is safe.
     *
     * @param jobs objects whose types carry {@link JobKind}, or {@link JobRequest}s
     * @return one answer for each job, in the same order
     * @throws IllegalArgumentException when one of the jobs cannot be written; no job was sent
     * @throws EnqueueUncertainException when a reply was lost; the exception carries the ids of all jobs that are in
     *     doubt or were not sent
     * @throws EnqueueRefusedException when Redis refuses a job, or when the connection is down; the exception carries
     *     the ids of all jobs that were not created
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
     * Lets a job that waits become due at another time: a new one, a delayed one, a retry or a snoozed one. A job that
     * is due joins at the back of the queue; a job that waits in the queue and is to be due at once keeps its place.
     * Looks for the job as {@link #find(String)} does.
     *
     * @param id the job's id
     * @param at from 1970 to the year 9999, by the clock of Redis; an instant in the past means at once
     * @return whether the job was rescheduled; {@code false} when there is no job of this id, or when it has ended
     * @throws IllegalStateException when the job is being processed, or cannot be found in a queue of more than 100,000
     *     jobs
     */
    boolean reschedule(String id, Instant at);

    /** The twin of {@link #reschedule(String, Instant)}. */
    CompletableFuture<Boolean> rescheduleAsync(String id, Instant at);

    /**
     * Lets a job that waits become due after a delay, as {@link #reschedule(String, Instant)} does.
     *
     * @param id the job's id
     * @param delay from zero (at once) to ten years
     * @return whether the job was rescheduled
     * @throws IllegalStateException as {@link #reschedule(String, Instant)}
     */
    boolean reschedule(String id, Duration delay);

    /** The twin of {@link #reschedule(String, Duration)}. */
    CompletableFuture<Boolean> rescheduleAsync(String id, Duration delay);

    /**
     * Cancels a job. Looks for the job as {@link #find(String)} does. Calling again changes nothing.
     *
     * <p>A job that waits, a retry or a snoozed one too, ends at once and for good, with
     * {@link FailureReason.Code#CANCELLED}; its unique key is free, and its unit has failed. A job that is being
     * processed is marked, and its worker is told at once: {@link JobContext#isCancelled()} is true, and the handler's
     * thread is interrupted after {@code jobqueue.worker.cancel-grace}. If the handler throws, or its worker dies, the
     * job ends as cancelled and is not tried again. If the handler returns in spite of that, the job has completed.
     *
     * @param id the job's id
     * @return whether the job is cancelled, by this call or an earlier one, or will be unless its handler returns;
     *     {@code false} when there is no job of this id, or when it ended otherwise
     */
    boolean cancel(String id);

    /** The twin of {@link #cancel(String)}. */
    CompletableFuture<Boolean> cancelAsync(String id);

    /**
     * Explains why a job is where it is, and what happens to it next; see {@link JobAdmin#explain(String)}. Looks on
     * the same queues as {@link #find(String)}.
     *
     * @param id the job's id
     */
    Optional<JobExplanation> explain(String id);

    /** The twin of {@link #explain(String)}. */
    CompletableFuture<Optional<JobExplanation>> explainAsync(String id);

    /**
     * Waits until a job has ended, and returns its result.
     *
     * <p>The job is looked for as {@link #find(String)} does. A message of Redis ends the wait; a look at the job every
     * second makes up for messages that were lost, so the wait outlasts outages of Redis. All waits of an application
     * share one subscription, which exists only while callers wait and for 5 s afterwards.
     *
     * <p>The end of the wait changes nothing about the job. A thread that is interrupted stops to wait and stays
     * interrupted.
     *
     * @param id the job's id
     * @param type what the result is read into, as in {@link JsonText#as(Class)}; {@code JsonText.class} for generic
     *     types, {@code Void.class} when the result does not matter
     * @param timeout how long to wait at most; zero looks once
     * @return what the handler returned; {@code null} when it returned nothing or an object without fields
     * @throws JobFailedException when the job is a dead letter, was discarded or cancelled
     * @throws JobNotFoundException when there is no job of this id, any more or at all
     * @throws AwaitTimeoutException when the job has not ended in time
     * @throws UnreadableJsonException when the result does not fit the type
     * @throws java.util.concurrent.CancellationException when the thread is interrupted
     * @throws IllegalArgumentException for a negative timeout
     * @throws IllegalStateException when the job is sent only after the commit of this thread's transaction, and when
     *     the queue is stopped
     */
    <T> @Nullable T await(String id, Class<T> type, Duration timeout);

    /**
     * The twin of {@link #await(String, Class, Duration)}. Cancelling the future ends the wait and frees all that it
     * holds.
     */
    <T> CompletableFuture<@Nullable T> awaitAsync(String id, Class<T> type, Duration timeout);

    /**
     * Waits until the job has ended that an enqueue answered for; see {@link #await(String, Class, Duration)}. A job
     * whose answer was {@link JobRef.State#DEFERRED} need not exist yet: it may come during the wait.
     *
     * @param ref the answer of an enqueue
     */
    <T> @Nullable T await(JobRef ref, Class<T> type, Duration timeout);

    /** The twin of {@link #await(JobRef, Class, Duration)}. */
    <T> CompletableFuture<@Nullable T> awaitAsync(JobRef ref, Class<T> type, Duration timeout);

    /**
     * Enqueues one job and waits until it has ended: {@link #enqueue(Object)} and
     * {@link #await(JobRef, Class, Duration)} within one timeout, and with the exceptions of both. When a job of the
     * same id or unique key exists, this waits for that job.
     *
     * @param job an object whose type carries {@link JobKind}, or a {@link JobRequest}
     * @param timeout how long to wait at most, the enqueue included
     * @throws IllegalStateException when the job would be sent only after the commit of this thread's transaction; no
     *     job is sent
     */
    <T> @Nullable T enqueueAndAwait(Object job, Class<T> type, Duration timeout);

    /**
     * The twin of {@link #enqueueAndAwait(Object, Class, Duration)}. Inside a transaction the future completes after
     * the commit.
     */
    <T> CompletableFuture<@Nullable T> enqueueAndAwaitAsync(Object job, Class<T> type, Duration timeout);

    /** The depths of this queue's lists and its totals, read in one step. */
    QueueStats stats();

    /** The twin of {@link #stats()}. */
    CompletableFuture<QueueStats> statsAsync();
}
