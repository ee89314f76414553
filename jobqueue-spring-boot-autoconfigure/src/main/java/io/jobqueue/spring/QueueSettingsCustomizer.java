package io.jobqueue.spring;

import io.jobqueue.QueueSettings;

/**
 * Changes the settings of queues in code, for example by a rule for the names of queues that properties cannot express.
 *
 * <p>Beans of this type are applied last: the core's defaults come first, the {@code jobqueue.*} properties over them,
 * then all customizers in their {@link org.springframework.core.annotation.Order}. They are called once for each queue
 * at its first use, on any thread and perhaps before all beans exist. So they may depend on other beans, but not on a
 * {@link io.jobqueue.JobQueue}. A {@link io.jobqueue.SettingException} stops the start.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface QueueSettingsCustomizer {

    /**
     * Chooses the settings of one queue.
     *
     * @param queue the name of the queue
     * @param settings the settings by the properties and by the customizers before this one
     * @return the settings to use; {@code settings} itself if nothing is to be changed
     */
    QueueSettings customize(String queue, QueueSettings settings);
}
