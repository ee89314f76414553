package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.HandlerThreads;
import io.jobqueue.JobEvent;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.worker.FailingCalls.Call;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** When a pool that has nothing to do looks for jobs, and what listeners hear. */
class WorkerPoolWakingTests extends WorkerPoolFixture {

    @Test
    void anAnnouncedJobIsFoundByItsHint() {
        pool(slots(1), handler("work", (job, context) -> null));
        await().until(() -> store.waitersForHints() == 1);

        assertThat(ended(enqueue("work")).status()).isEqualTo(JobStatus.COMPLETED);
    }

    @Test
    void aHintThatFindsNoFreeSlotIsPassedOn() {
        pool(slots(1).withPollInterval(Duration.ofMillis(20)), handler("work", (job, context) -> atTheGate(context)));
        await().until(() -> store.waitersForHints() == 1);
        store.enqueueUnannounced("{\"kind\":\"work\"}");
        await().until(() -> ran.size() == 1);
        CompletableFuture<Boolean> another = store.hint(LONG);

        enqueue("work");

        await().until(another::isDone);
        assertThat(another).isCompletedWithValue(true);
        assertThat(store.claimSizes()).contains(0);
        assertThat(ran).hasSize(1);
    }

    @Test
    void aJobWithoutAHintIsFoundWithinThePollInterval() {
        pool(slots(1).withPollInterval(Duration.ofMillis(200)), handler("work", (job, context) -> {
            ran.add(job.id());
            return null;
        }));
        await().until(() -> store.waitersForHints() == 1);

        List<Long> waits = IntStream.range(0, 3)
                .mapToObj(i -> {
                    long begin = System.nanoTime();
                    ended(store.enqueueUnannounced("{\"kind\":\"work\"}"));
                    return System.nanoTime() - begin;
                })
                .sorted()
                .toList();

        // the best of three, because the machine may be busy
        assertThat(Duration.ofNanos(waits.get(0))).isLessThan(Duration.ofMillis(500));
    }

    @Test
    void aDelayedJobStartsOnTimeOnAnIdlePool() {
        List<Long> starts = new CopyOnWriteArrayList<>();
        pool(slots(1), handler("work", (job, context) -> {
            starts.add(System.nanoTime());
            return null;
        }));
        Duration delay = Duration.ofMillis(80);

        List<Long> late = IntStream.range(0, 5)
                .mapToObj(i -> {
                    await().until(() -> store.waitersForHints() == 1);
                    long due = System.nanoTime() + delay.toNanos();
                    ended(store.enqueue(JobRequest.of("work", null).delay(delay)));
                    return starts.get(i) - due;
                })
                .sorted()
                .toList();

        // the best of five, because the machine may be busy; the store's clock counts whole milliseconds
        assertThat(Duration.ofNanos(late.get(0))).isLessThan(Duration.ofMillis(50));
        assertThat(Duration.ofNanos(late.get(0))).isGreaterThan(Duration.ofMillis(-2));
    }

    @Test
    void anIdlePoolAsksNoMoreOftenThanItPolls() {
        pool(slots(4), handler("work", (job, context) -> null));
        await().until(() -> store.waitersForHints() == 1);
        int calls = store.calls(Call.CLAIM);

        await().during(Duration.ofMillis(200)).until(() -> store.calls(Call.CLAIM) == calls);
    }

    @Test
    void aListenerReceivesStartAndCompletionInOrderOnceTheStoreConfirmed() {
        List<String> heard = new CopyOnWriteArrayList<>();
        pool(
                slots(1),
                event -> {
                    if (event instanceof JobEvent.OfAttempt attempt) {
                        heard.add(event.getClass().getSimpleName()
                                + " "
                                + job(attempt.claim().id()).status());
                    }
                },
                HandlerThreads.factory(),
                handler("work", (job, context) -> null));

        ended(enqueue("work"));

        await().until(() -> heard.size() == 2);
        assertThat(heard).containsExactly("Started PROCESSING", "Completed COMPLETED");
    }

    @Test
    void nothingIsToldWhileTheStoreHasNotAnswered() {
        store.holdAnswers(Call.SETTLE);
        pool(slots(1), handler("work", (job, context) -> null));
        String id = enqueue("work");
        await().until(() -> store.heldAnswers() == 1);

        await().during(Duration.ofMillis(50))
                .until(() -> heard(JobEvent.Completed.class).isEmpty());
        store.giveAnswers();

        assertThat(awaitEvent(JobEvent.Completed.class).claim().id()).isEqualTo(id);
    }

    @Test
    void droppedDeadLettersAreTold() {
        store = new InMemoryJobStore(QueueSettings.defaults()
                .withRetention(new Retention(Duration.ofHours(1), 1), new Retention(Duration.ofHours(1), 0)));
        enqueue("fail");

        pool(slots(2), handler("fail", (job, context) -> JobOutcome.deadLetter("broken")));

        assertThat(awaitEvent(JobEvent.DeadLettersDropped.class).count()).isEqualTo(1);
    }

    @Test
    void theEventOfAnAttemptContainsTheTimeOfItsHandler() {
        pool(slots(1), handler("work", (job, context) -> {
            long begin = System.nanoTime();
            await().until(() ->
                    System.nanoTime() - begin > Duration.ofMillis(30).toNanos());
            return null;
        }));

        enqueue("work");

        assertThat(awaitEvent(JobEvent.Completed.class).took()).isBetween(Duration.ofMillis(30), LONG);
    }
}
