package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.WorkerPool;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Pools are stopped while they work, as in a rolling deployment. */
@RedisServer
class StopUnderLoadTests {

    @Test
    @Proves(
            fault = "pools are stopped and started fifty times under load",
            holds = "nothing is lost, nothing runs twice, no attempt is spent")
    void fiftyStopsLoseNothingRunNothingTwiceAndSpendNoAttempt(EmbeddedRedis server) {
        // a lease so long that a job left behind by a stop would be missing at the end
        try (Stage stage = new Stage(server.port(), Stage.settings().withVisibility(Duration.ofMinutes(10)))) {
            int jobs = 1200;
            stage.enqueue("work", "job", jobs);
            CountDownLatch never = new CountDownLatch(1);
            AtomicInteger interrupted = new AtomicInteger();
            Map<String, AtomicInteger> ran = new ConcurrentHashMap<>();
            Handler handler = Stage.handler("work", (job, context) -> {
                int millis = ThreadLocalRandom.current().nextInt(100);
                try {
                    never.await(millis, TimeUnit.MILLISECONDS);
                } catch (InterruptedException ex) {
                    interrupted.incrementAndGet();
                    throw ex;
                }
                ran.computeIfAbsent(job.id(), id -> new AtomicInteger()).incrementAndGet();
                return context.attempt();
            });

            for (int stop = 0; stop < 50; stop++) {
                WorkerPool pool = stage.pool(Stage.workers(8).withDrain(Duration.ofMillis(stop % 3 * 20)), handler);
                int before = ran.size();
                await().pollInterval(Duration.ofMillis(3)).until(() -> ran.size() > before);
                pool.stop();
                // whoever is stopped leaves nothing behind
                assertThat(stage.list("processing")).as("after stop %d", stop).isEmpty();
            }
            assertThat(interrupted).hasPositiveValue();
            assertThat(stage.total("released")).isGreaterThanOrEqualTo(interrupted.get());
            assertThat(stage.list("pending")).isNotEmpty();
            stage.pool(Stage.workers(100), handler);

            await().atMost(Duration.ofSeconds(15)).until(() -> stage.total("completed") == jobs);
            assertThat(ran).hasSize(jobs);
            assertThat(ran.values()).allSatisfy(times -> assertThat(times).hasValue(1));
            assertThat(ran.keySet())
                    .filteredOn(id -> !stage.job(id).isEmpty())
                    .allSatisfy(id -> assertThat(stage.job(id)).containsEntry("attempts", "1"));
            assertThat(stage.total("retried")).isZero();
        }
    }
}
