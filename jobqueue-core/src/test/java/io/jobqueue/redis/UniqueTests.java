package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobKind;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.Unique;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** At most one job holds a unique key, and no job holds a key forever. */
@RedisServer
class UniqueTests {

    private static final Duration LEASE = Duration.ofMillis(100);

    private Bench bench;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        bench = new Bench(redis, QueueSettings.defaults().withVisibility(LEASE));
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private JobRef enqueue(Unique unique) {
        return bench.queue.enqueue(work(unique));
    }

    private static JobRequest work(Unique unique) {
        return JobRequest.of("work", Map.of("n", 1)).unique(unique);
    }

    private Claim claim() {
        return bench.queue.worker().claim(Duration.ZERO).orElseThrow();
    }

    private JobSnapshot job(JobRef ref) {
        return bench.queue.find(ref).orElseThrow();
    }

    private boolean isHeld(String key) {
        return bench.redis.exists("queue:q:unique:" + key) == 1;
    }

    // ---- holding

    @ParameterizedTest
    @EnumSource(Unique.Hold.class)
    void anEnqueueWithTheKeyOfAWaitingJobReturnsThatJob(Unique.Hold hold) {
        Unique unique = new Unique("k", hold, hold == Unique.Hold.WITHIN ? Duration.ofHours(1) : null, false);
        JobRef first = enqueue(unique);

        JobRef second = enqueue(unique);

        assertThat(first.state()).isEqualTo(JobRef.State.CREATED);
        assertThat(second).isEqualTo(new JobRef("q", first.id(), JobRef.State.EXISTING));
        assertThat(bench.queue.stats().pendingDepth()).isEqualTo(1);
        assertThat(bench.queue.stats().enqueuedTotal()).isEqualTo(1);
    }

    @Test
    void otherKeysAndJobsWithoutOneAreNotTouched() {
        enqueue(Unique.untilDone("k"));

        List<JobRef> others = bench.queue.enqueueAll(
                List.of(work(Unique.untilDone("other")), JobRequest.of("work", null), work(Unique.untilDone("K"))));

        assertThat(others).allMatch(JobRef::isCreated);
    }

    @Test
    void aKeyIsOneForAllJobsOfACall() {
        List<JobRef> refs = bench.queue.enqueueAll(List.of(
                work(Unique.untilDone("a")),
                work(Unique.untilDone("b")),
                work(Unique.untilDone("a")),
                JobRequest.of("work", null),
                work(Unique.untilDone("b"))));

        assertThat(refs).extracting(JobRef::isCreated).containsExactly(true, true, false, true, false);
        assertThat(refs.get(2).id()).isEqualTo(refs.get(0).id());
        assertThat(refs.get(4).id()).isEqualTo(refs.get(1).id());
    }

    @Test
    void aDelayedJobAndAJobThatWaitsForItsRetryHoldTheirKeys() {
        JobRef delayed = bench.queue.enqueue(work(Unique.untilDone("d")).delay(Duration.ofHours(1)));
        JobRef retried = enqueue(Unique.untilDone("r"));
        bench.queue.worker().fail(claim(), "boom");
        assertThat(job(retried).status()).isEqualTo(JobStatus.SCHEDULED);

        assertThat(enqueue(Unique.untilDone("d")).id()).isEqualTo(delayed.id());
        assertThat(enqueue(Unique.untilDone("r")).id()).isEqualTo(retried.id());
    }

    @Test
    void untilDoneHoldsWhileTheJobRunsAndWhileWaitingDoesNot() {
        JobRef done = enqueue(Unique.untilDone("d"));
        claim();
        enqueue(Unique.whileWaiting("w"));
        claim();

        assertThat(enqueue(Unique.untilDone("d")).id()).isEqualTo(done.id());
        assertThat(enqueue(Unique.whileWaiting("w")).isCreated()).isTrue();
    }

    @Test
    void withinHoldsForItsPeriodWhateverBecomesOfTheJob() {
        Unique unique = Unique.within("k", Duration.ofMillis(300));
        JobRef first = enqueue(unique);
        bench.queue.worker().complete(claim(), null);

        assertThat(enqueue(unique).id()).isEqualTo(first.id());

        await().until(() -> enqueue(unique).isCreated());
    }

    @Test
    void aHundredProducersAtOnceCreateOneJob() {
        long created =
                IntStream.range(0, 100)
                        .mapToObj(i -> bench.queue.enqueueAsync(work(Unique.untilDone("k"))))
                        .toList()
                        .stream()
                        .filter(answer -> answer.join().isCreated())
                        .count();

        assertThat(created).isEqualTo(1);
        assertThat(bench.queue.stats().pendingDepth()).isEqualTo(1);
    }

    // ---- every end frees the key

