package io.jobqueue.sample;

import io.jobqueue.Claim;
import io.jobqueue.JobWorker;
import io.jobqueue.JsonText;
import io.jobqueue.UnreadableJsonException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * A worker of the guide's demo, written with the guide's verbs: it claims a job, lets the time of the work pass, and
 * then completes the job, fails it, or drops it without a word as a crash would. Lives once, from {@link #start()} to
 * {@link #leave()}.
 *
 * <p>While it works it renews its claim, so that a sweep takes no job from a worker that is alive. A job that it is going
 * to drop is not renewed, because a crashed worker is silent from the beginning.
 */
final class SimulatedWorker {

    private static final Logger log = LoggerFactory.getLogger(SimulatedWorker.class);

    private static final Duration CLAIM_TIMEOUT = Duration.ofMillis(500);

    private final String name;
    private final SimulatedWorkers pool;
    private final JobWorker queue;
    private final Duration lease;
    private final CountDownLatch left = new CountDownLatch(1);
    private final Thread thread;

    /**
     * Makes a worker that is not started yet.
     *
     * @param lease how long a claim on the queue is good without a renewal
     */
    SimulatedWorker(String name, SimulatedWorkers pool, JobWorker queue, Duration lease) {
        this.name = name;
        this.pool = pool;
        this.queue = queue;
        this.lease = lease;
        this.thread = new Thread(this::run, "demo-" + name);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Asks it to end: it claims nothing any more, and hands back what it is working on. Does not wait. */
    void leave() {
        left.countDown();
        thread.interrupt();
    }

    /** Waits for its end. */
    void awaitEnd(Duration timeout) throws InterruptedException {
        thread.join(Math.max(1, timeout.toMillis()));
    }

    boolean isAlive() {
        return thread.isAlive();
    }

    private boolean isLeaving() {
        return left.getCount() == 0;
    }

    private void run() {
        while (!isLeaving()) {
            try {
                queue.claim(CLAIM_TIMEOUT).ifPresent(this::work);
                pool.answered();
            } catch (RuntimeException ex) {
                // what is claimed comes back by a sweep
                pool.failed(ex);
                pause();
            }
        }
    }

    private void work(Claim claim) {
        Behaviour behaviour = pool.behaviour();
        Behaviour.Ending ending = behaviour.draw(ThreadLocalRandom.current());
        if (ending == Behaviour.Ending.HANG) {
            leftDuring(behaviour.latency());
        } else if (isLeaving()) {
            queue.release(claim);
        } else if (passes(behaviour.latency(), claim)) {
            settle(claim, ending);
        }
    }

    /** Lets the time of the work pass; {@code false} when the job is no longer this worker's. */
    private boolean passes(Duration latency, Claim claim) {
        long end = System.nanoTime() + latency.toNanos();
        for (long rest = latency.toNanos(); rest > 0; rest = end - System.nanoTime()) {
            if (leftDuring(Duration.ofNanos(Math.min(rest, lease.toNanos() / 3)))) {
                queue.release(claim);
                return false;
            }
            if (end > System.nanoTime() && !queue.extend(claim, lease)) {
                log.debug("{} lost {}", name, claim);
                return false;
            }
        }
        return true;
    }

    private void settle(Claim claim, Behaviour.Ending ending) {
        if (ending == Behaviour.Ending.FAIL) {
            queue.fail(claim, name + " simulated failure");
            return;
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("worker", name);
        result.put("echo", echo(claim.payload()));
        result.put("attempts", claim.attempt());
        try {
            if (queue.complete(claim, result)) {
                pool.completed();
            }
        } catch (IllegalArgumentException ex) {
            queue.fail(claim, name + " could not echo the payload: " + ex.getMessage());
        }
    }

    private static Object echo(JsonText payload) {
        try {
            return payload.as(JsonNode.class);
        } catch (UnreadableJsonException ex) {
            return Map.of();
        }
    }

    private void pause() {
        leftDuring(Duration.ofMillis(ThreadLocalRandom.current().nextLong(200, 500)));
    }

    private boolean leftDuring(Duration time) {
        try {
            return left.await(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException ex) {
            // only leave() interrupts; the flag has done its work, and what follows is to be done in peace
            return true;
        }
    }
}
