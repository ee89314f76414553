package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.GatherPolicy;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunException;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobStatus;
import io.jobqueue.WorkOutputs;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Settlement;
import io.jobqueue.worker.Settlement.Answer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How a run ends: by its last unit, by its policy, by its time. */
@RedisServer
class RunEndTests extends RunFixture {

    @Test
    void theLastUnitEndsTheRunAndEnqueuesTheGatherInItsOwnStep() {
        start("a", "b");
        complete(1);
        assertThat(gathers()).isZero();

        complete(2);

        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(run().gather()).isEqualTo(JobRun.Gather.WAITING);
        String gather = Ids.ofGather("q", "run");
        assertThat(bench.list("pending")).containsExactly(gather);
        assertThat(bench.job(gather))
                .containsEntry("kind", "report")
                .containsEntry("payload", "{\"kind\":\"report\",\"month\":\"11\"}")
                .containsEntry("gathers", "run");
        assertThat(ends()).containsExactly(new JobEvent.RunEnded("q", "run", JobRun.State.COMPLETED));
    }

    @Test
    void aFailureEndsAUnitAsWell() {
        start("a", "b");

        complete(1);
        fail("boom");

        assertThat(run().done()).isEqualTo(1);
        assertThat(run().failed()).isEqualTo(1);
        assertThat(run().missing()).isZero();
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(bench.redis.hgetall("queue:q:failures:run")).containsExactly(Map.entry("b", "boom"));
        assertThat(gathers()).isEqualTo(1);
    }

    @Test
    void aRunOfNoUnitsIsCompleteAtOnce() {
        JobRun started = start();

        assertThat(started.state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(started.expected()).isZero();
        assertThat(claim().gathers()).isEqualTo("run");
        assertThat(ends()).hasSize(1);
    }

    @Test
    void aRunWithoutGatherOnlyEnds() {
        runs.start("run", units("a"), Unit::name, JobRunOptions.of("count"));
        complete(1);

        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(run().isThrough()).isTrue();
        assertThat(bench.list("pending")).isEmpty();
        assertThat(runs.await("run", Map.class, Duration.ZERO)).isEmpty();
    }

    @Test
    void allSucceededFailsTheRunWhenOneDoesNot() {
        runs.start("run", units("a", "b"), Unit::name, COUNT.policy(GatherPolicy.allSucceeded()));
        fail("boom");
        assertThat(run().state()).isEqualTo(JobRun.State.SEALED);
        complete(1);

        assertThat(run().state()).isEqualTo(JobRun.State.FAILED);
        assertThat(ends()).containsExactly(new JobEvent.RunEnded("q", "run", JobRun.State.FAILED));
        assertThat(bench.list("pending")).isEmpty();
        assertThatThrownBy(() -> runs.await("run", Map.class, Duration.ZERO))
                .isInstanceOf(JobRunException.class)
                .hasMessageContaining("failed");

        runs.start("run", units("a", "b"), Unit::name, COUNT.policy(GatherPolicy.allSucceeded()));
        complete(2);
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(gathers()).isEqualTo(1);
    }

    @Test
    void aShareOfTheUnitsEndsTheRunAndLaterUnitsAreLate() {
        runs.start("run", units("a", "b", "c"), Unit::name, COUNT.policy(GatherPolicy.share(0.66)));
        Claim first = claim();
        Claim slow = claim();
        bench.queue.worker().complete(first, 1);
        assertThat(run().state()).isEqualTo(JobRun.State.SEALED);
        complete(3);

        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(runs.outputs("run", Integer.class).missing()).containsExactly("b");
        bench.queue.worker().complete(slow, 2);

        assertThat(run().late()).isEqualTo(1);
        assertThat(run().done()).isEqualTo(3);
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        WorkOutputs<Integer> outputs = runs.outputs("run", Integer.class);
        assertThat(outputs.late()).containsExactly("b");
        assertThat(outputs.missing()).isEmpty();
        assertThat(outputs.get("b")).contains(2);
        assertThat(gathers()).isEqualTo(1);
        assertThat(bench.redis.pttl("queue:q:late:run")).isEqualTo(-1);
        complete("gathered");
        assertThat(bench.redis.pttl("queue:q:late:run")).isPositive();
        assertThat(ends()).hasSize(1);
    }

    @Test
    void aShareThatCannotBeReachedAnyMoreFailsTheRunAtItsEnd() {
        runs.start("run", units("a", "b"), Unit::name, COUNT.policy(GatherPolicy.share(0.6)));
        complete(1);
        fail("boom");

        assertThat(run().state()).isEqualTo(JobRun.State.FAILED);
    }

    @Test
    void aRunIsGatheredWhenItsTimeIsUp() {
        runs.start(
                "run",
                units("a", "b"),
                Unit::name,
                COUNT.policy(GatherPolicy.allEnded().orAfter(Duration.ofMillis(40))));
        complete(1);
        Claim slow = claim();
        pass(Duration.ofMillis(50));

        bench.events.addAll(bench.tend());

        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(run().missing()).isEqualTo(1);
        assertThat(ends()).hasSize(1);
        bench.queue.worker().complete(slow, 2);
        assertThat(run().late()).isEqualTo(1);
        assertThat(claim().gathers()).isEqualTo("run");
    }

    @Test
    void aLateOutputWithNoneBeforeItDoesNotStayForEver() {
        runs.start(
                "run",
                units("a"),
                Unit::name,
                COUNT.policy(GatherPolicy.allEnded().orAfter(Duration.ofMillis(1))));
        Claim slow = claim();
        pass(Duration.ofMillis(5));
        tend();
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);

        complete("gathered");

        bench.queue.worker().complete(slow, 2);

        assertThat(bench.redis.pttl("queue:q:outputs:run")).isPositive();
    }

