package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobAdmin;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.QueueStats;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A queue that operators pause and resume. */
class PauseTests extends TransitionTestBase {

    private JobAdmin admin() {
        return bench.queue.admin();
    }

    @Test
    void aPauseHoldsForEveryProcessAndAnotherQueueGoesOn() {
        enqueue("a");
        bench.queue.on("other").enqueue(JobRequest.of("email", null).id("b"));
        try (Bench another = new Bench(server)) {
            another.queue.admin().pause();

            assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();
            assertThat(bench.queue.on("other").worker().claim(Duration.ZERO)).isPresent();
            assertThat(another.events).containsExactly(new JobEvent.Paused("q"));
        }
        // the process that paused the queue is gone
        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();

        admin().resume();
        assertThat(claim().id()).isEqualTo("a");
    }

    @Test
    void aWaitingWorkerGetsItsJobAsSoonAsTheQueueIsResumed() {
        admin().pause();
        enqueue("a");
        var waiting = bench.queue.worker().claimAsync(Duration.ofSeconds(20));
        enqueue("b");
        assertThat(bench.list("pending")).hasSize(2);
        assertThat(waiting).isNotDone();

        long begun = System.nanoTime();
        admin().resume();

        await().until(waiting::isDone);
        assertThat(waiting.join()).map(claim -> claim.id()).isEqualTo(Optional.of("a"));
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(1));
    }

    @Test
    void statsTellSinceWhenTheQueueIsPausedAndByWhichProcess() {
        assertThat(bench.queue.stats().pausedSince()).isNull();

        admin().pause();
        Instant since = bench.queue.stats().pausedSince();
        admin().pause();

        assertThat(since).isNotNull().isBeforeOrEqualTo(Instant.now().plusSeconds(5));
        assertThat(bench.queue.stats().pausedSince()).isEqualTo(since);
        assertThat(bench.queue.stats().pausedBy())
                .isEqualTo(ManagementFactory.getRuntimeMXBean().getName());
        admin().resume();
        admin().resume();
        assertThat(bench.queue.stats().pausedSince()).isNull();
        assertThat(bench.queue.stats().pausedBy()).isNull();
    }

    @Test
    void aCrashedWorkersJobIsReclaimedDuringAPauseAndRunsAfterIt() {
        enqueue("a");
        claim();
        admin().pause();
        leaseRunsOut();

        assertThat(bench.queue.worker().reclaimStuck()).containsExactly("a");
        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();

        admin().resume();
        assertThat(claim().attempt()).isEqualTo(2);
    }

    @Test
    void aRunThatEndsDuringAPauseIsGatheredAfterIt() {
        bench.queue.runs().start("run", RunFixture.units("u"), RunFixture.Unit::name, RunFixture.COUNT);
        var unit = claim();
        admin().pause();

        bench.queue.worker().complete(unit, "out");
        assertThat(bench.queue.runs().find("run").orElseThrow().gather()).isEqualTo(JobRun.Gather.WAITING);
        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();

        admin().resume();
        assertThat(claim().gathers()).isEqualTo("run");
    }

    @Test
    void aPausedClaimWritesNothing() {
        enqueue("a");
        admin().pause();
        bench.redis.del("queue:q:wake");
        bench.redis.configResetstat();

        assertThat(bench.store.claim(10).join().jobs()).isEmpty();

        String writes = bench.redis.info("commandstats");
        assertThat(writes)
                .doesNotContain("cmdstat_hset", "cmdstat_ltrim", "cmdstat_zrem", "cmdstat_lpush", "cmdstat_hdel");
    }

    /** The example of docs/features/pause.md. */
    @Test
    void theExampleOfTheDocumentationWorks() {
        // example begins
        JobAdmin admin = bench.queue.admin();
        admin.pause();
        QueueStats stats = bench.queue.stats();
        if (stats.pausedSince() != null) {
            System.out.println("paused since " + stats.pausedSince() + " by " + stats.pausedBy() + ", "
                    + stats.pendingDepth() + " jobs wait");
        }
        admin.resume();
        // example ends

        assertThat(stats.pausedSince()).isNotNull();
        assertThat(bench.queue.stats().pausedSince()).isNull();
    }
}
