package io.jobqueue.worker;

import io.jobqueue.JobListener;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sweeps queues at a steady pace: jobs of workers that fell silent go back to the head of their queue, histories are cut
 * to what retention keeps. Any number of processes may sweep the same queue; a sweep with nothing to do costs Redis
 * next to nothing.
 *
 * <p>One loop for each queue, so that one that fails holds up no other. Thread-safe; can be started again after a stop.
 *
 * @since 0.1.0
 */
public final class Reclaimer {

    private static final Logger log = LoggerFactory.getLogger(Reclaimer.class);

    private final List<JobStore> stores;
    private final Duration interval;
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
        if (interval.compareTo(Duration.ofMillis(10)) < 0) {
            throw new IllegalArgumentException("reclaimer interval must be at least 10 ms, was " + interval);
        }
        this.stores = List.copyOf(stores);
        this.interval = interval;
        this.listener = JobListener.logged(listener);
    }

    /** Starts sweeping. A reclaimer that runs already is left alone. */
    public synchronized void start() {
        if (loops == null) {
            loops = stores.stream().map(this::loop).toList();
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
            loops = null;
        }
    }

    private Loop loop(JobStore store) {
        Loop[] self = new Loop[1];
        self[0] = new Loop("jobqueue-" + store.queue() + "-reclaimer", true, () -> sweep(store, self[0]));
        return self[0];
    }

    /** One pass, page by page, within one interval; then a pause. */
    private void sweep(JobStore store, Loop loop) throws InterruptedException {
        long begin = System.nanoTime();
        boolean more = true;
        while (more && !loop.isStopping() && System.nanoTime() - begin < interval.toNanos()) {
            more = sweepOnce(store);
        }
        if (more) {
            return;
        }
        loop.lock.lock();
        try {
            loop.await((long) (interval.toNanos()
                    * (0.8 + 0.2 * ThreadLocalRandom.current().nextDouble())));
        } finally {
            loop.lock.unlock();
        }
    }

    private boolean sweepOnce(JobStore store) {
        JobStore.Sweep sweep = store.sweep(interval).join();
        sweep.tell(store.queue(), listener);
        return sweep.more();
    }
}
