package io.jobqueue;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * What operators do with one queue. {@link JobQueue} says what all methods have in common: round trips, errors and
 * {@code …Async} twins. Thread-safe.
 *
 * @since 0.1.0
 */
public interface JobAdmin {

    /**
     * Lists one page of the jobs that have a status. Waiting jobs come in the order in which workers will claim them, all
     * others newest first. A job whose hash was deleted by hand is left out.
     *
     * @param status which jobs
     * @param offset how many jobs to skip, from 0
     * @param limit the page's size, 1 to 200
     */
    List<JobSnapshot> list(JobStatus status, int offset, int limit);

    /** The twin of {@link #list(JobStatus, int, int)}. */
    CompletableFuture<List<JobSnapshot>> listAsync(JobStatus status, int offset, int limit);

    /**
     * Deletes jobs for good, in bounded steps. A handler that is running is not stopped, but the queue refuses its result.
     * Outputs of runs stay; {@link WorkOutputCache#evict(String)} deletes those.
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
