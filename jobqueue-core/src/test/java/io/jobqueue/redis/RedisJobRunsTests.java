package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.FailureReason;
import io.jobqueue.GatherPolicy;
import io.jobqueue.JobEvent;
import io.jobqueue.JobKind;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunException;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRunOptions.Progress;
import io.jobqueue.JobRuns;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.WorkOutputs;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.JobStore.Answer;
import io.jobqueue.worker.JobStore.Renewal;
import io.jobqueue.worker.JobStore.Renewed;
import io.jobqueue.worker.Settlement;
import io.jobqueue.worker.Upkeep;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a run is in Redis, after each step that has to do with it. */
@RedisServer
class RedisJobRunsTests {

    private static final Duration LEASE = Duration.ofMillis(150);
    private static final JobRunOptions COUNT =
            JobRunOptions.of("count").gather(JobRequest.of("report", Map.of("month", "11")));

    private EmbeddedRedis server;
    private Bench bench;
    private JobRuns runs;

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

    private static List<Unit> units(String... names) {
        return List.of(names).stream().map(Unit::new).toList();
    }

    private JobRun start(String... names) {
        return runs.start("run", units(names), Unit::name, COUNT);
    }

    private Claim claim() {
        return bench.queue.worker().claim(Duration.ZERO).orElseThrow();
    }

    private void complete(Object output) {
        assertThat(bench.queue.worker().complete(claim(), output)).isTrue();
    }

    private void fail(String error) {
        assertThat(bench.queue.worker().fail(claim(), error)).isTrue();
    }

    private JobRun run() {
        return runs.find("run").orElseThrow();
    }

    private Map<String, String> hash() {
        return bench.redis.hgetall("queue:q:run:run");
    }

    private List<JobEvent.RunEnded> ends() {
        return bench.events.stream()
                .filter(JobEvent.RunEnded.class::isInstance)
                .map(JobEvent.RunEnded.class::cast)
                .toList();
    }

    private long gathers() {
        return bench.redis.keys("queue:q:job:*").stream()
                .filter(key -> bench.redis.hexists(key, "gathers"))
                .count();
    }

    private void tend() {
        Events events = new Events("q");
        bench.redis.zadd("queue:q:agenda", 0, "run");
        Tend.page(bench.store.redis(), Duration.ZERO, events, 20, false).join();
        bench.events.addAll(events.all());
    }

    private static void pass(Duration time) {
        long over = System.nanoTime() + time.toNanos();
        await().pollInterval(Duration.ofMillis(2)).until(() -> System.nanoTime() > over);
    }

    // ---- start

