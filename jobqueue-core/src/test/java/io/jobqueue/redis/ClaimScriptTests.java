package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.worker.JobStore.Claims;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The state of Redis after a claim. */
class ClaimScriptTests extends TransitionTestBase {

    @Test
    void aClaimPopsAndStampsInOneStep() {
        enqueue("one");

        Claim claim = claim();

        assertThat(bench.list("pending")).isEmpty();
        assertThat(bench.list("processing")).containsExactly("one");
        Map<String, String> job = bench.job("one");
        assertThat(job)
                .containsEntry("status", "processing")
                .containsEntry("claim_token", claim.token())
                .containsEntry("attempts", "1")
                .containsEntry("fence", "1")
                .containsEntry("started_at_ms", job.get("claimed_at_ms"));
        long claimedAt = Long.parseLong(job.get("claimed_at_ms"));
        assertThat(job.get("lease")).isEqualTo(claim.token() + ":" + (claimedAt + 150) + ":150");
        assertThat(claim.kind()).isEqualTo("email");
        assertThat(claim.payload().as(Map.class)).containsEntry("to", "one");
    }

    @Test
    void theFenceGrowsOverAllJobsOfTheQueue() {
        enqueue("one", "two", "three");

        assertThat(List.of(claim().fence(), claim().fence(), claim().fence())).containsExactly(1L, 2L, 3L);
    }

    @Test
    void aClaimRemovesTheTimeToLiveOfAJobThatRunsAgain() {
        bench.guideEnqueue("one", "{\"kind\":\"email\"}");
        bench.redis.expire("queue:q:job:one", 300);

        claim();

        assertThat(bench.redis.ttl("queue:q:job:one")).isEqualTo(-1);
    }

    @Test
    void s6AJobThatWaitedLongIsNotStaleAtTheMomentOfItsClaim() {
        bench.guideEnqueue("one", "{\"kind\":\"email\"}");

        Claim claim = claim();

        assertThat(bench.queue.worker().reclaimStuck()).isEmpty();
        assertThat(bench.queue.worker().complete(claim, null)).isTrue();
    }

    @Test
    void anIdThatIsInTheQueueTwiceRunsOnce() {
        enqueue("one");
        bench.redis.lpush("queue:q:pending", "one");

        assertThat(bench.store.claim(5).join().jobs()).hasSize(1);
        assertThat(bench.list("pending")).isEmpty();
    }

    @Test
    void aClaimTakesNoMoreJobsOnceItsPayloadsReachFourMegabytes() {
        Map<String, String> large = Map.of("text", "x".repeat(900_000));
        for (int i = 0; i < 4; i++) {
            bench.queue.enqueue(JobRequest.of("email", large).id("job-" + i));
        }
        bench.queue.enqueue(JobRequest.of("email", large).id("due").delay(Duration.ofMillis(1)));
        bench.queue.enqueue(JobRequest.of("email", large).id("due-later").delay(Duration.ofMillis(2)));
        leaseRunsOut(); // and the delays

        Claims first = bench.store.claim(100).join();
        Claims second = bench.store.claim(100).join();

        assertThat(first.jobs()).extracting(Claim::id).containsExactly("job-0", "job-1", "job-2", "job-3", "due");
        assertThat(first.more()).isTrue();
        assertThat(second.jobs()).extracting(Claim::id).containsExactly("due-later");
        assertThat(second.more()).isFalse();
    }

    @Test
    void dueJobsJoinAtTheBackAndAreTakenAtOnceWhenThereIsRoom() {
        bench.queue.enqueue(JobRequest.of("email", null).id("due").delay(Duration.ofMillis(1)));
        enqueue("one", "two");
        leaseRunsOut(); // and the delay

        assertThat(bench.store.claim(5).join().jobs()).extracting(Claim::id).containsExactly("one", "two", "due");
    }

    @Test
    void aClaimReturnsWhenTheNextDelayedJobIsDue() {
        bench.queue.enqueue(JobRequest.of("email", null).delay(Duration.ofSeconds(60)));

        Claims claims = bench.store.claim(1).join();

        assertThat(claims.jobs()).isEmpty();
        assertThat(claims.nextDue()).isBetween(Duration.ofSeconds(50), Duration.ofSeconds(60));
    }

    @Test
    void aClaimThatEmptiesTheQueueRemovesTheHint() {
        enqueue("one", "two");

        claim();
        assertThat(bench.list("wake")).hasSize(1);
        claim();
        assertThat(bench.list("wake")).isEmpty();
    }

    @Test
    void s37LargeNumbersStandInFull() {
        enqueue("one");
        bench.redis.hset("queue:q:meta", "claims_total", "123456789012345678");
        bench.redis.hset("queue:q:meta", "claims_total", "1234567890123456");

        assertThat(claim().fence()).isEqualTo(1234567890123457L);
        assertThat(bench.job("one")).containsEntry("fence", "1234567890123457");
    }

    @Test
    void aClaimThatLeavesARestWakesAnotherWorker() {
        enqueue("one", "two");
        bench.redis.del("queue:q:wake");

        claim();

        assertThat(bench.list("wake")).containsExactly("1");
    }

    @Test
    void dueJobsWithoutRoomWaitAtTheBackAndWakeAWorker() {
        bench.queue.enqueue(JobRequest.of("email", null).id("due").delay(Duration.ofMillis(1)));
        enqueue("one", "two");
        bench.redis.del("queue:q:wake");
        leaseRunsOut(); // and the delay

        assertThat(claim().id()).isEqualTo("one");

        assertThat(bench.list("pending")).containsExactly("due", "two");
        assertThat(bench.job("due")).containsEntry("status", "pending");
        assertThat(bench.redis.zcard("queue:q:delayed")).isZero();
        assertThat(bench.list("wake")).containsExactly("1");
    }

    @Test
    void aClaimThatEndsSoonerThanTheNextSweepLowersItsTime() {
        enqueue("one");
        bench.redis.hset("queue:q:meta", "next_sweep", "9999999999999");

        claim();

        long claimedAt = Long.parseLong(bench.job("one").get("claimed_at_ms"));
        assertThat(bench.redis.hget("queue:q:meta", "next_sweep")).isEqualTo(String.valueOf(claimedAt + 150));
    }

    @Test
    void aClaimSetsTheTimeOfTheNextSweepWhenThereIsNone() {
        enqueue("one");
        bench.redis.hdel("queue:q:meta", "next_sweep");

        claim();

        long claimedAt = Long.parseLong(bench.job("one").get("claimed_at_ms"));
        assertThat(bench.redis.hget("queue:q:meta", "next_sweep")).isEqualTo(String.valueOf(claimedAt + 150));
    }

    @Test
    void aClaimThatEndsLaterThanTheNextSweepLeavesItsTimeAlone() {
        enqueue("one");
        bench.redis.hset("queue:q:meta", "next_sweep", "1700000000000");

        claim();

        assertThat(bench.redis.hget("queue:q:meta", "next_sweep")).isEqualTo("1700000000000");
    }
}
