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
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that handlers run on. Attempts wait in one line, oldest first, for the next free thread. Threads are made
 * when they are needed, and go when they were idle for a minute.
 *
 * <p>To wake a thread costs more than a short job takes, so a batch wakes two, and each that comes and still finds work
 * wakes two more: many short jobs are done by the few that are awake, and many long ones all start within some wake-ups.
 *
 * <p>Thread-safe.
 */
final class Crew {

    private static final Logger log = LoggerFactory.getLogger(Crew.class);

    private static final long IDLE = Duration.ofMinutes(1).toNanos();
    private static final int WOKEN_BY_ONE = 2;

    private final ThreadFactory factory;
    private final Consumer<Attempt> work;
    private final ReentrantLock lock = new ReentrantLock();

    // guarded by lock
    private final Deque<Attempt> waiting = new ArrayDeque<>();
    private final Set<Thread> threads = new HashSet<>();
    private final Deque<Seat> idle = new ArrayDeque<>(); // the last to sit down is the first to be called
    private int size;
    private int coming; // were called or hired, and have not arrived yet
    private boolean stopped;

    /** Where a thread waits to be called. */
    private static final class Seat {

        final Thread thread = Thread.currentThread();
        boolean called; // guarded by lock
    }

    /**
     * Makes a crew without threads.
     *
     * @param size how many threads there may be
     * @param work does an attempt to its end, and throws nothing
     */
    Crew(int size, ThreadFactory factory, Consumer<Attempt> work) {
        this.size = size;
        this.factory = factory;
        this.work = work;
    }

    /** Lines up attempts. */
    void add(List<Attempt> attempts) {
        lock.lock();
        try {
            waiting.addAll(attempts);
            wake();
        } finally {
            lock.unlock();
        }
    }

    /** Takes back what waits in the line and arrived before a time. */
    List<Attempt> takeBack(long before) {
        List<Attempt> back = new ArrayList<>();
        lock.lock();
        try {
            while (!waiting.isEmpty() && waiting.getFirst().madeAt() - before <= 0) {
                back.add(waiting.removeFirst());
            }
        } finally {
            lock.unlock();
        }
        return back;
    }

    boolean isWaiting() {
        lock.lock();
        try {
            return !waiting.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Allows one thread more, because one is held by a handler that was left behind, or one less when it is back. */
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

    /** Gets threads for what waits, two at the most. Needs the lock. */
    private void wake() {
        for (int i = 0; i < WOKEN_BY_ONE && waiting.size() > coming; i++) {
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

    private boolean hire() {
        try {
            Thread thread = factory.newThread(this::run);
            thread.start();
            threads.add(thread);
            return true;
        } catch (RuntimeException | Error ex) {
            // what waits too long is handed back
            log.warn("No thread for a job: {}", ex.toString());
            return false;
        }
    }

    private void run() {
        try {
            boolean arriving = true;
            for (Attempt next = next(arriving); next != null; next = next(arriving)) {
                arriving = false;
                work.accept(next);
            }
        } finally {
            lock.lock();
            try {
                threads.remove(Thread.currentThread());
                wake();
            } finally {
                lock.unlock();
            }
        }
    }

    /** The next attempt in the line; {@code null} when the thread is not needed any more. */
    private @Nullable Attempt next(boolean hired) {
        boolean arriving = hired;
        while (true) {
            Seat seat;
            lock.lock();
            try {
                if (arriving) {
                    coming--;
                }
                Attempt next = waiting.poll();
                if (next != null) {
                    if (arriving) {
                        wake();
                    }
                    return next;
                }
                if (stopped || threads.size() > size) {
                    return null;
                }
                seat = new Seat();
                idle.push(seat);
            } finally {
                lock.unlock();
            }
            if (!isCalled(seat)) {
                return null;
            }
            arriving = true;
        }
    }

    /** Waits in a seat; whether there is work, and not that it is time to go. */
    private boolean isCalled(Seat seat) {
        long until = System.nanoTime() + IDLE;
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
