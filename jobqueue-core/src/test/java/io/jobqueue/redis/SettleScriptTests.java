package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** The state of Redis after an attempt was settled or its claim was renewed. */
class SettleScriptTests extends TransitionTestBase {

    @Test
    void aCompletionWritesResultAndHistoryAndKeepsTheTokenAsTheGuideDoes() {
        enqueue("one");
        Claim claim = claim();

        assertThat(bench.queue.worker().complete(claim, 42)).isTrue();

        assertThat(bench.list("processing")).isEmpty();
        assertThat(bench.list("completed")).containsExactly("one");
        assertThat(bench.job("one"))
                .containsEntry("status", "completed")
                .containsEntry("result", "{\"value\":42}")
                .containsEntry("claim_token", claim.token())
                .containsKey("completed_at_ms");
    }

    @Test
    void s8ACompletionIsMadeOnceAndNothingUndoesIt() {
        enqueue("one");
        Claim claim = claim();

        assertThat(settle(claim, Verb.COMPLETE, "{}", Duration.ZERO)).isEqualTo(Answer.DONE);
        assertThat(settle(claim, Verb.COMPLETE, "{}", Duration.ZERO)).isEqualTo(Answer.ALREADY);
        assertThat(settle(claim, Verb.RETRY, "late", Duration.ZERO)).isEqualTo(Answer.REFUSED);

        assertThat(bench.list("completed")).containsExactly("one");
        assertThat(bench.list("pending")).isEmpty();
        assertThat(bench.queue.stats().completedTotal()).isEqualTo(1);
    }

    @Test
    void aRepeatedFailureIsRecognizedEvenAfterAnotherClaim() {
        enqueue("one");
        Claim first = claim();

        assertThat(settle(first, Verb.RETRY, "boom", Duration.ZERO)).isEqualTo(Answer.DONE);
        Claim second = claim();
        assertThat(settle(first, Verb.RETRY, "boom", Duration.ZERO)).isEqualTo(Answer.ALREADY);

        assertThat(bench.list("processing")).containsExactly("one");
        assertThat(bench.queue.worker().complete(second, null)).isTrue();
    }

    @Test
    void s9AJobThatIsNotInProcessingCannotBeCompleted() {
        enqueue("one");
        Claim claim = claim();
        bench.redis.del("queue:q:processing");

        assertThat(bench.queue.worker().complete(claim, null)).isFalse();
        assertThat(bench.list("completed")).isEmpty();
    }

    @Test
    void s10AnEmptyTokenOwnsNothing() {
        enqueue("one");
        Claim claim = claim();
        bench.redis.hset("queue:q:job:one", "claim_token", "");
        Claim empty = new Claim("q", "one", "email", "", 1, 0, null, 1, claim.payload(), Map.of(), null, null, false);

        assertThat(bench.queue.worker().complete(empty, null)).isFalse();
        assertThat(bench.queue.worker().extend(empty, LEASE)).isFalse();
    }

    @Test
    void s14ARetryJoinsAtTheBackAndAReclaimedJobReturnsToTheHead() {
        enqueue("one", "two", "three");
        Claim one = claim();
        bench.queue.worker().fail(one, "boom");
        assertThat(bench.queue.admin().list(JobStatus.PENDING, 0, 10))
                .extracting(JobSnapshot::id)
                .containsExactly("two", "three", "one");

        claim();
        leaseRunsOut();
        assertThat(bench.queue.worker().reclaimStuck()).containsExactly("two");

        assertThat(bench.queue.admin().list(JobStatus.PENDING, 0, 10))
                .extracting(JobSnapshot::id)
                .containsExactly("two", "three", "one");
    }

    @Test
    void aRetryWithADelayWaitsOutItsBackoff() {
        enqueue("one");

        assertThat(settle(claim(), Verb.RETRY, "boom", Duration.ofSeconds(60))).isEqualTo(Answer.DONE);

        assertThat(bench.list("pending")).isEmpty();
        assertThat(bench.redis.zcard("queue:q:delayed")).isEqualTo(1);
        assertThat(bench.job("one"))
                .containsEntry("status", "scheduled")
                .containsEntry("last_error", "boom")
                .containsEntry("claim_token", "")
                .containsEntry("claimed_at_ms", "0");
    }

    @Test
    void theLastAttemptMakesADeadLetterWithoutTimeToLive() {
        enqueue("one");
        bench.queue.worker().fail(claim(), "first");
        bench.queue.worker().fail(claim(), "second");

        assertThat(settle(claim(), Verb.RETRY, "third", Duration.ZERO)).isEqualTo(Answer.FAILED);

        assertThat(bench.list("failed")).containsExactly("one");
        assertThat(bench.job("one"))
                .containsEntry("status", "failed")
                .containsEntry("last_error", "third")
                .containsEntry("attempts", "3");
        assertThat(bench.redis.ttl("queue:q:job:one")).isEqualTo(-1);
    }

    @Test
    void s12TheJobsOwnLimitOverridesTheWorkers() {
        bench.queue.enqueue(JobRequest.of("email", null).id("one").maxAttempts(1));

        assertThat(settle(claim(), Verb.RETRY, "boom", Duration.ZERO)).isEqualTo(Answer.FAILED);
    }

