package io.jobqueue.spring;

import io.jobqueue.JobListener;
import io.jobqueue.Recurring;
import io.jobqueue.redis.RedisAccess;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Engine;
import io.jobqueue.worker.Handlers;
import io.jobqueue.worker.Pulse;
import io.jobqueue.worker.Upkeep;
import io.jobqueue.worker.WorkerPool;
import io.jobqueue.worker.WorkerSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.core.Ordered;

/**
 * Runs the worker pools and the upkeep for the handlers of one context. It starts after everything that handlers may
 * need, and before the web server accepts requests. Every start creates new pools, so that a context can be paused and
 * restarted.
 *
 * <p>If the pool of a parent context already works on a queue, that pool also calls the handlers of this context, and
 * this context creates no pool.
 *
 * <h2>Stop</h2>
 *
 * <p>The stop begins when the context publishes that it closes, before the first lifecycle stops. From then on no job
 * is claimed, and handlers finish while the web server answers its last requests. The stop of this lifecycle waits for
 * the rest. The drain time counts from the begin. If a context stops without closing, the stop begins in this
 * lifecycle.
 */
final class WorkLifecycle implements RunningWork, SmartLifecycle, ApplicationListener<ContextClosedEvent>, Ordered {

    static final int PHASE = Integer.MAX_VALUE / 2;

    private static final Logger log = LoggerFactory.getLogger(WorkLifecycle.class);

    private final Materials materials;
    private final HandlerCatalog handlers;
    private final Settings settings;
    private final Duration phaseTimeout;
    private final ApplicationContext context;
    private final @Nullable WorkLifecycle ofParent;
    private final RightsAtStart rights;

    // guarded by this
    private List<Part> parts = List.of();
    private @Nullable CompletableFuture<Void> stopping;

    private volatile List<WorkerPool> pools = List.of();
    private volatile @Nullable Upkeep upkeep;
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
     * @param context the context
     */
    WorkLifecycle(
            Materials materials,
            HandlerCatalog handlers,
            Settings settings,
            Duration phaseTimeout,
            ApplicationContext context) {
        this.materials = materials;
        this.handlers = handlers;
        this.settings = settings;
        this.phaseTimeout = phaseTimeout;
        this.context = context;
        this.ofParent = ParentContext.bean(context, WorkLifecycle.class);
        this.rights = new RightsAtStart(() -> materials.queues().checkRights(access()));
    }

    /**
     * What pools and upkeep are made of.
     *
     * @param engine what the pools share
     */
    record Materials(RedisQueues queues, Engine engine, JobListener listener) {

        WorkerPool pool(String queue, Handlers handlers, WorkerSettings settings) {
            return new WorkerPool(engine, queues.store(queue), queues.notes(queue), handlers, settings);
        }

        Upkeep upkeep(Set<String> names, Map<String, List<Recurring>> recurring, Map<String, Set<String>> notices) {
            Stream<Chore> ofQueues = names.stream().flatMap(name -> queues.chores(name).stream());
            Stream<Chore> ofRecurring = recurring.entrySet().stream()
                    .map(declared -> queues.recurring(declared.getKey(), declared.getValue()));
            Stream<Chore> ofNotices = notices.entrySet().stream()
                    .map(handled -> queues.deadLetterNotices(handled.getKey(), handled.getValue()));
            return new Upkeep(
                    Stream.of(ofQueues, ofRecurring, ofNotices)
                            .flatMap(chores -> chores)
                            .toList(),
                    listener);
        }
    }

    /**
     * Something that runs until it is stopped.
     *
     * @param drain how long its stop may take
     * @param stop stops it, and waits until it has ended
     */
    private record Part(String name, Duration drain, Consumer<Duration> stop) {}

    @Override
    public void start() {
        awaitStop();
        startParts();
    }

    private synchronized void startParts() {
        if (running) {
            return;
        }
        if (settings.checksRights()) {
            rights.start();
        }
        running = true;
        stopping = null;
        if (!settings.workersEnabled()) {
            log.info("This application enqueues jobs and handles none, because 'jobqueue.worker.enabled' is false");
            return;
        }
        try {
            startPools();
            startUpkeep();
        } catch (RuntimeException ex) {
            stopAll(parts).join();
            ended();
            throw ex;
        }
    }

    /** What this context does with the queues: it only enqueues when it neither has handlers nor sweeps a queue. */
    private RedisAccess access() {
        boolean works = settings.workersEnabled()
                && (!handlers.byQueue().isEmpty()
                        || !handlers.recurring().isEmpty()
                        || settings.namedQueues().stream().anyMatch(queue -> settings.sweeps(queue, false)));
        return works ? RedisAccess.WORKER : RedisAccess.PRODUCER;
    }

