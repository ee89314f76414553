package io.jobqueue.benchmarks;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A ratio of two things measured in one round: what can be compared between machines.
 *
 * @param name its key in the JSON
 * @param target what the project wants it to be
 * @param of its value in a round; {@code null} when the round did not measure it
 */
record Ratio(String name, String target, Function<Round, @Nullable Double> of) {

    static final List<Ratio> ALL = List.of(
            rate("drain_c50_to_ceiling", ">= 0.55", "drain_c50", "ceiling_drain"),
            rate("drain_c10_to_ceiling", "", "drain_c10", "ceiling_drain"),
            rate("drain_c500_to_ceiling", "", "drain_c500", "ceiling_drain"),
            rate("enqueue_1_to_ping", ">= 0.75", "enqueue_1", "ping_1"),
            rate("enqueue_1_to_ceiling", "", "enqueue_1", "ceiling_enqueue_1"),
            rate("ceiling_enqueue_1_to_ping", "", "ceiling_enqueue_1", "ping_1"),
            rate("enqueue_50_to_ping", ">= 4.2", "enqueue_50", "ping_1"),
            rate("enqueue_50_to_ping_50", "", "enqueue_50", "ping_50"),
            rate("bulk_to_ping", ">= 10.5", "bulk", "ping_1"),
            rate("bulk_to_ceiling", "", "bulk", "ceiling_bulk"),
            rate("run_to_ceiling", "", "run", "ceiling_drain"),
            lives("redis_cpu_to_ceiling", "<= 1.4", Metric.REDIS_US),
            lives("script_us_to_ceiling", "", Metric.SCRIPT_US),
            new Ratio(
                    "redis_bytes_waiting_to_ceiling",
                    "",
                    round -> quotient(
                            round.waitingBytes().get("bulk"),
                            round.waitingBytes().get("ceiling_bulk"))),
            new Ratio(
                    "idle_p50_to_floor",
                    "<= 2",
                    round -> quotient(percentile(50, round, "idle"), percentile(50, round, "floor_idle"))),
            rate("drain_c50_to_rqueue_default", "", "drain_c50", "drain_c50_rqueue_default"),
            rate("drain_c50_to_rqueue_tuned", ">= 20", "drain_c50", "drain_c50_rqueue_tuned"),
            rate("drain_c50_to_redisson", "", "drain_c50", "drain_c50_redisson"),
            rate("enqueue_50_to_rqueue_tuned", "", "enqueue_50", "enqueue_50_rqueue_tuned"),
            rate("enqueue_50_to_redisson", "", "enqueue_50", "enqueue_50_redisson"));

    private static Ratio rate(String name, String target, String ours, String baseline) {
        return new Ratio(
                name,
                target,
                round -> quotient(sum(Metric.JOBS_PER_S, round, ours), sum(Metric.JOBS_PER_S, round, baseline)));
    }

    /** Of what the whole life of a job takes, from its enqueueing in bulk to its end. */
    private static Ratio lives(String name, String target, Metric metric) {
        return new Ratio(
                name,
                target,
                round -> quotient(
                        sum(metric, round, "bulk", "drain_c50"), sum(metric, round, "ceiling_bulk", "ceiling_drain")));
    }

    private static @Nullable Double quotient(@Nullable Double ours, @Nullable Double baseline) {
        return ours == null || baseline == null ? null : ours / baseline;
    }

    private static @Nullable Double sum(Metric metric, Round round, String... subjects) {
        double sum = 0;
        for (String subject : subjects) {
            Cost cost = round.cost(subject);
            if (cost == null) {
                return null;
            }
            sum += metric.of(cost);
        }
        return sum;
    }

    private static @Nullable Double percentile(double percent, Round round, String subject) {
        Samples millis = round.latencies().get(subject);
        return millis == null ? null : millis.percentile(percent);
    }
}
