package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.jobqueue.Claim;
import io.jobqueue.JobAdmin;
import io.jobqueue.JobEvent;
import io.jobqueue.JobExplanation;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueStats;
import io.jobqueue.worker.JobStore.Claims;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** One kind of a queue that operators pause and resume; {@code JobStoreContract} has the order of its jobs. */
class KindPauseTests extends TransitionTestBase {

    private JobAdmin admin() {
        return bench.queue.admin();
    }

    private List<String> claimIds(int max) {
        return bench.store.claim(max).join().jobs().stream().map(Claim::id).toList();
    }

    private void report(String id) {
        bench.queue.enqueue(JobRequest.of("report", null).id(id));
    }

    @Test
    void aPauseHoldsForEveryProcessAndOutlivesTheOneThatPaused() {
        enqueue("a");
        report("r");
        bench.queue.on("other").enqueue(JobRequest.of("email", null).id("elsewhere"));
        try (Bench another = new Bench(server)) {
            another.queue.admin().pauseKind("email");
            assertThat(another.events).containsExactly(new JobEvent.KindPaused("q", "email"));
        }

        assertThat(claimIds(10)).containsExactly("r");
        assertThat(bench.queue.on("other").worker().claim(Duration.ZERO)).isPresent();

        admin().resumeKind("email");
        assertThat(bench.events).contains(new JobEvent.KindResumed("q", "email"));
        assertThat(claim().id()).isEqualTo("a");
    }

    @Test
    void statsTellSinceWhenAndByWhomAKindIsPausedAndHowManyJobsAreHeld() {
        enqueue("a", "b");
        bench.queue.enqueue(JobRequest.of("report", null).id("later").delay(Duration.ofHours(1)));
        assertThat(bench.queue.stats().pausedKinds()).isEmpty();

        admin().pauseKind("email");
        claimIds(1);
        QueueStats stats = bench.queue.stats();
        admin().pauseKind("email");

        assertThat(stats.pausedKinds()).singleElement().satisfies(kind -> {
            assertThat(kind.kind()).isEqualTo("email");
            assertThat(kind.by()).contains("@");
            assertThat(kind.since()).isNotNull();
            assertThat(kind.held()).isEqualTo(2);
        });
        assertThat(stats.heldDepth()).isEqualTo(2);
        assertThat(stats.delayedDepth()).isEqualTo(1);
        assertThat(stats.pendingDepth()).isZero();
        assertThat(bench.queue.stats()).isEqualTo(stats);

        admin().resumeKind("email");
        assertThat(bench.queue.stats().pausedKinds()).isEmpty();
        assertThat(bench.queue.stats().heldDepth()).isEqualTo(2);
        assertThat(claimIds(10)).containsExactly("a", "b");
        assertThat(bench.queue.stats().heldDepth()).isZero();
        assertThat(bench.redis.hget("queue:q:meta", "paused_kinds")).isNull();
    }

    @Test
    void anExplanationTellsThatTheKindIsPausedAndThePlaceOfAHeldJob() {
        report("other");
        enqueue("a", "b");
        admin().pauseKind("email");

        assertThat(bench.queue.explain("b").orElseThrow().sentence())
                .contains("waits, at place 3 of 3; the kind is paused since ");
        assertThat(bench.queue.explain("other").orElseThrow().pausedKind()).isNull();
        claimIds(10);

        JobExplanation held = bench.queue.explain("b").orElseThrow();
        assertThat(held.position()).isEqualTo(2);
        assertThat(held.ofAll()).isEqualTo(2);
        assertThat(held.nextAt()).isNull();
        assertThat(held.pausedKind())
                .isEqualTo(bench.queue.stats().pausedKinds().get(0));
        assertThat(held.sentence())
                .startsWith(
                        "The job of kind 'email' is held, at place 2 of 2 jobs of its kind; the kind is paused since ")
                .contains(" by " + held.pausedKind().by());

        admin().resumeKind("email");
        assertThat(bench.queue.explain("b").orElseThrow().sentence())
                .isEqualTo(
                        "The job of kind 'email' is held, at place 2 of 2 jobs of its kind; a free worker claims it in that order");
    }

    @Test
    void jobsOfGuideClientsAreHeldByTheKindInTheirPayload() {
        bench.guideEnqueue("a", "{\"kind\":\"email\"}");
        bench.guideEnqueue("b", "no JSON");
        bench.guideEnqueue("c", "[1]");
        admin().pauseKind("email");

        assertThat(claimIds(10)).containsExactly("b", "c");

        admin().resumeKind("email");
        assertThat(claimIds(10)).containsExactly("a");
    }

    @Test
    void aLongLineOfAPausedKindIsPassedInStepsAndComesBackInOrder() {
        List<String> ids = IntStream.range(0, 1200).mapToObj(i -> "job-" + i).toList();
        enqueue(ids.toArray(String[]::new));
        report("behind");
        admin().pauseKind("email");

        int calls = 0;
        Claims claims;
        do {
            claims = bench.store.claim(5).join();
            calls++;
        } while (claims.jobs().isEmpty() && claims.more());
        assertThat(claims.jobs()).extracting(Claim::id).containsExactly("behind");
        assertThat(calls).isEqualTo(3);

        admin().resumeKind("email");
        List<String> back = new ArrayList<>();
        do {
            claims = bench.store.claim(100).join();
            claims.jobs().forEach(job -> back.add(job.id()));
        } while (claims.more());
        assertThat(back).isEqualTo(ids);
    }

