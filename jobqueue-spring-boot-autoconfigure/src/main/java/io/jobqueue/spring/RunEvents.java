package io.jobqueue.spring;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.context.ApplicationEventPublisher;

/**
 * Publishes what happens to runs as application events: {@link JobEvent.RunEnded} and {@link JobEvent.RunOverdue}. On one
 * thread of its own, in order, so that an {@code @EventListener} may take its time without holding up the engine.
 */
final class RunEvents implements JobListener, DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(RunEvents.class);
    private static final int MOST_WAITING = 10_000;

    private final ApplicationEventPublisher publisher;
    private final ThreadPoolExecutor thread;

    RunEvents(ApplicationEventPublisher publisher) {
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
            publisher.publishEvent(event);
        } catch (RuntimeException ex) {
            log.warn("A listener of {} failed", event, ex);
        }
    }

    /** What waits is still published, as far as listeners take no more than five seconds for it; what comes later is not. */
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
