package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobStatus;
import io.jobqueue.WorkOutputs;
import io.jobqueue.embedded.RedisServer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The outputs, early outputs and steps of units. */
@RedisServer
class RunOutputTests extends RunFixture {

    @Test
    void unitIdsAreDataOfTheUser() {
        List<String> names = List.of(
                "x".repeat(256), "a b/c:d", "../..", "{run}", "Ä".repeat(128), "\uD83D\uDE00", "%s\\\"'", "a\u00a0b");

        runs.start("run", names.stream().map(Unit::new).toList(), Unit::name, COUNT);
        for (int i = 0; i < names.size(); i++) {
            Claim claim = claim();
            bench.queue.worker().complete(claim, claim.payload().as(Unit.class).name());
        }

        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(runs.outputs("run", String.class).stream())
                .hasSize(names.size())
                .allSatisfy(output -> assertThat(output.getValue()).isEqualTo(output.getKey()));
        assertThatThrownBy(() -> start("x".repeat(257))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> start("a\nb")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> start("\uD83D")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void outputsComeBackAsTheyWentIn() {
        Map<String, Object> values = Map.of(
                "nan",
                Double.NaN,
                "infinite",
                Double.NEGATIVE_INFINITY,
                "large",
                9007199254740993L,
                "fraction",
                0.1,
                "pair",
                "\uD83D\uDE00 a\u0000b \u2028");
        record Value(Double d, Long l, String s) {}
        runs.start("run", values.keySet().stream().map(Unit::new).toList(), Unit::name, COUNT);
        for (int i = 0; i < values.size(); i++) {
            Claim claim = claim();
            Object value = values.get(Objects.requireNonNull(claim.unit()).unitId());
            bench.queue
                    .worker()
                    .complete(
                            claim,
                            new Value(
                                    value instanceof Double d ? d : null,
                                    value instanceof Long l ? l : null,
                                    value instanceof String s ? s : null));
        }

        WorkOutputs<Value> outputs = runs.outputs("run", Value.class);

        assertThat(outputs.size()).isEqualTo(values.size());
        assertThat(outputs.get("nan").orElseThrow().d()).isNaN();
        assertThat(outputs.get("infinite").orElseThrow().d()).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(outputs.get("large").orElseThrow().l()).isEqualTo(9007199254740993L);
        assertThat(outputs.get("fraction").orElseThrow().d()).isEqualTo(0.1);
        assertThat(outputs.get("pair").orElseThrow().s()).isEqualTo(values.get("pair"));
    }

    @Test
    void anOutputOverTheLimitIsAFailureOfItsUnit() {
        start("a");
        Claim claim = claim();

        assertThatThrownBy(() -> bench.queue.worker().complete(claim, "x".repeat(256 * 1024)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("262144");
    }

    @Test
    void aStartedRunTakesOutputsFromItsJobsOnly() {
        start("a");

        assertThatThrownBy(() -> bench.queue.outputs().put("run", "a", 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("run 'run' was started");
        assertThatThrownBy(() -> bench.queue.outputs().expect("run", 1)).isInstanceOf(IllegalStateException.class);
        bench.queue.enqueue(JobRequest.of("count", null).id("own").unit("run", "a"));
        bench.queue.enqueue(JobRequest.of("count", null).unit("run", "stranger"));
        Claim member = claim();
        Claim own = claim();
        Claim stranger = claim();

        bench.queue.worker().complete(own, "own");
        bench.queue.worker().complete(stranger, "stranger");

        assertThat(bench.job("own").get("last_error")).startsWith("bad-output: the run was started");
        assertThat(bench.redis.exists("queue:q:outputs:run", "queue:q:failures:run"))
                .isZero();
        bench.queue.worker().complete(member, "member");
        assertThat(bench.redis.hgetall("queue:q:outputs:run")).containsExactly(Map.entry("a", "\"member\""));
    }

    @Test
    void outputsThatWerePutAreNoStartedRun() {
        bench.queue.outputs().put("run", "a", 1);

        assertThatThrownBy(() -> start("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("evict it");
        assertThat(runs.find("run")).isEmpty();
    }

    @Test
    void theFirstAcceptedOutputStays() {
        runs.open("run", COUNT);
        runs.add("run", units("a"), Unit::name);
        Claim first = claim();
        bench.queue.worker().complete(first, "first");
        // its history is forgotten, and somebody enqueues the unit's job by hand
        bench.queue.admin().purge(JobStatus.COMPLETED);
        bench.queue.enqueue(JobRequest.of("count", null).unit("run", "a"));

        complete("second");

        assertThat(bench.queue.outputs().get("run", "a", String.class)).contains("first");
    }

    @Test
    void evictRemovesAnEndedRunInOneStep() {
        runs.start(
                "run",
                IntStream.range(0, 1200).mapToObj(i -> new Unit("u" + i)).toList(),
                Unit::name,
                JobRunOptions.of("count"));
        assertThatThrownBy(() -> bench.queue.outputs().evict("run"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cancel it before");
        runs.cancel("run");

        bench.redis.configResetstat();
        assertThat(bench.queue.outputs().evict("run")).isTrue();

        assertThat(bench.redis.info("commandstats")).contains("cmdstat_unlink:calls=1,");
        assertThat(runs.find("run")).isEmpty();
        assertThat(bench.redis.keys("queue:q:*:run")).isEmpty();
        assertThat(bench.redis.exists("queue:q:runs", "queue:q:agenda")).isZero();
        assertThat(bench.queue.outputs().evict("run")).isFalse();
    }

    @Test
    void aUnitOfAnEvictedRunLeavesNothingBehind() {
        start("a");
        Claim claim = claim();
        runs.cancel("run");
        bench.queue.outputs().evict("run");

        assertThat(bench.queue.worker().complete(claim, 1)).isTrue();

        assertThat(bench.redis.exists("queue:q:outputs:run", "queue:q:run:run")).isZero();
    }

    @Test
    void progressOfASealedRunKnowsItsUnits() {
        runs.open("run", COUNT);
        runs.add("run", units("a", "b"), Unit::name);
        assertThat(bench.queue.outputs().progress("run").expected()).isEmpty();

        runs.seal("run");

        assertThat(bench.queue.outputs().progress("run").expected()).hasValue(2);
    }

    @Test
    void theSweepReportsThatAnOutputIsGone() {
        start("a");
        runs.open("run", COUNT);
        complete(42);
        bench.redis.del("queue:q:outputs:run");

        tend();
        assertThat(bench.redis.hget("queue:q:failures:run", "a")).isNull();
        pass(LEASE);
        tend();

        assertThat(bench.redis.hget("queue:q:failures:run", "a")).isEqualTo("lost: its output is gone");
    }

    @Test
    void earlyOutputsAreKeptApartAndFenced() {
        start("a");
        Claim zombie = claim();
        assertThat(bench.notes.putOutput(zombie, "1").join()).isTrue();
        assertThat(bench.queue.outputs().early("run", "a", Integer.class)).contains(1);
        assertThat(bench.queue.outputs().streamEarly("run", Integer.class)).containsExactly(Map.entry("a", 1));
        assertThat(run().done()).isZero();
        await().until(() -> !bench.queue.worker().reclaimStuck().isEmpty());
        Claim owner = claim();
        bench.notes.putOutput(owner, "2").join();

        assertThat(bench.notes.putOutput(zombie, "3").join()).isFalse();

        assertThat(bench.queue.outputs().early("run", "a", Integer.class)).contains(2);
        bench.queue.worker().complete(owner, 4);
        assertThat(bench.queue.outputs().early("run", "a", Integer.class)).isEmpty();
        assertThat(bench.notes.putOutput(owner, "5").join()).isFalse();
    }

    @Test
    void stepsAreFencedAndRememberedWithTheirJob() {
        start("a");
        Claim zombie = claim();
        assertThat(bench.notes.putStep(zombie, "fetch", "1").join()).isTrue();
        await().until(() -> !bench.queue.worker().reclaimStuck().isEmpty());
        Claim owner = claim();

        assertThat(bench.notes.putStep(zombie, "fetch", "2").join()).isFalse();

        assertThat(bench.notes.findStep(owner, "fetch").join().orElseThrow().text())
                .isEqualTo("1");
        assertThat(bench.notes.findStep(owner, "other").join()).isEmpty();
        bench.queue.worker().fail(owner, "boom");
        complete("gathered");
        start("a");
        assertThat(bench.notes.findStep(claim(), "fetch").join()).isPresent();
    }

    @Test
    void aJobThatGetsAnotherPayloadForgetsItsSteps() {
        start("a");
        Claim claim = claim();
        bench.notes.putStep(claim, "fetch", "1").join();
        bench.queue.worker().fail(claim, "boom");

        runs.start("run", List.of(Map.of("other", 1)), unit -> "a", COUNT);

        assertThat(bench.notes.findStep(claim(), "fetch").join()).isEmpty();
    }

    @Test
    void aRunWhoseGatherWaitsOrRunsIsNotEvicted() {
        start("a");
        complete(1);
        assertThatThrownBy(() -> bench.queue.outputs().evict("run")).isInstanceOf(IllegalStateException.class);
        Claim gather = claim();
        assertThatThrownBy(() -> bench.queue.outputs().evict("run"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("gather job");
        assertThat(runs.outputs("run", Integer.class).size()).isEqualTo(1);

        bench.queue.worker().complete(gather, "gathered");

        assertThat(bench.queue.outputs().evict("run")).isTrue();
    }
}
