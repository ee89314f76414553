package io.jobqueue.benchmarks;

import io.jobqueue.QueueSettings;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.WorkerSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a job costs while one thing around it grows. Sizes are played upwards in one round and downwards in the next, each
 * on an empty server, so that other load of the machine affects all sizes alike.
 *
 * @param name what its figures are called
 * @param grows what grows, in words
 * @param sizes from the smallest, which all others are compared with
 * @param at plays one size
 */
record Curve(String name, String grows, List<Integer> sizes, At at) implements Scenario {

    /** Up to so many times the cost of the smallest size is flat. */
    static final double FLAT = 1.2;

    private static final Duration LONG = Duration.ofHours(1);
    private static final int CLAIMS_A_CALL = 500;

    /** All curves. */
    static final List<Curve> ALL = List.of(
            new Curve(
                    "waiting",
                    "jobs that wait",
                    List.of(1_000, 10_000, 100_000, 1_000_000),
                    (stage, round, subject, size) ->
                            round.cost(subject, waiting(size).play(stage))),
            new Curve(
                    "in_flight",
                    "jobs that others hold",
                    List.of(10, 100, 1_000, 10_000, 100_000),
                    (stage, round, subject, size) ->
                            round.cost(subject, inFlight(size).play(stage))),
            new Curve("due", "delayed jobs that fall due in a second", List.of(10, 100, 1_000, 10_000), new DueJobs()),
            new Curve(
                    "queues",
                    "queues with a pool each",
                    List.of(1, 5, 10, 50),
                    (stage, round, subject, size) ->
                            round.cost(subject, queues(size).play(stage))),
            new Curve(
                    "processes",
                    "worker processes",
                    List.of(1, 2, 4, 8),
                    (stage, round, subject, size) ->
                            round.cost(subject, stage.crew().play(stage, size))));

    /** Plays one size of a curve. */
    @FunctionalInterface
    interface At {

        /** Plays a size on an empty server and notes what a job cost. */
        void play(Stage stage, Round round, String subject, int size) throws InterruptedException;
    }

    /** All curves by name. */
    static Map<String, Scenario> scenarios() {
        Map<String, Scenario> scenarios = new LinkedHashMap<>();
        ALL.forEach(curve -> scenarios.put(curve.name, curve));
        return scenarios;
    }

    /** What the figures of a size are called. */
    String subject(int size) {
        return name + "_" + size;
    }

    @Override
    public void play(Stage stage, Round round) throws InterruptedException {
        List<Integer> played = new ArrayList<>(
                sizes.subList(0, Math.min(sizes.size(), stage.sizes().steps())));
        if (!stage.baselineFirst()) {
            Collections.reverse(played);
        }
        for (int size : played) {
            stage.clear();
            at.play(stage, round, subject(size), size);
        }
    }

    /** Jobs that are enqueued while others wait before them. */
    private static Life waiting(int size) {
        return new Life() {

            @Override
            int others() {
                return size;
            }

            @Override
            Beside prepare(Stage stage, Product product) {
                new Backlog(stage.admin()).fill(product, size);
                return () -> {};
            }
        };
    }

    /** Jobs that are worked on while somebody else, who is alive, holds others. */
    private static Life inFlight(int size) {
        return new Life() {

            @Override
            int others() {
                return size;
            }

            @Override
            Beside prepare(Stage stage, Product product) {
                Product holder = new Product(
                        stage.port(),
                        RedisQueues.Options.defaults()
                                .withSettings(QueueSettings.defaults().withVisibility(LONG)));
                new Backlog(stage.admin()).fill(holder, size);
                for (int held = 0; held < size; held += CLAIMS_A_CALL) {
                    holder.store().claim(Math.min(CLAIMS_A_CALL, size - held)).join();
                }
                product.queue().stats(); // connects
                return holder::close;
            }
        };
    }

    /** Jobs that are spread over queues. */
    private static Life queues(int size) {
        return new Life() {

            @Override
            List<String> queues() {
                return IntStream.range(0, size)
                        .mapToObj(number -> "jobs-" + number)
                        .toList();
            }

            @Override
            WorkerSettings workers() {
                return WorkerSettings.defaults();
            }
        };
    }
}
