package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import io.jobqueue.FailureReason.Code;
import io.jobqueue.HandlerThreads;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Jobs whose kind the worker does not know, or whose payload it cannot read. */
class WorkerPoolUnknownTests extends WorkerPoolFixture {

    private static final Duration SHORT = Duration.ofMillis(300);

    enum Tone {
        KIND
    }

    record Bill(int amount, Tone tone) {}

    private Handler bills() {
        return new Handler("bill", Bill.class, AT_ONCE, LONG, Set.of(), (job, context) -> {
            ran.add(job.id());
            return null;
        });
    }

    @Test
    void aJobOfAnUnknownKindIsHandedBackWithoutSpendingAnAttempt() {
        pool(slots(1), handler("work", (job, context) -> null));

        String id = enqueue("tomorrow");

        JobEvent.Unknown handedBack = awaitEvent(JobEvent.Unknown.class);
        assertThat(handedBack.reason().code()).isEqualTo(Code.UNKNOWN_KIND);
        assertThat(handedBack.reason().words())
                .isEqualTo(
                        "no handler for kind 'tomorrow' on queue 'jobs'; start a worker that has one, and requeue the"
                                + " job if it has failed");
        assertThat(job(id).status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(job(id).attempts()).isZero();
        assertThat(job(id).lastError()).startsWith("unknown-kind: no handler");
        assertThat(heard(JobEvent.Started.class)).isEmpty();
        assertThat(heard(JobEvent.Retried.class)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"kind\":\"bill\",\"tone\":\"secret\"}",
                "{\"kind\":\"bill\",\"amount\":\"secret\"}",
                "{\"kind\":\"bill\",\"amount\":[[[[]]]]}"
            })
    void aJobWhosePayloadAnotherVersionMayReadIsHandedBackAndItsValuesAreNotShown(String payload) {
        String id = store.enqueueUnannounced(payload);

        pool(slots(1), bills());

        JobEvent.Unknown handedBack = awaitEvent(JobEvent.Unknown.class);
        assertThat(handedBack.reason().code()).isEqualTo(Code.BAD_PAYLOAD);
        assertThat(handedBack.reason().words())
                .startsWith("the payload of kind 'bill' cannot be read as " + Bill.class.getName() + ": property '")
                .endsWith("; start a worker of the version that wrote it, and requeue the job if it has failed")
                .doesNotContain("secret");
        assertThat(job(id).attempts()).isZero();
        assertThat(job(id).status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(ran).isEmpty();
    }

    @Test
    void aJobThatIsUnknownForTooLongIsADeadLetterWithTheReason() {
        pool(slots(1).withUnknownFor(SHORT), handler("work", (job, context) -> null));

        JobSnapshot dead = ended(enqueue("tomorrow"));

        assertThat(dead.lastError()).startsWith("unknown-kind: no handler for kind 'tomorrow' on queue 'jobs'");
        assertThat(dead.attempts()).isZero();
        assertThat(awaitEvent(JobEvent.Failed.class).discarded()).isFalse();
        assertThat(heard(JobEvent.Unknown.class)).isNotEmpty();
    }

    @Test
    void aKindWithoutAHandlerHasATimeOfItsOwn() {
        Engine engine = Engine.of(new InMemorySignals(store), events::add, HandlerThreads.factory(), patience);
        Handlers handlers =
                Handlers.of(List.of(bills())).withUnknownFor(Map.of("tomorrow", Duration.ZERO, "bill", Duration.ZERO));
        WorkerPool pool = new WorkerPool(engine, store, store, handlers, slots(1));
        pools.add(pool);
        pool.start();

        String tomorrow = enqueue("tomorrow");
        String unreadable = store.enqueueUnannounced("{\"kind\":\"bill\",\"tone\":\"NEW\"}");
        String other = enqueue("other");

        assertThat(ended(tomorrow).lastError()).startsWith("unknown-kind: ");
        assertThat(ended(unreadable).lastError()).startsWith("bad-payload: ");
        await().until(() -> job(other).status() == JobStatus.SCHEDULED);
    }

    @Test
    void anUnknownKindIsLoggedOnceWithTheKindsThatTheWorkerKnows() {
        try (CapturedLog log = new CapturedLog("io.jobqueue.events")) {
            WorkerPool pool =
                    pool(slots(2), handler("work", (job, context) -> null), handler("email", (job, context) -> null));
            for (int i = 0; i < 20; i++) {
                enqueue("tomorrow");
                enqueue("other");
            }
            await().until(() -> heard(JobEvent.Unknown.class).size() >= 40);

            assertThat(log.lines(Level.WARN, "")).hasSize(2).anySatisfy(line -> assertThat(line)
                    .contains("no handler for kind 'tomorrow'")
                    .contains("handed back for PT30S")
                    .contains("[email, work]"));
            assertThat(pool.unknownKinds()).containsExactlyInAnyOrder("tomorrow", "other");
        }
    }

    @Test
    void aKindThatAHandlerComesForRunsInItsFirstAttempt() {
        pool(slots(1), handler("work", (job, context) -> null));
        String id = store.enqueue(JobRequest.of("tomorrow", null).maxAttempts(1));
        awaitEvent(JobEvent.Unknown.class);

        pool(slots(1), handler("tomorrow", (job, context) -> {
            ran.add(job.attempt() + (context.lastAttempt() ? " last" : ""));
            return null;
        }));

        assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(ran).containsExactly("1 last");
    }
}
