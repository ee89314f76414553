package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.JobEvent;
import io.jobqueue.JobStatus;
import io.jobqueue.worker.FailingCalls.Call;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The stop of a pool. */
class WorkerPoolStopTests extends WorkerPoolFixture {

    @Test
    void aStoppedPoolClaimsNothing() {
        WorkerPool pool =
                pool(slots(2).withPollInterval(Duration.ofMillis(1)), handler("work", (job, context) -> null));
        await().until(() -> store.calls(Call.CLAIM) >= 2);

        pool.stop();
        String id = enqueue("work");

        assertThat(pool.isRunning()).isFalse();
        int calls = store.calls(Call.CLAIM);
        await().during(Duration.ofMillis(50)).until(() -> store.calls(Call.CLAIM) == calls);
        assertThat(job(id).status()).isEqualTo(JobStatus.PENDING);
        assertThat(threads("")).allMatch(thread -> !thread.getName().contains("dispatcher"));
    }

    @Test
    void aStopWaitsForRunningHandlersAndTheirSettlement() {
        WorkerPool pool = pool(slots(2), handler("work", (job, context) -> atTheGate(context)));
        String running = enqueue("work");
        await().until(() -> ran.size() == 1);

        CompletableFuture<Void> stopped = stopping(pool);
        await().until(() -> !pool.isRunning());
        await().until(() -> store.waitersForHints() == 0);
        String late = enqueue("work");
        gate.countDown();

        await().until(stopped::isDone);
        assertThat(job(running).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(job(late).status()).isEqualTo(JobStatus.PENDING);
        assertThat(heard(JobEvent.Completed.class)).hasSize(1);
    }

    @Test
    void aPoolThatClaimsNoMoreGoesOnWithItsJobs() {
        WorkerPool pool = pool(slots(2), handler("work", (job, context) -> atTheGate(context)));
        String running = enqueue("work");
        await().until(() -> ran.size() == 1 && store.waitersForHints() == 1);

        pool.stopClaiming();
        String late = enqueue("work");
        gate.countDown();

        assertThat(ended(running).status()).isEqualTo(JobStatus.COMPLETED);
        await().during(Duration.ofMillis(50)).until(() -> job(late).status() == JobStatus.PENDING);
        assertThat(pool.isRunning()).isTrue();
    }

    @Test
    void aStopHasTheTimeThatItIsGivenInsteadOfTheDrainTime() {
        WorkerPool pool = pool(slots(1), handler("work", (job, context) -> atTheGate(context)));
        String id = enqueue("work");
        await().until(() -> ran.size() == 1);
        long begin = System.nanoTime();

        pool.stopClaiming();
        pool.stop(Duration.ofMillis(400));

        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .isBetween(Duration.ofMillis(300), Duration.ofSeconds(20));
        assertThat(job(id).status()).isEqualTo(JobStatus.PENDING);
        assertThat(job(id).attempts()).isZero();
    }

    @Test
    void aStopFitsItsTimeAlthoughAHandlerIgnoresTheInterrupt() {
        WorkerPool pool = pool(slots(1), handler("work", (job, context) -> stubborn(context)));
        String id = enqueue("work");
        await().until(() -> ran.size() == 1);
        long begin = System.nanoTime();

        pool.stop(Duration.ofSeconds(6));

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(9));
        assertThat(job(id).status()).isEqualTo(JobStatus.PENDING);
    }

    @Test
    void claimsAreRenewedWhileAStopWaits() {
        WorkerPool pool = pool(slots(1), handler("work", (job, context) -> atTheGate(context)));
        enqueue("work");
        await().until(() -> ran.size() == 1);

        CompletableFuture<Void> stopped = stopping(pool);
        await().until(() -> !pool.isRunning());
        int before = store.calls(Call.EXTEND);

        await().until(() -> store.calls(Call.EXTEND) >= before + 3);
        assertThat(stopped).isNotDone();
    }

    @Test
    void afterTheDrainTimeHandlersAreInterruptedAndTheirJobsHandedBackUnspent() {
        WorkerPool pool =
                pool(slots(2).withDrain(Duration.ofMillis(50)), handler("work", (job, context) -> atTheGate(context)));
        List<String> ids = List.of(enqueue("work"), enqueue("work"));
        await().until(() -> ran.size() == 2);

        pool.stop();

        assertThat(ids).allMatch(id -> job(id).status() == JobStatus.PENDING && job(id).attempts() == 0);
        assertThat(store.claim(2).join().jobs())
                .extracting(claim -> claim.id())
                .containsExactlyInAnyOrderElementsOf(ids);
        assertThat(heard(JobEvent.Released.class)).hasSize(2);
    }

