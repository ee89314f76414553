package io.jobqueue.worker;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The hint of an {@link InMemoryJobStore} and the callers that wait for it. Like the list {@code wake} in Redis, it holds at most
 * one hint, and one hint ends one wait. Thread-safe.
 */
final class InMemoryHints {

    private final Deque<CompletableFuture<Boolean>> waiters = new ArrayDeque<>();
    private boolean hint;

    /** Leaves a hint if {@code needed}. {@link #deliver} passes it on. */
    synchronized void give(boolean needed) {
        hint |= needed;
    }

    /** Leaves a hint if {@code needed}, and otherwise removes it. */
    synchronized void keep(boolean needed) {
        hint = needed;
    }

    synchronized void add(CompletableFuture<Boolean> waiter) {
        waiters.addLast(waiter);
    }

    /** How many callers wait. */
    synchronized int waiters() {
        waiters.removeIf(CompletableFuture::isDone);
        return waiters.size();
    }

    /** Passes the hint to the caller that has waited longest. Call it without a lock, because the caller may call back. */
    void deliver() {
        CompletableFuture<Boolean> waiter;
        do {
            synchronized (this) {
                if (!hint || waiters.isEmpty()) {
                    return;
                }
                waiter = waiters.removeFirst();
                hint = waiter.isDone();
            }
        } while (!waiter.complete(true));
    }

    /** Ends all waits without a hint. */
    void stop() {
        List<CompletableFuture<Boolean>> all;
        synchronized (this) {
            all = List.copyOf(waiters);
            waiters.clear();
        }
        all.forEach(waiter -> waiter.complete(false));
    }
}
