package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.JobEvent;
import io.jobqueue.metrics.JobQueueMetrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/** The meters of one application, and the totals that Redis must have when no other application works on the queue. */
final class Meters {

    private final MeterRegistry registry = new SimpleMeterRegistry();
    private final JobQueueMetrics metrics = new JobQueueMetrics(registry);
    private final String queue;

    Meters(String queue) {
        this.queue = queue;
    }

    void on(JobEvent event) {
        metrics.on(event);
    }

    /**
     * Compares the meters with the totals.
     *
     * @param total the total of a name, such as {@code enqueued}
     */
    void assertAgree(ToLongFunction<String> total) {
        Map<String, Long> metered = new TreeMap<>();
        metered.put("enqueued", count("jobqueue.enqueued"));
        metered.put("completed", attempts("completed"));
        metered.put(
                "failed",
                attempts("failed")
                        + attempts("discarded")
                        + count("jobqueue.workers.died")
                        + count("jobqueue.expired"));
        metered.put("retried", attempts("retried"));
        metered.put("released", attempts("released") + attempts("snoozed"));
        metered.put("unknown", attempts("unknown"));
        metered.put("reclaimed", count("jobqueue.reclaimed"));
        metered.put("lost", count("jobqueue.lost"));
        metered.put("dropped", count("jobqueue.dead.dropped"));
        metered.put("repaired", count("jobqueue.repaired"));
        Map<String, Long> counted = new TreeMap<>();
        metered.keySet().forEach(name -> counted.put(name, total.applyAsLong(name)));
        assertThat(metered)
                .as("what the meters of the application counted, and Redis")
                .isEqualTo(counted);
    }

    private long count(String name) {
        return (long) registry.find(name).tag("queue", queue).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private long attempts(String outcome) {
        return registry.find("jobqueue.attempts").tag("queue", queue).tag("outcome", outcome).timers().stream()
                .mapToLong(Timer::count)
                .sum();
    }
}
