package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.DeadLetterFilter;
import io.jobqueue.FailureReason;
import io.jobqueue.FailureReason.Code;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueStats;
import io.jobqueue.worker.Settlement;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The state of Redis after a worker handed back a job that it does not know. */
class UnknownScriptTests extends TransitionTestBase {

    private static final Duration HOUR = Duration.ofHours(1);

    private Answer handBack(Claim claim) {
        return bench.store
                .settle(List.of(
                        new Settlement.Unknown(claim, new FailureReason(Code.UNKNOWN_KIND, "no handler"), HOUR)))
                .join()
                .answers()
                .get(0);
    }

    private long now() {
        List<String> time = bench.redis.time();
        return Long.parseLong(time.get(0)) * 1000 + Long.parseLong(time.get(1)) / 1000;
    }

    private long since(String id) {
        return Long.parseLong(bench.job(id).get("unknown_since").split(":")[0]);
    }

    private void unknownFor(String id, Duration time, int attempts) {
        bench.redis.hset("queue:q:job:" + id, "unknown_since", (now() - time.toMillis()) + ":" + attempts);
    }

    @Test
    void anUnknownJobWaitsAndHasTheAttemptsThatItHadBefore() {
        enqueue("one");
        long before = now();

        assertThat(handBack(claim())).isEqualTo(Answer.DONE);

        assertThat(bench.list("processing")).isEmpty();
        assertThat(bench.list("pending")).isEmpty();
        assertThat(bench.job("one"))
                .containsEntry("status", "scheduled")
                .containsEntry("attempts", "0")
                .containsEntry("claim_token", "")
                .containsEntry("claimed_at_ms", "0")
                .containsEntry("last_error", "unknown-kind: no handler")
                .containsEntry("unknown_since", since("one") + ":0")
                .containsEntry("due_at_ms", Long.toString(since("one") + 1000));
        assertThat(since("one")).isBetween(before, now());
        assertThat(bench.redis.zscore("queue:q:delayed", "one")).isEqualTo(since("one") + 1000);
        assertThat(bench.redis.ttl("queue:q:job:one")).isEqualTo(-1);
        assertThat(bench.redis.llen("queue:q:wake")).isEqualTo(1);
        assertThat(bench.queue.stats().unknownTotal()).isEqualTo(1);
        assertThat(bench.queue.stats().releasedTotal()).isZero();
        assertThat(bench.queue.stats().retriedTotal()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "PT0.5S, PT1S",
        "PT40S, PT10S",
        "PT2M, PT30S",
        "PT10M, PT1M",
        "PT59M30S, PT30S",
    })
    void aPauseIsAQuarterOfTheTimeSinceTheJobWasHandedBackFirst(Duration unknown, Duration pause) {
        enqueue("one");
        Claim claim = claim();
        unknownFor("one", unknown, 0);

        assertThat(handBack(claim)).isEqualTo(Answer.DONE);

        long due = bench.redis.zscore("queue:q:delayed", "one").longValue();
        long expected = since("one") + unknown.toMillis() + pause.toMillis();
        assertThat(due).isBetween(expected - 2000, expected + 2000);
    }

    @Test
    void theTimeIsCountedFromTheFirstWorkerThatHandedTheJobBack() {
        enqueue("one");
        Claim claim = claim();
        unknownFor("one", HOUR, 0);

        assertThat(handBack(claim)).isEqualTo(Answer.FAILED);

        assertThat(bench.list("failed")).containsExactly("one");
        assertThat(bench.job("one"))
                .containsEntry("status", "failed")
                .containsEntry("attempts", "0")
                .containsEntry("last_error", "unknown-kind: no handler");
        assertThat(bench.queue.stats().failedTotal()).isEqualTo(1);
        assertThat(bench.queue.stats().unknownTotal()).isZero();
    }

    @Test
    void aTimeInTheFutureAfterTheClockWentBackDoesNotHoldTheJobForEver() {
        enqueue("one");
        Claim claim = claim();
        unknownFor("one", HOUR.negated(), 0);
        long before = now();

        assertThat(handBack(claim)).isEqualTo(Answer.DONE);

        assertThat(since("one")).isBetween(before, now());
    }

