package io.jobqueue.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RunPart;
import io.jobqueue.worker.JobStore.Claims;
import io.jobqueue.worker.JobStore.Renewal;
import io.jobqueue.worker.JobStore.Renewed;
import io.jobqueue.worker.JobStore.Settled;
import io.jobqueue.worker.Settlement.Answer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link JobStore} keeps to: in memory, so that the tests of the engine mean something, and on Redis, so that
 * the engine meets there what it was tested with.
 */
public abstract class JobStoreContract {

    /** Long enough that nothing runs out by itself while a busy machine takes a test's steps. */
    private static final Duration LONG = Duration.ofSeconds(30);

    private static final Duration SHORT = Duration.ofMillis(60);
    private static final Duration PERIOD = Duration.ofSeconds(20);

    /** The store under test, empty; set anew for each test. */
    protected JobStore store;

    /** An empty store with these settings. */
    protected abstract JobStore open(QueueSettings settings);

    /** Waits for a hint; {@code true} on a hint, {@code false} when the time is over. */
    protected abstract CompletableFuture<Boolean> hint(Duration timeout);

    /** Waits for a hint in another process. */
    protected abstract CompletableFuture<Boolean> hintElsewhere(Duration timeout);

    protected abstract void stopHints();

    /** The sweep of the store under test. */
    protected abstract Chore sweep(Duration period);

    private Told sweep() {
        return Told.by(sweep(PERIOD));
    }

    protected abstract String enqueue(JobRequest request);

    protected abstract JobSnapshot find(String id);

    protected abstract boolean isKept(String id);

    /** Deletes the job behind an id, as an eviction does. */
    protected abstract void lose(String id);

    /** Pauses the queue. */
    protected abstract void pause();

    protected abstract void resume();

    protected abstract @Nullable String output(String runId, String unitId);

    protected abstract @Nullable String failure(String runId, String unitId);

    /** Returns when so much time has passed by the store's clock. */
    protected abstract void pass(Duration time);

    @BeforeEach
    void openStore() {
        store = open(QueueSettings.defaults().withVisibility(LONG));
    }

    private void openWithShortLease(int maxCrashes) {
        store = open(QueueSettings.defaults().withVisibility(SHORT).withMaxCrashes(maxCrashes));
        // the first sweep after a gap holds back; begun now, the hold is over when the first lease is
        sweep();
    }

    private void enqueueAll(String... ids) {
        Arrays.stream(ids).forEach(id -> enqueue(email(id)));
    }

    private static JobRequest email(String id) {
        return JobRequest.of("email", Map.of("to", id)).id(id);
    }

    private List<String> claimIds(int max) {
        return ids(store.claim(max).join());
    }

    private static List<String> ids(Claims claims) {
        return claims.jobs().stream().map(Claim::id).toList();
    }

    private Claim claimOne() {
        List<Claim> jobs = store.claim(1).join().jobs();
        assertThat(jobs).hasSize(1);
        return jobs.get(0);
    }

    private Answer settle(Settlement settlement) {
        return store.settle(List.of(settlement)).join().answers().get(0);
    }

    private static Settlement complete(Claim claim) {
        return new Settlement.Complete(claim, "{\"done\":true}", "");
    }

    private static Settlement completeUnit(Claim claim, String output) {
        return new Settlement.Complete(claim, "{}", output);
    }

    private static Settlement retry(Claim claim, Duration delay, int maxAttempts) {
        return new Settlement.Retry(claim, FailureReason.handler("it rained"), delay, maxAttempts);
    }

    private static Settlement fail(Claim claim) {
        return new Settlement.Fail(claim, FailureReason.handler("broken"));
    }

    private static Settlement release(Claim claim) {
        return JobRunner.release(claim);
    }

    private static Claim withToken(Claim claim, String token) {
        return new Claim(
                claim.queue(),
                claim.id(),
                claim.kind(),
                token,
                claim.attempt(),
                claim.maxAttempts(),
                claim.fence(),
                claim.payload(),
                claim.headers(),
                claim.enqueuedAt(),
                claim.runPart(),
                claim.unique());
    }

