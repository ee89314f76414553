package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import io.lettuce.core.RedisCommandExecutionException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Redis has reached its memory limit and evicts nothing. */
@RedisServer // its policy is `noeviction` by default
class FullRedisTests {

    private Stage stage;
    private int port;

    @BeforeEach
    void open(EmbeddedRedis server) {
        port = server.port();
        stage = new Stage(
                server.port(), Stage.settings().withRetry(new RetryPolicy(2, Duration.ZERO, 1, Duration.ZERO, 0)));
    }

    @AfterEach
    void close() {
        stage.redis.configSet("maxmemory", "0");
        stage.close();
    }

    private void fill() {
        long used = Long.parseLong(stage.redis
                .info("memory")
                .lines()
                .filter(line -> line.startsWith("used_memory:"))
                .findFirst()
                .orElseThrow()
                .substring("used_memory:".length())
                .strip());
        stage.redis.configSet("maxmemory", Long.toString(used + 4_000_000));
        String ballast = "x".repeat(100_000);
        assertThatExceptionOfType(RedisCommandExecutionException.class)
                .isThrownBy(() -> {
                    for (int i = 0; i < 1000; i++) {
                        stage.redis.set("ballast:" + i, ballast);
                    }
                })
                .withMessageStartingWith("OOM");
        // what the ballast left free goes to small things
        assertThatExceptionOfType(RedisCommandExecutionException.class).isThrownBy(() -> {
            for (int i = 0; i < 100_000; i++) {
                stage.redis.set("crumb:" + i, "x".repeat(200));
            }
        });
        // nor is there room when the server gives a buffer of a client back
        stage.redis.configSet("maxmemory", Long.toString(used + 3_000_000));
    }

    @Test
    @Proves(
            fault = "Redis is full (`maxmemory`, `noeviction`)",
            holds = "only enqueue is refused; the queue drains, and then takes jobs again")
    void onlyEnqueueIsRefusedAndTheQueueDrainsAndThenTakesJobsAgain() {
        AtomicInteger runs = new AtomicInteger();
        stage.enqueue("work", "job", 300);
        stage.queue.enqueueAll(List.of(
                JobRequest.of("work", null).id("late-1").delay(Duration.ofMillis(300)),
                JobRequest.of("work", null).id("late-2").delay(Duration.ofMillis(300)),
                JobRequest.of("work", null).id("unit").unit("run", "u")));
        Claim dead = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
        fill();
        Map<String, String> before = stage.dump();

        for (JobRequest request : List.of(
                JobRequest.of("work", null),
                JobRequest.of("work", null).id("new").delay(Duration.ofHours(1)))) {
            assertThatExceptionOfType(EnqueueRefusedException.class)
                    .isThrownBy(() -> stage.queue.enqueue(request))
                    .withMessageContaining("OOM");
        }
        assertThatExceptionOfType(EnqueueRefusedException.class).isThrownBy(() -> stage.enqueue("work", "more", 50));
        assertThat(stage.dump()).isEqualTo(before);
        stage.upkeep(Duration.ofMillis(100));
        stage.pool(Stage.workers(8), Stage.handler("work", (job, context) -> {
            runs.incrementAndGet();
            if (job.id().endsWith("7") && job.attempt() == 1) {
                throw new IllegalStateException("once more");
            }
            return context.extend(Duration.ofSeconds(5));
        }));

        await().atMost(Duration.ofSeconds(20)).until(() -> stage.total("completed") == 303);
        assertThat(stage.list("pending")).isEmpty();
        assertThat(stage.list("processing")).isEmpty();
        assertThat(stage.job(dead.id())).containsEntry("status", "completed").containsEntry("crashes", "1");
        assertThat(stage.total("retried")).isEqualTo(30);
        assertThat(runs).hasValue(333);
        assertThat(stage.heard(JobEvent.LeaseLost.class)).isEmpty();
        assertThat(stage.queue.outputs().get("run", "u", Boolean.class)).contains(true);

        stage.redis.configSet("maxmemory", "0");
        stage.enqueue("work", "again", 1);
        await().until(() -> stage.total("completed") == 304);
    }

