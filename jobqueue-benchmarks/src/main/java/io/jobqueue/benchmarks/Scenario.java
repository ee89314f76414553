package io.jobqueue.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;

/** Something to measure: a baseline and the queue, one after the other. */
@FunctionalInterface
interface Scenario {

    /**
     * Plays it once and notes what it measured.
     *
     * @throws IllegalStateException when a job was lost or repeated
     */
    void play(Stage stage, Round round) throws InterruptedException;

    /** All scenarios by name, in the order of a round. */
    static Map<String, Scenario> all() {
        Map<String, Scenario> all = new LinkedHashMap<>();
        all.put("enqueue_1", new EnqueueScenario(1));
        all.put("enqueue_50", new EnqueueScenario(50));
        all.put("drain_c50", new DrainScenario(50, true));
        all.put("drain_c10", new DrainScenario(10, false));
        all.put("drain_c500", new DrainScenario(500, false));
        all.put("run", new RunScenario());
        all.put("idle", new IdleScenario());
        all.put("delayed", new DelayScenario());
        return all;
    }
}
