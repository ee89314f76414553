package io.jobqueue.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Backoff;
import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.RetryPolicy;
import io.jobqueue.worker.Settlement.Answer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a request asks of the attempts of its job. Runs against every {@link JobStore}. */
public abstract class RequestContract extends LinkedJobsContract {

    // ---- deadline

    @Test
    void aJobWithADeadlineIsRetriedBeyondTheLimitOfTheWorker() {
        enqueue(email("a").deadline(Duration.ofHours(48)));

        for (int attempt = 1; attempt <= 8; attempt++) {
            Claim claim = claimOne();
            assertThat(claim.attempt()).isEqualTo(attempt);
            assertThat(claim.deadline()).isNotNull();
            assertThat(settle(retry(claim, Duration.ZERO, 5))).isEqualTo(Answer.DONE);
        }
    }

    @Test
    void anAttemptThatFailsAfterTheDeadlineIsFinalAndItsReasonSaysSo() {
        enqueue(email("a").deadline(Duration.ofMillis(40)));
        Claim claim = claimOne();
        pass(Duration.ofMillis(60));
        Settlement failure = retry(claim, Duration.ZERO, Integer.MAX_VALUE);

        assertThat(settle(failure)).isEqualTo(Answer.FAILED);

        assertThat(settle(failure)).as("the repeat").isEqualTo(Answer.FAILED);
        assertThat(find("a").status()).isEqualTo(JobStatus.FAILED);
        assertThat(find("a").lastError()).isEqualTo("deadline-passed: it rained");
        assertThat(claimIds(1)).isEmpty();
        assertThat(((JobEvent.Failed) failure.event(Answer.FAILED, Duration.ZERO)).reason())
                .isEqualTo(new FailureReason(FailureReason.Code.DEADLINE_PASSED, "it rained"));
    }

    @Test
    void theLastRetryIsDueAtTheDeadline() {
        enqueue(email("a").deadline(Duration.ofMillis(800)));

        assertThat(settle(retry(claimOne(), Duration.ofDays(1), 5))).isEqualTo(Answer.DONE);

        assertThat(find("a").dueAt()).isEqualTo(find("a").deadline());
        pass(Duration.ofMillis(820));
        assertThat(settle(retry(claimOne(), Duration.ofDays(1), 5))).isEqualTo(Answer.FAILED);
    }

    @Test
    void theTimeToTheDeadlineOfADelayedJobBeginsWhenTheJobIsDue() {
        enqueue(email("a").delay(Duration.ofMillis(100)).deadline(Duration.ofMinutes(1)));
        enqueue(email("b").delay(Duration.ofMillis(100)).deadline(Instant.EPOCH));
        pass(Duration.ofMillis(120));

        List<Claim> claims = store.claim(2).join().jobs();

        assertThat(find("a").deadline())
                .isEqualTo(find("a").enqueuedAt().plusMillis(100).plusSeconds(60));
        assertThat(settle(retry(claims.get(0), Duration.ZERO, 5))).isEqualTo(Answer.DONE);
        assertThat(settle(retry(claims.get(1), Duration.ZERO, 5)))
                .as("one attempt after the deadline")
                .isEqualTo(Answer.FAILED);
    }

    @Test
    void aJobWithADeadlineAndALimitOfItsOwnEndsWithTheLimitThatItMeetsFirst() {
        enqueue(email("a").deadline(Duration.ofHours(1)).maxAttempts(2));

        assertThat(settle(retry(claimOne(), Duration.ZERO, 5))).isEqualTo(Answer.DONE);
        Claim last = claimOne();
        Settlement failure = retry(last, Duration.ZERO, last.maxAttempts());
        assertThat(settle(failure)).isEqualTo(Answer.FAILED);

        assertThat(find("a").lastError()).isEqualTo("it rained");
        assertThat(((JobEvent.Failed) failure.event(Answer.FAILED, Duration.ZERO)).reason())
                .isEqualTo(FailureReason.handler("it rained"));
    }

    @Test
    void aJobThatIsReleasedOrSnoozedAfterItsDeadlineWaitsForOneMoreAttempt() {
        enqueue(email("released").deadline(Duration.ofMillis(20)));
        enqueue(email("snoozed").deadline(Duration.ofMillis(20)));
        List<Claim> claims = store.claim(2).join().jobs();
        pass(Duration.ofMillis(40));

        settle(release(claims.get(0)));
        settle(snooze(claims.get(1), Duration.ZERO));

        assertThat(claimIds(2)).containsExactly("released", "snoozed");
    }

    @Test
    void aJobWhoseWorkerDiedAfterTheDeadlineIsADeadLetter() {
        openWithShortLease(3);
        enqueue(email("late").deadline(Duration.ofMillis(10)));
        enqueue(email("in-time").deadline(Duration.ofHours(1)));
        store.claim(2).join();

        Told told = sweepAfterTheLease();

        assertThat(told.reclaimed()).containsExactly("in-time");
        assertThat(find("late").lastError()).isEqualTo("deadline-passed: its worker fell silent in attempt 1");
    }

    @Test
    void aDeadlineDoesNotKeepAJobFromExpiring() {
        enqueue(email("a").deadline(Duration.ofHours(1)).expiresIn(Duration.ofMillis(20)));
        pass(Duration.ofMillis(40));

        assertThat(claimIds(1)).isEmpty();

        assertThat(find("a").lastError()).startsWith("expired: ");
    }

    // ---- backoff

    @Test
    void theBackoffOfARequestTravelsWithTheJob() {
        JobRequest request = email("a").backoff(new Backoff(Duration.ofMillis(1500), 1.5, Duration.ofHours(2), 0.1));
        enqueue(request);

        assertThat(claimOne().backoff(RetryPolicy.defaults())).isEqualTo(request.backoff());
    }
}