    @Test
    void aZombieOfARunIsRefused() {
        start("a");
        Claim zombie = claim();
        await().until(() -> !bench.queue.worker().reclaimStuck().isEmpty());
        Claim owner = claim();

        assertThat(bench.queue.worker().complete(zombie, "old")).isFalse();
        assertThat(run().done()).isZero();
        assertThat(bench.queue.worker().complete(owner, "new")).isTrue();
        assertThat(bench.queue.worker().complete(zombie, "old")).isFalse();
        assertThat(bench.queue.worker().complete(owner, "again")).isTrue();

        assertThat(runs.outputs("run", String.class).get("a")).contains("new");
        assertThat(gathers()).isEqualTo(1);
        assertThat(ends()).hasSize(1);
    }

    @Test
    void theSweepEndsARunWhoseLastUnitLosesTooManyWorkers() {
        runs.start("run", units("a"), Unit::name, COUNT.maxAttempts(1));
        claim();

        await().until(() -> {
            bench.queue.worker().reclaimStuck();
            return run().state().isEnd();
        });

        assertThat(run().failed()).isEqualTo(1);
        assertThat(ends()).hasSize(1);
        assertThat(claim().gathers()).isEqualTo("run");
    }

    @Test
    void aPurgedUnitIsAFailedOne() {
        start("a", "b");
        complete(1);

        bench.queue.admin().purge(JobStatus.PENDING);

        assertThat(bench.redis.hget("queue:q:failures:run", "b")).startsWith("purged");
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(ends()).hasSize(1);
    }

    @Test
    void aUnitWithoutItsPayloadIsAFailedOne() {
        start("a");
        bench.redis.hdel("queue:q:job:" + Ids.ofUnit("q", "run", "a"), "payload");

        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();
        bench.queue.worker().reclaimStuck();
        pass(LEASE);
        bench.queue.worker().reclaimStuck();

        assertThat(bench.redis.hget("queue:q:failures:run", "a")).startsWith("lost");
        assertThat(ends()).hasSize(1);
        assertThat(claim().gathers()).isEqualTo("run");
    }

    @Test
    void aUnitWhoseJobVanishedHasFailedWhenTwoWalksMissedTheJobALeaseApart() {
        start("a");
        bench.redis.del("queue:q:job:" + Ids.ofUnit("q", "run", "a"));

        tend();
        tend();
        assertThat(run().missing()).isEqualTo(1);
        pass(LEASE);
        tend();

        assertThat(bench.redis.hget("queue:q:failures:run", "a")).startsWith("lost");
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
    }

    @Test
    void aUnitWhoseHashIsAwayForAMomentIsNotFailed() {
        start("a");
        String key = "queue:q:job:" + Ids.ofUnit("q", "run", "a");
        bench.redis.rename(key, "queue:q:elsewhere");
        tend();
        bench.redis.rename("queue:q:elsewhere", key);
        pass(LEASE);
        tend();
        bench.redis.rename(key, "queue:q:elsewhere");
        tend();
        bench.redis.rename("queue:q:elsewhere", key);

        complete(1);

        assertThat(run().done()).isEqualTo(1);
        assertThat(run().failed()).isZero();
    }

    @Test
    void keysOfAnotherTypeSpoilTheirRunOnly() {
        start("a");
        bench.redis.set("queue:q:outputs:run", "text");
        Claim claim = claim();

        assertThat(bench.store
                        .settle(List.of(new Settlement.Complete(claim, "{}", "1")))
                        .join()
                        .answers())
                .containsExactly(Answer.FAILED);

        assertThat(bench.job(claim.id())).containsEntry("last_error", "bad-output: queue:q:outputs:run is not a hash");
        assertThat(bench.redis.get("queue:q:outputs:run")).isEqualTo("text");
        tend();
        runs.start("other", units("a"), Unit::name, COUNT);
        complete(1);
        assertThat(runs.find("other").orElseThrow().state()).isEqualTo(JobRun.State.COMPLETED);
    }
}
