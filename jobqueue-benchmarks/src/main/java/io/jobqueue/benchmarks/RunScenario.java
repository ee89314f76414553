package io.jobqueue.benchmarks;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.WorkOutputs;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A run, from its start until its gather job has read all outputs, while a pool of 50 works on it. A job is a unit here;
 * its cost is that of starting, working on and gathering it.
 */
final class RunScenario implements Scenario {

    private static final int CONCURRENCY = 50;
    private static final String RUN = "2026-11";
    private static final String GATHER = "gather";

    /** The output of a unit. */
    private record Output(int number, String text) {}

    @Override
    public void play(Stage stage, Round round) throws InterruptedException {
        stage.clear();
        int units = stage.sizes().units();
        JobQueue queue = stage.product().queue();
        Tally tally = new Tally(units + 1); // the gather job is the last
        try (Product.Workers workers = stage.product()
                .workers(
                        CONCURRENCY,
                        List.of(
                                Product.handler((job, context) -> {
                                    NoOp noOp = (NoOp) job.payload();
                                    tally.handled(noOp.number());
                                    return new Output(noOp.number(), noOp.text());
                                }),
                                Product.handler(GATHER, Object.class, (job, context) -> {
                                    tally.handled(units);
                                    return sum(queue.runs().outputs(RUN, Output.class));
                                })),
                        tally)) {
            workers.start();
            Meter meter = Meter.start(stage.admin());
            queue.runs()
                    .start(
                            RUN,
                            IntStream.range(0, units).mapToObj(NoOp::of)::iterator,
                            unit -> "unit-" + unit.number(),
                            JobRunOptions.of(NoOp.KIND).gather(JobRequest.of(GATHER, null)));
            tally.await();
            round.cost("run", meter.stop(units));
        }
        tally.verify();
        stage.product().verifyDrained(units + 1L);
        long expected = (long) units * (units - 1) / 2;
        long sum = queue.runs().await(RUN, Long.class, Duration.ofSeconds(10)).orElse(-1L);
        if (sum != expected) {
            throw new IllegalStateException(
                    "%s units were gathered as a sum of %s instead of %s".formatted(units, sum, expected));
        }
    }

    private static long sum(WorkOutputs<Output> outputs) {
        return outputs.stream().mapToLong(unit -> unit.getValue().number()).sum();
    }
}