    @Test
    void kindsArePausedApartFromEachOther() {
        enqueue("a", "b");
        report("r1");
        report("r2");
        bench.queue.enqueue(JobRequest.of("third", null).id("t"));
        admin().pauseKind("email");
        admin().pauseKind("report");
        assertThat(claimIds(10)).containsExactly("t");

        admin().resumeKind("report");
        assertThat(claimIds(1)).containsExactly("r1");
        admin().resumeKind("email");
        assertThat(claimIds(1)).hasSize(1);
        admin().pauseKind("report");
        List<String> rest = new ArrayList<>();
        Claims claims;
        do {
            claims = bench.store.claim(10).join();
            claims.jobs().forEach(job -> rest.add(job.id()));
        } while (claims.more());
        assertThat(rest).contains("b");

        admin().resumeKind("report");
        claimIds(10);
        assertThat(bench.queue.stats().heldDepth()).isZero();
        assertThat(bench.queue.stats().processingDepth()).isEqualTo(5);
    }

    @Test
    void aReclaimedAndADueJobOfAPausedKindAreHeld() {
        enqueue("a");
        claim();
        bench.queue.enqueue(JobRequest.of("email", null).id("due").delay(Duration.ofMillis(1)));
        admin().pauseKind("email");
        leaseRunsOut();

        assertThat(bench.queue.worker().reclaimStuck()).containsExactly("a");
        assertThat(claimIds(10)).isEmpty();
        assertThat(bench.queue.stats().heldDepth()).isEqualTo(2);

        admin().resumeKind("email");
        assertThat(claimIds(10)).containsExactly("a", "due");
        assertThat(bench.queue.find("a").orElseThrow().attempts()).isEqualTo(2);
    }

    @Test
    void heldJobsAreListedPurgedAndCancelledAsScheduledOnes() {
        enqueue("a", "b", "c");
        admin().pauseKind("email");
        claimIds(10);

        assertThat(admin().list(JobStatus.SCHEDULED, 0, 10))
                .extracting(JobSnapshot::id)
                .containsExactly("a", "b", "c");
        assertThat(bench.queue.cancel("b")).isTrue();
        assertThat(admin().list(JobStatus.SCHEDULED, 0, 10)).hasSize(2);
        assertThat(admin().purge(JobStatus.SCHEDULED)).isEqualTo(2);

        admin().resumeKind("email");
        assertThat(claimIds(10)).isEmpty();
        assertThat(bench.redis.hget("queue:q:meta", "paused_kinds")).isNull();
    }

    @Test
    void aQueueWhoseOnlyJobsAreHeldIsIdleAndAWaitingWorkerWakesAtTheResume() {
        enqueue("a");
        admin().pauseKind("email");
        Claims claims = bench.store.claim(1).join();
        assertThat(claims.nextDue()).isNull();
        assertThat(claims.more()).isFalse();
        assertThat(bench.list("wake")).isEmpty();
        var waiting = bench.queue.worker().claimAsync(Duration.ofSeconds(20));

        admin().resumeKind("email");

        assertThat(waiting.join()).map(Claim::id).contains("a");
    }

    @Test
    void theAuditLeavesHeldJobsAlone() {
        enqueue("a", "b");
        admin().pauseKind("email");
        claimIds(10);

        for (int i = 0; i < 5; i++) {
            assertThat(bench.audit().events()).isEmpty();
        }
        assertThat(bench.queue.stats().repairedTotal()).isZero();
    }

    @Test
    void aClaimWithoutAPausedKindWritesNothingMore() {
        enqueue("a");
        bench.redis.configResetstat();
        claimIds(1);
        assertThat(bench.redis.info("commandstats")).doesNotContain("cmdstat_zcount", "cmdstat_zrangebyscore");
    }

    @Test
    void aBadKindIsRefusedAndTheHundredAndFirstPauseToo() {
        assertThatIllegalArgumentException().isThrownBy(() -> admin().pauseKind("a\tb"));
        for (int i = 0; i < 100; i++) {
            admin().pauseKind("kind " + i);
        }
        admin().pauseKind("kind 7");

        assertThatIllegalStateException()
                .isThrownBy(() -> admin().pauseKind("one more"))
                .withMessageContaining("too many kinds");
        admin().resumeKind("kind 50");
        admin().pauseKind("one more");
        assertThat(bench.queue.stats().pausedKinds()).hasSize(100);
    }

    /** The example of docs/features/pause.md. */
    @Test
    void theExampleOfTheDocumentationWorks() {
        // example begins
        JobAdmin admin = bench.queue.admin();
        admin.pauseKind("email");
        for (QueueStats.PausedKind kind : bench.queue.stats().pausedKinds()) {
            System.out.println(kind.kind() + " is paused since " + kind.since() + " by " + kind.by());
        }
        admin.resumeKind("email");
        // example ends

        assertThat(bench.queue.stats().pausedKinds()).isEmpty();
    }
}
