package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunException;
import io.jobqueue.JobRuns;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.JobStore.Renewal;
import io.jobqueue.worker.JobStore.Renewed;
import io.lettuce.core.LMoveArgs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** How a run is cancelled, and how its units end. */
@RedisServer
class RunCancelTests extends RunFixture {

    @Test
    void cancelRemovesWaitingUnitsAndNotifiesRunningOnes() {
        runs.start(
                "run", IntStream.range(0, 1000).mapToObj(i -> new Unit("u" + i)).toList(), Unit::name, COUNT);
        complete(0);
        Claim running = claim();
        Claim other = claim();

        assertThat(runs.cancel("run")).isTrue();
        assertThat(runs.cancel("run")).isFalse();

        assertThat(run().state()).isEqualTo(JobRun.State.CANCELLED);
        assertThat(run().failed()).isEqualTo(997);
        assertThat(run().done()).isEqualTo(1);
        assertThat(run().missing()).isEqualTo(2);
        assertThat(run().late()).isZero();
        assertThat(bench.store.extend(List.of(new Renewal(running, LEASE))).join())
                .containsExactly(Renewed.CANCELLED);
        assertThat(bench.queue.worker().extend(running, LEASE)).isTrue();
        assertThat(bench.queue.worker().fail(running, "interrupted")).isTrue();
        assertThat(bench.redis.hget("queue:q:failures:run", "u1")).startsWith("cancelled");
        assertThat(bench.queue.worker().release(other)).isTrue();
        assertThat(run().missing()).isZero();
        for (int i = 0; i < 2; i++) {
            assertThat(bench.store.claim(100).join().events()).isEmpty();
        }
        assertThat(bench.list("pending")).isEmpty();
        assertThat(bench.list("failed")).hasSize(2);
        assertThat(ends()).containsExactly(new JobEvent.RunEnded("q", "run", JobRun.State.CANCELLED));
        assertThat(bench.redis.keys("queue:q:job:*"))
                .filteredOn(key -> bench.redis.ttl(key) < 0)
                .hasSize(3);
        assertThatThrownBy(() -> runs.await("run", Map.class, Duration.ZERO))
                .isInstanceOf(JobRunException.class)
                .hasMessageContaining("cancelled");
    }

    @Test
    void cancelledUnitsDoNotDelayTheJobsBehindThem() {
        runs.start(
                "run", IntStream.range(0, 2500).mapToObj(i -> new Unit("u" + i)).toList(), Unit::name, COUNT);
        runs.cancel("run");
        bench.queue.enqueue(JobRequest.of("other", null).id("behind"));
        bench.queue.enqueue(JobRequest.of("other", null).id("last"));

        assertThat(claim().id()).isEqualTo("behind");

        assertThat(bench.list("pending")).containsExactly("last");
        assertThat(bench.store.claim(10).join().jobs()).hasSize(1);
    }

    @Test
    void aCancelledUnitThatAGuideClientTookAndFailedIsEnqueuedAgain() {
        start("a");
        String id = Ids.ofUnit("q", "run", "a");
        runs.cancel("run");
        bench.redis.rpop("queue:q:pending");
        bench.redis.hset("queue:q:job:" + id, Map.of("status", "failed", "attempts", "1", "claim_token", ""));
        bench.redis.lpush("queue:q:failed", id);

        start("a");

        assertThat(bench.list("pending")).containsExactly(id);
        assertThat(bench.list("failed")).isEmpty();
    }

    @Test
    void aCancelledUnitThatAGuideClientTookBeforeTheRestartRunsOnWithItsPayload() {
        start("a");
        String id = Ids.ofUnit("q", "run", "a");
        runs.cancel("run");
        bench.redis.rpoplpush("queue:q:pending", "queue:q:processing");
        bench.redis.hset("queue:q:job:" + id, Map.of("status", "processing", "claim_token", "guide"));
        assertThat(bench.job(id)).containsEntry("payload", "{\"kind\":\"count\",\"name\":\"a\"}");

        start("a");

        assertThat(bench.redis.ttl("queue:q:job:" + id)).isEqualTo(-1);
        guideFinish("a", "completed", Map.of("result", "{\"n\":1}"));
        tend();
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(run().done()).isEqualTo(1);
    }