    @Test
    void aCompletionFreesTheKey() {
        enqueue(Unique.untilDone("k"));
        assertThat(bench.queue.worker().complete(claim(), Map.of("x", 1))).isTrue();

        assertThat(isHeld("k")).isFalse();
        assertThat(enqueue(Unique.untilDone("k")).isCreated()).isTrue();
    }

    @Test
    void aRepeatedCompletionDoesNotFreeTheKeyOfTheNextJob() {
        enqueue(Unique.untilDone("k"));
        Claim first = claim();
        bench.queue.worker().complete(first, null);
        JobRef second = enqueue(Unique.untilDone("k"));

        assertThat(bench.queue.worker().complete(first, null)).isTrue();

        assertThat(enqueue(Unique.untilDone("k")).id()).isEqualTo(second.id());
    }

    @Test
    void aDeadLetterFreesTheKey() {
        bench.queue.enqueue(work(Unique.untilDone("k")).maxAttempts(1));
        bench.queue.worker().fail(claim(), "boom");

        assertThat(bench.queue.stats().failedDepth()).isEqualTo(1);
        assertThat(isHeld("k")).isFalse();
    }

    @Test
    void aReleasedJobKeepsItsKey() {
        JobRef first = enqueue(Unique.untilDone("k"));
        bench.queue.worker().release(claim());

        assertThat(enqueue(Unique.untilDone("k")).id()).isEqualTo(first.id());
    }

    @ParameterizedTest
    @ValueSource(strings = {"PENDING", "PROCESSING", "SCHEDULED"})
    void aPurgeFreesTheKey(JobStatus status) {
        JobRequest request = work(Unique.untilDone("k"));
        bench.queue.enqueue(status == JobStatus.SCHEDULED ? request.delay(Duration.ofHours(1)) : request);
        if (status == JobStatus.PROCESSING) {
            claim();
        }

        assertThat(bench.queue.admin().purge(status)).isEqualTo(1);

        assertThat(isHeld("k")).isFalse();
    }

    // ---- crashes

    @Test
    void aThousandWorkersDieAndEveryKeyIsFreeAgain() {
        for (int i = 0; i < 1000; i++) {
            bench.queue.enqueueAsync(work(Unique.untilDone("k" + i)).maxAttempts(1));
        }
        await().until(() -> bench.store.claim(1000).join().jobs().isEmpty());
        await().until(() -> {
            bench.queue.worker().reclaimStuck();
            bench.store.claim(1000).join();
            return bench.queue.stats().failedDepth() == 1000;
        });

        assertThat(bench.redis.keys("queue:q:unique:*")).isEmpty();
    }

    @Test
    void aHolderThatIsGoneHoldsNothing() {
        JobRef first = enqueue(Unique.untilDone("k"));
        bench.redis.del("queue:q:job:" + first.id(), "queue:q:pending");

        assertThat(enqueue(Unique.untilDone("k")).isCreated()).isTrue();
    }

    @Test
    void aHolderThatAClientWithoutKeysCompletedHoldsNothing() {
        JobRef first = enqueue(Unique.untilDone("k"));
        bench.redis.rpoplpush("queue:q:pending", "queue:q:completed");
        bench.redis.hset("queue:q:job:" + first.id(), "status", "completed");

        assertThat(enqueue(Unique.untilDone("k")).isCreated()).isTrue();
    }

    @Test
    void aSpoiltKeyHoldsNothing() {
        bench.redis.lpush("queue:q:unique:k", "x");

        assertThat(enqueue(Unique.untilDone("k")).isCreated()).isTrue();
        assertThat(enqueue(Unique.untilDone("k")).isCreated()).isFalse();
    }

    // ---- replace

    @Test
    void theWaitingJobTakesThePayloadOfTheNext() {
        JobRef first = enqueue(Unique.untilDone("k"));

        JobRef second = bench.queue.enqueue(JobRequest.of("work", Map.of("n", 2))
                .unique(Unique.untilDone("k").replace()));

        assertThat(second).isEqualTo(new JobRef("q", first.id(), JobRef.State.EXISTING));
        assertThat(claim().payload().text()).contains("\"n\":2");
    }

    @Test
    void theDelayedJobTakesTheTimeOfTheNext() {
        Unique unique = Unique.whileWaiting("k").replace();
        JobRef first = bench.queue.enqueue(work(unique).delay(Duration.ofHours(1)));
        Instant later = Instant.ofEpochMilli(System.currentTimeMillis() + 7_200_000);
        bench.queue.enqueue(work(unique).at(later));
        assertThat(job(first).dueAt()).isEqualTo(later);

        bench.queue.enqueue(work(unique).delay(Duration.ZERO));

        assertThat(bench.queue.worker().claim(Duration.ofSeconds(5)).map(Claim::id))
                .contains(first.id());
    }

