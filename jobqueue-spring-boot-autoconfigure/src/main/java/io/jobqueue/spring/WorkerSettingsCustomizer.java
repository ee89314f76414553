package io.jobqueue.spring;

import io.jobqueue.worker.WorkerSettings;

/**
 * Changes the settings of worker pools in code, for example by the number of processors, which properties cannot
 * express.
 *
 * <p>Beans of this type are applied last: the core's defaults come first, the {@code jobqueue.*} properties over them,
 * then all customizers in their {@link org.springframework.core.annotation.Order}. They are called once for each queue
 * that has a pool, after all beans exist. A {@link io.jobqueue.SettingException} stops the start. The heartbeat is a
 * setting of the queue: see {@link QueueSettingsCustomizer}.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface WorkerSettingsCustomizer {

    /**
     * Chooses the settings of one pool.
     *
     * @param queue the name of the queue
     * @param settings the settings by the properties and by the customizers before this one
     * @return the settings to use; {@code settings} itself if nothing is to be changed
     */
    WorkerSettings customize(String queue, WorkerSettings settings);
}
