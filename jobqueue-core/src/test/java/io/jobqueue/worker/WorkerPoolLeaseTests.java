package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.worker.FailingCalls.Call;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** The leases of the jobs that a pool works on. */
class WorkerPoolLeaseTests extends WorkerPoolFixture {

    @Test
    void aHandlerWhoseJobWasTakenAwayIsInterruptedAndItsResultRefused() {
        AtomicBoolean knew = new AtomicBoolean();
        pool(slots(1), handler("work", (job, context) -> {
            if (job.attempt() > 1) {
                return "newer";
            }
            ran.add(job.id());
            try {
                gate.await();
            } catch (InterruptedException ex) {
                knew.set(context.isLeaseLost() && !context.extend(LONG));
            }
            return "older";
        }));
        String id = enqueue("work");
        await().until(() -> ran.size() == 1);

        store.takeAway(id);

        awaitEvent(JobEvent.Refused.class);
        assertThat(ended(id).result()).isEqualTo(store.codec().json("{\"value\":\"newer\"}"));
        assertThat(knew).isTrue();
        assertThat(heard(JobEvent.LeaseLost.class)).hasSize(1);
        assertThat(heard(JobEvent.Refused.class)).hasSize(1);
    }

    @Test
    void aHandlerThatIgnoresTheLossOfItsLeaseIsLeftBehindAtItsTimeLimit() {
        patience = LITTLE;
        pool(
                slots(1),
                new Handler(
                        "limited",
                        Map.class,
                        AT_ONCE,
                        Duration.ofMillis(500),
                        Set.of(),
                        (job, context) -> job.attempt() == 1 ? stubborn(context) : null));
        String id = enqueue("limited");
        await().until(() -> ran.size() == 1);

        store.takeAway(id);

        awaitEvent(JobEvent.LeaseLost.class);
        assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(heard(JobEvent.Stuck.class)).hasSize(1);
        assertThat(heard(JobEvent.Refused.class)).hasSize(1);
    }

    @Test
    void aHandlerIsInterruptedWhenItsLeaseCannotBeRenewedInTime() {
        store = new InMemoryJobStore(SETTINGS.withVisibility(Duration.ofMillis(100)));
        pool(
                slots(1),
                handler("work", (job, context) -> job.attempt() == 1 && ran.isEmpty() ? atTheGate(context) : null));
        String id = store.enqueue(JobRequest.of("work", null).maxAttempts(1));
        await().until(() -> ran.size() == 1);

        store.goAway();
        awaitEvent(JobEvent.LeaseLost.class);
        store.comeBack();

        // nobody else had it, so it is handed back, and the outage cost no attempt
        assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(job(id).attempts()).isEqualTo(1);
        assertThat(heard(JobEvent.Released.class)).hasSize(1);
    }

    @Test
    void aJobWhoseLeaseIsOverBeforeItBeginsIsHandedBackAndDoesNotRun() {
        store = new InMemoryJobStore(SETTINGS.withVisibility(Duration.ofMillis(500)));
        String id = enqueue("work");
        store.holdAnswers(Call.CLAIM);
        pool(slots(1), handler("work", (job, context) -> ran.add(Long.toString(job.fence()))));
        await().until(() -> store.heldAnswers() == 1);

        // as when the process is stopped while the answer is on its way
        long over = System.nanoTime() + Duration.ofMillis(510).toNanos();
        await().until(() -> System.nanoTime() > over);
        store.goAway(Call.EXTEND); // else a renewal may be quicker, and the job may begin after all
        store.giveAnswers();

        assertThat(ended(id).attempts()).isEqualTo(1);
        assertThat(ran).containsExactly("2");
        assertThat(heard(JobEvent.Released.class)).hasSize(1);
    }

    @Test
    void anExtendedLeaseIsNotTakenForLostBeforeItIsOver() {
        store = new InMemoryJobStore(SETTINGS.withVisibility(Duration.ofMillis(100)));
        pool(slots(1), handler("work", (job, context) -> {
            context.extend(LONG);
            store.goAway(Call.EXTEND);
            return atTheGate(context);
        }));
        String id = enqueue("work");
        await().until(() -> ran.size() == 1);

        await().during(Duration.ofMillis(300))
                .until(() -> heard(JobEvent.LeaseLost.class).isEmpty());
        gate.countDown();

        assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
    }

    @Test
    void aClaimIsRenewedWhileItsHandlerRuns() {
        store = new InMemoryJobStore(SETTINGS.withVisibility(Duration.ofMillis(500)));
        pool(slots(1), handler("work", (job, context) -> atTheGate(context)));
        enqueue("work");
        await().until(() -> ran.size() == 1);

        int before = store.calls(Call.EXTEND);

        await().until(() -> store.calls(Call.EXTEND) >= before + 5);
        assertThat(heard(JobEvent.LeaseLost.class)).isEmpty();
    }

    @Test
    void aClaimIsRenewedWhileItsSettlementWaitsForTheStore() {
        pool(slots(1), handler("work", (job, context) -> null));
        store.goAway(Call.SETTLE);
        String id = enqueue("work");
        await().until(() -> store.calls(Call.SETTLE) >= 1);

        int before = store.calls(Call.EXTEND);

        await().until(() -> store.calls(Call.EXTEND) >= before + 3);
        assertThat(job(id).status()).isEqualTo(JobStatus.PROCESSING);
    }

    @Test
    void aRenewalThatComesAfterTheSettlementIsNoLostLease() {
        store.holdAnswers(Call.SETTLE);
        pool(slots(1), handler("work", (job, context) -> null));
        String id = enqueue("work");
        await().until(() -> store.heldAnswers() == 1);

        // the job is completed, but the pool does not know yet
        await().until(() -> store.calls(Call.EXTEND) >= 1);
        await().until(WorkerPoolFixture::leaseKeeperWaits);
        store.giveAnswers();

        awaitEvent(JobEvent.Completed.class);
        assertThat(job(id).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(heard(JobEvent.LeaseLost.class)).isEmpty();
    }

    @Test
    void claimsAndTimeLimitsAreCheckedAsUsualWhileTheStoreIsAway() {
        pool(slots(1), new Handler("work", Map.class, AT_ONCE, Duration.ofMillis(300), Set.of(), (job, context) -> {
            try {
                return atTheGate(context);
            } catch (InterruptedException ex) {
                ran.add("interrupted");
                throw ex;
            }
        }));
        enqueue("work");
        await().until(() -> ran.size() == 1);

        store.goAway();

        // with a backoff that grows to seconds this would take half a minute
        int before = store.calls(Call.EXTEND);
        await().until(() -> store.calls(Call.EXTEND) >= before + 15);
        await().until(() -> ran.contains("interrupted"));
    }
}
