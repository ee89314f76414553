package io.jobqueue.worker;

import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers of one queue in this process. A pool claims jobs with a {@link Dispatcher}, runs their handlers on the threads
 * of a {@link Crew}, and never runs more handlers than it has {@link Slots}.
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
     * @param handlers the kinds it can work on; jobs of other kinds fail and are retried
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

    /**
     * Stops claiming, waits for running handlers for at most the drain time, interrupts those that are left and hands
     * their jobs back unspent. Returns when the last answer is in, or some seconds after the drain time.
     */
    public void stop() {
        Running stopping;
        synchronized (this) {
            stopping = running;
            running = null;
        }
        if (stopping != null) {
            stop(stopping.crew(), stopping.dispatcher());
            log.info("Queue {}: workers stopped", queue());
        }
    }

    private void stop(Crew crew, Dispatcher dispatcher) {
        Patience patience = engine.patience();
        dispatcher.stopClaiming();
        crew.takeBack(System.nanoTime()).forEach(attempt -> attempt.owner().handBack(attempt));
        if (!dispatcher.awaitHandlers(after(source.settings().drain()))) {
            log.warn("Queue {}: handlers still run after the drain time and are interrupted", queue());
            dispatcher.interruptHandlers();
            if (!dispatcher.awaitHandlers(after(patience.stopped()))) {
                dispatcher.handBackHandlers();
            }
        }
        if (!dispatcher.awaitSettlements(after(patience.stopped()))) {
            log.warn(
                    "Queue {}: Redis did not answer for the last attempts; their jobs come back after their lease",
                    queue());
        }
        dispatcher.stop();
        crew.stop();
    }

    private static long after(Duration time) {
        return System.nanoTime() + time.toNanos();
    }
}
