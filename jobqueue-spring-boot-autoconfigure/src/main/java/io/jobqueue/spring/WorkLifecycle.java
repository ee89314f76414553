package io.jobqueue.spring;

import io.jobqueue.JobListener;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Engine;
import io.jobqueue.worker.Handlers;
import io.jobqueue.worker.Upkeep;
import io.jobqueue.worker.WorkerPool;
import io.jobqueue.worker.WorkerSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Runs the worker pools and the upkeep for the handlers of one context: after everything that handlers may need has started
 * and before the web server takes requests, and the other way round at the end. Every start makes new ones, so that a
 * context can be paused and restarted.
 *
 * <p>Where the pool of a parent context works on a queue already, that pool calls the handlers of this context too, and
 * this context makes none.
 */
final class WorkLifecycle implements SmartLifecycle {

    static final int PHASE = Integer.MAX_VALUE / 2;

    private static final Logger log = LoggerFactory.getLogger(WorkLifecycle.class);

    /** What a pool may need after the drain time, to interrupt handlers and hand their jobs back. */
    private static final Duration STOP_MARGIN = Duration.ofSeconds(4);

    private final Materials materials;
    private final HandlerCatalog handlers;
    private final Settings settings;
    private final Duration phaseTimeout;
    private final @Nullable WorkLifecycle ofParent;

    /** Guarded by this. */
    private List<Part> parts = List.of();

    private volatile Set<String> workedOn = Set.of();
    private volatile Set<String> keptUp = Set.of();
    private volatile boolean running;

    /**
     * Makes the lifecycle.
     *
     * @param materials makes pools and upkeep
     * @param handlers the handlers of the context
     * @param settings the settings of the context
     * @param phaseTimeout how long the context waits for this lifecycle to stop
     * @param ofParent the lifecycle of the parent context, if it has the queue
     */
    WorkLifecycle(
            Materials materials,
            HandlerCatalog handlers,
            Settings settings,
            Duration phaseTimeout,
            @Nullable WorkLifecycle ofParent) {
        this.materials = materials;
        this.handlers = handlers;
        this.settings = settings;
        this.phaseTimeout = phaseTimeout;
        this.ofParent = ofParent;
    }

    /**
     * What pools and upkeep are made of.
     *
     * @param engine what the pools share
     */
    record Materials(RedisQueues queues, Engine engine, JobListener listener) {

        /**
         * Makes the engine as well.
         *
         * @param handlerThreads makes the threads of pools
         */
        Materials(RedisQueues queues, JobListener listener, ThreadFactory handlerThreads) {
            this(queues, new Engine(queues.signals(), listener, handlerThreads), listener);
        }

        WorkerPool pool(String queue, Handlers handlers, WorkerSettings settings) {
            return new WorkerPool(engine, queues.store(queue), queues.notes(queue), handlers, settings);
        }

        Upkeep upkeep(Set<String> names) {
            List<Chore> chores =
                    names.stream().flatMap(name -> queues.chores(name).stream()).toList();
            return new Upkeep(chores, listener);
        }
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
        Set<String> queues = handlers.byQueue().keySet().stream()
                .filter(this::isEnabled)
                .collect(Collectors.toCollection(TreeSet::new));
        Duration longestDrain = queues.stream()
                .map(queue -> settings.worker(queue).drain())
                .max(Comparator.naturalOrder())
                .orElse(Duration.ZERO);
        warnOfLongDrain(longestDrain);
        handlers.lend(queues);
        started.add(new Part("calls of handlers by other contexts", () -> handlers.takeBack(longestDrain)));
        queues.removeIf(this::isWorkedOnAbove);
        for (String queue : queues) {
            WorkerPool pool = materials.pool(queue, handlers.on(queue), settings.worker(queue));
            pool.start();
            started.add(new Part("worker pool of queue '" + queue + "'", pool::stop));
        }
        workedOn = Set.copyOf(queues);
    }

    private boolean isEnabled(String queue) {
        boolean enabled = settings.workersEnabled(queue);
        if (!enabled) {
            log.info(
                    "Jobs of queue '{}' are left to others, because 'jobqueue.queues{}.worker.enabled' is false",
                    queue,
                    PropertiesCheck.element(queue));
        }
        return enabled;
    }

    private boolean isWorkedOnAbove(String queue) {
        boolean above = ofParent != null && ofParent.worksOn(queue);
        if (above) {
            log.info("Queue {}: the workers of the parent context call the handlers of this context too", queue);
        }
        return above;
    }

    /** Whether a pool of this context or one above it works on a queue. */
    private boolean worksOn(String queue) {
        return workedOn.contains(queue) || (ofParent != null && ofParent.worksOn(queue));
    }

    /** Starts one upkeep for all queues that no context above keeps up. */
    private void startUpkeep(List<Part> started) {
        Set<String> names = new TreeSet<>(settings.namedQueues());
        names.addAll(handlers.byQueue().keySet());
        names.removeIf(queue ->
                !settings.sweeps(queue, workedOn.contains(queue)) || (ofParent != null && ofParent.keepsUp(queue)));
        if (!names.isEmpty()) {
            Upkeep upkeep = materials.upkeep(names);
            upkeep.start();
            started.add(new Part("upkeep", upkeep::stop));
        }
        keptUp = Set.copyOf(names);
    }

    private boolean keepsUp(String queue) {
        return keptUp.contains(queue) || (ofParent != null && ofParent.keepsUp(queue));
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
        workedOn = Set.of();
        keptUp = Set.of();
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
