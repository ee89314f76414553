package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.GatherPolicy;
import io.jobqueue.JobListener;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions.Progress;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Upkeep;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Clients of the guide end units of a run. */
@RedisServer
class RunForeignEndTests extends RunFixture {

    @Test
    void theUpkeepFindsUnitsThatGuideClientsFinished() {
        start("a", "b", "c");
        guideFinish("a", "completed", Map.of("result", "{\"n\":1}"));
        guideFinish("b", "failed", Map.of("last_error", "boom"));
        guideFinish("c", "completed", Map.of("result", "no json"));

        tend();

        assertThat(bench.redis.hgetall("queue:q:outputs:run")).containsExactly(Map.entry("a", "{\"n\":1}"));
        assertThat(bench.redis.hgetall("queue:q:failures:run"))
                .containsEntry("b", "boom")
                .containsEntry("c", "bad-output: what another client left is no JSON");
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(ends()).hasSize(1);
    }

    @Test
    void theChannelAnnouncesUnitsThatGuideClientsFinished() {
        start("a", "b");
        // the walk of a run that was looked at just now is a minute away
        await().until(() -> {
            bench.tend();
            return bench.redis.pubsubNumsub("queue:q:events").get("queue:q:events") == 1;
        });
        guideFinish("a", "completed", Map.of("result", "{\"n\":1}"));
        guideFinish("b", "completed", Map.of("result", "{\"n\":2}"));

        await().untilAsserted(() -> {
            bench.events.addAll(bench.tend());
            assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        });
        assertThat(run().done()).isEqualTo(2);
        assertThat(ends()).hasSize(1);
    }

    @Test
    void theSubscriptionEndsWithTheUpkeepOfRuns() {
        start("a");
        Upkeep upkeep = new Upkeep(bench.queues.chores("q", Duration.ofMillis(20)), JobListener.none());
        upkeep.start();
        await().until(() -> bench.redis.pubsubNumsub("queue:q:events").get("queue:q:events") == 1);

        upkeep.stop();

        await().until(() -> bench.redis.pubsubNumsub("queue:q:events").get("queue:q:events") == 0);
    }

    @Test
    void aGuideClientMayDoTheGather() {
        start();
        String gather = Ids.ofGather("q", "run");
        bench.redis.hset("queue:q:job:" + gather, Map.of("status", "completed", "result", "{\"n\":1}"));

        tend();

        assertThat(runs.await("run", Map.class, Duration.ZERO).orElseThrow()).isEqualTo(Map.of("n", 1));
    }

    @Test
    void largeResultsAreReadInSeveralCalls() {
        List<Unit> many =
                IntStream.range(0, 20).mapToObj(i -> new Unit("u" + i)).toList();
        runs.start("run", many, Unit::name, COUNT);
        String large = "\"" + "x".repeat(200 * 1024) + "\"";
        many.forEach(unit -> guideFinish(unit.name(), "completed", Map.of("result", large)));
        bench.redis.zadd("queue:q:agenda", 0, "run");

        Tend.page(bench.store.redis(), Duration.ZERO, new Events("q"), 1, false).join();
        assertThat(run().done()).isEqualTo(2);
        List<Progress> heard = new ArrayList<>();
        runs.start("run", many.subList(0, 10), Unit::name, COUNT.onProgress(heard::add));
        assertThat(heard).hasSizeGreaterThan(2);

        tend();
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(run().done()).isEqualTo(20);
    }

    @Test
    void theChannelsLargeResultsAreReadInSeveralCalls() {
        List<Unit> many =
                IntStream.range(0, 20).mapToObj(i -> new Unit("u" + i)).toList();
        runs.start("run", many, Unit::name, COUNT);
        await().until(() -> {
            bench.tend();
            return bench.redis.pubsubNumsub("queue:q:events").get("queue:q:events") == 1;
        });
        String large = "\"" + "x".repeat(200 * 1024) + "\"";
        many.forEach(unit -> guideFinish(unit.name(), "completed", Map.of("result", large)));

        await().untilAsserted(() -> {
            bench.tend();
            assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        });
        assertThat(run().done()).isEqualTo(20);
    }

    @Test
    void aRunWhoseTimeIsUpCountsWhatGuideClientsFinishedBeforeItIsGathered() {
        runs.start(
                "run",
                units("a", "b"),
                Unit::name,
                COUNT.policy(GatherPolicy.allEnded().orAfter(Duration.ofHours(1))));
        bench.tend();
        guideFinish("a", "completed", Map.of("result", "{\"n\":1}"));
        // the last walk was before the time, which is now
        bench.redis.hset("queue:q:run:run", "walked_at_ms", bench.redis.hget("queue:q:run:run", "started_at_ms"));
        bench.redis.hset("queue:q:run:run", "gather_after_ms", "1");
        bench.redis.zadd("queue:q:agenda", 0, "run");
        pass(Duration.ofMillis(5));

        bench.tend();

        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(run().done()).isEqualTo(1);
        assertThat(run().late()).isZero();
    }
}
