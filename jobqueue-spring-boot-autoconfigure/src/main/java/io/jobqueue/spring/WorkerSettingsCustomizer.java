package io.jobqueue.spring;

import io.jobqueue.worker.WorkerSettings;

/**
 * Changes the settings of a queue's worker pool where properties do not reach, for example by the number of
 * processors. Beans of this type are applied in their order, after the {@code jobqueue.*} properties, once for each
 * queue that has a pool.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface WorkerSettingsCustomizer {

    /**
     * Chooses the settings of one pool.
     *
     * @param queue the queue's name
     * @param settings what the properties, and the customizers before this one, say
     * @return the settings to use, perhaps the same
     */
    WorkerSettings customize(String queue, WorkerSettings settings);
}
