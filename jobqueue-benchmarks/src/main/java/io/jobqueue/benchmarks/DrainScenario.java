package io.jobqueue.benchmarks;

import io.jobqueue.JobRequest;
import io.jobqueue.benchmarks.Wire.Exchange;
import java.util.List;

/**
 * Many jobs are enqueued in bulk, then a pool works on them until Redis has agreed to the last completion. The clock runs
 * from the start of the pool, so its threads are in the figures.
 *
 * @param concurrency of the pool
 * @param withCeiling whether the ceiling is measured beside, and what the filling costs
 */
record DrainScenario(int concurrency, boolean withCeiling) implements Scenario {

    @Override
    public void play(Stage stage, Round round) throws InterruptedException {
        if (withCeiling) {
            stage.inTurn(() -> playCeiling(stage, round), () -> playQueue(stage, round));
        } else {
            stage.clear();
            playQueue(stage, round);
        }
    }

    private void playCeiling(Stage stage, Round round) {
        int jobs = stage.sizes().jobs();
        List<Exchange> filling = stage.ceiling().filling(jobs);
        List<Exchange> draining = stage.ceiling().draining(jobs);
        long bytes = Meter.redisBytes(stage.admin());
        Meter meter = Meter.start(stage.admin());
        stage.ceiling().play(filling);
        round.cost("ceiling_bulk", meter.stop(jobs));
        round.waitingBytes("ceiling_bulk", (double) (Meter.redisBytes(stage.admin()) - bytes) / jobs);
        meter = Meter.start(stage.admin());
        stage.ceiling().play(draining);
        round.cost("ceiling_drain", meter.stop(jobs));
        stage.ceiling().verifyDrained(jobs);
    }

    private void playQueue(Stage stage, Round round) throws InterruptedException {
        int jobs = stage.sizes().jobs();
        List<JobRequest> requests = Product.requests(jobs);
        long bytes = Meter.redisBytes(stage.admin());
        Meter meter = Meter.start(stage.admin());
        stage.product().queue().enqueueAll(requests);
        if (withCeiling) {
            round.cost("bulk", meter.stop(jobs));
            round.waitingBytes("bulk", (double) (Meter.redisBytes(stage.admin()) - bytes) / jobs);
        }
        stage.product().verifyWaiting(jobs);
        Tally tally = new Tally(jobs);
        try (Product.Workers workers = stage.product().workers(concurrency, List.of(tally.handler()), tally)) {
            meter = Meter.start(stage.admin());
            workers.start();
            tally.await();
            round.cost("drain_c" + concurrency, meter.stop(jobs));
        }
        tally.verify();
        stage.product().verifyDrained(jobs);
    }
}
