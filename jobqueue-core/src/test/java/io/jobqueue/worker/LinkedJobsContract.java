package io.jobqueue.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.Unique;
import io.jobqueue.worker.JobStore.Settled;
import io.jobqueue.worker.Settlement.Answer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Jobs that depend on each other: unique keys and chains. Runs against every {@link JobStore}. */
public abstract class LinkedJobsContract extends JobStoreFixture {

    /** How a job that is claimed can end for good. */
    enum End {
        COMPLETE {
            @Override
            Settlement of(Claim claim) {
                return complete(claim);
            }
        },
        FAIL {
            @Override
            Settlement of(Claim claim) {
                return fail(claim);
            }
        },
        LAST_RETRY {
            @Override
            Settlement of(Claim claim) {
                return retry(claim, Duration.ZERO, 1);
            }
        };

        abstract Settlement of(Claim claim);
    }

    // ---- unique keys

    @ParameterizedTest
    @EnumSource
    void anEnqueueWithTheKeyOfAWaitingJobReturnsThatJob(Unique.Hold hold) {
        Unique unique = new Unique("k", hold, hold == Unique.Hold.WITHIN ? LONG : null, false);
        enqueue(email("a").unique(unique));

        assertThat(enqueue(email("b").unique(unique))).isEqualTo("a");

        assertThat(isKept("b")).isFalse();
        assertThat(enqueue(email("c").unique(Unique.untilDone("other")))).isEqualTo("c");
        assertThat(claimIds(9)).containsExactly("a", "c");
    }

    @Test
    void aJobThatHoldsItsKeyWhileWaitingFreesItWhenItIsClaimed() {
        enqueue(email("a").unique(Unique.whileWaiting("k")));
        claimOne();

        assertThat(enqueue(email("b").unique(Unique.whileWaiting("k")))).isEqualTo("b");
    }

    @ParameterizedTest
    @EnumSource
    void aJobThatHoldsItsKeyUntilItIsDoneFreesItWithEveryEnd(End end) {
        enqueue(email("a").unique(Unique.untilDone("k")));
        Claim claim = claimOne();
        assertThat(enqueue(email("b").unique(Unique.untilDone("k"))))
                .as("while it runs")
                .isEqualTo("a");

        settle(end.of(claim));

        assertThat(enqueue(email("b").unique(Unique.untilDone("k")))).isEqualTo("b");
        settle(end.of(claim));
        assertThat(enqueue(email("c").unique(Unique.untilDone("k"))))
                .as("after a repeated settlement of the first")
                .isEqualTo("b");
    }

    @Test
    void aJobThatWaitsAgainKeepsItsKey() {
        enqueue(email("a").unique(Unique.untilDone("k")));

        for (Verb verb : List.of(Verb.RETRY, Verb.SNOOZE, Verb.RELEASE)) {
            settle(verb.of(claimOne(), "", "it rained", Duration.ZERO, 9));
            assertThat(enqueue(email("b").unique(Unique.untilDone("k"))))
                    .as(verb.name())
                    .isEqualTo("a");
        }
    }

    @Test
    void aCancelledJobAndOneThatExpiredFreeTheirKeys() {
        enqueue(email("a").unique(Unique.untilDone("k")));
        cancel("a");
        assertThat(enqueue(email("b").expiresIn(Duration.ofMillis(20)).unique(Unique.untilDone("k"))))
                .isEqualTo("b");
        pass(Duration.ofMillis(40));
        assertThat(claimIds(1)).isEmpty();

        assertThat(enqueue(email("c").unique(Unique.untilDone("k")))).isEqualTo("c");
    }

    @Test
    void aHolderThatIsGoneHoldsNothing() {
        enqueue(email("a").unique(Unique.untilDone("k")));
        lose("a");

        assertThat(enqueue(email("b").unique(Unique.untilDone("k")))).isEqualTo("b");
    }

    @Test
    void aKeyForAPeriodIsHeldForItWhateverBecomesOfTheJob() {
        Unique unique = Unique.within("k", Duration.ofMillis(200));
        enqueue(email("a").unique(unique));
        settle(complete(claimOne()));
        assertThat(enqueue(email("b").unique(unique))).isEqualTo("a");

        pass(Duration.ofMillis(220));

        assertThat(enqueue(email("c").unique(unique))).isEqualTo("c");
    }

