package io.jobqueue.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.worker.JobStore.Claims;
import io.jobqueue.worker.JobStore.Renewal;
import io.jobqueue.worker.JobStore.Renewed;
import io.jobqueue.worker.JobStore.Settled;
import io.jobqueue.worker.Settlement.Answer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * What every {@link JobStore} guarantees. The tests of the engine use the store in memory, so that store must behave
 * like the store on Redis.
 */
public abstract class JobStoreContract extends AttemptContract {

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
    void aSweepRemovesAClaimedIdWhenItsJobIsStillGoneALeaseLater() {
        openWithShortLease(3);
        enqueueAll("a");
        claimOne();
        lose("a");

        assertThat(sweepAfterTheLease().lost()).isEmpty();
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
    void aSweepRemovesJobsThatAreTooOld() {
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
    void aClaimThatEmptiesTheQueueRemovesTheHint() {
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
    void aPausedQueueGivesNoJobsAndContinuesAfterwards() {
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
    void jobsThatBecameDueDuringAPauseAreClaimedAfterIt() {
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

    // ---- pause of a kind

    @Test
    void jobsOfAPausedKindArePassedAndComeBackFirstAndInOrder() {
        enqueueAll("a", "b");
        enqueue(report("r1"));
        pauseKind("email");

        assertThat(claimIds(1)).containsExactly("r1");
        enqueueAll("c");
        enqueue(report("r2"));
        assertThat(claimIds(10)).containsExactly("r2");
        Claims none = store.claim(10).join();
        assertThat(none.jobs()).isEmpty();
        assertThat(none.more()).isFalse();
        assertThat(none.nextDue()).isNull();

        enqueue(report("r3"));
        resumeKind("email");
        enqueueAll("d");
        assertThat(claimIds(2)).containsExactly("a", "b");
        assertThat(claimIds(10)).containsExactly("c", "r3", "d");
    }

    @Test
    void aClaimedJobOfAPausedKindIsSettledAndARetryIsHeld() {
        enqueueAll("a", "b");
        Claim running = claimOne();
        Claim failing = claimOne();
        pauseKind("email");

        assertThat(settle(complete(running))).isEqualTo(Answer.DONE);
        assertThat(settle(JobRunner.release(failing))).isEqualTo(Answer.DONE);
        assertThat(claimIds(10)).isEmpty();
        assertThat(find("b").attempts()).isZero();

        resumeKind("email");
        assertThat(claimIds(10)).containsExactly("b");
    }

    @Test
    void aHeldJobIsCancelledAndRescheduled() {
        enqueueAll("a", "b", "c");
        pauseKind("email");
        assertThat(claimIds(10)).isEmpty();

        assertThat(cancel("a")).isTrue();
        assertThat(reschedule("b", SHORT)).isTrue();
        pass(SHORT);
        assertThat(claimIds(10)).isEmpty();

        resumeKind("email");
        assertThat(claimIds(10)).containsExactly("c", "b");
    }

    @Test
    void aResumeOfAKindGivesAHint() {
        enqueueAll("a");
        pauseKind("email");
        hint(LONG).orTimeout(5, TimeUnit.SECONDS).join();
        assertThat(claimIds(1)).isEmpty();
        CompletableFuture<Boolean> hint = hintElsewhere(LONG);

        resumeKind("email");

        assertThat(hint.orTimeout(5, TimeUnit.SECONDS).join()).isTrue();
    }
}
