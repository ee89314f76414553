package io.jobqueue.spring;

import io.jobqueue.Enqueuer;
import io.jobqueue.Enqueuer.Outgoing;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;

/**
 * Sends the jobs of committed transactions, and sends them again in the background when that fails.
 *
 * <p>A batch contains the jobs of one transaction. The thread of the transaction makes the first attempt, and does not
 * wait for the reply. A failed batch joins a backlog, and so do all later batches while the backlog is not empty, which
 * keeps the order. The backlog is sent one batch at a time. Sending a batch twice is safe, because each job has its id.
 *
 * <p>It stops before the connections close, and waits up to {@link #DRAIN} for the backlog to become empty.
 * Thread-safe.
 */
final class DeferredJobs implements CommitStep, SmartLifecycle {

    /** Jobs that the backlog holds at most; further batches are given up. */
    static final int MAX_BACKLOG = 10_000;

    private static final Duration FIRST_WAIT = Duration.ofMillis(100);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);
    private static final Duration GIVE_UP_AFTER = Duration.ofMinutes(10);
    private static final Duration DRAIN = Duration.ofSeconds(2);

    private final JobListener listener;

    // guarded by this
    private final Queue<Batch> backlog = new ArrayDeque<>();
    private int jobsInBacklog;
    private int inFlight;
    private Duration wait = FIRST_WAIT;
    private boolean running = true;

    DeferredJobs(JobListener listener) {
        this.listener = listener;
    }

    /** The jobs of one transaction. */
    private record Batch(Enqueuer next, List<Outgoing> jobs, long committedAt) {

        boolean isTooOld() {
            return System.nanoTime() - committedAt > GIVE_UP_AFTER.toNanos();
        }
    }

    /** Sends the jobs of a committed transaction. Never throws and never waits. */
    void send(Enqueuer next, List<Outgoing> jobs) {
        Batch batch = new Batch(next, jobs, System.nanoTime());
        boolean now;
        synchronized (this) {
            now = backlog.isEmpty();
            if (now) {
                inFlight++;
            }
        }
        if (!now) {
            keep(batch, "earlier jobs wait to be sent again");
            return;
        }
        attempt(batch).whenComplete((sent, failure) -> {
            if (failure != null) {
                keep(batch, reason(failure));
            }
            synchronized (this) {
                inFlight--;
                notifyAll();
            }
        });
    }

    @Override
    public void committed(Enqueuer next, List<Outgoing> jobs) {
        send(next, jobs);
    }

    @Override
    public void unknown(List<Outgoing> jobs) {
        giveUp(jobs, "whether the transaction was committed is unknown");
    }

    /** Tells that jobs are not sent and will not be. */
    private void giveUp(List<Outgoing> jobs, String reason) {
        tell(jobs, reason, true);
    }

    private static CompletableFuture<?> attempt(Batch batch) {
        try {
            return batch.next().enqueue(batch.jobs());
        } catch (RuntimeException ex) {
            return CompletableFuture.failedFuture(ex);
        }
    }

    private void keep(Batch batch, String reason) {
        boolean kept;
        boolean first;
        synchronized (this) {
            first = backlog.isEmpty();
            kept = running && jobsInBacklog + batch.jobs().size() <= MAX_BACKLOG;
            if (kept) {
                backlog.add(batch);
                jobsInBacklog += batch.jobs().size();
            }
        }
        tell(batch.jobs(), reason, !kept);
        if (kept && first) {
            retryLater(FIRST_WAIT);
        }
    }

    private void retryLater(Duration wait) {
        Executor later = CompletableFuture.delayedExecutor(wait.toMillis(), TimeUnit.MILLISECONDS);
        later.execute(this::retry);
    }

    private void retry() {
        Batch head = head();
        if (head != null) {
            attempt(head).whenComplete((sent, failure) -> settle(head, failure));
        }
    }

    private synchronized @Nullable Batch head() {
        return backlog.peek();
    }

    private void settle(Batch head, @Nullable Throwable failure) {
        boolean ended = failure == null || head.isTooOld();
        Duration pause;
        synchronized (this) {
            if (backlog.peek() != head) {
                return; // the stop gave it up
            }
            if (ended) {
                backlog.remove();
                jobsInBacklog -= head.jobs().size();
                notifyAll();
            }
            wait = failure == null ? FIRST_WAIT : shorter(wait.multipliedBy(2), LONGEST_WAIT);
            pause = failure == null ? Duration.ZERO : wait;
            if (backlog.isEmpty()) {
                pause = Duration.ofMillis(-1);
            }
        }
        if (ended && failure != null) {
            giveUp(head.jobs(), reason(failure));
        }
        if (!pause.isNegative()) {
            retryLater(pause);
        }
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private void tell(List<Outgoing> jobs, String reason, boolean givenUp) {
        Map<String, List<String>> idsByQueue = jobs.stream()
                .collect(Collectors.groupingBy(
                        Outgoing::queue, LinkedHashMap::new, Collectors.mapping(Outgoing::id, Collectors.toList())));
        idsByQueue.forEach((queue, ids) -> listener.on(new JobEvent.SendFailed(queue, ids, reason, givenUp)));
    }

    private static String reason(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause.getClass().getName() + ": " + cause.getMessage();
    }

    // ---- lifecycle

    @Override
    public synchronized void start() {
        running = true;
    }

    @Override
    public void stop() {
        retry(); // without the rest of a backoff
        List<Batch> left;
        synchronized (this) {
            awaitSent();
            running = false;
            left = List.copyOf(backlog);
            backlog.clear();
            jobsInBacklog = 0;
        }
        left.forEach(batch -> giveUp(batch.jobs(), "the application stops"));
    }

    // guarded by this
    private void awaitSent() {
        long deadline = System.nanoTime() + DRAIN.toNanos();
        try {
            while (inFlight > 0 || !backlog.isEmpty()) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    return;
                }
                wait(left);
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public synchronized boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return ConnectionLifecycle.PHASE + 1;
    }
}
