package io.jobqueue;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears what happens to jobs: the one seam for metrics, alarms and audits. Called on the threads of the engine and of
 * the callers of the queue, so it must be quick and thread-safe. What it throws is logged and harms nobody.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface JobListener {

    /** Hears of one event. */
    void on(JobEvent event);

    /** A listener that hears nothing. */
    static JobListener none() {
        return event -> {};
    }

    /** One listener that tells several, each guarded from the failures of the others. */
    static JobListener all(List<? extends JobListener> listeners) {
        List<JobListener> all = List.copyOf(listeners);
        if (all.isEmpty()) {
            return none();
        }
        Logger log = LoggerFactory.getLogger(JobListener.class);
        return event -> {
            for (JobListener listener : all) {
                try {
                    listener.on(event);
                } catch (RuntimeException ex) {
                    log.warn("{} failed on {} of queue {}", listener, event.getClass().getSimpleName(), event.queue(), ex);
                }
            }
        };
    }
}
