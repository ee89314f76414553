package io.jobqueue.benchmarks;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Delayed jobs for an idle pool: from when each is due, counted from the call that enqueues it, to the start of its
 * handler. Redis counts whole milliseconds from when it has the job, so a job may seem to start up to 1 ms early.
 */
final class DelayScenario implements Scenario {

    private static final int CONCURRENCY = 10;
    private static final long SHORTEST_MS = 300;

    @Override
    public void play(Stage stage, Round round) throws InterruptedException {
        stage.clear();
        int jobs = stage.sizes().delayedJobs();
        JobQueue queue = stage.product().queue();
        AtomicLongArray due = new AtomicLongArray(jobs);
        AtomicLongArray started = new AtomicLongArray(jobs);
        Tally tally = new Tally(jobs);
        try (Product.Workers workers = stage.product()
                .workers(
                        CONCURRENCY,
                        List.of(Product.handler((job, context) -> {
                            int number = ((NoOp) job.payload()).number();
                            started.set(number, System.nanoTime());
                            tally.handled(number);
                            return null;
                        })),
                        tally)) {
            workers.start();
            for (int number = 0; number < jobs; number++) {
                long delay = SHORTEST_MS + ThreadLocalRandom.current().nextLong(2L * jobs);
                due.set(number, System.nanoTime() + delay * 1_000_000);
                queue.enqueue(JobRequest.of(NoOp.of(number)).delay(Duration.ofMillis(delay)));
            }
            tally.await();
        }
        tally.verify();
        stage.product().verifyDrained(jobs);
        double[] millis = new double[jobs];
        for (int number = 0; number < jobs; number++) {
            millis[number] = (started.get(number) - due.get(number)) / 1e6;
        }
        round.latencies("delayed", Samples.of(millis));
    }
}
