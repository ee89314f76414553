package io.jobqueue.worker;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that run the handlers, for all dispatchers of a pool. Attempts wait in one queue, oldest first, for the
 * next free thread.
 *
 * <h2>Threads</h2>
 *
 * <p>The crew starts a thread when an attempt needs one, up to its size. A thread ends after a minute without work. The
 * crew replaces a thread that dies.
 *
 * <h2>Waking up</h2>
 *
 * <p>Waking a thread costs more than running a short job. A batch of attempts therefore wakes two threads, and each of
 * them wakes two more if it still finds work. So a few threads run many short jobs, and many long jobs all start after
 * a few wake-ups.
 *
 * <p>Thread-safe.
 */
final class Crew {

    private static final Logger log = LoggerFactory.getLogger(Crew.class);

    private static final long MAX_IDLE_NANOS = Duration.ofMinutes(1).toNanos();
    private static final int WOKEN_BY_ONE = 2;

    private final ThreadFactory factory;
    private final ReentrantLock lock = new ReentrantLock();

    // the line is linked through the attempts, so that it grows without memory
    @GuardedBy("lock")
    private @Nullable Attempt first;

    @GuardedBy("lock")
    private @Nullable Attempt last;

    @GuardedBy("lock")
    private int waiting;

    @GuardedBy("lock")
    private final Set<Thread> threads = new HashSet<>();

    @GuardedBy("lock")
    private final Deque<Seat> idle = new ArrayDeque<>(); // the last to sit down is the first to be called

    @GuardedBy("lock")
    private int size;

    @GuardedBy("lock")
    private int coming; // how many threads were called or hired, and have not arrived yet

    @GuardedBy("lock")
    private boolean stopped;

    /** Where a thread waits to be called. */
    private final class Seat {

        private final Thread thread = Thread.currentThread();

        /** Whether the thread was called, or hired, and has not arrived yet. */
        @GuardedBy("Crew.this.lock")
        private boolean called = true;
    }

    /**
     * Makes a crew without threads.
     *
     * @param size how many threads there may be
     */
    Crew(int size, ThreadFactory factory) {
        this.size = size;
        this.factory = factory;
    }

    /** Lines up attempts. */
    void add(List<Attempt> attempts) {
        lock.lock();
        try {
            for (int i = 0; i < attempts.size(); i++) {
                append(attempts.get(i));
            }
            wake();
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void append(Attempt attempt) {
        attempt.next = null;
        if (last == null) {
            first = attempt;
        } else {
            last.next = attempt;
        }
        last = attempt;
        waiting++;
    }

    @GuardedBy("lock")
    private @Nullable Attempt poll() {
        Attempt next = first;
        if (next != null) {
            first = next.next;
            last = first == null ? null : last;
            next.next = null;
            waiting--;
        }
        return next;
    }

    /** Takes back the attempts in the line that were claimed before a time. */
    List<Attempt> takeBack(long before) {
        List<Attempt> back = new ArrayList<>();
        lock.lock();
        try {
            while (first != null && first.madeAt() - before <= 0) {
                back.add(first);
                poll();
            }
        } finally {
            lock.unlock();
        }
        return back;
    }

    boolean isWaiting() {
        lock.lock();
        try {
            return waiting > 0;
        } finally {
            lock.unlock();
        }
    }

    /** Allows one thread more, because a handler that was left behind holds one, or one less when it is back. */
    void resize(int by) {
        lock.lock();
        try {
            size += by;
            wake();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the threads, and interrupts those that are busy. */
    void stop() {
        List<Thread> busy;
        lock.lock();
        try {
            stopped = true;
            busy = List.copyOf(threads);
        } finally {
            lock.unlock();
        }
        busy.forEach(Thread::interrupt);
    }

    /** Gets threads for the attempts that wait, two at the most. */
    @GuardedBy("lock")
    private void wake() {
        for (int i = 0; i < WOKEN_BY_ONE && waiting > coming; i++) {
            Seat seat = idle.poll();
            if (seat != null) {
                seat.called = true;
                LockSupport.unpark(seat.thread);
            } else if (threads.size() >= size || !hire()) {
                return;
            }
            coming++;
        }
    }

    @GuardedBy("lock")
    private boolean hire() {
        Thread thread = null;
        try {
            thread = factory.newThread(this::run);
            threads.add(thread);
            thread.start();
            return true;
        } catch (RuntimeException | Error ex) {
            threads.remove(thread);
            noThread(ex);
            return false;
        }
    }

    /** The dispatcher hands back the attempts that wait for too long. */
    private static void noThread(Throwable cause) {
        try {
            log.warn("Cannot start a thread for a job: {}", LogText.oneLine(cause));
        } catch (Throwable ex) {
            // no memory for the words either
            return;
        }
    }

    private void run() {
        Thread self = Thread.currentThread();
        Seat seat = null;
        try {
            seat = new Seat();
            for (Attempt next = next(seat); next != null; next = next(seat)) {
                next.takenBy(self);
                next.owner().work(next);
            }
        } finally {
            // also when the thread dies of an error: another one is hired for what waits
            lock.lock();
            try {
                if (seat == null || seat.called) {
                    coming--;
                }
                threads.remove(self);
                wake();
            } finally {
                lock.unlock();
            }
        }
    }

    /** The next attempt in the line; {@code null} when the thread is not needed any more. */
    private @Nullable Attempt next(Seat seat) {
        while (true) {
            lock.lock();
            try {
                boolean arrives = seat.called;
                if (arrives) {
                    seat.called = false;
                    coming--;
                }
                Attempt next = poll();
                if (next != null) {
                    if (arrives) {
                        wake();
                    }
                    return next;
                }
                if (stopped || threads.size() > size) {
                    return null;
                }
                idle.push(seat);
            } finally {
                lock.unlock();
            }
            if (!isCalled(seat)) {
                return null;
            }
        }
    }

    /** Waits in a seat; whether there is work, and not that it is time to go. */
    private boolean isCalled(Seat seat) {
        long until = System.nanoTime() + MAX_IDLE_NANOS;
        while (true) {
            LockSupport.parkNanos(this, until - System.nanoTime());
            // only stop() interrupts a thread that sits
            boolean go = Thread.interrupted() || until - System.nanoTime() <= 0;
            lock.lock();
            try {
                if (seat.called) {
                    return true;
                }
                if (go || stopped) {
                    idle.remove(seat);
                    return false;
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
