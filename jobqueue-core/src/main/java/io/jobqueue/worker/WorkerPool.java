package io.jobqueue.worker;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers of one queue in this process. A pool claims jobs with a {@link Dispatcher}, runs their handlers on the
 * threads of a {@link Crew}, and never runs more handlers than it has {@link Slots}.
 *
 * <p>Thread-safe. Can be started again after a stop.
 *
 * @since 0.1.0
 */
public final class WorkerPool {

    private static final Logger log = LoggerFactory.getLogger(WorkerPool.class);

    private final Engine engine;
    private final Dispatcher.Source source;

    @GuardedBy("this")
    private @Nullable Running running;

    /** What lives from a start to a stop. */
    private record Running(Crew crew, Dispatcher dispatcher) {}

    /**
     * Makes a pool that is not started yet.
     *
     * @param engine what the pools of this process share
     * @param store the queue's transitions
     * @param notes what its running attempts write about themselves
     * @param handlers the kinds it can work on; jobs of other kinds are handed back unspent, see
     *     {@link WorkerSettings#unknownFor()}
     * @param settings how it works
     */
    public WorkerPool(Engine engine, JobStore store, AttemptNotes notes, Handlers handlers, WorkerSettings settings) {
        this.engine = engine;
        this.source = new Dispatcher.Source(store, notes, handlers, settings);
    }

    /** The queue's name. */
    public String queue() {
        return source.store().queue();
    }

    /**
     * The kinds of this queue that workers of this process could not handle: no handler is for the kind, or a payload
     * of it could not be read. Kept as long as the process lives.
     */
    public Set<String> unknownKinds() {
        return engine.unknownKinds().of(queue());
    }

    /** Starts claiming. A pool that runs already is left alone. */
    public synchronized void start() {
        if (running == null) {
            Slots slots = new Slots(source.settings().concurrency());
            Crew crew = new Crew(slots.capacity(), named(engine.threads()));
            Dispatcher dispatcher = new Dispatcher(source, slots, crew, engine);
            running = new Running(crew, dispatcher);
            dispatcher.start();
            log.info("Queue {}: {} workers started", queue(), slots.capacity());
        }
    }

    private ThreadFactory named(ThreadFactory threads) {
        AtomicInteger number = new AtomicInteger();
        return work -> {
            Thread thread = threads.newThread(work);
            thread.setName("jobqueue-" + queue() + "-worker-" + number.incrementAndGet());
            return thread;
        };
    }

    /** Whether the pool was started and not stopped. */
    public synchronized boolean isRunning() {
        return running != null;
    }

    /** The sign of life of what claims and settles the jobs of this queue; empty while the pool does not run. */
    public synchronized Optional<Pulse> pulse() {
        return Optional.ofNullable(running).map(now -> now.dispatcher().pulse());
    }

    /**
     * Claims no more from now on. Jobs that run go on, and their claims are renewed; {@link #stop(Duration)} ends them.
     * Does not wait for handlers. Has no effect on a pool that does not run.
     */
    public synchronized void stopClaiming() {
        if (running != null) {
            running.dispatcher().stopClaiming();
        }
    }

    /** Stops within the drain time of the settings; see {@link #stop(Duration)}. */
    public void stop() {
        stop(source.settings().drain());
    }

    /**
     * Stops claiming, waits for running handlers, interrupts those that are left and hands their jobs back unspent. All
     * of this fits the time: the last quarter of it, four seconds at the most, is for interrupted handlers and for the
     * last settlements. Returns earlier when everything has ended, and up to a second later when the time is too short
     * for the settlements. Has no effect on a pool that does not run.
     *
     * @param time how long the stop may take; zero interrupts handlers at once
     */
    public void stop(Duration time) {
        Running stopping;
        synchronized (this) {
            stopping = running;
            running = null;
        }
        if (stopping != null) {
            stop(stopping.crew(), stopping.dispatcher(), time);
            log.info("Queue {}: workers stopped", queue());
        }
    }

    private void stop(Crew crew, Dispatcher dispatcher, Duration time) {
        Patience patience = engine.patience();
        long end = System.nanoTime() + time.toNanos();
        long reserve =
                Math.min(time.dividedBy(4).toNanos(), 2 * patience.stopped().toNanos());
        dispatcher.stopClaiming();
        crew.takeBack(System.nanoTime()).forEach(attempt -> attempt.owner().handBack(attempt));
        if (!dispatcher.awaitHandlers(end - reserve)) {
            log.warn("Queue {}: handlers still run after the drain time and are interrupted", queue());
            dispatcher.interruptHandlers();
            if (!dispatcher.awaitHandlers(after(patience.stopped(), end - reserve / 2))) {
                dispatcher.handBackHandlers();
            }
        }
        if (!dispatcher.awaitSettlements(after(patience.stopped(), end))) {
            log.warn(
                    "Queue {}: Redis did not confirm the last attempts; their jobs return to the queue when their leases expire",
                    queue());
        }
        dispatcher.stop(after(patience.calls(), end));
        crew.stop();
    }

    /**
     * The end of a wait: as late as patience allows, but not past a time, unless that leaves less than half a second.
     */
    private long after(Duration patience, long notPast) {
        long now = System.nanoTime();
        long least = engine.patience().stopped().dividedBy(4).toNanos();
        return now + Math.min(patience.toNanos(), Math.max(notPast - now, least));
    }
}