    private Told sweepAfterTheLease() {
        pass(SHORT.plusMillis(20));
        return sweep();
    }

    // ---- claim

    @Test
    void jobsAreClaimedInTheOrderOfTheirEnqueue() {
        enqueueAll("a", "b", "c", "d");

        assertThat(claimIds(3)).containsExactly("a", "b", "c");
        assertThat(claimIds(3)).containsExactly("d");
        assertThat(claimIds(3)).isEmpty();
    }

    @Test
    void aClaimCarriesAllThatRunningAndSettlingNeed() {
        enqueue(email("a").maxAttempts(7).header("trace", "t-1").unit("run-1", "unit-1"));

        Claim claim = claimOne();

        assertThat(claim.queue()).isEqualTo(store.queue());
        assertThat(claim.kind()).isEqualTo("email");
        assertThat(claim.payload().as(Map.class)).containsEntry("to", "a");
        assertThat(claim.token()).isNotEmpty();
        assertThat(claim.attempt()).isEqualTo(1);
        assertThat(claim.maxAttempts()).isEqualTo(7);
        assertThat(claim.headers()).containsExactly(Map.entry("trace", "t-1"));
        assertThat(claim.unit()).isEqualTo(new RunPart.Unit("run-1", "unit-1"));
        assertThat(claim.enqueuedAt()).isNotNull();
        assertThat(find("a").status()).isEqualTo(JobStatus.PROCESSING);
    }

    @Test
    void dueDelayedJobsJoinAtTheBack() {
        // far enough apart for a machine that is busy between the two calls
        enqueue(email("later").delay(Duration.ofMillis(500)));
        enqueue(email("sooner").delay(Duration.ofMillis(1)));
        enqueueAll("a", "b");
        assertThat(find("later").status()).isEqualTo(JobStatus.SCHEDULED);

        pass(Duration.ofMillis(510));

        assertThat(claimIds(1)).containsExactly("a");
        enqueueAll("c");
        assertThat(claimIds(10)).containsExactly("b", "sooner", "later", "c");
    }

    @Test
    void aDelayedJobIsNotClaimedBeforeItsTimeAndTheClaimTellsIt() {
        enqueue(email("tomorrow").delay(Duration.ofDays(1)));

        Claims claims = store.claim(10).join();

        assertThat(claims.jobs()).isEmpty();
        assertThat(claims.more()).isFalse();
        assertThat(claims.nextDue()).isBetween(Duration.ofHours(23), Duration.ofDays(1));
    }

    @Test
    void aClaimTellsWhetherJobsAreLeft() {
        enqueueAll("a", "b", "c");

        assertThat(store.claim(2).join().more()).isTrue();
        assertThat(store.claim(2).join().more()).isFalse();
        assertThat(store.claim(2).join().nextDue()).isNull();
    }

    @Test
    void aClaimOfNoneTakesNone() {
        enqueueAll("a");

        Claims claims = store.claim(0).join();

        assertThat(claims.jobs()).isEmpty();
        assertThat(claims.more()).isTrue();
        assertThat(find("a").attempts()).isZero();
        assertThat(claimIds(1)).containsExactly("a");
    }

    @Test
    void attemptAndFenceGrowWithEveryClaim() {
        enqueueAll("a", "b");
        Claim first = claimOne();
        Claim other = claimOne();
        settle(retry(first, Duration.ZERO, 5));

        Claim second = claimOne();

        assertThat(second.id()).isEqualTo("a");
        assertThat(second.attempt()).isEqualTo(2);
        assertThat(List.of(first.fence(), other.fence(), second.fence()))
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(second.token()).isNotEqualTo(first.token());
    }

