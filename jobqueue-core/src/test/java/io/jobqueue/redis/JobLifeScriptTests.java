package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.QueueStats;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.JobStore.Claims;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Told;
import io.jobqueue.worker.Verb;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What stands in Redis after each transition of a claimed job. The names S1 to S40 are the flaws of the guide's design. */
@RedisServer
class JobLifeScriptTests {

    private static final Duration LEASE = Duration.ofMillis(150);

    private EmbeddedRedis server;
    private Bench bench;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        bench = new Bench(
                redis,
                QueueSettings.defaults()
                        .withVisibility(LEASE)
                        .withRetry(new RetryPolicy(3, Duration.ZERO, 1, Duration.ZERO, 0)));
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private void enqueue(String... ids) {
        bench.queue.enqueueAll(List.of(ids).stream()
                .map(id -> JobRequest.of("email", Map.of("to", id)).id(id))
                .toList());
    }

    private Claim claim() {
        return bench.queue.worker().claim(Duration.ZERO).orElseThrow();
    }

    private void leaseRunsOut() {
        long over = System.nanoTime() + LEASE.plusMillis(20).toNanos();
        await().pollInterval(Duration.ofMillis(5)).until(() -> System.nanoTime() > over);
    }

    private Answer settle(Claim claim, Verb verb, String text, Duration delay) {
        return bench.store
                .settle(List.of(verb.of(claim, text, "", delay, 3)))
                .join()
                .answers()
                .get(0);
    }

