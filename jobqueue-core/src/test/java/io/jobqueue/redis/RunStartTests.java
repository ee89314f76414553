package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jobqueue.Claim;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.GatherPolicy;
import io.jobqueue.JobKind;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRunOptions.Progress;
import io.jobqueue.JobRuns;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How a run is started: its units, their jobs, and what is refused. */
@RedisServer
class RunStartTests extends RunFixture {

    @Test
    void aStartedRunHasUnitsAndJobsAndNoTimeToLive() {
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
    void twoUnitsOfOneNameAreOne() {
        assertThat(start("a", "a", "b", "a").expected()).isEqualTo(2);
        assertThat(bench.list("pending")).hasSize(2);
    }

    record Read(String path) {

        String name() {
            return path.substring(path.lastIndexOf('/') + 1);
        }
    }

    @Test
    void twoUnitsOfOneNameWithDifferentPayloadsAreRefused() {
        List<Read> files = List.of(new Read("a/readme.md"), new Read("a/other.md"), new Read("b/readme.md"));

        assertThatThrownBy(() -> runs.start("run", files, Read::name, COUNT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "run 'run' has two units named 'readme.md' with different payloads: the units 1 and 3 of this call; name units by something that no two of them share, for example the whole path of a file");
        assertThat(run().state()).isEqualTo(JobRun.State.OPEN);
        assertThat(runs.start("run", files, Read::path, COUNT).expected()).isEqualTo(3);
    }

    @Test
    void twoUnitsOfOneNameAreFoundHoweverFarApartTheyAre() {
        List<Read> files = new ArrayList<>(
                IntStream.range(0, 5000).mapToObj(i -> new Read("a/" + i)).toList());
        assertThat(runs.start("good", files, Read::name, COUNT).expected()).isEqualTo(5000);
        files.add(new Read("b/17"));

        assertThatThrownBy(() -> runs.start("bad", files, Read::name, COUNT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two units named '17' with different payloads: the units 18 and 5,001");
    }

    @Test
    void aRestartMayGiveAUnitAnotherPayload() {
        runs.start("run", List.of(new Read("a/readme.md")), Read::name, COUNT);

        assertThat(runs.start("run", List.of(new Read("b/readme.md")), Read::name, COUNT)
                        .expected())
                .isEqualTo(1);
    }

    @JobKind("page")
    sealed interface Page permits Cover {}

    record Cover(String name) implements Page {}

    @Test
    void theKindOnASealedInterfaceCountsForItsUnits() {
        runs.start("run", List.of(new Cover("a")), Cover::name, JobRunOptions.defaults());

        assertThat(claim().kind()).isEqualTo("page");
        assertThatThrownBy(() -> runs.start("other", List.of(new Cover("a")), Cover::name, JobRunOptions.of("text")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'page'")
                .hasMessageContaining("'text'");
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
    void aLargeStartIsSplitAndReportsItsProgress() {
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

    @Test
    void aReplayedAddReturnsItsFirstReply() {
        runs.open("run", COUNT);
        String[] keys = bench.store.redis().keys().withCall("call");
        Script add = Script.of(io.lettuce.core.ScriptOutputType.VALUE, "runs/add");
        String[] args = {"15000", "run", "add", "10", "1000", "a", Ids.ofUnit("q", "run", "a"), "count", "{}", "", ""};

        String first = bench.store
                .redis()
                .<String>command(redis -> add.call(redis, keys, args))
                .join();
        fail("boom");
        String second = bench.store
                .redis()
                .<String>command(redis -> add.call(redis, keys, args))
                .join();

        assertThat(first).isEqualTo(":C");
        assertThat(second).isEqualTo(":C");
        assertThat(run().failed()).isEqualTo(1);
        assertThat(bench.list("pending")).isEmpty();
    }

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
                .hasMessage("run 'run' is completed and accepts no units");
        assertThatThrownBy(() -> runs.add("nobody", units("c"), Unit::name))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was not started");
        assertThatThrownBy(() -> runs.seal("nobody")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aSealedRunCanBeOpenedAgain() {
        start("a");

        assertThat(runs.open("run", COUNT).state()).isEqualTo(JobRun.State.OPEN);
        complete(1);

        assertThat(run().state()).isEqualTo(JobRun.State.OPEN);
        assertThat(runs.seal("run").state()).isEqualTo(JobRun.State.COMPLETED);
    }

    @Test
    void aWaitingJobOfARemovedRunTakesThePayloadOfTheNewRun() {
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
}
