package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.FailingCalls.Call;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class UpkeepTests {

    private static final Duration LEASE = Duration.ofMillis(50);
    private static final Duration INTERVAL = Duration.ofMillis(10);

    private final List<JobEvent> events = new CopyOnWriteArrayList<>();
    private final InMemoryJobStore store =
            new InMemoryJobStore(QueueSettings.defaults().withVisibility(LEASE).withMaxCrashes(0));
    private @Nullable Upkeep upkeep;

    @AfterEach
    void stop() {
        if (upkeep != null) {
            upkeep.stop();
        }
    }

    private Upkeep started(JobListener listener, InMemoryJobStore... stores) {
        Upkeep made =
                new Upkeep(Stream.of(stores).map(each -> each.sweep(INTERVAL)).toList(), listener);
        upkeep = made;
        made.start();
        return made;
    }

    private static Claim claimed(InMemoryJobStore store) {
        store.enqueue(JobRequest.of("work", null));
        return store.claim(1).join().jobs().get(0);
    }

    private static InMemoryJobStore forgiving() {
        return new InMemoryJobStore(QueueSettings.defaults().withVisibility(LEASE));
    }

    @Test
    void returnsTheJobsOfSilentWorkersAndInformsTheListener() {
        InMemoryJobStore queue = forgiving();
        Claim claim = claimed(queue);

        started(events::add, queue);

        await().until(() -> !events.isEmpty());
        assertThat(events).containsExactly(new JobEvent.Reclaimed("jobs", List.of(claim.id())));
        assertThat(queue.find(claim.id()).orElseThrow().status()).isEqualTo(JobStatus.PENDING);
    }

    @Test
    void reportsDeadLettersAndLostJobs() {
        Claim dies = claimed(store);
        Claim lost = claimed(store);
        store.lose(lost.id());

        started(events::add, store);

        await().until(() -> events.size() >= 2);
        assertThat(events)
                .containsExactlyInAnyOrder(
                        new JobEvent.WorkerDied("jobs", List.of(dies.id())),
                        new JobEvent.Lost("jobs", List.of(lost.id())));
    }

    @Test
    void aQueueThatFailsHoldsUpNoOther() {
        InMemoryJobStore healthy = forgiving();
        Claim claim = claimed(healthy);
        store.goAway();

        started(events::add, store, healthy);

        await().until(() -> events.contains(new JobEvent.Reclaimed("jobs", List.of(claim.id()))));
    }

    @Test
    void aQueueThatDoesNotAnswerHoldsUpNoOther() {
        InMemoryJobStore healthy = forgiving();
        Claim claim = claimed(healthy);
        store.holdAnswers(Call.SWEEP);

        started(events::add, store, healthy);

        await().until(() -> events.contains(new JobEvent.Reclaimed("jobs", List.of(claim.id()))));
        assertThat(store.calls(Call.SWEEP)).isEqualTo(1);
        store.giveAnswers();
    }

    @Test
    void aStopWaitsForTheCurrentRoundAndReportsItsEvents() {
        Chore.Round last = new Chore.Round(List.of(new JobEvent.Lost("jobs", List.of("one"))), INTERVAL);
        CompletableFuture<Chore.Round> out = new CompletableFuture<>();
        AtomicBoolean stopped = new AtomicBoolean();
        Chore slow = new Chore() {
            @Override
            public String queue() {
                return "jobs";
            }

            @Override
            public String name() {
                return "slow";
            }

            @Override
            public CompletableFuture<Round> round() {
                return out;
            }

            @Override
            public void stop() {
                stopped.set(true);
            }
        };
        Upkeep working = new Upkeep(List.of(slow), events::add);
        working.start();
        await().until(() -> out.getNumberOfDependents() > 0);
        CompletableFuture<Void> stopping = CompletableFuture.runAsync(working::stop);
        await().until(() -> out.getNumberOfDependents() > 1);
        assertThat(stopping).isNotDone();

        out.complete(last);

        await().until(stopping::isDone);
        assertThat(events).isEqualTo(last.events());
        assertThat(stopped).isTrue();
    }

    @Test
    void oneThreadRunsTheChoresOfAllQueues() {
        InMemoryJobStore[] stores =
                Stream.generate(UpkeepTests::forgiving).limit(50).toArray(InMemoryJobStore[]::new);

        started(events::add, stores);

        await().until(() -> Stream.of(stores).allMatch(queue -> queue.calls(Call.SWEEP) >= 3));
        assertThat(Thread.getAllStackTraces().keySet())
                .filteredOn(thread -> thread.getName().startsWith("jobqueue-"))
                .extracting(Thread::getName)
                .containsExactly("jobqueue-upkeep");
    }

    @Test
    void continuesAfterAnyFailureOfTheStore() {
        InMemoryJobStore queue = forgiving();
        Claim claim = claimed(queue);
        queue.throwNext(Call.SWEEP, new StackOverflowError());
        queue.failNextBeforeEffect(Call.SWEEP, 1);

        started(events::add, queue);

        await().until(() -> events.contains(new JobEvent.Reclaimed("jobs", List.of(claim.id()))));
    }

    @Test
    void continuesAfterAnyFailureOfTheListener() {
        InMemoryJobStore queue = forgiving();
        claimed(queue);
        started(
                event -> {
                    events.add(event);
                    throw new NoClassDefFoundError("gone/Away");
                },
                queue);
        await().until(() -> events.size() == 1);

        queue.claim(1).join();

        await().until(() -> events.size() == 2);
    }

    @Test
    void anOutageIsOneLineAtItsBeginAndOneAtItsEnd() {
        try (CapturedLog log = new CapturedLog(Outage.class)) {
            store.goAway();
            started(events::add, store);
            await().until(() -> store.calls(Call.SWEEP) >= 3);

            store.comeBack();

            await().until(() ->
                    !log.lines(Level.INFO, "The sweep of queue jobs").isEmpty());
            assertThat(log.lines(Level.WARN, "The sweep of queue jobs")).hasSize(1);
        }
    }

    @Test
    void aFailureWhoseMessageHasLineBreaksIsOneLine() {
        try (CapturedLog log = new CapturedLog(Outage.class)) {
            store.throwNext(Call.SWEEP, new IllegalStateException("no\nforged line"));

            started(events::add, store);

            await().until(() ->
                    !log.lines(Level.WARN, "The sweep of queue jobs").isEmpty());
            assertThat(log.lines(Level.WARN, "")).singleElement().asString().endsWith("no\\u000aforged line");
        }
    }

    @Test
    void sweepsNoMoreOnceItIsStoppedAndAgainAfterTheNextStart() {
        Upkeep sweeping = started(events::add, store);
        await().until(() -> store.calls(Call.SWEEP) >= 2);

        sweeping.stop();

        assertThat(sweeping.isRunning()).isFalse();
        int calls = store.calls(Call.SWEEP);
        await().during(INTERVAL.multipliedBy(5)).until(() -> store.calls(Call.SWEEP) == calls);
        sweeping.start();
        assertThat(sweeping.isRunning()).isTrue();
        await().until(() -> store.calls(Call.SWEEP) > calls);
    }
}
