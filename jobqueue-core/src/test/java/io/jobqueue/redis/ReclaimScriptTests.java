package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import java.time.Duration;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The state of Redis after a sweep has reclaimed jobs. */
class ReclaimScriptTests extends TransitionTestBase {

    @Test
    void reclaimedJobsReturnOldestFirst() {
        enqueue("one", "two", "three");
        bench.store.claim(3).join();
        leaseRunsOut();

        assertThat(bench.queue.worker().reclaimStuck()).containsExactlyInAnyOrder("one", "two", "three");

        assertThat(bench.queue.admin().list(JobStatus.PENDING, 0, 10))
                .extracting(JobSnapshot::id)
                .containsExactly("one", "two", "three");
        assertThat(bench.job("one"))
                .containsEntry("status", "pending")
                .containsEntry("crashes", "1")
                .containsEntry("claim_token", "")
                .containsEntry("claimed_at_ms", "0");
        assertThat(bench.list("wake")).hasSize(1);
    }

    @Test
    void aReclaimedJobCannotBeSettledByItsFirstWorker() {
        enqueue("one");
        Claim first = claim();
        leaseRunsOut();
        bench.queue.worker().reclaimStuck();
        Claim second = claim();

        assertThat(bench.queue.worker().complete(first, null)).isFalse();
        assertThat(bench.queue.worker().fail(first, "late")).isFalse();
        assertThat(bench.queue.worker().release(first)).isFalse();
        assertThat(bench.queue.worker().extend(first, LEASE)).isFalse();
        assertThat(bench.queue.worker().complete(second, null)).isTrue();
        assertThat(second.fence()).isGreaterThan(first.fence());
    }

    @Test
    void s11AJobThatLosesTooManyWorkersBecomesADeadLetterInTheSweepItself() {
        enqueue("one");
        for (int crash = 0; crash < 3; crash++) {
            claim();
            leaseRunsOut();
            assertThat(bench.queue.worker().reclaimStuck()).hasSize(1);
        }
        claim();
        leaseRunsOut();

        assertThat(bench.queue.worker().reclaimStuck()).isEmpty();

        assertThat(bench.list("failed")).containsExactly("one");
        assertThat(bench.job("one").get("last_error")).startsWith("worker-died: 4 of its workers fell silent");
        assertThat(bench.events).anyMatch(event -> event instanceof JobEvent.WorkerDied);
    }

    @Test
    void aJobThatMayBeTriedOnlyOnceIsNotTriedAgainAfterACrash() {
        bench.queue.enqueue(JobRequest.of("charge", null).id("one").maxAttempts(1));
        claim();
        leaseRunsOut();

        assertThat(bench.queue.worker().reclaimStuck()).isEmpty();
        assertThat(bench.list("failed")).containsExactly("one");
    }

    @Test
    void aGuideClientsClaimThatIsNotStampedYetGetsOneLeaseFromWhenWeFirstSawIt() {
        bench.guideEnqueue("one", "{\"kind\":\"email\"}");
        bench.redis.lmove("queue:q:pending", "queue:q:processing", io.lettuce.core.LMoveArgs.Builder.rightLeft());

        assertThat(bench.queue.worker().reclaimStuck()).isEmpty();
        leaseRunsOut();
        assertThat(bench.queue.worker().reclaimStuck()).containsExactly("one");
    }

    @Test
    void s15ASweepOfManyGoesPageByPage() {
        String[] ids = IntStream.range(0, 450).mapToObj(i -> "id-" + i).toArray(String[]::new);
        enqueue(ids);
        for (int i = 0; i < 5; i++) {
            bench.store.claim(100).join();
        }
        leaseRunsOut();

        Sweep.Page first = Sweep.pageAtOnce(bench.store.redis(), true).join();
        assertThat(first.reclaimed()).hasSize(100);
        assertThat(first.more()).isTrue();
        while (Sweep.pageAtOnce(bench.store.redis(), false).join().more()) {
            assertThat(bench.list("processing")).doesNotContain("");
        }

        assertThat(bench.list("processing")).isEmpty();
        assertThat(bench.queue.stats().reclaimedTotal()).isEqualTo(450);
    }

    @Test
    void afterAGapTheBackgroundSweepHoldsBackForOneLease() {
        Duration period = Duration.ofMillis(30);
        enqueue("one");
        claim();
        leaseRunsOut();

        assertThat(bench.sweep(period).reclaimed())
                .as("the first sweep ever is after a gap")
                .isEmpty();
        await().pollInterval(Duration.ofMillis(20))
                .untilAsserted(() -> assertThat(bench.sweep(period).reclaimed()).containsExactly("one"));
    }

    @Test
    void aSweepWithNothingDueLeavesTheListAlone() {
        Duration period = Duration.ofSeconds(10);
        bench.sweep(period);
        leaseRunsOut();
        bench.sweep(period);
        enqueue("one");
        Claim claim = claim();
        bench.queue.worker().extend(claim, Duration.ofMinutes(1));
        await().untilAsserted(() -> {
            bench.sweep(period);
            assertThat(Long.parseLong(bench.redis.hget("queue:q:meta", "next_sweep")))
                    .isGreaterThan(System.currentTimeMillis());
        });

        assertThat(bench.sweep(period).events()).isEmpty();
    }

    @Test
    void aGuideClientWhoseClockIsAheadLosesItsClaimOneLeaseAfterWeFirstSawIt() {
        bench.guideEnqueue("one", "{\"kind\":\"email\"}");
        bench.redis.lmove("queue:q:pending", "queue:q:processing", io.lettuce.core.LMoveArgs.Builder.rightLeft());
        bench.redis.hset(
                "queue:q:job:one",
                Map.of(
                        "status",
                        "processing",
                        "claim_token",
                        "theirs",
                        "claimed_at_ms",
                        "9000000000000",
                        "attempts",
                        "1"));

        assertThat(bench.queue.worker().reclaimStuck()).isEmpty();
        leaseRunsOut();
        assertThat(bench.queue.worker().reclaimStuck()).containsExactly("one");
    }
}
