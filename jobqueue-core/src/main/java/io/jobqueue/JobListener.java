package io.jobqueue;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears what happens to jobs: the one seam for metrics, alarms and audits. Called on the threads of the engine, of the
 * connection, and of the callers of the queue, so it must be quick, must not block, and must be thread-safe. On a thread
 * of the connection the blocking methods of {@link JobQueue} throw an {@link IllegalStateException}; their {@code Async}
 * twins work. What a listener throws is logged and harms nobody.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface JobListener {

    /** Hears of one event. */
    void on(JobEvent event);

    /** Hears of events, one after the other. */
    default void onAll(List<JobEvent> events) {
        events.forEach(this::on);
    }

    /** A listener that hears nothing. */
    static JobListener none() {
        return event -> {};
    }

    /** One listener that tells several, each guarded from the failures of the others. */
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

    /**
     * A listener that writes the log of the queue and then tells another one, guarded from its failures. The engine and the
     * queues listen through it.
     */
    static JobListener logged(JobListener listener) {
        JobListener guarded = all(List.of(listener));
        return event -> {
            EventLog.write(event);
            guarded.on(event);
        };
    }
}
