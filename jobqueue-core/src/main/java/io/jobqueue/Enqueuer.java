package io.jobqueue;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Sends jobs to Redis. All {@code enqueue} methods of {@link JobQueue}, and the units and gather jobs of
 * {@link JobRuns}, use it.
 *
 * <p>A decorator of this method can see, change, count or delay all jobs that an application enqueues:
 *
 * <pre>{@code
 * RedisQueues.Options.defaults().withEnqueuing(next -> jobs -> next.enqueue(jobs.stream()
 *         .map(job -> job.with(job.request().header("tenant", tenant())))
 *         .toList()));
 * }</pre>
 *
 * <p>The jobs are complete when they arrive here: each has its queue, its id and its payload as JSON, within the size
 * limit. Payloads that cannot be written were refused earlier.
 *
 * <p>Must be thread-safe. Runs on the thread of the caller, which may be a thread of the Redis client, so it must not
 * block.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface Enqueuer {

    /**
     * Enqueues jobs.
     *
     * @param jobs the jobs of one call in their order; of a run with many units, a part of them
     * @return one answer for each job, in the same order
     */
    CompletableFuture<List<JobRef>> enqueue(List<Outgoing> jobs);

    /**
     * A job on its way to Redis. Immutable, as far as its payload is.
     *
     * @since 0.1.0
     */
    interface Outgoing {

        /** The queue that the job goes to. */
        String queue();

        /** The job's id. It stays the same through {@link #with}. */
        String id();

        /** What was asked for. */
        JobRequest request();

        /**
         * Whether the thread of the caller is blocked until the job has ended. An enqueuer must not hold such a job
         * back for something that this thread does later.
         */
        default boolean isAwaited() {
            return false;
        }

        /**
         * The same job with another request. The queue and the id stay, and so does the unit of a run.
         *
         * @throws IllegalArgumentException when the request cannot be written
         */
        Outgoing with(JobRequest changed);
    }
}
