package io.jobqueue.benchmarks;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What CI allows a job to cost: {@value #SLACK} times what was measured when the limit was last set, on any machine. All
 * limits stand here; they only ever become tighter. When a change makes something cheaper, write down the new figure.
 *
 * @param subject whose jobs
 * @param metric what of their cost
 * @param measured the least of some rounds, when the limit was set
 */
record Limit(String subject, Metric metric, double measured) {

    static final double SLACK = 1.3;

    /** Measured on 2 busy cores with JDK 17 and the carried Redis 7.0, when jobs began to move through doors. */
    static final List<Limit> COSTS = List.of(
            new Limit("drain_c50", Metric.COMMANDS, 7.4),
            new Limit("drain_c50", Metric.SCRIPTS, 0.046),
            new Limit("drain_c50", Metric.BYTES_IN, 92),
            new Limit("drain_c50", Metric.BYTES_OUT, 183),
            new Limit("drain_c50", Metric.ALLOCATED, 3700),
            new Limit("enqueue_1", Metric.COMMANDS, 7),
            new Limit("enqueue_1", Metric.SCRIPTS, 1),
            new Limit("enqueue_1", Metric.BYTES_IN, 267),
            new Limit("enqueue_1", Metric.BYTES_OUT, 7),
            new Limit("enqueue_1", Metric.ALLOCATED, 5650),
            new Limit("bulk", Metric.COMMANDS, 2.04),
            new Limit("bulk", Metric.SCRIPTS, 0.005),
            new Limit("bulk", Metric.BYTES_IN, 161),
            new Limit("bulk", Metric.ALLOCATED, 2000),
            new Limit("run", Metric.COMMANDS, 14.1),
            new Limit("run", Metric.BYTES_IN, 418),
            new Limit("run", Metric.BYTES_OUT, 332),
            new Limit("run", Metric.ALLOCATED, 11_700));

    /** What Redis executes for each job as long as no feature is used; all else is for a batch, or for what is used. */
    static final Set<String> COMMANDS = Set.of("exists", "hset", "hmget", "hget", "lrem", "publish");

    /** CPU time of Redis for enqueueing in bulk and draining, by that of the ceiling; measured. */
    static final double REDIS_CPU_TO_CEILING = 1.7;

    /** Time of scripts for the same, by that of the ceiling; measured. */
    static final double SCRIPTS_TO_CEILING = 1.6;

    /** The least rate of draining, by that of the ceiling; a wide margin, because rates depend on what else goes on. */
    static final double DRAIN_TO_CEILING = 0.35;

    /** The longest that a call may hold up Redis, in milliseconds. */
    static final double SLOWEST_MS = 10;

    /** What is allowed. */
    double most() {
        return measured * SLACK;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s of %s: at most %.2f", metric.key, subject, most());
    }
}
