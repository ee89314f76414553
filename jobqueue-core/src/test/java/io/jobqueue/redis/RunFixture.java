package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobKind;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.QueueSettings;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.EmbeddedRedis;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A queue named {@code q} with short leases, one run on it, and what its workers do. */
abstract class RunFixture {

    static final Duration LEASE = Duration.ofMillis(150);

    static final JobRunOptions COUNT = JobRunOptions.of("count").gather(JobRequest.of("report", Map.of("month", "11")));

    EmbeddedRedis server;

    Bench bench;

    JobRuns runs;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        bench = new Bench(
                redis,
                QueueSettings.defaults()
                        .withVisibility(LEASE)
                        .withRetry(new RetryPolicy(1, Duration.ZERO, 1, Duration.ZERO, 0)));
        runs = bench.queue.runs();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    record Unit(String name) {}

    @JobKind("marked")
    record Marked(String name) {}

    static List<Unit> units(String... names) {
        return List.of(names).stream().map(Unit::new).toList();
    }

    JobRun start(String... names) {
        return runs.start("run", units(names), Unit::name, COUNT);
    }

    Claim claim() {
        return bench.queue.worker().claim(Duration.ZERO).orElseThrow();
    }

    void complete(Object output) {
        assertThat(bench.queue.worker().complete(claim(), output)).isTrue();
    }

    void fail(String error) {
        assertThat(bench.queue.worker().fail(claim(), error)).isTrue();
    }

    JobRun run() {
        return runs.find("run").orElseThrow();
    }

    Map<String, String> hash() {
        return bench.redis.hgetall("queue:q:run:run");
    }

    List<JobEvent.RunEnded> ends() {
        return bench.events.stream()
                .filter(JobEvent.RunEnded.class::isInstance)
                .map(JobEvent.RunEnded.class::cast)
                .toList();
    }

    long gathers() {
        return bench.redis.keys("queue:q:job:*").stream()
                .filter(key -> bench.redis.hexists(key, "gathers"))
                .count();
    }

    void tend() {
        Events events = new Events("q");
        bench.redis.zadd("queue:q:agenda", 0, "run");
        Tend.page(bench.store.redis(), Duration.ZERO, events, 20, false).join();
        bench.events.addAll(events.all());
    }

    static void pass(Duration time) {
        long over = System.nanoTime() + time.toNanos();
        await().pollInterval(Duration.ofMillis(2)).until(() -> System.nanoTime() > over);
    }

    void guideFinish(String unit, String status, Map<String, String> more) {
        String id = Ids.ofUnit("q", "run", unit);
        bench.redis.lrem("queue:q:pending", 1, id);
        bench.redis.hset("queue:q:job:" + id, "status", status);
        bench.redis.hset("queue:q:job:" + id, more);
        bench.redis.lpush("queue:q:" + status, id);
        bench.redis.expire("queue:q:job:" + id, 300);
        bench.redis.publish("queue:q:events", "{\"id\": \"" + id + "\", \"status\": \"" + status + "\"}");
    }
}