    @Test
    void aKeyThatReplacesGivesTheWaitingJobThePayloadAndTheTimeOfTheNext() {
        Unique unique = Unique.untilDone("k").replace();
        enqueue(email("a").unique(unique).delay(LONG));

        assertThat(enqueue(email("b").unique(unique).delay(Duration.ofMillis(200))))
                .isEqualTo("a");

        assertThat(claimIds(1)).isEmpty();
        pass(Duration.ofMillis(220));
        Claim claim = claimOne();
        assertThat(claim.id()).isEqualTo("a");
        assertThat(claim.payload().text()).contains("\"to\":\"b\"");
        enqueue(email("c").unique(unique));
        assertThat(find("a").payload().text()).as("while it runs").contains("\"to\":\"b\"");
    }

    @Test
    void aJobOfAnotherKindDoesNotReplaceThePayload() {
        Unique unique = Unique.untilDone("k").replace();
        enqueue(email("a").unique(unique));

        assertThat(enqueue(JobRequest.of("report", Map.of("to", "b")).unique(unique)))
                .isEqualTo("a");

        assertThat(claimOne().payload().text()).contains("\"to\":\"a\"");
    }

    // ---- chains

    @Test
    void theStepThatCompletesAJobEnqueuesTheNextOne() {
        enqueue(email("a").then(report("b")).then(email("c")));
        Claim first = claimOne();
        assertThat(first.linked()).isTrue();
        assertThat(isKept("b")).isFalse();

        Settled settled = store.settle(List.of(complete(first))).join();

        assertThat(settled.answers()).containsExactly(Answer.DONE);
        assertThat(settled.events()).containsExactly(new JobEvent.Enqueued("jobs", "report", "b"));
        assertThat(find("b").status()).isEqualTo(JobStatus.PENDING);
        assertThat(isKept("c")).isFalse();
    }

    @Test
    void theNextJobReadsTheResultOfTheJobBefore() {
        enqueue(email("a").then(report("b")));
        Claim first = claimOne();
        settle(complete(first));

        assertThat(previous(first)).isNull();
        assertThat(previous(claimOne())).isEqualTo("{\"done\":true}");
    }

    @Test
    void aRepeatedCompletionEnqueuesTheNextJobOnce() {
        enqueue(email("a").then(report("b")));
        Claim first = claimOne();
        settle(complete(first));
        settle(complete(claimOne()));

        assertThat(settle(complete(first))).isEqualTo(Answer.ALREADY);

        assertThat(claimIds(1)).isEmpty();
        assertThat(find("b").status()).isEqualTo(JobStatus.COMPLETED);
    }

    @Test
    void theDelayOfTheNextJobBeginsWhenTheJobBeforeHasCompleted() {
        enqueue(email("a").then(report("b").delay(Duration.ofMillis(300))));
        Claim first = claimOne();
        pass(Duration.ofMillis(320));

        settle(complete(first));

        assertThat(find("b").status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(claimIds(1)).isEmpty();
        pass(Duration.ofMillis(320));
        assertThat(claimIds(1)).containsExactly("b");
    }

    @Test
    void aJobThatIsTriedAgainStartsTheNextOneWhenItCompletes() {
        enqueue(email("a").then(report("b")));
        settle(retry(claimOne(), Duration.ZERO, 5));
        assertThat(isKept("b")).isFalse();

        settle(complete(claimOne()));

        assertThat(claimIds(1)).containsExactly("b");
    }

    @Test
    void aJobThatFailsOrIsCancelledEndsItsChain() {
        enqueue(email("a").then(report("after-a")));
        enqueue(email("b").then(report("after-b")));
        settle(fail(claimOne()));
        Claim second = claimOne();
        cancel("b");

        assertThat(settle(release(second))).isEqualTo(Answer.CANCELLED);

        assertThat(claimIds(9)).isEmpty();
        assertThat(isKept("after-a")).isFalse();
        assertThat(isKept("after-b")).isFalse();
    }

    @Test
    void anIdThatExistsEndsTheChain() {
        enqueue(email("b"));
        settle(complete(claimOne()));
        enqueue(email("a").then(report("b")).then(report("c")));

        Settled settled = store.settle(List.of(complete(claimOne()))).join();

        assertThat(settled.events()).isEmpty();
        assertThat(find("b").status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(isKept("c")).isFalse();
    }

    @Test
    void aUniqueKeyThatAnotherJobHoldsEndsTheChain() {
        enqueue(email("holder").unique(Unique.untilDone("k")).delay(LONG));
        enqueue(email("a").then(report("b").unique(Unique.untilDone("k"))).then(report("c")));

        settle(complete(claimOne()));

        assertThat(claimIds(9)).isEmpty();
        assertThat(isKept("b")).isFalse();
    }
}
