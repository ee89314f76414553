package io.jobqueue.benchmarks;

import io.jobqueue.JobEvent;
import io.jobqueue.benchmarks.Wire.Exchange;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Single jobs for an idle pool, some milliseconds apart: from the call that enqueues a job to the start of its handler.
 * Beside it the floor: two blocking sockets, one of which enqueues while the other waits, claims, and has it.
 */
final class IdleScenario implements Scenario {

    private static final int CONCURRENCY = 10;
    private static final int PATIENCE_S = 10;

    @Override
    public void play(Stage stage, Round round) throws InterruptedException {
        stage.inTurn(() -> playFloor(stage, round), () -> playQueue(stage, round));
    }

    private static void playQueue(Stage stage, Round round) throws InterruptedException {
        int jobs = stage.sizes().idleJobs();
        long[] started = new long[jobs];
        Semaphore done = new Semaphore(0);
        Tally tally = new Tally(jobs);
        try (Product.Workers workers = stage.product()
                .workers(
                        CONCURRENCY,
                        List.of(Product.handler((job, context) -> {
                            int number = ((NoOp) job.payload()).number();
                            started[number] = System.nanoTime(); // seen by who acquires `done`
                            tally.handled(number);
                            return null;
                        })),
                        event -> {
                            tally.on(event);
                            if (event instanceof JobEvent.Completed) {
                                done.release();
                            }
                        })) {
            workers.start();
            round.latencies(
                    "idle",
                    play(jobs, started, done, number -> stage.product().queue().enqueue(NoOp.of(number))));
            tally.await();
        }
        tally.verify();
        stage.product().verifyDrained(jobs);
    }

    private static void playFloor(Stage stage, Round round) throws InterruptedException {
        int jobs = stage.sizes().idleJobs();
        long[] started = new long[jobs];
        Semaphore done = new Semaphore(0);
        List<Exchange> announcing = new ArrayList<>();
        List<Exchange> claiming = new ArrayList<>();
        List<Exchange> completing = new ArrayList<>();
        for (int number = 0; number < jobs; number++) {
            announcing.add(stage.ceiling().announcing(number));
            claiming.add(stage.ceiling().claiming(number));
            completing.add(stage.ceiling().completing(number));
        }
        AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
        try (Wire producer = new Wire(stage.port());
                Wire consumer = new Wire(stage.port())) {
            Thread worker = new Thread(
                    () -> {
                        try {
                            Exchange waiting = stage.ceiling().waiting();
                            for (int number = 0; number < jobs; number++) {
                                consumer.play(waiting);
                                consumer.play(claiming.get(number));
                                started[number] = System.nanoTime();
                                consumer.play(completing.get(number));
                                done.release();
                            }
                        } catch (RuntimeException ex) {
                            failure.set(ex);
                        }
                    },
                    "floor");
            worker.setDaemon(true);
            worker.start();
            round.latencies("floor_idle", play(jobs, started, done, number -> producer.play(announcing.get(number))));
            worker.join();
        } catch (IllegalStateException ex) {
            RuntimeException cause = failure.get();
            throw cause == null ? ex : cause;
        }
        stage.ceiling().verifyDrained(jobs);
    }

    /** Enqueues one job after the other, each when the one before is done and the workers wait again. */
    private static Samples play(int jobs, long[] started, Semaphore done, IntConsumer enqueue)
            throws InterruptedException {
        double[] millis = new double[jobs];
        for (int number = 0; number < jobs; number++) {
            LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(3_000_000, 7_000_000));
            long begin = System.nanoTime();
            enqueue.accept(number);
            if (!done.tryAcquire(PATIENCE_S, TimeUnit.SECONDS)) {
                throw new IllegalStateException("job %s of %s was not done".formatted(number, jobs));
            }
            millis[number] = (started[number] - begin) / 1e6;
        }
        return Samples.of(millis);
    }
}
