package io.jobqueue.spring;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;

/**
 * Publishes the events of runs as application events: {@link JobEvent.RunEnded} and {@link JobEvent.RunOverdue}. It
 * publishes them in order on its own thread, so that a slow {@code @EventListener} does not block the engine.
 *
 * <p>Each context that shares a queue has its own instance, which publishes the events in that context.
 */
final class RunEvents implements JobListener, DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(RunEvents.class);
    private static final int MOST_WAITING = 10_000;

    private final Consumer<JobEvent> publisher;
    private final ThreadPoolExecutor thread;

    /**
     * Makes the events of a context.
     *
     * @param publisher publishes an event in the context
     */
    RunEvents(Consumer<JobEvent> publisher) {
        this.publisher = publisher;
        thread = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MOST_WAITING), task -> {
            Thread made = new Thread(task, "jobqueue-run-events");
            made.setDaemon(true);
            return made;
        });
        thread.allowCoreThreadTimeOut(true);
    }

    @Override
    public void on(JobEvent event) {
        if (event instanceof JobEvent.RunEnded || event instanceof JobEvent.RunOverdue) {
            try {
                thread.execute(() -> publish(event));
            } catch (RejectedExecutionException ex) {
                log.warn(
                        "An event of a run is not published, because the application stops or too many wait: {}",
                        event);
            }
        }
    }

    private void publish(JobEvent event) {
        try {
            publisher.accept(event);
        } catch (RuntimeException ex) {
            log.warn("A listener of {} failed", event, ex);
        }
    }

    /** Publishes the events that wait, for at most five seconds. Later events are not published. */
    @Override
    public void destroy() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(5, TimeUnit.SECONDS)) {
                log.warn(
                        "{} events of runs are not published, because the application stops",
                        thread.shutdownNow().size());
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
