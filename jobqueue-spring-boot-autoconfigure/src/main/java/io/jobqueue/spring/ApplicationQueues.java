package io.jobqueue.spring;

import io.jobqueue.JobQueue;
import java.util.List;

/**
 * The queues of this application: the default queue, the queues below {@code jobqueue.queues}, and the queues that a
 * handler or a kind is routed to. Use it to show or measure all queues.
 *
 * <p>Available as a bean. The list is complete once all singletons of the application exist. Thread-safe.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface ApplicationQueues {

    /** The queues, the default queue first, then by name. No round trip. */
    List<JobQueue> all();
}
