package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions.Progress;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.JobStore.Renewal;
import io.jobqueue.worker.JobStore.Renewed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What happens when a run is started again. */
@RedisServer
class RunRestartTests extends RunFixture {

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
        assertThat(run().claimed()).isEqualTo(1);
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
    void startingACompletedRunAgainChangesNothing() {
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
    void aWaitingGatherJobDoesNotRunWhenItsRunIsOpenedAgain() {
        start("a", "b");
        complete(1);
        fail("boom");
        String gather = Ids.ofGather("q", "run");
        assertThat(bench.list("pending")).containsExactly(gather);

        start("a", "b");

        assertThat(bench.job(gather))
                .containsEntry("status", "failed")
                .containsEntry("last_error", "cancelled: its run was opened anew");
        assertThat(bench.redis.pttl("queue:q:job:" + gather)).isEqualTo(-1); // its id still waits
        complete(2);
        Claim second = claim();
        assertThat(bench.redis.pttl("queue:q:job:" + gather)).isPositive();
        assertThat(second.gathers()).isEqualTo("run");
        assertThat(second.id()).isNotEqualTo(gather);
    }

    @Test
    void aRunningGatherJobIsCancelledWhenItsRunIsOpenedAgain() {
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
    void aRestartAcceptsUnitsThatAGuideClientFinished() {
        start("a");
        guideFinish("a", "completed", Map.of("result", "{\"n\":1}"));
        List<Progress> heard = new ArrayList<>();

        JobRun again = runs.start("run", units("a"), Unit::name, COUNT.onProgress(heard::add));

        assertThat(heard).containsExactly(new Progress(1, 0, 0, 1, 0));
        assertThat(again.state()).isEqualTo(JobRun.State.COMPLETED);
    }

    @Test
    void aCompletedUnitRunsAgainWhenItsOutputIsGone() {
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
}
