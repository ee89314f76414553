package io.jobqueue.spring;

import io.jobqueue.JobListener;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Upkeep;
import io.jobqueue.worker.WorkerPool;
import io.jobqueue.worker.WorkerSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Runs the worker pools and the upkeep of this application: after everything that handlers may need has started and
 * before the web server takes requests, and the other way round at the end. Every start makes new ones, so that a
 * context can be paused and restarted.
 */
final class WorkLifecycle implements SmartLifecycle {

    static final int PHASE = Integer.MAX_VALUE / 2;

    private static final Logger log = LoggerFactory.getLogger(WorkLifecycle.class);

    /** What a pool may need after the drain time, to interrupt handlers and hand their jobs back. */
    private static final Duration STOP_MARGIN = Duration.ofSeconds(4);

    private final RedisQueues queues;
    private final HandlerCatalog handlers;
    private final Settings settings;
    private final JobListener listener;
    private final ThreadFactory handlerThreads;
    private final Duration phaseTimeout;

    /** Guarded by this. */
    private List<Part> parts = List.of();

    private volatile boolean running;

    /**
     * Makes the lifecycle.
     *
     * @param handlerThreads for the pools
     * @param phaseTimeout how long the context waits for this lifecycle to stop
     */
    WorkLifecycle(
            RedisQueues queues,
            HandlerCatalog handlers,
            Settings settings,
            JobListener listener,
            ThreadFactory handlerThreads,
            Duration phaseTimeout) {
        this.queues = queues;
        this.handlers = handlers;
        this.settings = settings;
        this.listener = listener;
        this.handlerThreads = handlerThreads;
        this.phaseTimeout = phaseTimeout;
    }

    /** Something that runs until it is stopped; stopping waits until it has ended. */
    private record Part(String name, Runnable stop) {}

    @Override
    public synchronized void start() {
        if (running) {
            return;
        }
        running = true;
        if (!settings.workersEnabled()) {
            log.info("This application enqueues jobs and handles none, because 'jobqueue.worker.enabled' is false");
            return;
        }
        List<Part> started = new ArrayList<>();
        try {
            startPools(started);
            startUpkeep(started);
        } catch (RuntimeException ex) {
            running = false;
            stopAll(started).join();
            throw ex;
        }
        parts = started;
    }

    private void startPools(List<Part> started) {
        Duration longestDrain = Duration.ZERO;
        for (var routed : handlers.byQueue().entrySet()) {
            String queue = routed.getKey();
            if (!settings.workersEnabled(queue)) {
                log.info(
                        "Jobs of queue '{}' are left to others, because 'jobqueue.queues{}.worker.enabled' is false",
                        queue,
                        PropertiesCheck.element(queue));
                continue;
            }
            WorkerSettings ofPool = settings.worker(queue);
            WorkerPool pool = new WorkerPool(
                    queues.store(queue), queues.notes(queue), routed.getValue(), ofPool, listener, handlerThreads);
            pool.start();
            started.add(new Part("worker pool of queue '" + queue + "'", pool::stop));
            longestDrain = ofPool.drain().compareTo(longestDrain) > 0 ? ofPool.drain() : longestDrain;
        }
        warnOfLongDrain(longestDrain);
    }

    /** One upkeep for all queues. */
    private void startUpkeep(List<Part> started) {
        Set<String> names = new TreeSet<>(settings.namedQueues());
        names.addAll(handlers.byQueue().keySet());
        List<Chore> chores = new ArrayList<>();
        for (String queue : names) {
            boolean works = handlers.byQueue().containsKey(queue) && settings.workersEnabled(queue);
            if (settings.sweeps(queue, works)) {
                chores.addAll(queues.chores(queue));
            }
        }
        if (!chores.isEmpty()) {
            Upkeep upkeep = new Upkeep(chores, listener);
            upkeep.start();
            started.add(new Part("upkeep", upkeep::stop));
        }
    }

    private void warnOfLongDrain(Duration drain) {
        if (drain.plus(STOP_MARGIN).compareTo(phaseTimeout) > 0) {
            log.warn(
                    "'jobqueue.shutdown.drain' is {}, but the context waits no longer than 'spring.lifecycle.timeout-per-shutdown-phase', which is {}; jobs may be cut off instead of handed back. Leave {} between them",
                    drain,
                    phaseTimeout,
                    STOP_MARGIN);
        }
    }

    @Override
    public void stop() {
        stopAll(handOver()).join();
    }

    /** All parts drain side by side, and other beans of the phase meanwhile. */
    @Override
    public void stop(Runnable callback) {
        stopAll(handOver()).whenComplete((done, failure) -> callback.run());
    }

    private synchronized List<Part> handOver() {
        List<Part> ending = parts;
        parts = List.of();
        running = false;
        return ending;
    }

    private static CompletableFuture<Void> stopAll(List<Part> ending) {
        return CompletableFuture.allOf(ending.stream()
                .map(part ->
                        CompletableFuture.runAsync(() -> stop(part), task -> new Thread(task, "jobqueue-stop").start()))
                .toArray(CompletableFuture[]::new));
    }

    private static void stop(Part part) {
        try {
            part.stop().run();
        } catch (RuntimeException ex) {
            log.warn("The {} did not stop cleanly", part.name(), ex);
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