    @Test
    void aHandlerThatIgnoresTheInterruptIsHandedBackToo() {
        patience = LITTLE;
        WorkerPool pool =
                pool(slots(1).withDrain(Duration.ofMillis(50)), handler("work", (job, context) -> stubborn(context)));
        String id = enqueue("work");
        await().until(() -> ran.size() == 1);

        long begin = System.nanoTime();
        pool.stop();

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(6));
        assertThat(job(id).status()).isEqualTo(JobStatus.PENDING);
        assertThat(job(id).attempts()).isZero();
        gate.countDown();
        await().until(() -> threads("worker").isEmpty());
        assertThat(heard(JobEvent.Released.class)).hasSize(1);
    }

    @Test
    void jobsThatALateClaimBringsAreHandedBack() {
        store.holdAnswers(Call.CLAIM);
        WorkerPool pool = pool(slots(2), handler("work", (job, context) -> atTheGate(context)));
        await().until(() -> store.heldAnswers() == 1);
        store.giveAnswers();
        await().until(() -> store.waitersForHints() == 1);
        store.holdAnswers(Call.CLAIM);
        String id = enqueue("work");
        await().until(() -> store.heldAnswers() == 1);

        CompletableFuture<Void> stopped = stopping(pool);
        await().until(() -> !pool.isRunning() && store.waitersForHints() == 0);
        store.giveAnswers();

        await().until(stopped::isDone);
        assertThat(job(id).status()).isEqualTo(JobStatus.PENDING);
        assertThat(job(id).attempts()).isZero();
        assertThat(ran).isEmpty();
    }

    @Test
    void outcomesThatWaitedForTheStoreAreSettledWhenItComesBackDuringTheStop() {
        patience = new Patience(Duration.ofSeconds(5), Duration.ofMillis(1200), Duration.ofSeconds(2), LONG);
        WorkerPool pool = pool(slots(2), handler("work", (job, context) -> atTheGate(context)));
        String id = enqueue("work");
        await().until(() -> ran.size() == 1);
        store.goAway();
        gate.countDown();
        // by now the dispatcher pauses for longer than a stop waits for the last answers
        await().until(() -> store.calls(Call.SETTLE) >= 6);

        CompletableFuture<Void> stopped = stopping(pool);
        await().until(() -> !pool.isRunning());
        store.comeBack();

        await().until(stopped::isDone);
        assertThat(job(id).status()).isEqualTo(JobStatus.COMPLETED);
    }

    @Test
    void aStopEndsInBoundedTimeWhileTheStoreIsAway() {
        patience = LITTLE;
        WorkerPool pool =
                pool(slots(2).withDrain(Duration.ofMillis(50)), handler("work", (job, context) -> atTheGate(context)));
        enqueue("work");
        enqueue("work");
        await().until(() -> ran.size() == 2);
        store.goAway();

        long begin = System.nanoTime();
        pool.stop();

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(6));
    }

    @Test
    void aStopWhileTheStoreIsAwayEndsAllThreadsAmongVeryShortJobsAsWell() {
        patience = LITTLE;
        store.answerLate(LONGER_THAN_A_JOB);
        WorkerPool pool = pool(slots(4).withDrain(Duration.ofMillis(50)), handler("work", (job, context) -> {
            enqueue("work"); // so that there is always more
            return null;
        }));
        IntStream.range(0, 1000).forEach(i -> enqueue("work"));
        await().until(() -> store.claimSizes().stream().anyMatch(size -> size > 4));
        int before = store.calls(Call.SETTLE);
        store.goAway();
        await().until(() -> store.calls(Call.SETTLE) >= before + 3);

        pool.stop();

        await().until(() -> threads("").isEmpty());
    }

    @Test
    void aStopEndsInBoundedTimeWhileTheStoreDoesNotAnswer() {
        patience = LITTLE;
        WorkerPool pool = pool(slots(1), handler("work", (job, context) -> null));
        store.holdAnswers(Call.SETTLE);
        enqueue("work");
        await().until(() -> store.heldAnswers() == 1);

        long begin = System.nanoTime();
        pool.stop();

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(6));
    }

    @Test
    void aStopUnderLoadLosesNothingAndSpendsNoAttempt() {
        List<String> ids =
                IntStream.range(0, 500).mapToObj(i -> enqueue("work")).toList();
        WorkerPool pool = pool(slots(8), handler("work", (job, context) -> {
            ran.add(job.id());
            return null;
        }));
        await().pollInterval(Duration.ofMillis(1)).until(() -> ran.size() > 50);

        pool.stop();

        assertThat(ids)
                .allMatch(id -> job(id).status() == JobStatus.COMPLETED
                        || (job(id).status() == JobStatus.PENDING && job(id).attempts() == 0));
        assertThat(ids.stream().filter(id -> job(id).status() == JobStatus.COMPLETED))
                .hasSize(ran.size());
    }

    @Test
    void aStoppedPoolCanBeStartedAgain() {
        WorkerPool pool = pool(slots(1), handler("work", (job, context) -> null));
        ended(enqueue("work"));
        pool.stop();
        String id = enqueue("work");

        pool.start();

        assertThat(pool.isRunning()).isTrue();
        assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(ended(enqueue("work")).status()).isEqualTo(JobStatus.COMPLETED);
    }

    @Test
    void startsAndStopsTwiceAreOne() {
        WorkerPool pool = pool(slots(1), handler("work", (job, context) -> null));

        pool.start();
        await().until(() -> threads("dispatcher").size() == 1);
        pool.stop();
        pool.stop();

        assertThat(threads("dispatcher")).isEmpty();
    }
}
