package io.jobqueue.sample;

import io.jobqueue.JobWorker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pool of simulated workers. A worker that was told to leave is never used again; a later start makes new workers. So
 * a start right after a stop leaves no second loop behind. Thread-safe.
 */
final class SimulatedWorkers {

    private static final Logger log = LoggerFactory.getLogger(SimulatedWorkers.class);

    /** How long a resize waits for workers that leave. They take longer only when Redis does not answer. */
    private static final Duration LEAVE_TIME = Duration.ofSeconds(5);

    private final JobWorker queue;
    private final Duration lease;
    private final AtomicLong processed = new AtomicLong();
    private final AtomicLong failedSince = new AtomicLong(); // nanoTime, 0 while Redis answers

    private volatile Behaviour behaviour = Behaviour.USUAL;

    // written under this, read without
    private volatile List<SimulatedWorker> workers = List.of();
    private volatile List<SimulatedWorker> leaving = List.of();

    /**
     * Makes an empty pool.
     *
     * @param lease how long a claim on the queue is good without a renewal
     */
    SimulatedWorkers(JobWorker queue, Duration lease) {
        this.queue = queue;
        this.lease = lease;
    }

    Behaviour behaviour() {
        return behaviour;
    }

    /** Changes how workers treat the jobs that they claim from now on. */
    void behave(Behaviour changed) {
        behaviour = changed;
    }

    /** Brings the pool to a size. Workers that stay are not disturbed. Returns when the leaving workers have ended. */
    synchronized void resize(int size) {
        List<SimulatedWorker> now = workers;
        List<SimulatedWorker> staying = new ArrayList<>(now.subList(0, Math.min(size, now.size())));
        List<SimulatedWorker> ending = new ArrayList<>(leaving);
        ending.addAll(now.subList(staying.size(), now.size()));
        leaving = List.copyOf(ending);
        ending.forEach(SimulatedWorker::leave);
        while (staying.size() < size) {
            SimulatedWorker worker = new SimulatedWorker("worker-" + (staying.size() + 1), this, queue, lease);
            worker.start();
            staying.add(worker);
        }
        workers = List.copyOf(staying);
        awaitEndOf(ending);
        leaving = ending.stream().filter(SimulatedWorker::isAlive).toList();
    }

    private static void awaitEndOf(List<SimulatedWorker> ending) {
        long deadline = System.nanoTime() + LEAVE_TIME.toNanos();
        try {
            for (SimulatedWorker worker : ending) {
                worker.awaitEnd(Duration.ofNanos(deadline - System.nanoTime()));
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    /** How many workers are alive, including workers that are still leaving. */
    int running() {
        return (int) Stream.concat(workers.stream(), leaving.stream())
                .distinct()
                .filter(SimulatedWorker::isAlive)
                .count();
    }

    /** How many completions Redis accepted. */
    long processed() {
        return processed.get();
    }

    /** Counts from zero again. */
    void forget() {
        processed.set(0);
    }

    void completed() {
        processed.incrementAndGet();
    }

    /** One line when it begins and one when it is over, however many workers it concerns. */
    void failed(RuntimeException failure) {
        if (failedSince.compareAndSet(0, System.nanoTime())) {
            log.warn("Simulated workers cannot work, and try again until they can: {}", failure.toString());
        }
    }

    void answered() {
        if (failedSince.get() != 0) {
            long since = failedSince.getAndSet(0);
            if (since != 0) {
                log.info("Simulated workers work again after {}", Duration.ofNanos(System.nanoTime() - since));
            }
        }
    }
}
