package io.jobqueue.worker;

import io.jobqueue.JobListener;
import io.jobqueue.QueueSettings;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sweeps queues at a steady pace: jobs of workers that fell silent go back to the head of their queue, histories are cut
 * to what retention keeps, runs are looked after. Any number of processes may sweep the same queue; a sweep with nothing
 * to do costs Redis next to nothing. At a slower pace an audit walks through all that is kept, a page at a time, and puts
 * right what foreign hands did; a queue of a few hundred jobs is seen within seconds.
 *
 * <p>A loop for sweeps and one for the audit of each queue, so that one that fails holds up no other. Thread-safe; can be
 * started again after a stop.
 *
 * @since 0.1.0
 */
public final class Reclaimer {

    private static final Logger log = LoggerFactory.getLogger(Reclaimer.class);

    private static final Duration AUDIT_PACE = Duration.ofSeconds(2);
    private static final Duration DAMAGED_PACE = Duration.ofMillis(50);

    private final List<JobStore> stores;
    private final Duration interval;
    private final Duration auditPace;
    private final JobListener listener;

    private @Nullable List<Loop> loops; // guarded by this

    /**
     * Makes a reclaimer that is not started yet.
     *
     * @param stores the queues to sweep
     * @param interval the time between two sweeps of a queue; 1 s is usual
     * @param listener hears of what happens
     */
    public Reclaimer(Collection<? extends JobStore> stores, Duration interval, JobListener listener) {
        this(stores, interval, AUDIT_PACE, listener);
    }

    /**
     * Makes a reclaimer with another pace of the audit.
     *
     * @param stores the queues to sweep
     * @param interval the time between two sweeps of a queue; 1 s is usual
     * @param auditPace the time between two pages of the audit of a queue, over all processes; 2 s is usual, zero means
     *     no audit
     * @param listener hears of what happens
     */
    public Reclaimer(
            Collection<? extends JobStore> stores, Duration interval, Duration auditPace, JobListener listener) {
        if (!auditPace.isZero() && auditPace.compareTo(Duration.ofMillis(10)) < 0) {
            throw new IllegalArgumentException("audit pace must be zero or at least 10 ms, was " + auditPace);
        }
        this.stores = List.copyOf(stores);
        this.interval = new QueueSettings.Reclaimer(interval).interval();
        this.auditPace = auditPace;
        this.listener = JobListener.logged(listener);
    }

    /** Starts sweeping. A reclaimer that runs already is left alone. */
    public synchronized void start() {
        if (loops == null) {
            loops = stores.stream().flatMap(this::loops).toList();
            loops.forEach(Loop::start);
            log.info(
                    "Reclaimer started for {}",
                    stores.stream().map(JobStore::queue).toList());
        }
    }

    /** Whether it was started and not stopped. */
    public synchronized boolean isRunning() {
        return loops != null;
    }

    /** Lets the calls that are out end, and stops. */
    public synchronized void stop() {
        if (loops != null) {
            loops.forEach(loop -> loop.stop(Patience.USUAL.calls()));
            stores.forEach(JobStore::stopTending);
            loops = null;
        }
    }

    private Stream<Loop> loops(JobStore store) {
        Loop reclaimer = loop(store, "reclaimer", loop -> {
            if (sweep(store, loop)) {
                tend(store);
                pause(loop, interval);
            }
        });
        Loop auditor = loop(store, "auditor", loop -> {
            boolean more = audit(store);
            pause(loop, more && auditPace.compareTo(DAMAGED_PACE) > 0 ? DAMAGED_PACE : auditPace);
        });
        return auditPace.isZero() ? Stream.of(reclaimer) : Stream.of(reclaimer, auditor);
    }

    /** A turn that waits on its own loop. */
    private interface TurnOf {
        void take(Loop loop) throws InterruptedException;
    }

    private static Loop loop(JobStore store, String role, TurnOf turn) {
        Loop[] self = new Loop[1];
        self[0] = new Loop("jobqueue-" + store.queue() + "-" + role, true, () -> turn.take(self[0]));
        return self[0];
    }

    private static void pause(Loop loop, Duration time) throws InterruptedException {
        loop.lock.lock();
        try {
            loop.await((long)
                    (time.toNanos() * (0.8 + 0.2 * ThreadLocalRandom.current().nextDouble())));
        } finally {
            loop.lock.unlock();
        }
    }

    // ---- the three steps

    /** Takes back claims whose lease is over, page by page within one interval; returns whether the pass has ended. */
    private boolean sweep(JobStore store, Loop loop) {
        long begin = System.nanoTime();
        boolean more = true;
        while (more && !loop.isStopping() && System.nanoTime() - begin < interval.toNanos()) {
            JobStore.Sweep sweep = store.sweep(interval).join();
            sweep.tell(store.queue(), listener);
            more = sweep.more();
        }
        return !more;
    }

    /** Looks after runs. */
    private void tend(JobStore store) {
        store.tend().join().forEach(listener::on);
    }

    /** Puts right what foreign hands did, on one page; returns whether there is more to do at once. */
    private boolean audit(JobStore store) {
        JobStore.Audit audit = store.audit(auditPace).join();
        audit.tell(store.queue(), listener);
        return audit.more();
    }
}
