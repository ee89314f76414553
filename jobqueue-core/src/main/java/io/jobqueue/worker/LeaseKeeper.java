package io.jobqueue.worker;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Keeps the claims of one pool good and its handlers within their limits. It renews what is older than a heartbeat, many
 * claims in one call; tells a handler whose claim is gone; interrupts one that is over its time limit, and reports it
 * when it goes on all the same.
 *
 * <p>An attempt is kept until its end is settled: also while it waits for Redis to come back.
 */
final class LeaseKeeper {

    private static final Duration LONGEST_TICK = Duration.ofMillis(200);
    private static final int RENEWALS_A_CALL = 200;

    private final JobStore store;
    private final Duration heartbeat;
    private final Patience patience;
    private final JobListener listener;
    private final Consumer<Attempt> stuck;
    private final Duration tick;
    private final Set<Attempt> attempts = ConcurrentHashMap.newKeySet();
    private final Loop loop;

    private boolean failing; // only the loop's thread

    /**
     * Makes a keeper.
     *
     * @param stuck hears of each attempt whose handler ignores its limit and the interrupt, once or more
     */
    LeaseKeeper(JobStore store, Duration heartbeat, Patience patience, JobListener listener, Consumer<Attempt> stuck) {
        this.store = store;
        this.heartbeat = heartbeat;
        this.patience = patience;
        this.listener = listener;
        this.stuck = stuck;
        this.tick = heartbeat.dividedBy(2).compareTo(LONGEST_TICK) < 0 ? heartbeat.dividedBy(2) : LONGEST_TICK;
        // after an outage claims must be renewed before anybody may take them, and limits hold during one as well
        this.loop = new Loop("jobqueue-" + store.queue() + "-lease", true, heartbeat, this::look);
    }

    void start() {
        loop.start();
    }

    void stop() {
        loop.stop(patience.calls());
    }

    void add(Attempt attempt) {
        attempts.add(attempt);
    }

    void remove(Attempt attempt) {
        attempts.remove(attempt);
    }

    void interruptAll(Attempt.Interruption why) {
        attempts.forEach(attempt -> attempt.interrupt(why));
    }

    List<Attempt> attempts() {
        return List.copyOf(attempts);
    }

    private void look() throws InterruptedException {
        loop.lock.lock();
        try {
            loop.await(tick.toNanos());
        } finally {
            loop.lock.unlock();
        }
        for (Attempt attempt : attempts) {
            if (attempt.isOverLimit()) {
                attempt.interrupt(Attempt.Interruption.TIMED_OUT);
            }
            if (attempt.isStuck(patience.timedOut())) {
                stuck.accept(attempt);
            }
        }
        List<Attempt> due =
                attempts.stream().filter(attempt -> attempt.isDue(heartbeat)).toList();
        if (due.isEmpty() && failing && !loop.isStopping()) {
            renew(due); // asks for nothing, so that the loop works again only when the store does
        }
        for (int from = 0; from < due.size(); from += RENEWALS_A_CALL) {
            renew(due.subList(from, Math.min(from + RENEWALS_A_CALL, due.size())));
        }
    }

    private void renew(List<Attempt> due) {
        long sentAt = System.nanoTime();
        Duration lease = store.settings().lease().visibilityTimeout();
        List<JobStore.Renewed> answers;
        try {
            answers = store.extend(due.stream()
                            .map(attempt -> new JobStore.Renewal(attempt.claim(), lease))
                            .toList())
                    .join();
        } catch (RuntimeException ex) {
            failing = true;
            // no answer: past its lease a job may be running elsewhere, so the handler had better stop
            attempts.stream().filter(Attempt::isOverLease).forEach(this::lose);
            throw ex;
        }
        failing = false;
        for (int i = 0; i < due.size(); i++) {
            if (answers.get(i) != JobStore.Renewed.LOST) {
                renewed(due.get(i), answers.get(i), sentAt, lease);
            } else {
                lose(due.get(i));
            }
        }
    }

    private static void renewed(Attempt attempt, JobStore.Renewed answer, long sentAt, Duration lease) {
        attempt.renewed(sentAt, lease);
        if (answer == JobStore.Renewed.CANCELLED) {
            attempt.cancel();
        }
    }

    private void lose(Attempt attempt) {
        if (attempt.loseLease()) {
            listener.on(new JobEvent.LeaseLost(attempt.claim()));
        }
    }

    /** For handlers that ask for more time. */
    boolean renewNow(Attempt attempt, Duration lease) {
        long sentAt = System.nanoTime();
        Duration atLeast = store.settings().lease().visibilityTimeout().compareTo(lease) > 0
                ? store.settings().lease().visibilityTimeout()
                : lease;
        JobStore.Renewed answer;
        try {
            answer = store.extend(List.of(new JobStore.Renewal(attempt.claim(), atLeast)))
                    .join()
                    .get(0);
        } catch (CompletionException ex) {
            throw ex.getCause() instanceof RuntimeException cause ? cause : ex;
        }
        if (answer == JobStore.Renewed.LOST) {
            lose(attempt);
            return false;
        }
        renewed(attempt, answer, sentAt, atLeast);
        return true;
    }
}
