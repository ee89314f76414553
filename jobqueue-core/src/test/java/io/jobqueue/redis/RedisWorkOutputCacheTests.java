package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.TooLargeException;
import io.jobqueue.UnreadableJsonException;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.WorkOutputCache.RunProgress;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@RedisServer
class RedisWorkOutputCacheTests {

    private Bench bench;
    private WorkOutputCache outputs;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server, QueueSettings.defaults().withVisibility(Duration.ofMillis(50)));
        outputs = bench.queue.outputs();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    record Herd(String place, int size) {}

    private Claim unit(String unitId) {
        bench.queue.enqueue(JobRequest.of("count", null).unit("run", unitId));
        return bench.queue.worker().claim(Duration.ZERO).orElseThrow();
    }

    @Test
    void aFieldIsTheValuesPlainJson() {
        outputs.put("run", "sector 7/ä", new Herd("north", 3));
        outputs.put("run", "n", 42);

        assertThat(bench.redis.hgetall("queue:q:outputs:run"))
                .containsEntry("sector 7/ä", "{\"place\":\"north\",\"size\":3}")
                .containsEntry("n", "42");
        assertThat(outputs.get("run", "sector 7/ä", Herd.class)).contains(new Herd("north", 3));
        assertThat(outputs.get("run", "n", Integer.class)).contains(42);
        assertThat(outputs.get("run", "absent", Herd.class)).isEmpty();
    }

    @Test
    void theHashLivesOnFromTheLastWrite() {
        outputs.put("run", "a", 1);

        assertThat(bench.redis.pttl("queue:q:outputs:run"))
                .isBetween(Duration.ofDays(6).toMillis(), Duration.ofDays(7).toMillis());
    }

    @Test
    void manyOutputsAreStreamedPageByPageEachOnce() {
        Map<String, String> many = new HashMap<>();
        for (int i = 0; i < 3000; i++) {
            many.put("unit-" + i, String.valueOf(i));
        }
        bench.redis.hset("queue:q:outputs:run", many);
        bench.redis.configResetstat();

        assertThat(outputs.stream("run", Integer.class)).hasSize(3000);

        assertThat(bench.redis.info("commandstats"))
                .contains("cmdstat_hscan")
                .doesNotContain("cmdstat_hgetall", "cmdstat_hvals");
        assertThat(outputs.all("run", Integer.class)).hasSize(3000).containsEntry("unit-2999", 2999);
    }

    @Test
    void anOutputThatDoesNotFitTheTypeNamesItsUnit() {
        outputs.put("run", "odd", "secret");

        assertThatThrownBy(() -> outputs.all("run", Herd.class))
                .isInstanceOf(UnreadableJsonException.class)
                .hasMessageContaining("unit 'odd'")
                .hasMessageNotContaining("secret");
    }

    @Test
    void anOutputOverTheLimitIsRefused() {
        assertThatThrownBy(() -> outputs.put("run", "a", "x".repeat(256 * 1024)))
                .isInstanceOf(TooLargeException.class)
                .hasMessageContaining("262144");
    }

    @Test
    void progressCountsOutputsAndFailures() {
        assertThat(outputs.progress("run")).isEqualTo(new RunProgress(OptionalLong.empty(), 0, 0));

        outputs.expect("run", 2);
        outputs.put("run", "a", 1);
        assertThat(outputs.progress("run").isComplete()).isFalse();
        bench.store.settle(List.of(Verb.FAIL.of(unit("b")))).join();

        assertThat(outputs.progress("run")).isEqualTo(new RunProgress(OptionalLong.of(2), 1, 1));
        assertThat(outputs.progress("run").isComplete()).isTrue();
        assertThat(outputs.failures("run")).containsExactly(Map.entry("b", "it rained"));
    }

    @Test
    void evictRemovesARunWhole() {
        outputs.expect("run", 1);
        outputs.put("run", "a", 1);

        assertThat(outputs.evict("run")).isTrue();
        assertThat(outputs.evict("run")).isFalse();
        assertThat(bench.redis.keys("*")).isEmpty();
    }

    @Test
    void completingAUnitWritesItsOutputInTheSameStep() {
        Claim claim = unit("a");

        bench.queue.worker().complete(claim, new Herd("north", 3));

        assertThat(outputs.get("run", "a", Herd.class)).contains(new Herd("north", 3));
        assertThat(bench.redis.hget("queue:q:job:" + claim.id(), "result"))
                .isEqualTo("{\"place\":\"north\",\"size\":3}");
    }

    @Test
    void aZombieCannotOverwriteANewerOutput() {
        Claim zombie = unit("a");
        await().until(() -> !bench.queue.worker().reclaimStuck().isEmpty());
        Claim owner = bench.queue.worker().claim(Duration.ZERO).orElseThrow();

        assertThat(bench.queue.worker().complete(owner, "new")).isTrue();
        assertThat(bench.queue.worker().complete(zombie, "old")).isFalse();

        assertThat(outputs.get("run", "a", String.class)).contains("new");
    }

    @Test
    void aZombiesOutputIsNotAcceptedBeforeTheOwnersEither() {
        Claim zombie = unit("a");
        await().until(() -> !bench.queue.worker().reclaimStuck().isEmpty());

        assertThat(bench.queue.worker().complete(zombie, "old")).isFalse();

        assertThat(outputs.get("run", "a", String.class)).isEmpty();
    }

    @Test
    void aFailureDoesNotReplaceAnOutputAndAnOutputRemovesAFailure() {
        outputs.put("run", "done", 1);
        bench.store
                .settle(List.of(Verb.FAIL.of(unit("done")), Verb.FAIL.of(unit("open"))))
                .join();
        assertThat(outputs.failures("run")).containsOnlyKeys("open");

        outputs.put("run", "open", 2);

        assertThat(outputs.failures("run")).isEmpty();
        assertThat(outputs.progress("run")).isEqualTo(new RunProgress(OptionalLong.empty(), 2, 0));
    }

    @Test
    void aGuideProducersUnitLandsInItsRun() {
        bench.guideEnqueue("g", "{\"kind\":\"count\",\"run_id\":\"run\",\"unit_id\":\"u 1\",\"n\":1}");
        Claim claim = bench.queue.worker().claim(Duration.ZERO).orElseThrow();

        bench.queue.worker().complete(claim, 7);

        assertThat(outputs.get("run", "u 1", Integer.class)).contains(7);
    }

    @Test
    void theUnitOfAJobThatLostTooManyWorkersFailsInTheSweep() {
        bench.queue.enqueue(JobRequest.of("count", null).unit("run", "ours").maxAttempts(1));
        bench.guideEnqueue("g", "{\"kind\":\"count\",\"run_id\":\"run\",\"unit_id\":\"theirs\"}");
        bench.redis.hset("queue:q:job:g", "max_attempts", "1");
        bench.store.claim(2).join();

        await().untilAsserted(() -> {
            bench.queue.worker().reclaimStuck();
            assertThat(outputs.failures("run")).containsOnlyKeys("ours", "theirs");
        });
        assertThat(outputs.failures("run").get("ours")).startsWith("worker-died");
    }

    @Test
    void anOutputKeyOfAnotherTypeFailsTheJobWithAReason() {
        bench.redis.set("queue:q:outputs:run", "text");
        Claim claim = unit("a");

        bench.queue.worker().complete(claim, 1);

        assertThat(bench.redis.hget("queue:q:job:" + claim.id(), "last_error"))
                .isEqualTo("bad-output: queue:q:outputs:run is not a hash");
        assertThat(bench.list("failed")).containsExactly(claim.id());
    }

    @Test
    void aUnitWhoseHandlerReturnedNothingIsDoneAndHasNoOutputToRead() {
        bench.queue.worker().complete(unit("silent"), null);
        outputs.put("run", "loud", 1);

        assertThat(outputs.progress("run").done()).isEqualTo(2);
        assertThat(outputs.get("run", "silent", Integer.class)).isEmpty();
        assertThat(outputs.all("run", Integer.class)).containsExactly(Map.entry("loud", 1));
    }

    @Test
    void aFurtherJobOfAUnitDoesNotReplaceTheOutputThatWasAcceptedFirst() {
        bench.queue.enqueue(JobRequest.of("count", null).id("first").unit("run", "a"));
        bench.queue.enqueue(JobRequest.of("count", null).id("second").unit("run", "a"));

        bench.queue.worker().complete(bench.queue.worker().claim(Duration.ZERO).orElseThrow(), 1);
        bench.queue.worker().complete(bench.queue.worker().claim(Duration.ZERO).orElseThrow(), 2);

        assertThat(outputs.get("run", "a", Integer.class)).contains(1);
    }
}
