package io.jobqueue.worker;

import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that takes turns until it is stopped, and that nothing else can end: a turn that fails is taken again after a
 * pause that grows. A row of failures is one outage, with one line in the log at its begin and one at its end.
 */
final class Loop {

    /** One turn. It waits for work by itself, on {@link Loop#await}, so that {@link Loop#stop} can wake it. */
    interface Turn {
        void take() throws Exception;
    }

    private static final Logger log = LoggerFactory.getLogger(Loop.class);
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    /** Work has to go on within five seconds after an outage, however long that was, and the connection needs one. */
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private final String name;
    private final Turn turn;
    private final boolean daemon;
    private final Duration longestPause;
    private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();

    /** Guards what turns share with other threads. */
    final ReentrantLock lock = new ReentrantLock();

    private final Condition signal = lock.newCondition();
    private boolean hurried; // guarded by lock
    private boolean stopping; // guarded by lock

    private int failures; // only the loop's thread
    private long failingSince; // only the loop's thread

    Loop(String name, boolean daemon, Turn turn) {
        this(name, daemon, LONGEST_PAUSE, turn);
    }

    /** A loop that is to be back sooner after an outage. */
    Loop(String name, boolean daemon, Duration longestPause, Turn turn) {
        this.name = name;
        this.daemon = daemon;
        this.longestPause = longestPause.compareTo(LONGEST_PAUSE) < 0 ? longestPause : LONGEST_PAUSE;
        this.turn = turn;
    }

    void start() {
        Thread made = new Thread(this::run, name);
        made.setDaemon(daemon);
        thread.set(made);
        made.start();
    }

    private void run() {
        while (!isStopping()) {
            try {
                turn.take();
                recovered();
            } catch (InterruptedException ex) {
                log.debug("{} was interrupted; only its owner may end it", name);
            } catch (Throwable ex) {
                failed(ex);
            }
        }
    }

    private void recovered() {
        if (failures > 0) {
            log.info(
                    "{} works again after {} s and {} failures in a row",
                    name,
                    Duration.ofNanos(System.nanoTime() - failingSince).toSeconds(),
                    failures);
            failures = 0;
        }
    }

    private void failed(Throwable failure) {
        if (failures++ == 0) {
            failingSince = System.nanoTime();
        }
        try {
            report(failure);
        } catch (Throwable ex) {
            // no memory for the words, or a failure that the log cannot read: the next turn counts
        }
        double base = Math.min((double) SHORTEST_PAUSE.toNanos() * Math.pow(2, Math.min(failures, 20) - 1), (double)
                longestPause.toNanos());
        pause(Duration.ofNanos((long) (base * (0.5 + ThreadLocalRandom.current().nextDouble() / 2))));
    }

    private void report(Throwable failure) {
        if (failures == 1) {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            log.warn("{} failed and tries again until it works: {}", name, text(cause));
        }
        log.debug("{} failed {} times in a row", name, failures, failure);
    }

    private static String text(Throwable failure) {
        try {
            return failure.toString();
        } catch (Throwable ex) {
            return failure.getClass().getName();
        }
    }

    /** Waits, unless and until the loop is stopped. */
    private void pause(Duration time) {
        lock.lock();
        try {
            long left = time.toNanos();
            while (!stopping && !hurried && left > 0) {
                left = signal.awaitNanos(left);
            }
            if (!stopping && left > 0) {
                signal.awaitNanos(Math.min(left, SHORTEST_PAUSE.toNanos()));
            }
        } catch (InterruptedException ex) {
            // as in run(): only cuts the wait short
            return;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a signal, at most so long; may return early. Call it with the lock held. */
    @SuppressWarnings("WaitNotInLoop") // the turn is the loop
    void await(long nanos) throws InterruptedException {
        if (!stopping && nanos > 0) {
            signal.awaitNanos(nanos);
        }
    }

    /** Wakes whoever waits. */
    void signal() {
        lock.lock();
        try {
            signal.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Pauses no more than shortly from now on, because the loop is to stop soon and has work left. */
    void hurry() {
        lock.lock();
        try {
            hurried = true;
            signal.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean isStopping() {
        lock.lock();
        try {
            return stopping;
        } finally {
            lock.unlock();
        }
    }

    /** Lets the turn that is being taken end, and waits for it. */
    void stop(Duration patience) {
        lock.lock();
        try {
            stopping = true;
            signal.signalAll();
        } finally {
            lock.unlock();
        }
        Thread running = thread.getAndSet(null);
        if (running == null || running == Thread.currentThread()) {
            return;
        }
        try {
            running.join(patience.toMillis());
            if (running.isAlive()) {
                log.warn("{} did not end within {}", name, patience);
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