    @Test
    void releasedJobsAreTheNextInTheOrderOfTheirClaimsAndSpendNoAttempt() {
        enqueue("one", "two", "three", "four");
        List<Claim> claims = bench.store.claim(3).join().jobs();

        bench.store
                .settle(claims.stream()
                        .map(claim -> Verb.RELEASE.of(claim, "", "", Duration.ZERO, 3))
                        .toList())
                .join();

        assertThat(bench.queue.admin().list(JobStatus.PENDING, 0, 10))
                .extracting(JobSnapshot::id, JobSnapshot::attempts)
                .containsExactly(tuple("one"), tuple("two"), tuple("three"), tuple("four"));
        assertThat(bench.list("wake")).hasSize(1);
    }

    private static org.assertj.core.groups.Tuple tuple(String id) {
        return org.assertj.core.groups.Tuple.tuple(id, 0);
    }

    @Test
    void aDamagedHashAffectsOnlyItsOwnEntryOfABatch() {
        enqueue("one", "two");
        List<Claim> claims = bench.store.claim(2).join().jobs();
        bench.redis.del("queue:q:job:one");
        bench.redis.set("queue:q:job:one", "text");

        List<Answer> answers = bench.store
                .settle(claims.stream()
                        .map(claim -> Verb.COMPLETE.of(claim, "{}", "", Duration.ZERO, 3))
                        .toList())
                .join()
                .answers();

        assertThat(answers).containsExactly(Answer.REFUSED, Answer.DONE);
    }

    @Test
    void everyEndingIsPublishedWithItsStatus() {
        List<String> heard = new CopyOnWriteArrayList<>();
        io.lettuce.core.RedisClient client = io.lettuce.core.RedisClient.create(server.uri());
        try (StatefulRedisPubSubConnection<String, String> subscriber = client.connectPubSub()) {
            subscriber.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    heard.add(message);
                }
            });
            subscriber.sync().subscribe("queue:q:events");
            enqueue("a", "b", "c");

            settle(claim(), Verb.COMPLETE, "{}", Duration.ZERO);
            settle(claim(), Verb.RETRY, "boom", Duration.ofSeconds(60));
            settle(claim(), Verb.FAIL, "boom", Duration.ZERO);

            await().untilAsserted(() -> assertThat(heard)
                    .containsExactly(
                            "{\"id\":\"a\",\"status\":\"completed\",\"by\":\"jobqueue\"}",
                            "{\"id\":\"b\",\"status\":\"retry\",\"by\":\"jobqueue\"}",
                            "{\"id\":\"c\",\"status\":\"failed\",\"by\":\"jobqueue\"}"));
        } finally {
            client.shutdown();
        }
    }

    @Test
    void aReasonIsStoredAsValidTextWhateverItContains() {
        enqueue("one");

        bench.queue.worker().fail(claim(), "half \ud83d\ufffd pair, whole \ud83d\ude00, " + "x".repeat(5000));

        assertThat(bench.job("one").get("last_error"))
                .startsWith("half ?\ufffd pair, whole \ud83d\ude00, xx")
                .hasSize(4096);
    }

    @Test
    void aRetryWakesAWorkerWhenItBecomesTheNextDelayedJob() {
        enqueue("one", "two");
        Claim one = claim();
        Claim two = claim();
        assertThat(bench.list("wake")).isEmpty();

        settle(one, Verb.RETRY, "boom", Duration.ofSeconds(60));
        assertThat(bench.list("wake")).hasSize(1);
        bench.redis.del("queue:q:wake");
        settle(two, Verb.RETRY, "boom", Duration.ofSeconds(90));
        assertThat(bench.list("wake")).isEmpty();
    }

    // ---- extend

    @Test
    void aHeartbeatRenewsClaimedAtForGuideSweepersAndKeepsStartedAt() {
        enqueue("one");
        Claim claim = claim();
        String started = bench.job("one").get("started_at_ms");
        leaseRunsOut();

        assertThat(bench.queue.worker().extend(claim, Duration.ofSeconds(30))).isTrue();

        assertThat(Long.parseLong(bench.job("one").get("claimed_at_ms"))).isGreaterThan(Long.parseLong(started));
        assertThat(bench.job("one")).containsEntry("started_at_ms", started);
        assertThat(bench.queue.worker().reclaimStuck()).isEmpty();
    }

    @Test
    void aShorterRenewalDoesNotTakeALongerPromiseBack() {
        enqueue("one");
        Claim claim = claim();

        bench.queue.worker().extend(claim, Duration.ofMinutes(10));
        String promised = bench.job("one").get("lease");
        bench.queue.worker().extend(claim, Duration.ofMillis(1));

        assertThat(bench.job("one")).containsEntry("lease", promised);
    }

    @Test
    void aRepeatedCompletionStartsTheNextJobOnce() {
        bench.queue.enqueue(JobRequest.of("email", Map.of())
                .id("one")
                .then(JobRequest.of("email", Map.of()).id("two")));
        Claim one = claim();

        assertThat(settle(one, Verb.COMPLETE, "{}", Duration.ZERO)).isEqualTo(Answer.DONE);
        assertThat(settle(one, Verb.COMPLETE, "{}", Duration.ZERO)).isEqualTo(Answer.ALREADY);

        assertThat(bench.list("pending")).containsExactly("two");
        assertThat(bench.queue.stats().enqueuedTotal()).isEqualTo(2);
    }
}
