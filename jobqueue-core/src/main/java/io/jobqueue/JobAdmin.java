package io.jobqueue;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The operations of an operator on one queue. {@link JobQueue} describes what all methods have in common: round trips,
 * errors and asynchronous variants ({@code …Async}). Thread-safe.
 *
 * @since 0.1.0
 */
public interface JobAdmin {

    /**
     * Lists one page of the jobs that have a status. Waiting jobs come in the order in which workers will claim them,
     * all others newest first. A job whose hash was deleted by hand is left out.
     *
     * @param status which jobs
     * @param offset how many jobs to skip, from 0
     * @param limit the page's size, 1 to 200
     */
    List<JobSnapshot> list(JobStatus status, int offset, int limit);

    /** The twin of {@link #list(JobStatus, int, int)}. */
    CompletableFuture<List<JobSnapshot>> listAsync(JobStatus status, int offset, int limit);

    /**
     * Lists one page of the dead letters that match a filter, newest first. The call reads all dead letters up to the
     * end of the page, in bounded steps.
     *
     * @param filter which dead letters
     * @param offset how many matching dead letters to skip, from 0
     * @param limit the page's size, 1 to 200
     */
    List<JobSnapshot> list(DeadLetterFilter filter, int offset, int limit);

    /** The twin of {@link #list(DeadLetterFilter, int, int)}. */
    CompletableFuture<List<JobSnapshot>> listAsync(DeadLetterFilter filter, int offset, int limit);

    /**
     * Explains why a job is where it is, and what happens to it next: its place among the waiting jobs, when it is due,
     * until when its worker holds it, its last error, the unique key it holds, how far its run is. Answers for the
     * gather job of a live run too, before the run has created it. One round trip, bounded however long the queue is.
     *
     * @param id the job's id
     * @return the explanation; empty when there is no such job on this queue
     */
    Optional<JobExplanation> explain(String id);

    /** The twin of {@link #explain(String)}. */
    CompletableFuture<Optional<JobExplanation>> explainAsync(String id);

    /**
     * Cancels a job of this queue; see {@link JobQueue#cancel(String)}.
     *
     * @param id the job's id
     * @return whether the job is cancelled, or will be unless its handler returns
     */
    boolean cancel(String id);

    /** The twin of {@link #cancel(String)}. */
    CompletableFuture<Boolean> cancelAsync(String id);

    /**
     * Requeues one dead letter: the job waits at the back of the queue and has all its attempts again. Its last error
     * stays until the next one; values of {@link JobContext#step} stay too. A unit of a live run counts as not ended,
     * so the run waits for it; a unit of a run that has ended, ends late. A gather job is outstanding again.
     *
     * @param id the job's id
     * @return whether the job was requeued; false when it is no dead letter, when its payload is gone, or when its run
     *     was cancelled or has replaced it
     */
    boolean requeue(String id);

    /** The twin of {@link #requeue(String)}. */
    CompletableFuture<Boolean> requeueAsync(String id);

    /**
     * Requeues the dead letters that match a filter, the oldest first, in bounded steps, as {@link #requeue(String)}
     * does. Jobs that become dead letters while the call is under way are left alone. When the call fails midway, the
     * jobs that were requeued stay so.
     *
     * @param filter which dead letters
     * @return how many were requeued
     */
    long requeue(DeadLetterFilter filter);

    /** The twin of {@link #requeue(DeadLetterFilter)}. */
    CompletableFuture<Long> requeueAsync(DeadLetterFilter filter);

    /**
     * Requeues the dead letters that match a filter, spread over time, so that they do not flood what they depend on.
     * The call returns at once; the jobs are scheduled, and due one after the other.
     *
     * @param filter which dead letters
     * @param perSecond how many become due in each second, 1 to 100,000
     * @return how many were requeued
     */
    long requeue(DeadLetterFilter filter, int perSecond);

    /** The twin of {@link #requeue(DeadLetterFilter, int)}. */
    CompletableFuture<Long> requeueAsync(DeadLetterFilter filter, int perSecond);

    /**
     * Deletes one dead letter for good.
     *
     * @param id the job's id
     * @return whether it was deleted; false when the job is no dead letter
     */
    boolean discard(String id);

    /** The twin of {@link #discard(String)}. */
    CompletableFuture<Boolean> discardAsync(String id);

    /**
     * Deletes the dead letters that match a filter for good, in bounded steps.
     *
     * @param filter which dead letters
     * @return how many were deleted
     */
    long discard(DeadLetterFilter filter);

    /** The twin of {@link #discard(DeadLetterFilter)}. */
    CompletableFuture<Long> discardAsync(DeadLetterFilter filter);

    /**
     * Pauses the queue for the workers of all processes, at once and until {@link #resume()}, over restarts. Jobs that
     * are claimed already run on and are settled; enqueueing goes on; delayed jobs that become due wait. Workers of the
     * Redis guide do not know the pause and continue to claim. {@link QueueStats#pausedSince()} shows it. Pausing a
     * paused queue changes nothing.
     */
    void pause();

    /** The twin of {@link #pause()}. */
    CompletableFuture<Void> pauseAsync();

    /** Ends a {@linkplain #pause() pause} and wakes a worker. Resuming a queue that is not paused changes nothing. */
    void resume();

    /** The twin of {@link #resume()}. */
    CompletableFuture<Void> resumeAsync();

    /**
     * Pauses one kind of this queue for the workers of all processes, at once and until {@link #resumeKind(String)}, over
     * restarts. Jobs that are claimed already run on; enqueueing goes on; jobs of other kinds pass those of the paused one. A
     * worker that meets a job of the kind holds it: its status becomes {@link JobStatus#SCHEDULED} until it is claimed.
     * Workers of the Redis guide know no pause. {@link QueueStats#pausedKinds()} tells of it. Pausing a paused kind
     * changes nothing. A kind that is routed to another queue is paused there: {@code jobs.on("mail").admin()}.
     *
     * @param kind the kind; see {@link Names#kind(String)}. It needs no handler and no job yet.
     * @throws IllegalStateException when 100 other kinds of this queue are paused
     */
    void pauseKind(String kind);

    /** The twin of {@link #pauseKind(String)}. */
    CompletableFuture<Void> pauseKindAsync(String kind);

    /**
     * Ends the {@linkplain #pauseKind(String) pause} of a kind and wakes a worker. Workers claim the jobs that were held before
     * all others, the oldest first. Resuming a kind that is not paused changes nothing.
     *
     * @param kind the kind
     */
    void resumeKind(String kind);

    /** The twin of {@link #resumeKind(String)}. */
    CompletableFuture<Void> resumeKindAsync(String kind);

    /**
     * Deletes jobs for good, in bounded steps. A handler that is running is not stopped, but the queue refuses its
     * result. Outputs of runs stay; {@link WorkOutputCache#evict(String)} deletes those.
     *
     * @param statuses which jobs; none means all jobs
     * @return how many jobs were deleted
     */
    long purge(JobStatus... statuses);

    /** The twin of {@link #purge(JobStatus...)}. */
    CompletableFuture<Long> purgeAsync(JobStatus... statuses);

    /** The recurring jobs of this queue. No round trip. */
    RecurringJobs recurring();
}
