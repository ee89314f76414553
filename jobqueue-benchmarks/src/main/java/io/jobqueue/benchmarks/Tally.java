package io.jobqueue.benchmarks;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.worker.Handler;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** Counts how often each job was handled, and waits until Redis has agreed to so many completions. Thread-safe. */
final class Tally implements JobListener {

    private static final int PATIENCE_S = 300;

    private final AtomicIntegerArray handled;
    private final AtomicInteger missing;
    private final CompletableFuture<Void> completed = new CompletableFuture<>();

    /** Of jobs that are all to be completed. */
    Tally(int jobs) {
        this(jobs, jobs);
    }

    /** Of jobs of which some are to be completed, whichever. */
    Tally(int jobs, int wanted) {
        handled = new AtomicIntegerArray(jobs);
        missing = new AtomicInteger(wanted);
    }

    /** A handler that does nothing but count. */
    Handler handler() {
        return Product.handler((job, context) -> {
            handled(((NoOp) job.payload()).number());
            return null;
        });
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
     * Waits until as many jobs have completed as are wanted.
     *
     * @throws IllegalStateException when a job ends otherwise, or when it takes too long
     */
    void await() throws InterruptedException {
        try {
            completed.get(PATIENCE_S, TimeUnit.SECONDS);
        } catch (TimeoutException ex) {
            throw new IllegalStateException("%s of the jobs are not completed".formatted(missing.get()), ex);
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
        verify(handled.length());
    }

    /**
     * Fails unless so many jobs were handled, each once.
     *
     * @throws IllegalStateException when it is otherwise
     */
    void verify(long jobs) {
        long all = 0;
        for (int number = 0; number < handled.length(); number++) {
            int times = handled.get(number);
            if (times > 1) {
                throw new IllegalStateException("job %s was handled %s times".formatted(number, times));
            }
            all += times;
        }
        if (all != jobs) {
            throw new IllegalStateException("%s of %s jobs were handled".formatted(all, jobs));
        }
    }
}