    @Test
    void aJobThatRunsAndAJobOfAnotherKindKeepTheirPayload() {
        Unique unique = Unique.untilDone("k").replace();
        JobRef first = enqueue(unique);
        bench.queue.enqueue(JobRequest.of("other", Map.of("n", 2)).unique(unique));
        claim();
        bench.queue.enqueue(JobRequest.of("work", Map.of("n", 3)).unique(unique));

        assertThat(job(first).payload().text()).contains("\"n\":1");
    }

    // ---- by the kind

    // the example of docs/features/unique.md
    @JobKind(value = "reindex", unique = @JobKind.UniqueBy("shop"))
    record Reindex(String shop, boolean full) {}

    @JobKind(value = "sync", unique = @JobKind.UniqueBy(value = "key", hold = Unique.Hold.WITHIN, within = "PT1H"))
    interface Sync {
        default String key() {
            return "all";
        }
    }

    record SyncUsers(int n) implements Sync {}

    record SyncOrders(int n) implements Sync {}

    @JobKind(value = "wrong", unique = @JobKind.UniqueBy("shopp"))
    record Wrong(String shop) {}

    @Test
    void theKindNamesTheComponentThatMakesItsJobsUnique() {
        JobRef first = bench.queue.enqueue(new Reindex("eu", false));
        JobRef second = bench.queue.enqueue(new Reindex("eu", true));
        JobRef own = bench.queue.enqueue(JobRequest.of(new Reindex("eu", true)).unique(Unique.untilDone("full-eu")));

        assertThat(second).isEqualTo(new JobRef("q", first.id(), JobRef.State.EXISTING));
        assertThat(own.isCreated()).isTrue();
        assertThat(bench.queue.enqueue(new Reindex("us", true)).isCreated()).isTrue();
        assertThat(isHeld("reindex:eu")).isTrue();
    }

    @Test
    void aKindOnAnInterfaceMakesAllItsRecordsUniqueTogether() {
        JobRef first = bench.queue.enqueue(new SyncUsers(1));

        assertThat(bench.queue.enqueue(new SyncOrders(2)).id()).isEqualTo(first.id());
        assertThat(bench.redis.pttl("queue:q:unique:sync:all")).isBetween(3_500_000L, 3_600_000L);
    }

    @Test
    void theKeyOfARequestOverridesThatOfTheKind() {
        bench.queue.enqueue(new Reindex("eu", false));

        JobRef other =
                bench.queue.enqueue(JobRequest.of(new Reindex("eu", true)).unique(Unique.untilDone("reindex:eu:full")));

        assertThat(other.isCreated()).isTrue();
    }

    @Test
    void aKindThatNamesNoMethodAndAValueThatIsNullAreRefused() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> bench.queue.enqueue(new Wrong("eu")))
                .withMessageContaining("@UniqueBy(\"shopp\")")
                .withMessageContaining("no public method");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> bench.queue.enqueue(new Reindex(null, false)))
                .withMessageContaining("@UniqueBy(\"shop\")")
                .withMessageContaining("null");
    }

    @Test
    void aDelayedJobThatIsReplacedRunsOnceAfterTheLastEnqueue() {
        Unique unique = Unique.whileWaiting("reindex:eu").replace();
        for (int i = 0; i < 5; i++) {
            bench.queue.enqueue(JobRequest.of("work", Map.of("n", i))
                    .delay(Duration.ofMillis(200))
                    .unique(unique));
        }

        Claim claim = bench.queue.worker().claim(Duration.ofSeconds(5)).orElseThrow();

        assertThat(claim.payload().text()).contains("\"n\":4");
        assertThat(bench.queue.stats().enqueuedTotal()).isEqualTo(1);
        assertThat(bench.queue.stats().delayedDepth()).isZero();
    }

    // ---- bad input

    @ParameterizedTest
    @ValueSource(strings = {"", "a\nb", "\ud800"})
    void aKeyThatIsNoTextIsRefused(String key) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> Unique.untilDone(key))
                .withMessageStartingWith("unique key must be 1 to 256 bytes");
    }

    @Test
    void aKeyOfMoreThan256BytesIsRefused() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> Unique.untilDone("k".repeat(257)))
                .withMessageContaining("256 bytes");
    }

    @Test
    void aPeriodThatIsNotPositiveIsRefused() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> Unique.within("k", Duration.ZERO))
                .withMessageContaining("PT0S");
    }

    @Test
    void aUnitOfARunCannotHaveAKey() {
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> JobRequest.of("work", null).unit("r", "u").unique(Unique.untilDone("k")))
                .withMessageContaining("the unit 'u' of run 'r' is unique by its id");
    }
}
