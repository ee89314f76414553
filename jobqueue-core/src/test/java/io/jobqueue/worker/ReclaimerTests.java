package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ch.qos.logback.classic.Level;
import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.InMemoryJobStore.Call;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ReclaimerTests {

    private static final Duration LEASE = Duration.ofMillis(50);
    private static final Duration INTERVAL = Duration.ofMillis(10);

    private final List<JobEvent> events = new CopyOnWriteArrayList<>();
    private final InMemoryJobStore store =
            new InMemoryJobStore(QueueSettings.defaults().withVisibility(LEASE).withMaxCrashes(0));
    private @Nullable Reclaimer reclaimer;

    @AfterEach
    void stop() {
        if (reclaimer != null) {
            reclaimer.stop();
        }
    }

    private Reclaimer started(JobListener listener, InMemoryJobStore... stores) {
        Reclaimer made = new Reclaimer(List.of(stores), INTERVAL, listener);
        reclaimer = made;
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
    void putsTheJobsOfSilentWorkersBackAndTellsTheListener() {
        InMemoryJobStore queue = forgiving();
        Claim claim = claimed(queue);

        started(events::add, queue);

        await().until(() -> !events.isEmpty());
        assertThat(events).containsExactly(new JobEvent.Reclaimed("jobs", List.of(claim.id())));
        assertThat(queue.find(claim.id()).orElseThrow().status()).isEqualTo(JobStatus.PENDING);
    }

    @Test
    void tellsOfDeadLettersAndOfLostJobs() {
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
    void goesOnAfterWhateverTheStoreThrows() {
        InMemoryJobStore queue = forgiving();
        Claim claim = claimed(queue);
        queue.throwNext(Call.SWEEP, new StackOverflowError());
        queue.failNextBeforeEffect(Call.SWEEP, 1);

        started(events::add, queue);

        await().until(() -> events.contains(new JobEvent.Reclaimed("jobs", List.of(claim.id()))));
    }

    @Test
    void goesOnAfterWhateverTheListenerThrows() {
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
        try (CapturedLog log = new CapturedLog(Loop.class)) {
            store.goAway();
            started(events::add, store);
            await().until(() -> store.calls(Call.SWEEP) >= 3);

            store.comeBack();

            await().until(() ->
                    !log.lines(Level.INFO, "jobqueue-jobs-reclaimer").isEmpty());
            assertThat(log.lines(Level.WARN, "jobqueue-jobs-reclaimer")).hasSize(1);
        }
    }

    @Test
    void sweepsNoMoreOnceItIsStoppedAndAgainAfterTheNextStart() {
        Reclaimer sweeping = started(events::add, store);
        await().until(() -> store.calls(Call.SWEEP) >= 2);

        sweeping.stop();

        assertThat(sweeping.isRunning()).isFalse();
        int calls = store.calls(Call.SWEEP);
        await().during(INTERVAL.multipliedBy(5)).until(() -> store.calls(Call.SWEEP) == calls);
        sweeping.start();
        assertThat(sweeping.isRunning()).isTrue();
        await().until(() -> store.calls(Call.SWEEP) > calls);
    }

    @Test
    void refusesAnIntervalThatWouldBeABusyLoop() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Reclaimer(List.of(store), Duration.ofMillis(9), events::add))
                .withMessageContaining("PT0.009S");
    }
}
