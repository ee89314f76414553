package io.jobqueue;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives the events of jobs; use it for metrics, alarms and audit logs. It is called on threads of the engine, of the
 * connection and of callers of the queue, so it must be quick, must not block, and must be thread-safe. On a thread of
 * the connection, the blocking methods of {@link JobQueue} throw an {@link IllegalStateException}; the {@code Async}
 * methods work. An exception of a listener is logged and has no other effect.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface JobListener {

    /** Receives one event. */
    void on(JobEvent event);

    /** Receives several events in order. */
    default void onAll(List<JobEvent> events) {
        for (JobEvent event : events) {
            on(event);
        }
    }

    /** A listener that ignores all events. */
    static JobListener none() {
        return event -> {};
    }

    /** A listener that calls several listeners; a failure of one does not affect the others. */
    static JobListener all(List<? extends JobListener> listeners) {
        List<JobListener> all = List.copyOf(listeners);
        Logger log = LoggerFactory.getLogger(JobListener.class);
        return event -> {
            for (JobListener listener : all) {
                try {
                    listener.on(event);
                } catch (Throwable ex) {
                    // what is checked included: other languages throw it undeclared
                    warn(log, listener, event, ex);
                }
            }
        };
    }

    private static void warn(Logger log, JobListener listener, JobEvent event, Throwable thrown) {
        String what = event.getClass().getSimpleName();
        String who = listener.getClass().getName();
        try {
            log.warn("A job listener failed on {} of queue {}: {}", what, event.queue(), who, thrown);
        } catch (Throwable ex) {
            // its message or its causes cannot be read
            log.warn(
                    "A job listener failed on {} of queue {}: {} threw {}",
                    what,
                    event.queue(),
                    who,
                    thrown.getClass().getName());
        }
    }
}