    @ParameterizedTest
    @CsvSource({"RETRY, 1", "RELEASE, 0"})
    void aWorkerThatKnowsTheJobEndsThePhase(Verb verb, String attempts) {
        enqueue("one");
        Claim claim = claim();
        unknownFor("one", HOUR, 0);

        assertThat(settle(claim, verb, "boom", Duration.ZERO)).isEqualTo(Answer.DONE);

        assertThat(bench.job("one")).doesNotContainKey("unknown_since").containsEntry("attempts", attempts);
    }

    @Test
    void anAttemptOfAGuideClientEndsThePhaseAndIsCounted() {
        bench.guideEnqueue("one", "{\"kind\":\"email\"}");
        handBack(claim());
        unknownFor("one", HOUR, 0);
        // the guide's claim and its failure
        bench.redis.zrem("queue:q:delayed", "one");
        bench.redis.hincrby("queue:q:job:one", "attempts", 1);
        bench.redis.hset("queue:q:job:one", Map.of("status", "pending", "claim_token", "", "last_error", "boom"));
        bench.redis.lpush("queue:q:pending", "one");
        Claim claim = claim();
        assertThat(claim.attempt()).isEqualTo(2);

        assertThat(handBack(claim)).isEqualTo(Answer.DONE);

        assertThat(bench.job("one")).containsEntry("attempts", "1").containsEntry("unknown_since", since("one") + ":1");
        assertThat(now() - since("one")).isLessThan(HOUR.toMillis() / 2);
    }

    @Test
    void aReclaimEndsThePhase() {
        enqueue("one");
        handBack(claim());
        unknownFor("one", HOUR, 0);
        bench.redis.zadd("queue:q:delayed", 1, "one");
        claim();
        leaseRunsOut();
        assertThat(bench.queue.worker().reclaimStuck()).containsExactly("one");

        assertThat(handBack(claim())).isEqualTo(Answer.DONE);

        assertThat(bench.job("one")).containsEntry("attempts", "1");
    }

    @Test
    void aBatchMixesAllEnds() {
        enqueue("completed", "unknown", "retried", "dead");
        List<Claim> claims = bench.store.claim(4).join().jobs();
        unknownFor("dead", HOUR, 0);
        List<Settlement> batch = new ArrayList<>();
        batch.add(Verb.COMPLETE.of(claims.get(0)));
        batch.add(Verb.UNKNOWN.of(claims.get(1)));
        batch.add(Verb.RETRY.of(claims.get(2)));
        batch.add(Verb.UNKNOWN.of(claims.get(3)));

        assertThat(bench.store.settle(batch).join().answers())
                .containsExactly(Answer.DONE, Answer.DONE, Answer.DONE, Answer.FAILED);
    }

    /** The example of docs/features/rolling-deployments.md. */
    @Test
    void theExampleOfTheDocumentationWorks() {
        enqueue("one", "two");
        for (int i = 0; i < 2; i++) {
            Claim claim = claim();
            unknownFor(claim.id(), HOUR, 0);
            handBack(claim);
        }
        JobQueue jobs = bench.queue;

        // example begins
        QueueStats stats = jobs.stats();
        System.out.println(stats.unknownTotal() + " claims were handed back");
        jobs.admin().requeue(DeadLetterFilter.all().error("unknown-kind: "), 20); // 20 become due in each second
        // example ends

        assertThat(jobs.admin().list(JobStatus.FAILED, 0, 10)).isEmpty();
        assertThat(bench.job("one")).doesNotContainKey("unknown_since").containsEntry("attempts", "0");
        assertThat(handBack(claim())).isEqualTo(Answer.DONE);
    }

    @Test
    void aUnitOfAnUnknownKindFailsInItsRun() {
        bench.queue.enqueue(JobRequest.of("email", null).id("one").unit("run-1", "unit-1"));
        Claim claim = claim();
        unknownFor("one", HOUR, 0);

        assertThat(handBack(claim)).isEqualTo(Answer.FAILED);

        assertThat(bench.redis.hget("queue:q:failures:run-1", "unit-1")).isEqualTo("unknown-kind: no handler");
    }
}
