package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobRun;
import io.jobqueue.JobRunException;
import io.jobqueue.embedded.RedisServer;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** How callers find runs and wait for their results. */
@RedisServer
class RunLookTests extends RunFixture {

    @Test
    void listsRunsNewestFirst() {
        for (String id : List.of("one", "two", "three")) {
            runs.start(id, units("a"), Unit::name, COUNT);
            pass(Duration.ofMillis(3));
        }

        assertThat(runs.list(0, 2)).extracting(JobRun::id).containsExactly("three", "two");
        assertThat(runs.list(2, 200)).extracting(JobRun::id).containsExactly("one");
        assertThatThrownBy(() -> runs.list(0, 201)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aListCountsClaimedUnitsInOnePassOverTheClaims() {
        for (int i = 0; i < 60; i++) {
            runs.start("run" + i, units("a", "b"), Unit::name, COUNT);
        }
        bench.store.claim(61).join();
        bench.redis.configResetstat();

        List<JobRun> all = runs.list(0, 200);

        assertThat(bench.redis.info("commandstats"))
                .contains("cmdstat_evalsha:calls=2,")
                .contains("cmdstat_lrange:calls=2,");
        assertThat(all).hasSize(60);
        assertThat(all.stream().mapToLong(JobRun::claimed).sum()).isEqualTo(61);
        assertThat(runs.find("run0").orElseThrow().claimed()).isEqualTo(2);
        assertThat(runs.find("run59").orElseThrow().claimed()).isZero();
    }

    @Test
    void awaitEndsWhenTheGatherHas() {
        start("a");
        assertThat(runs.await("run", Map.class, Duration.ofMillis(10))).isEmpty();
        CompletableFuture<Optional<Integer>> waiter =
                CompletableFuture.supplyAsync(() -> runs.await("run", Integer.class, Duration.ofSeconds(20)));
        complete(1);

        complete(42);

        assertThat(waiter.join()).contains(42);
        assertThat(bench.redis.hget("queue:q:run:run", "result")).isEqualTo("42");
        assertThat(run().isThrough()).isTrue();
        await().until(() -> bench.redis.pubsubNumsub("queue:q:lifecycle").get("queue:q:lifecycle") == 0);
    }

    @Test
    void awaitSurvivesAServerThatRepliesWithErrorsForSomeTime() {
        start();
        bench.redis.configSet("replica-serve-stale-data", "no");
        bench.redis.replicaof("127.0.0.1", 1);
        CompletableFuture<Optional<Integer>> waiter;
        try {
            assertThatThrownBy(() -> runs.await("run", Integer.class, Duration.ZERO))
                    .hasMessageContaining("MASTERDOWN");
            waiter = CompletableFuture.supplyAsync(
                    () -> runs.await("run", Integer.class, Duration.ofSeconds(Long.MAX_VALUE)));
            pass(Duration.ofMillis(300));
            assertThat(waiter).isNotDone();
        } finally {
            bench.redis.replicaofNoOne();
        }

        complete(42);

        assertThat(waiter.join()).contains(42);
    }

    @Test
    void awaitReportsThatTheGatherJobFailed() {
        start();
        fail("boom");

        assertThatThrownBy(() -> runs.await("run", Map.class, Duration.ofSeconds(5)))
                .isInstanceOf(JobRunException.class)
                .hasMessage("the gather job of run 'run' failed: boom");
        assertThat(run().gatherError()).isEqualTo("boom");
        assertThatThrownBy(() -> runs.await("nobody", Map.class, Duration.ZERO)).isInstanceOf(JobRunException.class);
    }

    @Test
    void theLifecycleChannelAnnouncesEnds() {
        List<String> heard = new CopyOnWriteArrayList<>();
        try (StatefulRedisPubSubConnection<String, String> connection =
                RedisLink.to(io.lettuce.core.RedisURI.create(server.uri())).connectPubSub()) {
            connection.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    heard.add(message);
                }
            });
            connection.sync().subscribe("queue:q:lifecycle");

            start();
            complete(1);

            await().untilAsserted(() -> assertThat(heard)
                    .containsExactly(
                            "{\"run\":\"run\",\"status\":\"completed\"}", "{\"run\":\"run\",\"status\":\"gathered\"}"));
        }
    }
}
