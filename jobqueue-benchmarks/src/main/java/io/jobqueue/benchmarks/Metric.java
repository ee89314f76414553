package io.jobqueue.benchmarks;

import java.util.function.ToDoubleFunction;

/** One figure of a {@link Cost} in the report. */
enum Metric {
    JOBS_PER_S("jobs_per_s", cost -> cost.jobs() / cost.seconds()),
    REDIS_US("redis_us_per_job", cost -> cost.redisSeconds() * 1e6 / cost.jobs()),
    COMMANDS("commands_per_job", cost -> (double) cost.calls() / cost.jobs()),
    SCRIPTS("scripts_per_job", cost -> (double) cost.scripts().count() / cost.jobs()),
    SCRIPT_US("script_us_per_job", cost -> (double) cost.scripts().micros() / cost.jobs()),
    BYTES_IN("bytes_in_per_job", cost -> (double) cost.bytesIn() / cost.jobs()),
    BYTES_OUT("bytes_out_per_job", cost -> (double) cost.bytesOut() / cost.jobs()),
    CLIENT_US("client_us_per_job", cost -> cost.clientSeconds() * 1e6 / cost.jobs()),
    ALLOCATED("client_bytes_per_job", cost -> (double) cost.allocated() / cost.jobs());

    final String key;
    private final ToDoubleFunction<Cost> value;

    Metric(String key, ToDoubleFunction<Cost> value) {
        this.key = key;
        this.value = value;
    }

    double of(Cost cost) {
        return value.applyAsDouble(cost);
    }
}