    @Test
    void theFirstWriteOfEveryScriptButEnqueueNeedsNoMemory() {
        stage.notAlone();
        stage.enqueue("work", "job", 8);
        List<Claim> claims = stage.store.claim(6).join().jobs();
        stage.redis.hset("queue:q:job:job-5", "lease", claims.get(5).token() + ":1:1000");
        stage.redis.configSet("maxmemory", "1");

        assertThat(stage.queue.worker().extend(claims.get(0), Duration.ofSeconds(5)))
                .isTrue();
        assertThat(stage.queue.worker().complete(claims.get(0), 1)).isTrue();
        assertThat(stage.queue.worker().fail(claims.get(1), "boom")).isTrue();
        assertThat(stage.queue.worker().release(claims.get(2))).isTrue();
        assertThat(stage.store
                        .settle(List.of(
                                Verb.RETRY.of(claims.get(3), "later", "", Duration.ofHours(1), 9),
                                Verb.FAIL.of(claims.get(4))))
                        .join()
                        .answers())
                .containsOnly(Answer.DONE);
        assertThat(stage.queue.worker().reclaimStuck()).containsExactly("job-5");
        assertThat(stage.sweep(Duration.ofSeconds(1)).reclaimed()).isEmpty();
        assertThat(stage.queue.worker().claim(Duration.ZERO)).isPresent();
        assertThat(stage.queue.worker().claim(Duration.ofMillis(50))).isPresent();
        stage.queue.outputs().put("run", "unit", "by hand");
        stage.queue.outputs().expect("run", 2);
        assertThat(stage.queue.outputs().progress("run").done()).isEqualTo(1);
        assertThat(stage.queue.stats().completedDepth()).isEqualTo(1);
        assertThat(stage.queue.admin().purge(JobStatus.FAILED)).isEqualTo(1);
        assertThat(stage.queue.admin().purge()).isEqualTo(7);
    }

    @Test
    void aHintThatFindsNoFreeSlotIsPassedOnAsWell() {
        stage.enqueue("work", "job", 1);
        stage.redis.del("queue:q:wake");
        stage.redis.configSet("maxmemory", "1");

        assertThat(stage.store.claim(0)).succeedsWithin(Duration.ofSeconds(5));

        assertThat(stage.list("wake")).hasSize(1);
        assertThat(stage.list("pending")).hasSize(1);
    }

    @Test
    void anEmptyQueueIsSweptClaimedAndPurgedAsWell() {
        stage.redis.configSet("maxmemory", "1");

        assertThat(stage.queue.worker().claim(Duration.ZERO)).isEmpty();
        assertThat(stage.store.claim(0).join().jobs()).isEmpty();
        assertThat(stage.queue.worker().reclaimStuck()).isEmpty();
        assertThat(stage.sweep(Duration.ofSeconds(1)).reclaimed()).isEmpty();
        assertThat(stage.queue.admin().purge()).isZero();
        assertThat(stage.queue.stats().pendingDepth()).isZero();
    }

    @Test
    void retentionRemovesJobsThatAreTooOld() {
        stage.close();
        stage = new Stage(
                port,
                Stage.settings()
                        .withRetention(
                                new Retention(Duration.ofMillis(1), 100), new Retention(Duration.ofMillis(1), 100)));
        stage.enqueue("work", "job", 20);
        stage.store.claim(20).join().jobs().forEach(claim -> stage.queue
                .worker()
                .complete(claim, null));
        stage.redis.configSet("maxmemory", "1");

        await().until(() -> {
            stage.sweep(Duration.ofSeconds(1));
            return stage.list("completed").isEmpty();
        });
        assertThat(stage.redis.keys("queue:q:job:*")).isEmpty();
    }
}