    @Test
    void aCancelThatBrokeOffIsFinishedByTheSweep() {
        runs.start(
                "run", IntStream.range(0, 1000).mapToObj(i -> new Unit("u" + i)).toList(), Unit::name, COUNT);
        Script cancel = Script.of(io.lettuce.core.ScriptOutputType.MULTI, "runs/cancel");
        String[] keys = bench.store.redis().keys().withCall("call");
        bench.store
                .redis()
                .<List<Object>>command(redis -> cancel.call(redis, keys, "run", "", "15000"))
                .join();
        assertThat(run().failed()).isLessThan(1000);

        for (int i = 0; i < 10; i++) {
            bench.tend();
        }

        assertThat(run().failed()).isEqualTo(1000);
    }

    @Test
    void aCancelLeavesARunAloneThatWasStartedAgainMeanwhile() {
        List<Unit> many =
                IntStream.range(0, 1000).mapToObj(i -> new Unit("u" + i)).toList();
        List<JobEvent> heard = new ArrayList<>();
        JobRuns impatient = new RedisQueues(
                        bench.connector, RedisQueues.Options.defaults().withListener(event -> {
                            heard.add(event);
                            if (heard.size() == 1) {
                                runs.start("run", many, Unit::name, COUNT);
                            }
                        }))
                .queue("q")
                .runs();
        runs.start("run", many, Unit::name, COUNT);

        assertThat(impatient.cancel("run")).isTrue();

        assertThat(heard).containsExactly(new JobEvent.RunEnded("q", "run", JobRun.State.CANCELLED));
        assertThat(run().state()).isEqualTo(JobRun.State.SEALED);
        assertThat(run().missing()).isEqualTo(1000);
    }

    @Test
    void aReplayedCancelReturnsItsFirstReply() {
        start("a", "b");
        String[] keys = bench.store.redis().keys().withCall("call");
        Script cancel = Script.of(io.lettuce.core.ScriptOutputType.MULTI, "runs/cancel");
        String[] args = {"run", "", "15000"};

        List<Object> first = bench.store
                .redis()
                .<List<Object>>command(redis -> cancel.call(redis, keys, args))
                .join();
        List<Object> second = bench.store
                .redis()
                .<List<Object>>command(redis -> cancel.call(redis, keys, args))
                .join();
        start("a", "b");
        List<Object> third = bench.store
                .redis()
                .<List<Object>>command(redis -> cancel.call(redis, keys, args))
                .join();

        assertThat(first).isEqualTo(List.of(1L, "1", 0L, List.of("run", "cancelled", "", "")));
        assertThat(second).isEqualTo(first);
        assertThat(third).isEqualTo(first);
        assertThat(run().state()).isEqualTo(JobRun.State.SEALED);
    }

    @Test
    void aCancelledRunCanBeStartedAgain() {
        start("a", "b", "c");
        complete(1);
        Claim running = claim();
        runs.cancel("run");

        assertThat(start("a", "b", "c").state()).isEqualTo(JobRun.State.SEALED);

        assertThat(bench.queue.worker().complete(running, 2)).isTrue();
        complete(3);
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(run().done()).isEqualTo(3);
        assertThat(bench.redis.ttl("queue:q:job:" + Ids.ofUnit("q", "run", "c")))
                .isEqualTo(-1);
    }

    @Test
    void aUnitThatIsStartedAgainWhereItWasCancelledStandsInTheQueueOnce() {
        runs.open("run", COUNT);
        runs.add("run", units("a"), Unit::name);
        bench.queue.enqueue(JobRequest.of("other", null).id("between"));
        runs.add("run", units("b", "c", "d"), Unit::name);
        runs.cancel("run");
        assertThat(claim().id()).isEqualTo("between"); // passes the first one over
        List<String> left = bench.list("pending");
        assertThat(left).hasSize(3);

        start("a", "b", "c", "d");

        assertThat(bench.list("pending")).hasSize(4).containsSubsequence(left).doesNotHaveDuplicates();
        assertThat(bench.store.claim(10).join().jobs()).hasSize(4);
        assertThat(bench.list("pending")).isEmpty();
    }

