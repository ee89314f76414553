package io.jobqueue.benchmarks;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** Counts how often each job was handled, and waits until Redis has agreed to all completions. Thread-safe. */
final class Tally implements JobListener {

    private static final int PATIENCE_S = 300;

    private final AtomicIntegerArray handled;
    private final AtomicInteger missing;
    private final CompletableFuture<Void> completed = new CompletableFuture<>();

    Tally(int jobs) {
        handled = new AtomicIntegerArray(jobs);
        missing = new AtomicInteger(jobs);
    }

    /** Notes that a job is handled. */
    void handled(int number) {
        handled.getAndIncrement(number);
    }

    @Override
    public void on(JobEvent event) {
        if (event instanceof JobEvent.Completed) {
            if (missing.decrementAndGet() == 0) {
                completed.complete(null);
            }
        } else if (event instanceof JobEvent.OfAttempt && !(event instanceof JobEvent.Started)) {
            completed.completeExceptionally(new IllegalStateException("a no-op job did not complete: " + event));
        }
    }

    /**
     * Waits until as many jobs have completed as there are.
     *
     * @throws IllegalStateException when a job ends otherwise, or when it takes too long
     */
    void await() throws InterruptedException {
        try {
            completed.get(PATIENCE_S, TimeUnit.SECONDS);
        } catch (TimeoutException ex) {
            throw new IllegalStateException(
                    "%d of %d jobs are not completed".formatted(missing.get(), handled.length()), ex);
        } catch (ExecutionException ex) {
            throw new IllegalStateException(ex.getCause());
        }
    }

    /**
     * Fails unless each job was handled once.
     *
     * @throws IllegalStateException when it is otherwise
     */
    void verify() {
        for (int number = 0; number < handled.length(); number++) {
            if (handled.get(number) != 1) {
                throw new IllegalStateException(
                        "job %d of %d was handled %d times".formatted(number, handled.length(), handled.get(number)));
            }
        }
    }
}
