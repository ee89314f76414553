package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.JobRequest;
import io.jobqueue.QueueStats;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.metrics.JobQueueMetrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The meters of one process and the totals of Redis count the same things when no other process works. */
@RedisServer
class RunFiguresTests extends RunFixture {

    private final MeterRegistry registry = new SimpleMeterRegistry();

    private double enqueued() {
        return registry.find("jobqueue.enqueued").counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private long attempts(String outcome) {
        return registry.find("jobqueue.attempts").tag("outcome", outcome).timers().stream()
                .mapToLong(Timer::count)
                .sum();
    }

    @Test
    void metersCountWhatTheTotalsCountAfterARun() {
        start(IntStream.range(0, 20).mapToObj(i -> "u" + i).toArray(String[]::new));
        bench.queue.enqueue(JobRequest.of("other", null).id("single"));
        bench.queue.worker().release(claim());
        fail("the last attempt of a unit");
        for (int i = 0; i < 19; i++) {
            complete(i);
        }
        complete("single");
        complete("gathered");
        start("u0", "again"); // nothing to retry but the failed unit; the run is complete

        assertThat(run().done()).isEqualTo(19);
        bench.events.forEach(new JobQueueMetrics(registry)::on);
        QueueStats stats = bench.queue.stats();
        assertThat(enqueued()).isEqualTo(stats.enqueuedTotal());
        assertThat(attempts("completed")).isEqualTo(stats.completedTotal()).isEqualTo(21);
        assertThat(attempts("failed")).isEqualTo(stats.failedTotal()).isEqualTo(1);
        assertThat(attempts("released")).isEqualTo(stats.releasedTotal()).isEqualTo(1);
        assertThat(attempts("retried")).isEqualTo(stats.retriedTotal());
    }
}