    private void startPools() {
        Set<String> queues = handlers.byQueue().keySet().stream()
                .filter(this::isEnabled)
                .collect(Collectors.toCollection(TreeSet::new));
        List<WorkerPool> started = new ArrayList<>();
        parts = new ArrayList<>();
        handlers.lend(queues);
        parts.add(new Part("calls of handlers by other contexts", longestDrain(queues), handlers::takeBack));
        queues.removeIf(this::isWorkedOnAbove);
        for (String queue : queues) {
            WorkerSettings ofPool = settings.worker(queue);
            WorkerPool pool = materials.pool(queue, handlers.on(queue), ofPool);
            pool.start();
            started.add(pool);
            pools = List.copyOf(started);
            parts.add(new Part("worker pool of queue '" + queue + "'", ofPool.drain(), pool::stop));
        }
        workedOn = Set.copyOf(queues);
    }

    private Duration longestDrain(Set<String> queues) {
        Duration longest = queues.stream()
                .map(queue -> settings.worker(queue).drain())
                .max(Comparator.naturalOrder())
                .orElse(Duration.ZERO);
        if (longest.compareTo(phaseTimeout) > 0) {
            log.warn(
                    "'jobqueue.shutdown.drain' is {}, but the context waits no longer than 'spring.lifecycle.timeout-per-shutdown-phase', which is {}; jobs may be cut off instead of handed back",
                    longest,
                    phaseTimeout);
        }
        return longest;
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

    /** Starts one upkeep for all queues that no context above keeps up, and for the recurring jobs of this context. */
    private void startUpkeep() {
        Set<String> names = new TreeSet<>(settings.namedQueues());
        names.addAll(handlers.byQueue().keySet());
        names.removeIf(queue ->
                !settings.sweeps(queue, workedOn.contains(queue)) || (ofParent != null && ofParent.keepsUp(queue)));
        Map<String, List<Recurring>> recurring = new TreeMap<>(handlers.recurring());
        recurring.keySet().removeIf(queue -> !settings.workersEnabled(queue));
        Map<String, Set<String>> notices = new TreeMap<>(handlers.notices());
        notices.keySet().removeIf(queue -> !settings.workersEnabled(queue));
        if (!names.isEmpty() || !recurring.isEmpty() || !notices.isEmpty()) {
            Upkeep begun = materials.upkeep(names, recurring, notices);
            begun.start();
            upkeep = begun;
            Duration drain = settings.worker(settings.defaultQueue()).drain();
            parts.add(new Part("upkeep", drain, begun::stop));
        }
        keptUp = Set.copyOf(names);
    }

    private boolean keepsUp(String queue) {
        return keptUp.contains(queue) || (ofParent != null && ofParent.keepsUp(queue));
    }

    @Override
    public List<Pulse> pulses() {
        List<Pulse> pulses = new ArrayList<>();
        pools.forEach(pool -> pool.pulse().ifPresent(pulses::add));
        if (!pools.isEmpty()) {
            pulses.addAll(materials.engine().pulses());
        }
        Upkeep keeping = upkeep;
        if (keeping != null) {
            pulses.addAll(keeping.pulses());
        }
        return pulses;
    }

    @Override
    public Map<String, Set<String>> unknownKinds() {
        Map<String, Set<String>> unknown = new TreeMap<>();
        for (WorkerPool pool : pools) {
            Set<String> kinds = pool.unknownKinds();
            if (!kinds.isEmpty()) {
                unknown.put(pool.queue(), new TreeSet<>(kinds));
            }
        }
        return unknown;
    }

    /** Comes before all other lifecycles stop. Events of child contexts come as well. */
    @Override
    public void onApplicationEvent(ContextClosedEvent event) {
        if (event.getApplicationContext() == context) {
            beginStop();
        }
    }

    /** The first listener of a closing context, because others take their time: they may close child contexts. */
    @Override
    public int getOrder() {
        return HIGHEST_PRECEDENCE;
    }

    @Override
    public void stop() {
        beginStop().join();
    }

    @Override
    public void stop(Runnable callback) {
        beginStop().whenComplete((done, failure) -> callback.run());
    }

    /** Begins the stop, unless it has begun. All parts stop side by side. */
    private synchronized CompletableFuture<Void> beginStop() {
        CompletableFuture<Void> begun = stopping;
        if (begun == null) {
            rights.stop();
            pools.forEach(WorkerPool::stopClaiming);
            begun = stopAll(parts).thenRun(this::ended);
            stopping = begun;
        }
        return begun;
    }

    private synchronized void ended() {
        pools = List.of();
        parts = List.of();
        upkeep = null;
        workedOn = Set.of();
        keptUp = Set.of();
        running = false;
    }

    /** A context may be started again although it did not wait for the end of a stop. */
    private void awaitStop() {
        CompletableFuture<Void> begun;
        synchronized (this) {
            begun = stopping;
        }
        if (begun != null) {
            begun.join();
        }
    }

    private static CompletableFuture<Void> stopAll(List<Part> ending) {
        return CompletableFuture.allOf(ending.stream()
                .map(part ->
                        CompletableFuture.runAsync(() -> stop(part), task -> new Thread(task, "jobqueue-stop").start()))
                .toArray(CompletableFuture[]::new));
    }

    private static void stop(Part part) {
        try {
            part.stop().accept(part.drain());
        } catch (RuntimeException ex) {
            log.warn("The {} did not stop cleanly", part.name(), ex);
        }
    }

    /** Until the stop has ended, so that the context waits for it. */
    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
