package io.jobqueue.spring;

import io.jobqueue.QueueSettings;

/**
 * Changes the settings of a queue where properties do not reach, for example by a rule over names. Beans of this type
 * are applied in their order, after the {@code jobqueue.*} properties, once for each queue that is used.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface QueueSettingsCustomizer {

    /**
     * Chooses the settings of one queue.
     *
     * @param queue the queue's name
     * @param settings what the properties, and the customizers before this one, say
     * @return the settings to use, perhaps the same
     */
    QueueSettings customize(String queue, QueueSettings settings);
}
