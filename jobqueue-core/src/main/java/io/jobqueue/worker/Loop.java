package io.jobqueue.worker;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that takes turns until it is stopped. A failed turn does not end it: the loop repeats the turn after a
 * growing pause. Consecutive failures are one {@link Outage}.
 *
 * <p>A loop that has nothing to do for a while may {@linkplain #rest() rest}: its thread ends, and the next
 * {@linkplain #signal() signal} starts another.
 */
final class Loop {

    /** One turn. It waits for work by itself, on {@link Loop#await}, so that {@link Loop#stop} can wake it. */
    interface Turn {
        void take() throws Exception;
    }

    private static final Logger log = LoggerFactory.getLogger(Loop.class);

    private final String name;
    private final Turn turn;
    private final boolean daemon;
    private final Outage outage; // only the loop's thread
    private volatile long seenAt = System.nanoTime();

    /** Guards what turns share with other threads. */
    final ReentrantLock lock = new ReentrantLock();

    private final Condition signal = lock.newCondition();

    @GuardedBy("lock")
    private @Nullable Thread thread;

    @GuardedBy("lock")
    private boolean resting;

    @GuardedBy("lock")
    private boolean hurried;

    @GuardedBy("lock")
    private boolean stopping;

    Loop(String name, boolean daemon, Turn turn) {
        this(name, daemon, Outage.LONGEST_PAUSE, turn);
    }

    /** A loop that is to be back sooner after an outage. */
    Loop(String name, boolean daemon, Duration longestPause, Turn turn) {
        this.name = name;
        this.daemon = daemon;
        this.outage = new Outage(name, longestPause);
        this.turn = turn;
    }

    void start() {
        lock.lock();
        try {
            startThread();
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void startThread() {
        Thread made = new Thread(this::run, name);
        made.setDaemon(daemon);
        seenAt = System.nanoTime();
        made.start();
        thread = made;
    }

    private void run() {
        while (goesOn()) {
            try {
                turn.take();
                outage.recovered();
                seenAt = System.nanoTime();
            } catch (InterruptedException ex) {
                log.debug("{} was interrupted; only its owner may end it", name);
            } catch (Throwable ex) {
                pause(outage.failed(ex));
            }
        }
    }

    private boolean goesOn() {
        lock.lock();
        try {
            if (resting) {
                thread = null;
            }
            return !resting && !stopping;
        } finally {
            lock.unlock();
        }
    }

    /** Waits, unless and until the loop is stopped. */
    private void pause(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (!stopping && !hurried && left > 0) {
                left = signal.awaitNanos(left);
            }
            if (!stopping && left > 0) {
                signal.awaitNanos(Math.min(left, Outage.SHORTEST_PAUSE.toNanos()));
            }
        } catch (InterruptedException ex) {
            // as in run(): only cuts the wait short
            return;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a signal, at most so long; may return early. */
    @GuardedBy("lock")
    @SuppressWarnings("WaitNotInLoop") // the turn is the loop
    void await(long nanos) throws InterruptedException {
        seenAt = System.nanoTime();
        if (!stopping && nanos > 0) {
            signal.awaitNanos(nanos);
        }
    }

    /**
     * Lets the thread end after this turn. Only a turn may call it. A signal that comes before the thread has ended
     * keeps it.
     */
    @GuardedBy("lock")
    void rest() {
        resting = true;
    }

    /**
     * Wakes the loop.
     *
     * @throws OutOfMemoryError when the loop rests and there is no thread for it; it rests on then, until the next
     *     signal
     */
    void signal() {
        lock.lock();
        try {
            signal.signalAll();
            if (resting && !stopping) {
                if (thread == null) {
                    startThread();
                }
                resting = false;
            }
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

    /** How long ago a turn waited for work or ended well, if a thread takes turns. */
    Pulse pulse() {
        lock.lock();
        try {
            boolean lives = thread != null && !stopping;
            return new Pulse(name, lives ? Duration.ofNanos(System.nanoTime() - seenAt) : Duration.ZERO);
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
        Thread running;
        lock.lock();
        try {
            stopping = true;
            signal.signalAll();
            running = thread;
            thread = null;
        } finally {
            lock.unlock();
        }
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
