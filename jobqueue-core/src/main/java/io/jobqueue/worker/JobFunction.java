package io.jobqueue.worker;

import io.jobqueue.Job;
import io.jobqueue.JobContext;
import org.jspecify.annotations.Nullable;

/**
 * The code that handles the jobs of a kind.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface JobFunction {

    /**
     * Works on one attempt of a job.
     *
     * @return the result, {@code null} for none, or a {@link io.jobqueue.JobOutcome}
     * @throws Exception when the attempt failed; a {@link io.jobqueue.JobOutcome.Thrown} says how it ends
     */
    @Nullable
    Object handle(Job<?> job, JobContext context) throws Exception;
}