    @Test
    void aUnitThatWasPurgedAfterItsCancelIsEnqueuedAgain() {
        start("a", "b");
        runs.cancel("run");
        bench.queue.admin().purge(JobStatus.PENDING);

        start("a", "b");

        assertThat(bench.list("pending")).hasSize(2);
    }

    @Test
    void aReclaimedUnitOfACancelledRunDoesNotRunAgain() {
        start("a");
        claim();
        runs.cancel("run");

        await().until(() -> {
            bench.queue.worker().reclaimStuck();
            return run().failed() == 1;
        });

        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();
    }

    @Test
    void cancelledUnitsThatStandInTheQueueLongerThanTheirRunIsKeptAreNotLost() {
        runs.start(
                "run",
                IntStream.range(0, 100).mapToObj(i -> new Unit("u" + i)).toList(),
                Unit::name,
                COUNT.retention(Duration.ofSeconds(1)));
        runs.cancel("run");
        pass(Duration.ofMillis(1100));
        assertThat(bench.redis.keys("queue:q:job:*")).hasSize(100);

        assertThat(bench.store.claim(10).join().jobs()).isEmpty();
        bench.queue.worker().reclaimStuck();

        assertThat(bench.list("pending")).isEmpty();
        assertThat(bench.redis.keys("queue:q:job:*")).isEmpty();
        assertThat(bench.queue.stats().lostTotal()).isZero();
        assertThat(bench.events).noneMatch(JobEvent.Lost.class::isInstance);
    }

    @Test
    void aCancelledUnitExpiresOnceItsIdLeftTheQueueInWhateverWay() {
        start("claimed", "popped", "purged");
        runs.cancel("run");
        assertThat(timeToLive("claimed", "popped", "purged")).containsOnly(-1L);

        bench.redis.rpoplpush("queue:q:pending", "queue:q:processing"); // a guide client that dies here
        bench.queue.worker().reclaimStuck();
        assertThat(timeToLive("claimed")).allMatch(ttl -> ttl > 0);
        assertThat(timeToLive("popped", "purged")).containsOnly(-1L);
        bench.redis.lmove("queue:q:pending", "queue:q:purged", LMoveArgs.Builder.leftRight());
        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();
        assertThat(timeToLive("popped")).allMatch(ttl -> ttl > 0);
        bench.redis.rename("queue:q:purged", "queue:q:pending");
        bench.queue.admin().purge(JobStatus.PENDING);
        assertThat(timeToLive("purged")).allMatch(ttl -> ttl > 0);
        assertThat(bench.job(Ids.ofUnit("q", "run", "purged"))).doesNotContainKeys("in_pending", "delete_at_ms");
    }

    @Test
    void aDelayedUnitThatIsCancelledExpiresAtOnce() {
        start("a", "b");
        String id = Ids.ofUnit("q", "run", "b");
        bench.redis.lrem("queue:q:pending", 1, id);
        bench.redis.zadd("queue:q:delayed", Long.MAX_VALUE, id);
        bench.redis.hset("queue:q:job:" + id, "status", "scheduled");

        runs.cancel("run");

        assertThat(timeToLive("b")).allMatch(ttl -> ttl > 0);
        assertThat(bench.redis.zcard("queue:q:delayed")).isZero();
    }

    @Test
    void whatAGuideClientMadeOfACancelledUnitDoesNotExpireWhenItsIdIsPassedOver() {
        start("a");
        String id = Ids.ofUnit("q", "run", "a");
        runs.cancel("run");
        bench.redis.lpush("queue:q:pending", id); // a second time
        bench.redis.rpop("queue:q:pending");
        bench.redis.hset("queue:q:job:" + id, Map.of("status", "failed", "attempts", "1"));
        bench.redis.lpush("queue:q:failed", id);

        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();

        assertThat(timeToLive("a")).containsOnly(-1L);
        assertThat(bench.job(id)).doesNotContainKeys("in_pending", "delete_at_ms");
    }

    private List<Long> timeToLive(String... units) {
        return Stream.of(units)
                .map(unit -> bench.redis.pttl("queue:q:job:" + Ids.ofUnit("q", "run", unit)))
                .toList();
    }
}
