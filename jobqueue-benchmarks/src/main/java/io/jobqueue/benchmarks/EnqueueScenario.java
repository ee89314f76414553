package io.jobqueue.benchmarks;

import io.jobqueue.JobQueue;
import io.jobqueue.benchmarks.Wire.Exchange;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads that enqueue one job after the other and wait for each answer, beside as many connections that wait for the
 * answer to PING. A single thread is beside a connection that enqueues by the leanest script, too.
 *
 * @param callers how many threads
 */
record EnqueueScenario(int callers) implements Scenario {

    private static final Exchange PING =
            new Exchange(Wire.request("PING"), "+PONG\r\n".getBytes(StandardCharsets.UTF_8));

    @Override
    public void play(Stage stage, Round round) throws InterruptedException {
        stage.inTurn(() -> baselines(stage, round), () -> enqueue(stage, round));
    }

    private void baselines(Stage stage, Round round) throws InterruptedException {
        ping(stage, round);
        if (callers == 1) {
            AtomicInteger number = new AtomicInteger();
            Ceiling ceiling = stage.ceiling();
            Runnable call = () -> ceiling.play(List.of(ceiling.enqueueing(number.getAndIncrement())));
            round.cost("ceiling_enqueue_1", Callers.call(stage, List.of(call)));
            ceiling.verifyWaiting(number.get());
        }
    }

    private void ping(Stage stage, Round round) throws InterruptedException {
        List<Wire> wires = new ArrayList<>();
        try {
            for (int i = 0; i < callers; i++) {
                wires.add(new Wire(stage.port()));
            }
            List<Runnable> calls =
                    wires.stream().<Runnable>map(wire -> () -> wire.play(PING)).toList();
            round.cost("ping_" + callers, Callers.call(stage, calls));
        } finally {
            wires.forEach(Wire::close);
        }
    }

    private void enqueue(Stage stage, Round round) throws InterruptedException {
        JobQueue queue = stage.product().queue();
        AtomicInteger number = new AtomicInteger();
        Runnable call = () -> queue.enqueue(NoOp.of(number.getAndIncrement()));
        List<Runnable> calls = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
            calls.add(call);
        }
        Cost cost = Callers.call(stage, calls);
        stage.product().verifyWaiting(cost.jobs());
        round.cost("enqueue_" + callers, cost);
    }
}