    // ---- claim

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
    void aClaimTakesTheTimeToLiveFromWhatComesAliveAgain() {
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
    void s7AnIdWithoutAJobIsTakenOutAndCountedAndNeverRuns() {
        enqueue("gone", "here");
        bench.redis.del("queue:q:job:gone");

        Claims claims = bench.store.claim(5).join();

        assertThat(Told.by(claims).lost()).containsExactly("gone");
        assertThat(claims.jobs()).extracting(Claim::id).containsExactly("here");
        assertThat(bench.list("processing")).containsExactly("here");
        assertThat(bench.queue.stats().lostTotal()).isEqualTo(1);
    }

    @Test
    void aJobWithoutPayloadBecomesADeadLetterThatSaysSo() {
        enqueue("one");
        bench.redis.hdel("queue:q:job:one", "payload");

        Optional<Claim> claim = bench.queue.worker().claim(Duration.ZERO);

        assertThat(claim).isEmpty();
        assertThat(bench.list("failed")).containsExactly("one");
        assertThat(bench.job("one")).containsEntry("last_error", "lost: the job has no payload");
        assertThat(bench.events)
                .anyMatch(event ->
                        event instanceof JobEvent.Lost lost && lost.ids().equals(List.of("one")));
    }

    @Test
    void anIdThatStandsTwiceRunsOnce() {
        enqueue("one");
        bench.redis.lpush("queue:q:pending", "one");

        assertThat(bench.store.claim(5).join().jobs()).hasSize(1);
        assertThat(bench.list("pending")).isEmpty();
    }

    @Test
    void dueJobsJoinAtTheBackAndAreTakenAtOnceWhenThereIsRoom() {
        bench.queue.enqueue(JobRequest.of("email", null).id("due").delay(Duration.ofMillis(1)));
        enqueue("one", "two");
        leaseRunsOut(); // and the delay

        assertThat(bench.store.claim(5).join().jobs()).extracting(Claim::id).containsExactly("one", "two", "due");
    }

    @Test
    void aClaimTellsWhenTheNextDelayedJobIsDue() {
        bench.queue.enqueue(JobRequest.of("email", null).delay(Duration.ofSeconds(60)));

        Claims claims = bench.store.claim(1).join();

        assertThat(claims.jobs()).isEmpty();
        assertThat(claims.nextDue()).isBetween(Duration.ofSeconds(50), Duration.ofSeconds(60));
    }

    @Test
    void aClaimThatEmptiesTheQueueTakesTheHintAway() {
        enqueue("one", "two");

        claim();
        assertThat(bench.list("wake")).hasSize(1);
        claim();
        assertThat(bench.list("wake")).isEmpty();
    }

    // ---- settle

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
    void aRepeatedFailureIsKnownAlsoAfterTheJobWasClaimedAnew() {
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
        Claim empty = new Claim("q", "one", "email", "", 1, 0, 1, claim.payload(), Map.of(), null, null);

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
    void s12TheJobsOwnLimitStandsAboveTheWorkers() {
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
    void oneBadHashSpoilsOnlyItsOwnEntryOfABatch() {
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
    void aReasonIsKeptAsValidTextWhateverItHolds() {
        enqueue("one");

        bench.queue.worker().fail(claim(), "half \ud83d\ufffd pair, whole \ud83d\ude00, " + "x".repeat(5000));

        assertThat(bench.job("one").get("last_error"))
                .startsWith("half ?\ufffd pair, whole \ud83d\ude00, xx")
                .hasSize(4096);
    }

    // ---- extend

    @Test
    void aHeartbeatMovesWhatTheGuidesSweepersLookAtAndKeepsTheTrueStart() {
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

    // ---- reclaim

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
    void s7AnIdInProcessingWithoutAJobIsTakenOutByTheSweep() {
        enqueue("one", "two");
        bench.store.claim(2).join();
        bench.redis.del("queue:q:job:one");

        bench.queue.worker().reclaimStuck();

        assertThat(bench.list("processing")).containsExactly("two");
        assertThat(bench.queue.stats().lostTotal()).isEqualTo(1);
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

    // ---- retention

    @Test
    void s20WhatDropsOutOfAHistoryTakesItsHashAlong() {
        bench.close();
        bench = new Bench(
                server,
                QueueSettings.defaults()
                        .withRetention(new Retention(Duration.ofHours(1), 2), new Retention(Duration.ofDays(1), 1)));
        enqueue("a", "b", "c", "d", "e");
        for (int i = 0; i < 3; i++) {
            bench.queue.worker().complete(claim(), null);
        }
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);
        assertThat(Told.by(bench.store.settle(List.of(Verb.FAIL.of(claim()))).join())
                        .dropped())
                .isEqualTo(1);

        assertThat(bench.list("completed")).containsExactly("c", "b");
        assertThat(bench.list("failed")).containsExactly("e");
        assertThat(bench.redis.keys("queue:q:job:*"))
                .containsExactlyInAnyOrder("queue:q:job:b", "queue:q:job:c", "queue:q:job:e");
        assertThat(bench.queue.stats().droppedTotal()).isEqualTo(1);
    }

    @Test
    void zeroKeepsNone() {
        bench.close();
        bench = new Bench(
                server,
                QueueSettings.defaults()
                        .withRetention(new Retention(Duration.ZERO, 1000), new Retention(Duration.ofDays(1), 0)));
        enqueue("a", "b");

        bench.queue.worker().complete(claim(), null);
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);

        assertThat(bench.list("completed")).isEmpty();
        assertThat(bench.list("failed")).isEmpty();
        assertThat(bench.redis.keys("queue:q:job:*")).isEmpty();
        assertThat(bench.queue.stats().completedTotal()).isEqualTo(1);
    }

    @Test
    void theSweepDropsWhatIsTooOld() {
        bench.close();
        bench = new Bench(
                server,
                QueueSettings.defaults()
                        .withRetention(
                                new Retention(Duration.ofMillis(1), 1000), new Retention(Duration.ofMillis(1), 1000)));
        enqueue("a", "b");
        bench.queue.worker().complete(claim(), null);
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);

        await().untilAsserted(() -> {
            bench.sweep(Duration.ofSeconds(1));
            assertThat(bench.redis.keys("queue:q:job:*")).isEmpty();
        });
        assertThat(bench.list("completed")).isEmpty();
        assertThat(bench.list("failed")).isEmpty();
        assertThat(bench.queue.stats().droppedTotal()).isEqualTo(1);
    }

    @Test
    void anIdInHistoryDoesNotTakeALiveJobOfTheSameIdAlong() {
        bench.close();
        bench = new Bench(
                server,
                QueueSettings.defaults()
                        .withRetention(new Retention(Duration.ofHours(1), 1), new Retention(Duration.ofDays(1), 1)));
        enqueue("a");
        bench.queue.worker().complete(claim(), null);
        // as when a guide client's time to live took the hash, and the id is used anew
        bench.redis.del("queue:q:job:a");
        enqueue("b", "a");

        bench.queue.worker().complete(claim(), null);

        assertThat(bench.list("completed")).containsExactly("b");
        assertThat(bench.job("a")).containsEntry("status", "pending");
    }

    // ---- stats, purge

    @Test
    void statsAreOfOneInstant() {
        enqueue("a", "b", "c", "d");
        bench.queue.worker().complete(claim(), null);
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);
        settle(claim(), Verb.RETRY, "boom", Duration.ofSeconds(60));

        QueueStats stats = bench.queue.stats();

        assertThat(stats.pendingDepth()).isEqualTo(1);
        assertThat(stats.processingDepth()).isZero();
        assertThat(stats.delayedDepth()).isEqualTo(1);
        assertThat(stats.completedDepth()).isEqualTo(1);
        assertThat(stats.failedDepth()).isEqualTo(1);
        assertThat(stats.enqueuedTotal()).isEqualTo(4);
        assertThat(stats.completedTotal()).isEqualTo(1);
        assertThat(stats.failedTotal()).isEqualTo(1);
        assertThat(stats.retriedTotal()).isEqualTo(1);
        assertThat(stats.oldestWaiting()).isBetween(Duration.ZERO, Duration.ofSeconds(10));
        assertThat(stats.visibility()).isEqualTo(LEASE);
    }

    @Test
    void aPurgeRemovesEverythingOfTheQueueAndNothingOfItsNeighbour() {
        bench.queue.on("q.eu").enqueue(JobRequest.of("email", null).id("other"));
        String[] ids = IntStream.range(0, 1200).mapToObj(i -> "id-" + i).toArray(String[]::new);
        enqueue(ids);
        bench.queue.enqueue(JobRequest.of("email", null).delay(Duration.ofMinutes(1)));
        bench.queue.worker().complete(claim(), null);
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);
        Claim running = claim();

        assertThat(bench.queue.admin().purge()).isEqualTo(1201);

        assertThat(bench.redis.keys("queue:q:job:*")).isEmpty();
        assertThat(bench.queue.worker().complete(running, null)).isFalse();
        assertThat(bench.queue.stats().purgedTotal()).isEqualTo(1201);
        assertThat(bench.redis.exists("queue:q.eu:job:other")).isEqualTo(1);
    }

    @Test
    void aPurgeOfOneStatusLeavesTheOthers() {
        enqueue("a", "b");
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);

        assertThat(bench.queue.admin().purge(JobStatus.FAILED)).isEqualTo(1);

        assertThat(bench.list("pending")).containsExactly("b");
        assertThat(bench.queue.find("a")).isEmpty();
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
