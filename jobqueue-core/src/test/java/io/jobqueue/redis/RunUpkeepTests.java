package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.GatherPolicy;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The upkeep of runs reports overdue runs and removes expired ones. */
@RedisServer
class RunUpkeepTests extends RunFixture {

    @Test
    void aQuietRunIsReportedOnce() {
        runs.start("run", units("a"), Unit::name, COUNT.deadline(Duration.ofSeconds(1)));
        bench.redis.hset("queue:q:run:run", "touched_at_ms", "1700000000000");

        tend();
        tend();

        assertThat(bench.events.stream().filter(JobEvent.RunOverdue.class::isInstance))
                .containsExactly(new JobEvent.RunOverdue("q", "run"));
        assertThat(run().overdue()).isNotNull();
        assertThat(run().state()).isEqualTo(JobRun.State.SEALED);
    }

    @Test
    void theUpkeepRemovesAnExpiredRunBeforeItsKeysExpire() {
        runs.start("run", units("a"), Unit::name, JobRunOptions.of("count").retention(Duration.ofSeconds(1)));
        complete(1);
        bench.tend();
        assertThat(bench.redis.pttl("queue:q:outputs:run"))
                .isGreaterThan(Duration.ofHours(23).toMillis());
        assertThat(run().expires()).isBefore(java.time.Instant.now().plusSeconds(2));

        await().untilAsserted(() -> {
            bench.tend();
            assertThat(bench.redis.keys("queue:q:*:run")).isEmpty();
        });

        assertThat(bench.redis.exists("queue:q:runs", "queue:q:agenda")).isZero();
        assertThat(runs.find("run")).isEmpty();
    }

    @Test
    void aSpoiltRunIsReportedOnce() {
        start("a");
        bench.redis.set("queue:q:outputs:run", "text");

        tend();
        tend();

        assertThat(bench.events.stream().filter(JobEvent.RunOverdue.class::isInstance))
                .containsExactly(new JobEvent.RunOverdue("q", "run"));
    }

    @Test
    void aSweepOfRunsChecksWhatItWillWriteBeforeItEndsOne() {
        runs.start(
                "run",
                units("a"),
                Unit::name,
                COUNT.policy(GatherPolicy.allEnded().orAfter(Duration.ofMillis(1))));
        claim();
        pass(Duration.ofMillis(5));
        bench.redis.set("queue:q:pending", "text");

        assertThatThrownBy(() -> bench.tend()).hasMessageContaining("queue:q:pending");

        assertThat(run().state()).isEqualTo(JobRun.State.SEALED);
    }

    @Test
    void aForgottenRunLeavesTheRegistry() {
        start();
        complete(1);
        bench.redis.del("queue:q:run:run");

        tend();

        assertThat(bench.redis.exists("queue:q:runs", "queue:q:agenda")).isZero();
    }

    @Test
    void theOutputsForAWaitingGatherJobStayEvenWithoutSweeps() {
        runs.start("run", units("a"), Unit::name, COUNT.retention(Duration.ofSeconds(1)));
        complete(1);
        assertThat(run().expires()).isNull();
        assertThat(List.of("run", "units", "outputs"))
                .allSatisfy(key ->
                        assertThat(bench.redis.pttl("queue:q:" + key + ":run")).isEqualTo(-1));

        complete("gathered");

        assertThat(run().expires()).isNotNull();
        assertThat(List.of("run", "units", "outputs"))
                .allSatisfy(key ->
                        assertThat(bench.redis.pttl("queue:q:" + key + ":run")).isPositive());
        assertThat(bench.redis.zscore("queue:q:agenda", "run").longValue())
                .isEqualTo(Long.parseLong(hash().get("expires_at_ms")));
    }

    @Test
    void aRunWhoseGatherJobIsGoneIsRemovedInTheEnd() {
        start();
        bench.redis.del("queue:q:job:" + Ids.ofGather("q", "run"));

        tend();
        assertThat(run().gather()).isEqualTo(JobRun.Gather.WAITING);
        pass(LEASE);
        tend();

        assertThat(run().gather()).isEqualTo(JobRun.Gather.FAILED);
        assertThat(run().gatherError()).startsWith("lost");
        assertThat(run().expires()).isNotNull();
    }

    @Test
    void aRunWhoseGatherWaitsForTooLongIsReportedOnce() {
        runs.start("run", List.<Unit>of(), Unit::name, COUNT.deadline(Duration.ofSeconds(1)));
        bench.redis.hset("queue:q:run:run", "touched_at_ms", "1700000000000");

        tend();
        tend();

        assertThat(bench.events.stream().filter(JobEvent.RunOverdue.class::isInstance))
                .containsExactly(new JobEvent.RunOverdue("q", "run"));
    }
}