    @Test
    void aStartedRunIsItsUnitsTheirJobsAndNoTimeToLive() {
        JobRun started = start("a", "b");

        assertThat(started.state()).isEqualTo(JobRun.State.SEALED);
        assertThat(started.expected()).isEqualTo(2);
        assertThat(started.missing()).isEqualTo(2);
        assertThat(started.ended()).isNull();
        String job = Ids.ofUnit("q", "run", "a");
        assertThat(bench.redis.hgetall("queue:q:units:run"))
                .containsEntry("a", job)
                .hasSize(2);
        assertThat(bench.job(job))
                .containsEntry("kind", "count")
                .containsEntry("payload", "{\"kind\":\"count\",\"name\":\"a\"}")
                .containsEntry("status", "pending")
                .containsEntry("run_id", "run")
                .containsEntry("unit_id", "a");
        assertThat(bench.list("pending")).containsExactly(Ids.ofUnit("q", "run", "b"), job);
        assertThat(bench.list("wake")).hasSize(1);
        assertThat(bench.redis.keys("*"))
                .filteredOn(key -> !key.contains(":call:"))
                .allSatisfy(key -> assertThat(bench.redis.ttl(key)).as(key).isEqualTo(-1));
        assertThat(bench.queue.stats().enqueuedTotal()).isEqualTo(2);
    }

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
    void twoUnitsOfOneNameAreOne() {
        assertThat(start("a", "a", "b", "a").expected()).isEqualTo(2);
        assertThat(bench.list("pending")).hasSize(2);
    }

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
    void unitsMaySayTheirKindThemselves() {
        runs.start("run", List.of(new Marked("a")), Marked::name, JobRunOptions.defaults());
        runs.start(
                "other",
                List.of(JobRequest.of("x", null).maxAttempts(7).header("h", "1")),
                unit -> "u",
                JobRunOptions.of("count").maxAttempts(3));

        assertThat(claim().kind()).isEqualTo("marked");
        Claim own = claim();
        assertThat(own.kind()).isEqualTo("x");
        assertThat(own.maxAttempts()).isEqualTo(7);
        assertThat(own.headers()).containsEntry("h", "1");
        assertThatThrownBy(() -> runs.start("run", List.of(new Marked("a")), Marked::name, JobRunOptions.of("other")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'marked'");
        assertThatThrownBy(() -> runs.start("run", units("a"), Unit::name, JobRunOptions.defaults()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("@JobKind");
        assertThatThrownBy(() -> runs.start(
                        "run", List.of(JobRequest.of("x", null).id("own")), unit -> "u", JobRunOptions.defaults()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no id, delay or unit of its own");
    }

    @Test
    void aBulkStartIsChunkedAndTellsHowFarItIs() {
        List<Progress> heard = new ArrayList<>();

        runs.start(
                "run",
                () -> IntStream.range(0, 1050).mapToObj(i -> new Unit("u" + i)).iterator(),
                Unit::name,
                COUNT.onProgress(heard::add));

        assertThat(heard).hasSize(6).last().isEqualTo(new Progress(1050, 1050, 0, 0, 0));
        assertThat(run().expected()).isEqualTo(1050);
    }

    @Test
    void aRunHasALimitOfUnits() {
        RedisJobRuns small = new RedisJobRuns(bench.store.redis(), bench.queues.application(), 3);

        assertThatThrownBy(() -> small.start("run", units("a", "b", "c", "d"), Unit::name, COUNT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("run 'run' would have more than 3 units, which is the limit of a run");
        assertThat(runs.find("run")).isEmpty();
        assertThatThrownBy(
                        () -> small.start("run", () -> units("a", "b", "c", "d").iterator(), Unit::name, COUNT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more than 3 units");
        assertThat(small.start("run", () -> units("a", "b", "c", "c").iterator(), Unit::name, COUNT)
                        .expected())
                .isEqualTo(3);
    }

    @Test
    void aKindThatIsRoutedToAnotherQueueIsNoUnit() {
        JobRuns routed = new RedisQueues(
                        bench.connector,
                        RedisQueues.Options.defaults()
                                .withRoutes(new RedisQueues.Routes(
                                        "jobs",
                                        kind -> kind.equals("mail") ? Optional.of("mail") : Optional.empty(),
                                        List::of)))
                .queue("q")
                .runs();

        assertThatThrownBy(() -> routed.start("run", units("a"), Unit::name, JobRunOptions.of("mail")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'mail' is routed to queue 'mail'");
        assertThatThrownBy(() -> routed.start(
                        "run", units("a"), Unit::name, JobRunOptions.of("count").gather(JobRequest.of("mail", null))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no gather");
        assertThat(bench.redis.keys("*")).isEmpty();
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
    void aFullRedisRefusesAStartButNotTheEndOfWhatIsThere() {
        start("a");
        bench.redis.configSet("maxmemory", "1");
        try {
            assertThatThrownBy(() -> runs.start("other", units("b"), Unit::name, COUNT))
                    .isInstanceOf(EnqueueRefusedException.class);
            complete(1);
            assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
            complete("gathered");
            assertThat(runs.await("run", String.class, Duration.ZERO)).contains("gathered");
        } finally {
            bench.redis.configSet("maxmemory", "0");
        }
    }

    // ---- start again

    @Test
    void aRestartSkipsOutputsLeavesTheLivingAloneAndRetriesFailures() {
        runs.open("run", COUNT);
        runs.add("run", units("done", "failed", "running", "waiting"), Unit::name);
        complete(1);
        fail("boom");
        Claim running = claim();
        List<Progress> heard = new ArrayList<>();

        runs.start(
                "run", units("done", "failed", "running", "waiting", "new"), Unit::name, COUNT.onProgress(heard::add));

        assertThat(heard).containsExactly(new Progress(5, 1, 1, 1, 2));
        assertThat(run().failed()).isZero();
        assertThat(run().running()).isEqualTo(1);
        assertThat(bench.list("failed")).isEmpty();
        assertThat(bench.job(Ids.ofUnit("q", "run", "failed")))
                .containsEntry("status", "pending")
                .containsEntry("attempts", "0")
                .doesNotContainKeys("last_error", "ended", "fence");
        bench.queue.worker().complete(running, 3);
        complete(4);
        complete(2);
        complete(5);
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(runs.outputs("run", Integer.class).stream())
                .extracting(Map.Entry::getValue)
                .containsExactlyInAnyOrder(1, 2, 3, 4, 5);
        assertThat(gathers()).isEqualTo(1);
    }

    @Test
    void aCompleteRunThatIsStartedAgainStaysAsItIs() {
        start("a", "b");
        complete(1);
        complete(2);
        complete("gathered");
        Map<String, String> before = hash();

        JobRun again = start("a", "b");

        assertThat(again.state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(hash()).isEqualTo(before);
        assertThat(bench.list("pending")).isEmpty();
        assertThat(gathers()).isEqualTo(1);
    }

    @Test
    void aCompleteRunWithFailuresIsGatheredAgainAfterARestart() {
        start("a", "b");
        complete(1);
        fail("boom");
        Claim first = claim();

        start("a", "b");
        assertThat(run().state()).isEqualTo(JobRun.State.SEALED);
        assertThat(run().ended()).isNull();
        assertThat(bench.redis.ttl("queue:q:outputs:run")).isEqualTo(-1);
        complete(2);
        // the gather of the first round, which still runs, is of no concern to the second
        bench.queue.worker().complete(first, "old");

        assertThat(run().gather()).isEqualTo(JobRun.Gather.WAITING);
        Claim second = claim();
        assertThat(second.gathers()).isEqualTo("run");
        assertThat(second.id()).isNotEqualTo(first.id()).hasSize(32);
        bench.queue.worker().complete(second, "new");
        assertThat(runs.await("run", String.class, Duration.ZERO)).contains("new");
    }

    @Test
    void aGatherThatStillWaitsDoesNotRunWhenItsRunIsOpenedAnew() {
        start("a", "b");
        complete(1);
        fail("boom");
        String gather = Ids.ofGather("q", "run");
        assertThat(bench.list("pending")).containsExactly(gather);

        start("a", "b");

        assertThat(bench.job(gather))
                .containsEntry("status", "failed")
                .containsEntry("last_error", "cancelled: its run was opened anew");
        assertThat(bench.redis.pttl("queue:q:job:" + gather)).isPositive();
        complete(2);
        Claim second = claim();
        assertThat(second.gathers()).isEqualTo("run");
        assertThat(second.id()).isNotEqualTo(gather);
    }

    @Test
    void aGatherThatRunsIsToldWhenItsRunIsOpenedAnew() {
        start("a", "b");
        complete(1);
        fail("boom");
        Claim told = claim();
        assertThat(bench.store.extend(List.of(new Renewal(told, LEASE))).join()).containsExactly(Renewed.HELD);

        start("a", "b");

        assertThat(bench.store.extend(List.of(new Renewal(told, LEASE))).join()).containsExactly(Renewed.CANCELLED);
        assertThat(bench.queue.worker().release(told)).isTrue();
        assertThat(bench.job(told.id()))
                .containsEntry("status", "failed")
                .containsEntry("last_error", "cancelled: its run was opened anew");
        assertThat(bench.events.get(bench.events.size() - 1))
                .isEqualTo(new JobEvent.Failed(
                        told, FailureReason.read("cancelled: its run was opened anew"), Duration.ZERO));
        assertThat(run().state()).isEqualTo(JobRun.State.SEALED);
    }

    @Test
    void aGatherThatFailedIsTriedAgainByTheNextStart() {
        start("a");
        complete(1);
        fail("boom");
        assertThat(run().gather()).isEqualTo(JobRun.Gather.FAILED);
        List<Progress> heard = new ArrayList<>();

        JobRun again = runs.start("run", units("a"), Unit::name, COUNT.onProgress(heard::add));

        assertThat(heard).containsExactly(new Progress(1, 0, 0, 1, 0));
        assertThat(again.state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(again.gather()).isEqualTo(JobRun.Gather.WAITING);
        assertThat(again.gatherError()).isNull();
        complete("gathered");
        assertThat(runs.await("run", String.class, Duration.ZERO)).contains("gathered");
    }

    @Test
    void aUnitWhoseJobIsForgottenIsRetriedLikeAnyOther() {
        bench.close();
        bench = new Bench(
                server,
                QueueSettings.defaults()
                        .withRetry(new RetryPolicy(1, Duration.ZERO, 1, Duration.ZERO, 0))
                        .withRetention(new Retention(Duration.ZERO, 0), new Retention(Duration.ZERO, 0)));
        runs = bench.queue.runs();
        runs.open("run", COUNT);
        runs.add("run", units("a"), Unit::name);
        fail("boom");
        assertThat(bench.job(Ids.ofUnit("q", "run", "a"))).isEmpty();

        Progress again = runs.add("run", units("a"), Unit::name);

        assertThat(again).isEqualTo(new Progress(1, 0, 1, 0, 0));
        runs.seal("run");
        complete(1);
        assertThat(run().done()).isEqualTo(1);
        assertThat(run().failed()).isZero();
    }

    @Test
    void aRepeatedCallOfAddAnswersWhatItAnsweredBefore() {
        runs.open("run", COUNT);
        String[] keys = bench.store.keys().withCall("call");
        Script add = Script.of(io.lettuce.core.ScriptOutputType.VALUE, "runs/add");
        String[] args = {"15000", "run", "add", "10", "1000", "a", Ids.ofUnit("q", "run", "a"), "count", "{}", "", ""};

        String first = bench.store
                .<String>command(redis -> add.call(redis, keys, args))
                .join();
        fail("boom");
        String second = bench.store
                .<String>command(redis -> add.call(redis, keys, args))
                .join();

        assertThat(first).isEqualTo(":C");
        assertThat(second).isEqualTo(":C");
        assertThat(run().failed()).isEqualTo(1);
        assertThat(bench.list("pending")).isEmpty();
    }

    // ---- open, add, seal

    @Test
    void anOpenRunDoesNotEndBeforeItIsSealed() {
        runs.open("run", COUNT);
        runs.add("run", units("a"), Unit::name);
        complete(1);
        assertThat(run().state()).isEqualTo(JobRun.State.OPEN);
        runs.add("run", units("b"), Unit::name);
        complete(2);

        JobRun sealed = runs.seal("run");

        assertThat(sealed.state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(ends()).hasSize(1);
        assertThatThrownBy(() -> runs.add("run", units("c"), Unit::name))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("run 'run' is completed and takes no units");
        assertThatThrownBy(() -> runs.add("nobody", units("c"), Unit::name))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was not started");
        assertThatThrownBy(() -> runs.seal("nobody")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aSealedRunCanBeOpenedAnew() {
        start("a");

        assertThat(runs.open("run", COUNT).state()).isEqualTo(JobRun.State.OPEN);
        complete(1);

        assertThat(run().state()).isEqualTo(JobRun.State.OPEN);
        assertThat(runs.seal("run").state()).isEqualTo(JobRun.State.COMPLETED);
    }

    // ---- the cache beside it

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
    void aJobThatStillWaitsOfARunThatIsGoneTakesThePayloadOfTheNewOne() {
        JobRunOptions quick = COUNT.policy(GatherPolicy.share(0.1));
        runs.start("run", units("c", "a", "b"), Unit::name, quick.maxAttempts(9));
        complete(1);
        bench.redis.lrem("queue:q:pending", 1, Ids.ofGather("q", "run"));
        bench.redis.rpush("queue:q:pending", Ids.ofGather("q", "run"));
        complete("gathered");
        bench.queue.outputs().evict("run");
        String delayed = Ids.ofUnit("q", "run", "b");
        bench.redis.lrem("queue:q:pending", 1, delayed);
        bench.redis.zadd("queue:q:delayed", 4e12, delayed);
        bench.redis.hset("queue:q:job:" + delayed, "status", "scheduled");

        runs.start("run", List.of("a", "b"), unit -> unit, unit -> Map.of("new", unit), COUNT);

        assertThat(bench.list("pending")).containsExactly(delayed, Ids.ofUnit("q", "run", "a"));
        assertThat(bench.redis.zcard("queue:q:delayed")).isZero();
        for (String unit : List.of("a", "b")) {
            Claim claim = claim();
            assertThat(claim.payload().as(Map.class)).containsEntry("new", unit).doesNotContainKey("name");
            assertThat(claim.maxAttempts()).isZero();
            bench.queue.worker().complete(claim, unit);
        }
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
    }

    @Test
    void aJobThatStillRunsOfARunThatIsGoneDoesNotEndAUnitOfTheNewOne() {
        runs.start("run", units("a", "b"), Unit::name, COUNT.policy(GatherPolicy.share(0.5)));
        Claim old = claim();
        complete(1);
        complete("gathered");
        bench.queue.outputs().evict("run");

        runs.start("run", List.of("a"), unit -> unit, unit -> Map.of("new", unit), COUNT);
        runs.start("run", List.of("a"), unit -> unit, unit -> Map.of("new", unit), COUNT);
        bench.queue.worker().complete(old, "old");

        assertThat(run().missing()).isEqualTo(1);
        assertThat(bench.list("pending")).hasSize(1);
        Claim claim = claim();
        assertThat(Objects.requireNonNull(claim.unit()).unitId()).isEqualTo("a");
        assertThat(claim.payload().as(Map.class)).containsEntry("new", "a");
        bench.queue.worker().complete(claim, "new");
        assertThat(runs.outputs("run", String.class).get("a")).contains("new");
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
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

    // ---- policies

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
    void aShareIsEnoughAndWhatComesLaterIsLate() {
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

    // ---- crashes, zombies, purges

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

        assertThat(bench.redis.hget("queue:q:failures:run", "a")).startsWith("lost");
        assertThat(ends()).hasSize(1);
        assertThat(claim().gathers()).isEqualTo("run");
    }

    @Test
    void aUnitWhoseJobVanishedIsFoundByTheSweep() {
        start("a");
        bench.redis.del("queue:q:job:" + Ids.ofUnit("q", "run", "a"));

        tend();

        assertThat(bench.redis.hget("queue:q:failures:run", "a")).startsWith("lost");
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
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

    // ---- guide clients

    private void guideFinish(String unit, String status, Map<String, String> more) {
        String id = Ids.ofUnit("q", "run", unit);
        bench.redis.lrem("queue:q:pending", 1, id);
        bench.redis.hset("queue:q:job:" + id, "status", status);
        bench.redis.hset("queue:q:job:" + id, more);
        bench.redis.lpush("queue:q:" + status, id);
        bench.redis.expire("queue:q:job:" + id, 300);
        bench.redis.publish("queue:q:events", "{\"id\": \"" + id + "\", \"status\": \"" + status + "\"}");
    }

    @Test
    void theSweepFindsWhatGuideClientsFinished() {
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
    void theChannelTellsWhatGuideClientsFinished() {
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
    void nobodyListensToTheChannelWhenNobodyTendsAnyMore() {
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

    @Test
    void aRestartTakesWhatAGuideClientFinishedAsDone() {
        start("a");
        guideFinish("a", "completed", Map.of("result", "{\"n\":1}"));
        List<Progress> heard = new ArrayList<>();

        JobRun again = runs.start("run", units("a"), Unit::name, COUNT.onProgress(heard::add));

        assertThat(heard).containsExactly(new Progress(1, 0, 0, 1, 0));
        assertThat(again.state()).isEqualTo(JobRun.State.COMPLETED);
    }

    @Test
    void whatOurOwnWorkerCompletedIsDoneAgainWhenItsOutputIsGone() {
        start("a", "b");
        complete(42);
        bench.redis.del("queue:q:outputs:run");

        start("a", "b");

        assertThat(run().missing()).isEqualTo(2);
        assertThat(bench.list("completed")).isEmpty();
        complete(1);
        complete(42);
        assertThat(runs.outputs("run", Integer.class).get("a")).contains(42);
        assertThat(run().state()).isEqualTo(JobRun.State.COMPLETED);
    }

    @Test
    void theSweepTellsThatAnOutputIsGone() {
        start("a");
        runs.open("run", COUNT);
        complete(42);
        bench.redis.del("queue:q:outputs:run");

        tend();

        assertThat(bench.redis.hget("queue:q:failures:run", "a")).isEqualTo("lost: its output is gone");
    }

    // ---- cancel

    @Test
    void cancelTakesWaitingUnitsAwayAndTellsRunningOnes() {
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
    void cancelledUnitsDoNotHoldUpWhatIsBehindThem() {
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
        String[] keys = bench.store.keys().withCall("call");
        bench.store
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
    void aRepeatedCallOfCancelAnswersWhatItAnsweredBefore() {
        start("a", "b");
        String[] keys = bench.store.keys().withCall("call");
        Script cancel = Script.of(io.lettuce.core.ScriptOutputType.MULTI, "runs/cancel");
        String[] args = {"run", "", "15000"};

        List<Object> first = bench.store
                .<List<Object>>command(redis -> cancel.call(redis, keys, args))
                .join();
        List<Object> second = bench.store
                .<List<Object>>command(redis -> cancel.call(redis, keys, args))
                .join();
        start("a", "b");
        List<Object> third = bench.store
                .<List<Object>>command(redis -> cancel.call(redis, keys, args))
                .join();

        assertThat(first).isEqualTo(List.of(1L, "1", 0L, List.of("run", "cancelled")));
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

    // ---- look, await

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
    void aListCountsRunningUnitsInOnePassOverTheClaims() {
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
        assertThat(all.stream().mapToLong(JobRun::running).sum()).isEqualTo(61);
        assertThat(runs.find("run0").orElseThrow().running()).isEqualTo(2);
        assertThat(runs.find("run59").orElseThrow().running()).isZero();
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
    void awaitWaitsOutAServerThatAnswersWithErrorsForATime() {
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
    void awaitTellsThatTheGatherFailed() {
        start();
        fail("boom");

        assertThatThrownBy(() -> runs.await("run", Map.class, Duration.ofSeconds(5)))
                .isInstanceOf(JobRunException.class)
                .hasMessage("the gather job of run 'run' failed: boom");
        assertThat(run().gatherError()).isEqualTo("boom");
        assertThatThrownBy(() -> runs.await("nobody", Map.class, Duration.ZERO)).isInstanceOf(JobRunException.class);
    }

    @Test
    void theLifecycleChannelTellsOfEnds() {
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
    void aRunWhoseTimeIsOverIsForgottenByTheSweepBeforeItsKeysExpire() {
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
    void whatAWaitingGatherIsToReadStaysHoweverLongNobodySweeps() {
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
    void aRunWhoseGatherJobVanishedIsForgottenInTheEnd() {
        start();
        bench.redis.del("queue:q:job:" + Ids.ofGather("q", "run"));

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

    // ---- early outputs, steps

    @Test
    void earlyOutputsAreKeptApartAndFenced() {
        start("a");
        Claim zombie = claim();
        assertThat(bench.store.putOutput(zombie, "1").join()).isTrue();
        assertThat(bench.queue.outputs().early("run", "a", Integer.class)).contains(1);
        assertThat(bench.queue.outputs().streamEarly("run", Integer.class)).containsExactly(Map.entry("a", 1));
        assertThat(run().done()).isZero();
        await().until(() -> !bench.queue.worker().reclaimStuck().isEmpty());
        Claim owner = claim();
        bench.store.putOutput(owner, "2").join();

        assertThat(bench.store.putOutput(zombie, "3").join()).isFalse();

        assertThat(bench.queue.outputs().early("run", "a", Integer.class)).contains(2);
        bench.queue.worker().complete(owner, 4);
        assertThat(bench.queue.outputs().early("run", "a", Integer.class)).isEmpty();
        assertThat(bench.store.putOutput(owner, "5").join()).isFalse();
    }

    @Test
    void stepsAreFencedAndRememberedWithTheirJob() {
        start("a");
        Claim zombie = claim();
        assertThat(bench.store.putStep(zombie, "fetch", "1").join()).isTrue();
        await().until(() -> !bench.queue.worker().reclaimStuck().isEmpty());
        Claim owner = claim();

        assertThat(bench.store.putStep(zombie, "fetch", "2").join()).isFalse();

        assertThat(bench.store.findStep(owner, "fetch").join().orElseThrow().text())
                .isEqualTo("1");
        assertThat(bench.store.findStep(owner, "other").join()).isEmpty();
        bench.queue.worker().fail(owner, "boom");
        complete("gathered");
        start("a");
        assertThat(bench.store.findStep(claim(), "fetch").join()).isPresent();
    }

    @Test
    void aJobThatGetsAnotherPayloadForgetsItsSteps() {
        start("a");
        Claim claim = claim();
        bench.store.putStep(claim, "fetch", "1").join();
        bench.queue.worker().fail(claim, "boom");

        runs.start("run", List.of(Map.of("other", 1)), unit -> "a", COUNT);

        assertThat(bench.store.findStep(claim(), "fetch").join()).isEmpty();
    }
}
