package io.jobqueue.benchmarks;

import io.jobqueue.JobContext;
import io.jobqueue.JobRequest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Delayed jobs that fall due at a steady rate while a pool runs: what a job costs, what goes on without jobs included, and
 * how late it starts. Redis and this JVM have the same clock here; Redis takes whole milliseconds of it.
 */
final class DueJobs implements Curve.At {

    private static final long LEAD_MS = 300;
    private static final double ENQUEUEING_MS = 0.1; // a job, on a slow machine

    @Override
    public void play(Stage stage, Round round, String subject, int rate) throws InterruptedException {
        int jobs = Math.max(1, (int) (stage.sizes().calls().toNanos() / 1e9 * rate));
        AtomicLongArray due = new AtomicLongArray(jobs);
        AtomicLongArray started = new AtomicLongArray(jobs);
        Cost cost = new Life() {

            private final Instant first = Instant.now()
                    .plusMillis(LEAD_MS + (long) (ENQUEUEING_MS * jobs))
                    .truncatedTo(ChronoUnit.MILLIS);

            @Override
            int jobs(Sizes sizes) {
                return jobs;
            }

            @Override
            JobRequest request(int number) {
                Instant at = first.plusMillis(number * 1000L / rate);
                due.set(number, micros(at));
                return super.request(number).at(at);
            }

            @Override
            @Nullable
            Object work(NoOp job, JobContext context) {
                started.set(job.number(), micros(Instant.now()));
                return null;
            }
        }.play(stage);
        round.cost(subject, cost);
        double[] millis = new double[jobs];
        for (int number = 0; number < jobs; number++) {
            millis[number] = (started.get(number) - due.get(number)) / 1000.0;
        }
        round.latencies(subject, Samples.of(millis));
    }

    private static long micros(Instant instant) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
    }
}
