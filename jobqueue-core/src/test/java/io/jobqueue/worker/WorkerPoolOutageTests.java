package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import io.jobqueue.HandlerThreads;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.worker.FailingCalls.Call;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A pool whose store does not answer. */
class WorkerPoolOutageTests extends WorkerPoolFixture {

    @Test
    void anOutageIsOneLineAtItsBeginAndOneAtItsEndAndItsOutcomesAreSettledAfter() {
        try (CapturedLog log = new CapturedLog(Outage.class)) {
            pool(slots(2), handler("work", (job, context) -> atTheGate(context)));
            String running = enqueue("work");
            await().until(() -> ran.size() == 1);
            String waiting = enqueue("work");
            await().until(() -> ran.size() == 2);

            store.goAway();
            gate.countDown();
            await().until(() -> store.calls(Call.SETTLE) >= 4);
            String late = enqueue("work");
            store.comeBack();

            assertThat(ended(running).attempts()).isEqualTo(1);
            assertThat(ended(waiting).attempts()).isEqualTo(1);
            assertThat(ended(late).attempts()).isEqualTo(1);
            assertThat(ran).containsExactly(running, waiting, late);
            await().until(() -> !log.lines(Level.INFO, "dispatcher works again").isEmpty());
            assertThat(log.lines(Level.WARN, "dispatcher")).hasSize(1);
            assertThat(log.lines(Level.INFO, "dispatcher")).hasSize(1);
        }
    }

    @Test
    void anOutageAmongVeryShortJobsIsOneLineAtItsBeginAndOneAtItsEndAsWell() {
        try (CapturedLog log = new CapturedLog(Outage.class)) {
            store.answerLate(LONGER_THAN_A_JOB);
            List<String> ids = new ArrayList<>();
            Runnable keepBusy = () -> {
                while (ids.size() < ran.size() + 3000) {
                    ids.add(enqueue("work"));
                }
            };
            keepBusy.run();
            pool(slots(4), handler("work", (job, context) -> {
                ran.add(job.id());
                return null;
            }));
            await().until(() -> {
                keepBusy.run(); // a busy machine may need many jobs until the pool sees that they are short
                return store.claimSizes().stream().anyMatch(size -> size > 4);
            });

            int before = store.calls(Call.SETTLE);
            store.goAway();
            await().until(() -> store.calls(Call.SETTLE) >= before + 4);
            store.comeBack();

            await().until(() -> ran.size() == ids.size());
            await().until(() -> !log.lines(Level.INFO, "dispatcher works again").isEmpty());
            assertThat(log.lines(Level.WARN, "dispatcher")).hasSize(1);
            assertThat(log.lines(Level.INFO, "dispatcher")).hasSize(1);
            assertThat(ran).containsExactlyInAnyOrderElementsOf(ids);
        }
    }

    @Test
    void nothingIsClaimedWhileSettlementsPileUp() {
        pool(slots(2), handler("work", (job, context) -> {
            ran.add(job.id());
            return null;
        }));
        store.goAway(Call.SETTLE);

        List<String> ids = IntStream.range(0, 20).mapToObj(i -> enqueue("work")).toList();
        await().until(() -> store.calls(Call.SETTLE) >= 4);

        assertThat(ran).hasSizeLessThanOrEqualTo(4);
        store.comeBack();
        ids.forEach(id -> assertThat(ended(id).attempts()).isEqualTo(1));
        assertThat(ran).containsExactlyInAnyOrderElementsOf(ids);
    }

    @Test
    void aClaimWhoseAnswerIsLostComesBackBySweep() {
        store = new InMemoryJobStore(SETTINGS.withVisibility(Duration.ofMillis(50)));
        store.failNextAfterEffect(Call.CLAIM, 1);
        String id = enqueue("work");
        pool(slots(1), handler("work", (job, context) -> null));

        await().until(() -> Told.by(store.sweep(LONG)).reclaimed().contains(id));

        assertThat(ended(id).attempts()).isEqualTo(2);
    }

    static Stream<Throwable> throwables() {
        return Stream.of(
                new IllegalStateException("a bug"),
                new NoClassDefFoundError("gone/Away"),
                new StackOverflowError(),
                new CancellationException("cancelled"));
    }

    @ParameterizedTest
    @MethodSource("throwables")
    void everyJobEndsWhateverTheStoreThrows(Throwable thrown) {
        List<Call> calls = List.of(Call.CLAIM, Call.SETTLE, Call.HINT, Call.EXTEND);
        calls.forEach(call -> store.throwNext(call, thrown));
        pool(slots(2), handler("work", (job, context) -> {
            ran.add(job.id());
            return null;
        }));

        List<String> ids = IntStream.range(0, 5).mapToObj(i -> enqueue("work")).toList();

        ids.forEach(id -> assertThat(ended(id).attempts()).isEqualTo(1));
        assertThat(ran).containsExactlyInAnyOrderElementsOf(ids);
    }

    @Test
    void hintsAreAskedForAgainAfterTheStoreThrewAtIt() {
        store.throwNext(Call.HINT, new NoClassDefFoundError("gone/Away"));
        pool(slots(1).withPollInterval(Duration.ofMillis(20)), handler("work", (job, context) -> null));

        await().until(() -> store.waitersForHints() == 1);
    }

    @Test
    void everyJobEndsWhateverTheListenerThrows() {
        JobListener broken = event -> {
            events.add(event);
            throw new NoClassDefFoundError("gone/Away");
        };
        pool(slots(2), broken, HandlerThreads.factory(), handler("work", (job, context) -> null));

        List<String> ids = IntStream.range(0, 10).mapToObj(i -> enqueue("work")).toList();

        ids.forEach(id -> assertThat(ended(id).attempts()).isEqualTo(1));
        await().until(() -> heard(JobEvent.Completed.class).size() == 10);
    }

    @Test
    void leasesAreKeptWhateverTheListenerThrows() {
        JobListener broken = event -> {
            events.add(event);
            throw new NoClassDefFoundError("gone/Away");
        };
        pool(slots(3), broken, HandlerThreads.factory(), handler("work", (job, context) -> stubborn(context)));
        List<String> ids = IntStream.range(0, 3).mapToObj(i -> enqueue("work")).toList();
        await().until(() -> ran.size() == 3);

        store.takeAway(ids.get(0));
        store.takeAway(ids.get(1));

        await().until(() -> heard(JobEvent.LeaseLost.class).size() == 2);
    }
}