    @Test
    void anIdWhoseJobIsGoneIsReportedAndNeverClaimed() {
        enqueueAll("gone", "here");
        lose("gone");

        Claims claims = store.claim(10).join();

        assertThat(Told.by(claims).lost()).containsExactly("gone");
        assertThat(ids(claims)).containsExactly("here");
        assertThat(Told.by(store.claim(10).join()).lost()).isEmpty();
    }

    // ---- the token

    @Test
    void aWrongTokenSettlesNothing() {
        enqueueAll("a");
        Claim claim = claimOne();

        assertThat(settle(complete(withToken(claim, "stolen")))).isEqualTo(Answer.REFUSED);
        assertThat(settle(complete(withToken(claim, "")))).isEqualTo(Answer.REFUSED);
        assertThat(find("a").status()).isEqualTo(JobStatus.PROCESSING);
        assertThat(settle(complete(claim))).isEqualTo(Answer.DONE);
    }

    @Test
    void theTokenOfAnOlderAttemptSettlesNothing() {
        openWithShortLease(3);
        enqueueAll("a");
        Claim older = claimOne();
        assertThat(sweepAfterTheLease().reclaimed()).containsExactly("a");

        Claim newer = claimOne();

        for (Settlement late : List.of(complete(older), retry(older, Duration.ZERO, 5), fail(older), release(older))) {
            assertThat(settle(late)).as("%s", Verb.of(late)).isEqualTo(Answer.REFUSED);
        }
        assertThat(find("a").status()).isEqualTo(JobStatus.PROCESSING);
        assertThat(settle(complete(newer))).isEqualTo(Answer.DONE);
    }

    @Test
    void aReclaimedJobCannotBeCompletedByItsFirstWorker() {
        openWithShortLease(3);
        enqueueAll("a");
        Claim claim = claimOne();
        sweepAfterTheLease();

        assertThat(settle(complete(claim))).isEqualTo(Answer.REFUSED);
        assertThat(find("a").status()).isEqualTo(JobStatus.PENDING);
        assertThat(find("a").result()).isNull();
    }

    @Test
    void theSameSettlementAgainIsKnownAndChangesNothing() {
        enqueueAll("completed", "failed", "retried", "released");
        List<Claim> claims = store.claim(4).join().jobs();
        List<Settlement> batch = List.of(
                complete(claims.get(0)),
                fail(claims.get(1)),
                retry(claims.get(2), Duration.ofDays(1), 5),
                release(claims.get(3)));
        Settled first = store.settle(batch).join();

        Settled second = store.settle(batch).join();

        assertThat(first.answers()).containsOnly(Answer.DONE).hasSize(4);
        assertThat(second.answers()).containsOnly(Answer.ALREADY).hasSize(4);
        assertThat(find("released").attempts()).isZero();
        assertThat(claimIds(10)).containsExactly("released");
    }

    @Test
    void aSettlementIsKnownAgainAlsoWhenTheJobHasGoneOn() {
        enqueueAll("a");
        Claim first = claimOne();
        settle(release(first));
        Claim second = claimOne();

        assertThat(settle(release(first))).isEqualTo(Answer.ALREADY);
        assertThat(settle(complete(second))).isEqualTo(Answer.DONE);
    }

