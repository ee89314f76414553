package io.jobqueue.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.RunPart;
import io.jobqueue.worker.JobStore.Claims;
import io.jobqueue.worker.JobStore.Renewal;
import io.jobqueue.worker.JobStore.Renewed;
import io.jobqueue.worker.JobStore.Settled;
import io.jobqueue.worker.Settlement.Answer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What every {@link JobStore} guarantees when a worker claims jobs, renews claims and settles attempts. */
abstract class AttemptContract extends RequestContract {

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
    void aDelayedJobIsNotClaimedEarlyAndTheClaimReturnsItsTime() {
        enqueue(email("tomorrow").delay(Duration.ofDays(1)));

        Claims claims = store.claim(10).join();

        assertThat(claims.jobs()).isEmpty();
        assertThat(claims.more()).isFalse();
        assertThat(claims.nextDue()).isBetween(Duration.ofHours(23), Duration.ofDays(1));
    }

    @Test
    void aClaimReturnsWhetherJobsAreLeft() {
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
    void anIdWhoseJobIsGoneIsNeverClaimedAndIsLostWhenTwoSweepsMissedTheJob() {
        openWithShortLease(3);
        enqueueAll("gone", "here");
        lose("gone");

        Claims claims = store.claim(10).join();

        assertThat(ids(claims)).containsExactly("here");
        settle(complete(claims.jobs().get(0)));
        assertThat(store.claim(10).join().jobs()).isEmpty();
        assertThat(sweepAfterTheLease().lost()).isEmpty();
        assertThat(sweepAfterTheLease().lost()).containsExactly("gone");
        assertThat(sweepAfterTheLease().lost()).isEmpty();
    }

    @Test
    void aJobThatNoWorkerStartsInTimeExpiresAndIsNeverHandedOut() {
        enqueue(email("late").expiresIn(Duration.ofMillis(20)).unit("run-1", "late"));
        enqueue(email("patient").expiresIn(Duration.ofDays(1)));
        enqueueAll("eternal");
        pass(Duration.ofMillis(40));

        Claims claims = store.claim(10).join();

        assertThat(ids(claims)).containsExactly("patient", "eternal");
        assertThat(claims.events()).containsExactly(new JobEvent.Expired(store.queue(), List.of("late")));
        assertThat(find("late").status()).isEqualTo(JobStatus.FAILED);
        assertThat(find("late").lastError()).isEqualTo("expired: no worker started the job within 20 ms of its time");
        assertThat(find("late").attempts()).isZero();
        assertThat(failure("run-1", "late")).startsWith("expired: ");
        assertThat(store.claim(10).join().events()).isEmpty();
    }

    @Test
    void theTimeToExpiryOfADelayedJobBeginsWhenTheJobIsDue() {
        enqueue(email("a").delay(Duration.ofMillis(50)).expiresIn(Duration.ofSeconds(20)));
        enqueue(email("b").delay(Duration.ofMillis(50)).expiresIn(Duration.ofMillis(10)));
        pass(Duration.ofMillis(100));

        Claims claims = store.claim(10).join();

        assertThat(ids(claims)).containsExactly("a");
        assertThat(claims.events()).containsExactly(new JobEvent.Expired(store.queue(), List.of("b")));
    }

    @Test
    void aJobThatWasStartedOnceDoesNotExpireWhileItWaitsAgain() {
        for (String id : List.of("retried", "released", "snoozed")) {
            enqueue(email(id).expiresIn(Duration.ofSeconds(2)));
        }
        List<Claim> claims = store.claim(3).join().jobs();
        assertThat(claims).hasSize(3);
        settle(retry(claims.get(0), Duration.ZERO, 5));
        settle(release(claims.get(1)));
        settle(snooze(claims.get(2), Duration.ZERO));
        pass(Duration.ofMillis(2100));

        assertThat(claimIds(10)).containsExactlyInAnyOrder("retried", "released", "snoozed");
    }

    // ---- reschedule

    @Test
    void aDelayedJobThatIsRescheduledToNowJoinsAtTheBack() {
        enqueue(email("tomorrow").delay(Duration.ofDays(1)));
        enqueueAll("a");

        assertThat(reschedule("tomorrow", Duration.ZERO)).isTrue();

        assertThat(find("tomorrow").status()).isEqualTo(JobStatus.PENDING);
        assertThat(claimIds(10)).containsExactly("a", "tomorrow");
    }

    @Test
    void aWaitingJobThatIsPutOffIsClaimedWhenItsTimeHasCome() {
        enqueueAll("a", "b");

        assertThat(reschedule("a", Duration.ofMillis(400))).isTrue();

        assertThat(find("a").status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(claimIds(10)).containsExactly("b");
        pass(Duration.ofMillis(410));
        assertThat(claimIds(10)).containsExactly("a");
    }

    @Test
    void aWaitingJobThatIsRescheduledToNowKeepsItsPlace() {
        enqueueAll("a", "b");

        assertThat(reschedule("a", Duration.ZERO)).isTrue();

        assertThat(claimIds(10)).containsExactly("a", "b");
    }

    @Test
    void aJobThatIsProcessedOrHasEndedOrDoesNotExistIsNotRescheduled() {
        enqueueAll("a");
        Claim claim = claimOne();

        assertThatIllegalStateException()
                .isThrownBy(() -> reschedule("a", Duration.ZERO))
                .withMessageContaining("is being processed");
        settle(complete(claim));
        assertThat(reschedule("a", Duration.ZERO)).isFalse();
        assertThat(reschedule("none", Duration.ZERO)).isFalse();
    }

    // ---- cancel

    @Test
    void aWaitingJobThatIsCancelledEndsAtOnceAndIsNeverClaimed() {
        enqueueAll("a", "b");
        enqueue(email("c").delay(Duration.ofMillis(400)));

        assertThat(cancel("a")).isTrue();
        assertThat(cancel("c")).isTrue();

        assertThat(find("a").status()).isEqualTo(JobStatus.FAILED);
        assertThat(find("a").lastError()).isEqualTo("cancelled: the job was cancelled");
        assertThat(find("c").status()).isEqualTo(JobStatus.FAILED);
        pass(Duration.ofMillis(410));
        assertThat(claimIds(10)).containsExactly("b");
    }

    @Test
    void cancellingAgainIsTrueAndChangesNothing() {
        enqueueAll("a");

        assertThat(cancel("a")).isTrue();
        assertThat(cancel("a")).isTrue();
    }

    @Test
    void aJobThatHasEndedOrDoesNotExistIsNotCancelled() {
        enqueueAll("completed", "failed");
        settle(complete(claimOne()));
        settle(fail(claimOne()));

        assertThat(cancel("completed")).isFalse();
        assertThat(cancel("failed")).isFalse();
        assertThat(cancel("none")).isFalse();
        assertThat(find("failed").lastError()).doesNotStartWith("cancelled:");
    }

    @Test
    void aRunningJobThatIsCancelledIsRenewedAsCancelled() {
        enqueueAll("a");
        Claim claim = claimOne();

        assertThat(cancel("a")).isTrue();

        assertThat(find("a").status()).isEqualTo(JobStatus.PROCESSING);
        assertThat(store.extend(List.of(new Renewal(claim, LONG))).join()).containsExactly(Renewed.CANCELLED);
    }

    @Test
    void aCancelledAttemptFailsHoweverItEndsWithoutACompletion() {
        enqueueAll("a", "b", "c", "d", "e");
        List<Claim> claims = store.claim(5).join().jobs();
        List<Settlement> ends = List.of(
                fail(claims.get(0)),
                retry(claims.get(1), Duration.ZERO, 5),
                release(claims.get(2)),
                snooze(claims.get(3), Duration.ZERO),
                unknown(claims.get(4), LONG));
        claims.forEach(claim -> cancel(claim.id()));

        for (Settlement end : ends) {
            String id = end.claim().id();
            assertThat(settle(end)).as("%s", end).isEqualTo(Answer.CANCELLED);
            assertThat(settle(end)).as("a repeat of %s", end).isEqualTo(Answer.CANCELLED);
            assertThat(find(id).status()).isEqualTo(JobStatus.FAILED);
            assertThat(find(id).lastError()).isEqualTo("cancelled: the job was cancelled");
            assertThat(cancel(id)).as("a second cancel").isTrue();
        }
        assertThat(claimIds(10)).isEmpty();
    }

    @Test
    void aHandlerThatCompletesInSpiteOfTheCancelHasCompleted() {
        enqueue(email("a").unit("run", "unit"));
        Claim claim = claimOne();
        cancel("a");

        assertThat(settle(completeUnit(claim, "7"))).isEqualTo(Answer.DONE);

        assertThat(find("a").status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(output("run", "unit")).isEqualTo("7");
        assertThat(cancel("a")).isFalse();
    }

    @Test
    void aCancelledJobWhoseWorkerDiesEndsAsCancelled() {
        openWithShortLease(3);
        enqueue(email("a").unit("run", "unit"));
        claimOne();
        cancel("a");

        assertThat(sweepAfterTheLease().died()).containsExactly("a");

        assertThat(find("a").status()).isEqualTo(JobStatus.FAILED);
        assertThat(find("a").lastError()).isEqualTo("cancelled: the job was cancelled");
        assertThat(failure("run", "unit")).isEqualTo("cancelled: the job was cancelled");
    }

    @Test
    void theUnitOfACancelledJobHasFailed() {
        enqueue(email("a").unit("run", "unit"));

        cancel("a");

        assertThat(failure("run", "unit")).isEqualTo("cancelled: the job was cancelled");
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

        for (Settlement late : List.of(
                complete(older),
                retry(older, Duration.ZERO, 5),
                fail(older),
                release(older),
                snooze(older, Duration.ZERO),
                unknown(older, LONG))) {
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
        enqueueAll("completed", "failed", "retried", "released", "unknown");
        List<Claim> claims = store.claim(5).join().jobs();
        List<Settlement> batch = List.of(
                complete(claims.get(0)),
                fail(claims.get(1)),
                retry(claims.get(2), Duration.ofDays(1), 5),
                release(claims.get(3)),
                unknown(claims.get(4), LONG));
        Settled first = store.settle(batch).join();

        Settled second = store.settle(batch).join();

        assertThat(first.answers()).containsOnly(Answer.DONE).hasSize(5);
        assertThat(second.answers()).containsOnly(Answer.ALREADY).hasSize(5);
        assertThat(find("released").attempts()).isZero();
        assertThat(find("unknown").attempts()).isZero();
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

        for (Settlement other :
                List.of(fail(claim), retry(claim, Duration.ZERO, 5), release(claim), unknown(claim, LONG))) {
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
    void aRepeatedFinalFailureIsStillAFinalFailure() {
        enqueueAll("a");
        Claim claim = claimOne();
        settle(retry(claim, Duration.ZERO, 1));

        assertThat(settle(retry(claim, Duration.ZERO, 1))).isEqualTo(Answer.FAILED);
    }

    @Test
    void theJobsOwnLimitOfAttemptsOverridesTheWorkers() {
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

    @Test
    void aSnoozedJobWaitsJoinsAtTheBackAndCostsNoAttempt() {
        enqueue(email("a").maxAttempts(1));
        enqueueAll("b");

        assertThat(settle(snooze(claimOne(), Duration.ofMillis(40)))).isEqualTo(Answer.DONE);

        assertThat(find("a").status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(find("a").attempts()).isZero();
        assertThat(find("a").lastError()).isNull();
        pass(Duration.ofMillis(60));
        List<Claim> claims = store.claim(10).join().jobs();
        assertThat(claims).extracting(Claim::id).containsExactly("b", "a");
        assertThat(claims.get(1).attempt()).isEqualTo(1);
    }

    @Test
    void aJobThatIsSnoozedForNoTimeJoinsAtTheBackAtOnce() {
        enqueueAll("a", "b");

        settle(snooze(claimOne(), Duration.ZERO));

        assertThat(find("a").status()).isEqualTo(JobStatus.PENDING);
        assertThat(claimIds(10)).containsExactly("b", "a");
    }

    @Test
    void aSnoozedRetryKeepsItsErrorAndTheNumberOfItsAttempt() {
        enqueueAll("a");
        settle(retry(claimOne(), Duration.ZERO, 5));

        settle(snooze(claimOne(), Duration.ZERO));

        assertThat(find("a").lastError()).isEqualTo("it rained");
        assertThat(claimOne().attempt()).isEqualTo(2);
    }

    // ---- jobs that their worker does not know

    @Test
    void aJobThatItsWorkerDoesNotKnowWaitsASecondAndCostsNoAttempt() {
        enqueueAll("a", "b");

        assertThat(settle(unknown(claimOne(), LONG))).isEqualTo(Answer.DONE);

        assertThat(find("a").status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(find("a").attempts()).isZero();
        assertThat(find("a").lastError()).isEqualTo("unknown-kind: no handler");
        Claims next = store.claim(10).join();
        assertThat(ids(next)).containsExactly("b");
        assertThat(next.nextDue()).isBetween(Duration.ZERO, Duration.ofSeconds(1));
        pass(Duration.ofMillis(1020));
        assertThat(claimOne().attempt()).isEqualTo(1);
    }

    @Test
    void aJobThatIsUnknownForTooLongIsADeadLetterThatSpentNoAttempt() {
        Duration unknownFor = Duration.ofMillis(300);
        enqueue(email("a").unit("run-1", "unit-1").maxAttempts(1));
        assertThat(settle(unknown(claimOne(), unknownFor))).isEqualTo(Answer.DONE);
        pass(unknownFor.plusMillis(20));
        Claim last = claimOne();

        assertThat(settle(unknown(last, unknownFor))).isEqualTo(Answer.FAILED);

        assertThat(settle(unknown(last, unknownFor))).isEqualTo(Answer.FAILED);
        assertThat(find("a").status()).isEqualTo(JobStatus.FAILED);
        assertThat(find("a").attempts()).isZero();
        assertThat(find("a").lastError()).isEqualTo("unknown-kind: no handler");
        assertThat(failure("run-1", "unit-1")).isEqualTo("unknown-kind: no handler");
        assertThat(claimIds(1)).isEmpty();
    }

    @Test
    void aJobThatMayNotBeUnknownIsADeadLetterAtOnce() {
        enqueueAll("a");

        assertThat(settle(unknown(claimOne(), Duration.ZERO))).isEqualTo(Answer.FAILED);

        assertThat(find("a").attempts()).isZero();
    }

    @Test
    void theTimeOfAnUnknownJobStartsAgainAfterAWorkerThatKnowsIt() {
        Duration unknownFor = Duration.ofMillis(1200);
        enqueueAll("retried", "released");
        List<Claim> claims = store.claim(2).join().jobs();
        claims.forEach(claim -> settle(unknown(claim, unknownFor)));
        pass(Duration.ofMillis(1020));
        List<Claim> known = store.claim(2).join().jobs();
        settle(retry(known.get(0), Duration.ZERO, 5));
        settle(release(known.get(1)));
        List<Claim> again = store.claim(2).join().jobs();
        pass(Duration.ofMillis(220));

        for (Claim claim : again) {
            assertThat(settle(unknown(claim, unknownFor))).as(claim.id()).isEqualTo(Answer.DONE);
        }
        assertThat(again).extracting(Claim::attempt).containsExactlyInAnyOrder(1, 2);
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
}