    @Test
    void anotherSettlementBySameClaimChangesNothing() {
        enqueueAll("a");
        Claim claim = claimOne();
        settle(complete(claim));

        for (Settlement other : List.of(fail(claim), retry(claim, Duration.ZERO, 5), release(claim))) {
            assertThat(settle(other)).as("%s", Verb.of(other)).isIn(Answer.REFUSED, Answer.ALREADY);
        }
        assertThat(find("a").status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(find("a").lastError()).isNull();
        assertThat(claimIds(1)).isEmpty();
    }

    @Test
    void aJobThatFailedForGoodIsNotCompletedByTheSameClaim() {
        enqueueAll("a");
        Claim claim = claimOne();
        settle(fail(claim));

        assertThat(settle(complete(claim))).isIn(Answer.REFUSED, Answer.ALREADY);
        assertThat(find("a").status()).isEqualTo(JobStatus.FAILED);
        assertThat(find("a").result()).isNull();
    }

    @Test
    void oneRefusedEntryDoesNotKeepTheOthersOfABatch() {
        enqueueAll("a", "b", "c");
        List<Claim> claims = store.claim(3).join().jobs();
        lose("b");

        Settled settled = store.settle(
                        claims.stream().map(JobStoreContract::complete).toList())
                .join();

        assertThat(settled.answers()).containsExactly(Answer.DONE, Answer.REFUSED, Answer.DONE);
        assertThat(find("a").status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(find("c").status()).isEqualTo(JobStatus.COMPLETED);
    }

    // ---- how attempts end

    @Test
    void aCompletedJobKeepsItsResult() {
        enqueueAll("a");

        settle(complete(claimOne()));

        JobSnapshot job = find("a");
        assertThat(job.status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(job.result()).isEqualTo(store.codec().json("{\"done\":true}"));
    }

    @Test
    void aRetryWaitsItsDelayAndThenJoinsAtTheBack() {
        enqueueAll("a", "b");

        settle(retry(claimOne(), Duration.ofMillis(40), 5));

        assertThat(find("a").status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(find("a").lastError()).isEqualTo("it rained");
        pass(Duration.ofMillis(60));
        assertThat(claimIds(10)).containsExactly("b", "a");
    }

    @Test
    void aRetryWithoutDelayJoinsAtTheBackAtOnce() {
        enqueueAll("a", "b");

        settle(retry(claimOne(), Duration.ZERO, 5));

        assertThat(find("a").status()).isEqualTo(JobStatus.PENDING);
        assertThat(claimIds(10)).containsExactly("b", "a");
    }

    @Test
    void aRetryOfTheLastAttemptIsAFinalFailure() {
        enqueueAll("a");
        settle(retry(claimOne(), Duration.ZERO, 2));
        Claim last = claimOne();

        Answer answer = settle(retry(last, Duration.ZERO, 2));

        assertThat(answer).isEqualTo(Answer.FAILED);
        assertThat(find("a").status()).isEqualTo(JobStatus.FAILED);
        assertThat(find("a").lastError()).isEqualTo("it rained");
        assertThat(claimIds(1)).isEmpty();
    }

    @Test
    void aFinalFailureWhoseAnswerWasLostIsAFinalFailureWhenAskedAgain() {
        enqueueAll("a");
        Claim claim = claimOne();
        settle(retry(claim, Duration.ZERO, 1));

        assertThat(settle(retry(claim, Duration.ZERO, 1))).isEqualTo(Answer.FAILED);
    }

    @Test
    void theJobsOwnLimitOfAttemptsStandsAboveTheWorkers() {
        enqueue(email("once").maxAttempts(1));
        enqueue(email("often").maxAttempts(9));

        assertThat(settle(retry(claimOne(), Duration.ZERO, 5))).isEqualTo(Answer.FAILED);
        assertThat(settle(retry(claimOne(), Duration.ZERO, 1))).isEqualTo(Answer.DONE);
    }

    @Test
    void releasedJobsReturnToTheHeadInTheOrderOfTheirClaimsAndCostNoAttempt() {
        enqueueAll("a", "b", "c", "d");
        List<Claim> claims = store.claim(3).join().jobs();

        store.settle(List.of(release(claims.get(1)), release(claims.get(2)), release(claims.get(0))))
                .join();

        List<Claim> again = store.claim(10).join().jobs();
        assertThat(again).extracting(Claim::id).containsExactly("a", "b", "c", "d");
        assertThat(again).extracting(Claim::attempt).containsOnly(1);
    }

    // ---- extend

    @Test
    void anExtendedClaimIsKept() {
        openWithShortLease(3);
        enqueueAll("kept", "left");
        List<Claim> claims = store.claim(2).join().jobs();

        List<Renewed> renewed =
                store.extend(List.of(new Renewal(claims.get(0), LONG))).join();

        assertThat(renewed).containsExactly(Renewed.HELD);
        assertThat(sweepAfterTheLease().reclaimed()).containsExactly("left");
        assertThat(settle(complete(claims.get(0)))).isEqualTo(Answer.DONE);
    }

    @Test
    void aShorterRenewalDoesNotTakeALongerPromiseBack() {
        openWithShortLease(3);
        enqueueAll("a");
        Claim claim = claimOne();
        store.extend(List.of(new Renewal(claim, LONG))).join();

        store.extend(List.of(new Renewal(claim, Duration.ofMillis(1)))).join();

        assertThat(sweepAfterTheLease().reclaimed()).isEmpty();
    }

    @Test
    void aClaimThatIsNoLongerGoodIsNotExtended() {
        openWithShortLease(3);
        enqueueAll("reclaimed", "completed", "lost");
        List<Claim> claims = store.claim(3).join().jobs();
        settle(complete(claims.get(1)));
        lose("lost");
        sweepAfterTheLease();
        Claim mine = claimOne();

        List<Renewed> renewed = store.extend(List.of(
                        new Renewal(claims.get(0), LONG),
                        new Renewal(claims.get(1), LONG),
                        new Renewal(claims.get(2), LONG),
                        new Renewal(withToken(mine, ""), LONG),
                        new Renewal(mine, LONG)))
                .join();

        assertThat(renewed).containsExactly(Renewed.LOST, Renewed.LOST, Renewed.LOST, Renewed.LOST, Renewed.HELD);
    }

    // ---- sweep

    @Test
    void reclaimedJobsReturnToTheHeadOldestFirst() {
        openWithShortLease(3);
        enqueueAll("a", "b", "c", "waiting");
        store.claim(3).join();

        Told sweep = sweepAfterTheLease();

        assertThat(sweep.reclaimed()).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(sweep.died()).isEmpty();
        assertThat(find("a").status()).isEqualTo(JobStatus.PENDING);
        assertThat(find("a").crashes()).isEqualTo(1);
        assertThat(claimIds(10)).containsExactly("a", "b", "c", "waiting");
    }

    @Test
    void aReclaimCountsTheAttempt() {
        openWithShortLease(3);
        enqueueAll("a");
        store.claim(1).join();
        sweepAfterTheLease();

        assertThat(claimOne().attempt()).isEqualTo(2);
    }

    @Test
    void aSweepLeavesClaimsAloneThatAreGood() {
        openWithShortLease(3);
        enqueueAll("a");
        Claim claim = claimOne();
        store.extend(List.of(new Renewal(claim, LONG))).join();

        Told sweep = sweep();

        assertThat(sweep.reclaimed()).isEmpty();
        assertThat(find("a").status()).isEqualTo(JobStatus.PROCESSING);
    }

    @Test
    void aJobThatLosesTooManyWorkersBecomesADeadLetter() {
        openWithShortLease(1);
        enqueue(email("a").unit("run-1", "unit-1"));
        claimOne();
        assertThat(sweepAfterTheLease().reclaimed()).containsExactly("a");
        claimOne();

        Told sweep = sweepAfterTheLease();

        assertThat(sweep.reclaimed()).isEmpty();
        assertThat(sweep.died()).containsExactly("a");
        assertThat(find("a").status()).isEqualTo(JobStatus.FAILED);
        assertThat(find("a").crashes()).isEqualTo(2);
        assertThat(find("a").lastError()).startsWith("worker-died");
        assertThat(failure("run-1", "unit-1")).startsWith("worker-died");
        assertThat(claimIds(1)).isEmpty();
    }

    @Test
    void aJobThatMayBeTriedOnceIsNotTriedAgainAfterACrash() {
        openWithShortLease(3);
        enqueue(email("a").maxAttempts(1));
        claimOne();

        assertThat(sweepAfterTheLease().died()).containsExactly("a");
    }

    @Test
    void afterATimeWithoutSweepsTheNextHoldsBackForOneLease() {
        store = open(QueueSettings.defaults().withVisibility(SHORT));
        enqueueAll("a");
        Claim claim = claimOne();
        pass(SHORT.plusMillis(20));

        Told held = sweep();
        Renewed renewed = store.extend(List.of(new Renewal(claim, LONG))).join().get(0);
        Told after = sweepAfterTheLease();

        assertThat(held.reclaimed()).isEmpty();
        assertThat(renewed).isEqualTo(Renewed.HELD);
        assertThat(after.reclaimed()).isEmpty();
        assertThat(settle(complete(claim))).isEqualTo(Answer.DONE);
    }

    @Test
    void theHoldEndsAfterOneLeaseOfSweeps() {
        store = open(QueueSettings.defaults().withVisibility(SHORT));
        enqueueAll("a");
        claimOne();
        pass(SHORT.plusMillis(20));
        sweep();

        assertThat(sweepAfterTheLease().reclaimed()).containsExactly("a");
    }

    @Test
    void aSweepTakesOutIdsWhoseJobIsGone() {
        openWithShortLease(3);
        enqueueAll("a");
        claimOne();
        lose("a");

        assertThat(sweepAfterTheLease().lost()).containsExactly("a");
        assertThat(sweepAfterTheLease().lost()).isEmpty();
    }

    // ---- retention

    @Test
    void aHistoryKeepsTheNewestByCount() {
        Retention two = new Retention(Duration.ofHours(1), 2);
        store = open(QueueSettings.defaults().withRetention(two, two));
        enqueueAll("a", "b", "c", "d", "e", "f");
        List<Claim> claims = store.claim(6).join().jobs();

        Settled completed = store.settle(claims.subList(0, 3).stream()
                        .map(JobStoreContract::complete)
                        .toList())
                .join();
        Settled failed = store.settle(claims.subList(3, 6).stream()
                        .map(JobStoreContract::fail)
                        .toList())
                .join();

        assertThat(Told.by(completed).dropped()).isZero();
        assertThat(Told.by(failed).dropped()).isEqualTo(1);
        assertThat(List.of("a", "b", "c", "d", "e", "f").stream()
                        .filter(this::isKept)
                        .toList())
                .containsExactly("b", "c", "e", "f");
    }

    @Test
    void aRetentionOfZeroKeepsNone() {
        store = open(QueueSettings.defaults()
                .withRetention(new Retention(Duration.ofHours(1), 0), new Retention(Duration.ZERO, 10)));
        enqueueAll("completed", "failed");

        Answer completed = settle(complete(claimOne()));
        Settled failed = store.settle(List.of(fail(claimOne()))).join();

        assertThat(completed).isEqualTo(Answer.DONE);
        assertThat(failed.answers()).containsExactly(Answer.DONE);
        assertThat(Told.by(failed).dropped()).isEqualTo(1);
        assertThat(isKept("completed")).isFalse();
        assertThat(isKept("failed")).isFalse();
    }

    @Test
    void aSweepDropsWhatIsTooOld() {
        Retention brief = new Retention(Duration.ofMillis(40), 10);
        store = open(QueueSettings.defaults().withRetention(brief, brief));
        enqueueAll("completed", "failed");
        settle(complete(claimOne()));
        settle(fail(claimOne()));
        pass(Duration.ofMillis(60));

        Told sweep = sweep();

        assertThat(sweep.dropped()).isEqualTo(1);
        assertThat(isKept("completed")).isFalse();
        assertThat(isKept("failed")).isFalse();
    }

    // ---- units of runs

    @Test
    void aCompletionWritesTheUnitsOutput() {
        enqueue(email("a").unit("run-1", "unit-1"));

        settle(completeUnit(claimOne(), "[1,2]"));

        assertThat(output("run-1", "unit-1")).isEqualTo("[1,2]");
        assertThat(failure("run-1", "unit-1")).isNull();
    }

    @Test
    void aZombieCannotOverwriteTheOutputOfANewerAttempt() {
        openWithShortLease(3);
        enqueue(email("a").unit("run-1", "unit-1"));
        Claim zombie = claimOne();
        sweepAfterTheLease();
        Claim healthy = claimOne();

        Answer before = settle(completeUnit(zombie, "\"zombie\""));
        Answer accepted = settle(completeUnit(healthy, "\"healthy\""));
        Answer after = settle(completeUnit(zombie, "\"zombie\""));

        assertThat(List.of(before, accepted, after)).containsExactly(Answer.REFUSED, Answer.DONE, Answer.REFUSED);
        assertThat(output("run-1", "unit-1")).isEqualTo("\"healthy\"");
    }

    @Test
    void onlyTheFinalFailureOfAUnitIsItsFailure() {
        enqueue(email("a").unit("run-1", "unit-1"));

        settle(retry(claimOne(), Duration.ZERO, 2));
        String afterTheFirst = failure("run-1", "unit-1");
        settle(retry(claimOne(), Duration.ZERO, 2));

        assertThat(afterTheFirst).isNull();
        assertThat(failure("run-1", "unit-1")).isEqualTo("it rained");
        assertThat(output("run-1", "unit-1")).isNull();
    }

    @Test
    void aLaterSuccessRemovesTheUnitsFailure() {
        enqueue(email("first").unit("run-1", "unit-1"));
        settle(fail(claimOne()));
        enqueue(email("second").unit("run-1", "unit-1"));

        settle(completeUnit(claimOne(), "1"));

        assertThat(output("run-1", "unit-1")).isEqualTo("1");
        assertThat(failure("run-1", "unit-1")).isNull();
    }

    @Test
    void anOutputIsNeverReplacedByAFailure() {
        enqueue(email("first").unit("run-1", "unit-1"));
        settle(completeUnit(claimOne(), "1"));
        enqueue(email("second").unit("run-1", "unit-1"));

        settle(fail(claimOne()));

        assertThat(output("run-1", "unit-1")).isEqualTo("1");
        assertThat(failure("run-1", "unit-1")).isNull();
    }

    @Test
    void aReleasedUnitHasNeitherOutputNorFailure() {
        enqueue(email("a").unit("run-1", "unit-1"));

        settle(release(claimOne()));

        assertThat(output("run-1", "unit-1")).isNull();
        assertThat(failure("run-1", "unit-1")).isNull();
    }

    // ---- hints

    @Test
    void oneHintWakesOneOfTwoWaiters() {
        CompletableFuture<Boolean> first = hint(LONG);
        CompletableFuture<Boolean> second = hintElsewhere(LONG);

        enqueueAll("a");

        CompletableFuture.anyOf(first, second).orTimeout(5, TimeUnit.SECONDS).join();
        store.claim(1).join();
        assertThat(List.of(first.getNow(false), second.getNow(false))).containsExactlyInAnyOrder(true, false);
    }

    @Test
    void aHintThatCameBeforeAnybodyWaitedIsStillThere() {
        enqueueAll("a");

        assertThat(hint(LONG).orTimeout(5, TimeUnit.SECONDS).join()).isTrue();
    }

    @Test
    void aWaitWithoutAHintEndsWithItsTime() {
        assertThat(hint(Duration.ofMillis(20)).orTimeout(5, TimeUnit.SECONDS).join())
                .isFalse();
    }

    @Test
    void aClaimThatLeavesJobsPassesTheHintOn() {
        enqueueAll("a", "b", "c");
        hint(LONG).orTimeout(5, TimeUnit.SECONDS).join();
        CompletableFuture<Boolean> other = hintElsewhere(LONG);

        store.claim(2).join();

        assertThat(other.orTimeout(5, TimeUnit.SECONDS).join()).isTrue();
    }

    @Test
    void aClaimOfNonePassesTheHintOn() {
        enqueueAll("a");
        hint(LONG).orTimeout(5, TimeUnit.SECONDS).join();
        CompletableFuture<Boolean> other = hintElsewhere(LONG);

        store.claim(0).join();

        assertThat(other.orTimeout(5, TimeUnit.SECONDS).join()).isTrue();
    }

    @Test
    void aClaimThatEmptiesTheQueueTakesTheHintAway() {
        enqueueAll("a");

        store.claim(1).join();

        assertThat(hint(Duration.ofMillis(50)).orTimeout(5, TimeUnit.SECONDS).join())
                .isFalse();
    }

    @Test
    void workThatComesBackIsAnnounced() {
        openWithShortLease(3);
        enqueueAll("released", "retried", "reclaimed");
        List<Claim> claims = store.claim(3).join().jobs();

        settle(release(claims.get(0)));
        assertThat(hintAndClaim()).containsExactly("released");
        settle(retry(claims.get(1), Duration.ZERO, 5));
        assertThat(hintAndClaim()).containsExactly("retried");
        assertThat(sweepAfterTheLease().reclaimed()).contains("reclaimed");
        assertThat(hintAndClaim()).contains("reclaimed");
    }

    private List<String> hintAndClaim() {
        assertThat(hint(LONG).orTimeout(5, TimeUnit.SECONDS).join()).isTrue();
        return claimIds(10);
    }

    @Test
    void aDelayedJobThatIsTheEarliestIsAnnounced() {
        enqueue(email("tomorrow").delay(Duration.ofDays(1)));

        assertThat(hint(LONG).orTimeout(5, TimeUnit.SECONDS).join()).isTrue();

        enqueue(email("next-week").delay(Duration.ofDays(7)));
        assertThat(hint(Duration.ofMillis(50)).orTimeout(5, TimeUnit.SECONDS).join())
                .isFalse();
    }

    @Test
    void hintsCanBeWaitedForAgainAfterTheyWereStopped() {
        hint(LONG);
        stopHints();

        CompletableFuture<Boolean> anew = hint(LONG);
        enqueueAll("a");

        assertThat(anew.orTimeout(5, TimeUnit.SECONDS).join()).isTrue();
    }

    // ---- pause

    @Test
    void aPausedQueueHandsOutNothingAndGoesOnWhereItWas() {
        enqueueAll("a", "b");
        pause();
        enqueue(email("c"));

        Claims paused = store.claim(10).join();
        assertThat(paused.jobs()).isEmpty();
        assertThat(paused.more()).isFalse();

        resume();
        assertThat(claimIds(10)).containsExactly("a", "b", "c");
    }

    @Test
    void aClaimedJobIsExtendedAndSettledWhileTheQueueIsPaused() {
        enqueueAll("a", "b");
        Claim running = claimOne();
        pause();

        assertThat(store.extend(List.of(new Renewal(running, LONG))).join()).containsExactly(Renewed.HELD);
        assertThat(settle(complete(running))).isEqualTo(Answer.DONE);
        assertThat(find("a").status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(claimIds(10)).isEmpty();
    }

    @Test
    void whatBecameDueDuringAPauseIsClaimedAfterIt() {
        enqueue(email("late").delay(SHORT));
        pause();
        pass(SHORT);

        Claims paused = store.claim(10).join();
        assertThat(paused.jobs()).isEmpty();
        assertThat(paused.nextDue()).isNull();
        resume();

        assertThat(claimIds(10)).containsExactly("late");
    }

    @Test
    void aResumeGivesAHint() {
        enqueueAll("a");
        pause();
        hint(LONG).orTimeout(5, TimeUnit.SECONDS).join();
        store.claim(1).join();
        CompletableFuture<Boolean> hint = hintElsewhere(LONG);

        resume();

        assertThat(hint.orTimeout(5, TimeUnit.SECONDS).join()).isTrue();
    }
}
