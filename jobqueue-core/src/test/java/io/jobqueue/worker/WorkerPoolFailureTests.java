package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.JobEvent;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Jobs whose handler throws an exception or returns an outcome. */
class WorkerPoolFailureTests extends WorkerPoolFixture {

    private final RetryPolicy backoff = new RetryPolicy(3, Duration.ofMillis(30), 2, Duration.ofSeconds(1), 0);

    @Test
    void aFailedAttemptIsTriedAgainAfterItsBackoff() {
        List<Long> times = new CopyOnWriteArrayList<>();
        pool(slots(1), new Handler("work", Map.class, backoff, LONG, Set.of(), (job, context) -> {
            times.add(System.nanoTime());
            if (job.attempt() < 3) {
                throw new IllegalStateException("it rained");
            }
            return null;
        }));

        String id = enqueue("work");

        assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
        await().until(() -> heard(JobEvent.Completed.class).size() == 1);
        assertThat(heard(JobEvent.Retried.class))
                .extracting(JobEvent.Retried::delay)
                .containsExactly(Duration.ofMillis(30), Duration.ofMillis(60));
        assertThat(heard(JobEvent.Retried.class))
                .extracting(retried -> retried.reason().text())
                .containsOnly("java.lang.IllegalStateException: it rained");
        // the clock of the store counts whole milliseconds
        assertThat(times.get(1) - times.get(0))
                .isGreaterThan(Duration.ofMillis(28).toNanos());
        assertThat(times.get(2) - times.get(1))
                .isGreaterThan(Duration.ofMillis(58).toNanos());
    }

    @Test
    void theLastFailedAttemptMakesADeadLetter() {
        pool(slots(1), handler("work", (job, context) -> {
            ran.add(context.attempt() + (context.lastAttempt() ? " last" : ""));
            throw new IllegalStateException("it rained");
        }));

        String id = store.enqueue(JobRequest.of("work", null).maxAttempts(3));

        assertThat(ended(id).status()).isEqualTo(JobStatus.FAILED);
        assertThat(ran).containsExactly("1", "2", "3 last");
        assertThat(awaitEvent(JobEvent.Failed.class).discarded()).isFalse();
        assertThat(heard(JobEvent.Retried.class)).hasSize(2);
    }

    @Test
    void theLimitOfTheKindIsThatOfAJobWithoutItsOwn() {
        pool(slots(1), new Handler("work", Map.class, AT_ONCE.withMaxAttempts(2), LONG, Set.of(), (job, context) -> {
            ran.add(context.attempt() + (context.lastAttempt() ? " last" : ""));
            throw new IllegalStateException("it rained");
        }));

        ended(enqueue("work"));

        assertThat(ran).containsExactly("1", "2 last");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "[]", "7", "not json", "", "{\"kind\":7}", "{\"kind\":null}"})
    void aPayloadThatNamesNoKindIsADeadLetterAtOnce(String payload) {
        String id = store.enqueueUnannounced(payload);
        pool(slots(1), handler("work", (job, context) -> null));

        assertThat(ended(id).lastError()).startsWith("unknown-kind: the payload is no JSON object that names a kind");
        assertThat(job(id).attempts()).isEqualTo(1);
    }

    record Bill(int amount) {}

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"kind\":\"work\",\"amount\":\"secret\"",
                "{\"kind\":\"work\",\"amount\":1} trailing",
            })
    void aPayloadThatNoVersionCanReadIsADeadLetterAtOnceAndItsValuesAreNotShown(String payload) {
        pool(slots(1), new Handler("work", Bill.class, AT_ONCE, LONG, Set.of(), (job, context) -> {
            ran.add(job.id());
            return null;
        }));

        String id = store.enqueueUnannounced(payload);
        enqueue("work");

        assertThat(ended(id).lastError()).startsWith("bad-payload: ").doesNotContain("secret");
        assertThat(job(id).attempts()).isEqualTo(1);
        assertThat(ran).doesNotContain(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"kind\":\"work\",\"run_id\":\"r\"}",
                "{\"kind\":\"work\",\"unit_id\":\"u\"}",
                "{\"kind\":\"work\",\"run_id\":\"no spaces\",\"unit_id\":\"u\"}",
                "{\"kind\":\"work\",\"run_id\":\"r\",\"unit_id\":\"\"}"
            })
    void aForeignPayloadThatNamesHalfAUnitIsADeadLetter(String payload) {
        String id = store.enqueueUnannounced(payload);

        pool(slots(1), handler("work", (job, context) -> null));

        assertThat(ended(id).lastError()).startsWith("bad-payload: ");
    }

    static final class ThrowingGetter {

        private final Throwable thrown;

        ThrowingGetter(Throwable thrown) {
            this.thrown = thrown;
        }

        public String getValue() {
            if (thrown instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) thrown;
        }
    }

    static Stream<Object> unwritable() {
        List<Object> cyclic = new ArrayList<>();
        cyclic.add(cyclic);
        return Stream.of(
                cyclic,
                new ThrowingGetter(new IllegalStateException("no value today")),
                new ThrowingGetter(new NoClassDefFoundError("gone/Away")),
                new ThrowingGetter(new StackOverflowError()));
    }

    @ParameterizedTest
    @MethodSource("unwritable")
    void aResultThatCannotBeWrittenIsADeadLetterAndNotMadeAgain(Object result) {
        pool(slots(1), handler("work", (job, context) -> {
            ran.add(job.id());
            return result;
        }));

        String id = enqueue("work");

        assertThat(ended(id).lastError()).startsWith("bad-result: ");
        assertThat(ran).containsExactly(id);
    }

    @Test
    void aResultThatIsTooLargeIsADeadLetter() {
        pool(slots(1), handler("work", (job, context) -> "x".repeat(300_000)));

        assertThat(ended(enqueue("work")).lastError()).startsWith("result-too-large: the result has 300002 bytes");
    }

    @Test
    void anOutputThatIsTooLargeIsTheFailureOfItsUnit() {
        pool(slots(1), handler("work", (job, context) -> "x".repeat(300_000)));

        ended(store.enqueue(JobRequest.of("work", null).unit("run-1", "unit-1")));

        assertThat(store.output("run-1", "unit-1")).isNull();
        assertThat(store.failure("run-1", "unit-1")).startsWith("result-too-large: ");
    }

    @Test
    void aCompletedUnitHasItsPlainOutputAndItsJobAnObjectAsResult() {
        pool(slots(1), handler("work", (job, context) -> List.of(1, 2)));

        String id = store.enqueue(JobRequest.of("work", null).unit("run-1", "unit-1"));

        assertThat(Objects.requireNonNull(ended(id).result()).text()).isEqualTo("{\"value\":[1,2]}");
        assertThat(store.output("run-1", "unit-1")).isEqualTo("[1,2]");
    }

    static final class Awkward extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final transient Error ofMessage;
        private final transient Error ofCause;

        Awkward(@Nullable Error ofMessage, @Nullable Error ofCause) {
            super("awkward");
            this.ofMessage = ofMessage;
            this.ofCause = ofCause;
        }

        @Override
        public @Nullable String getMessage() {
            if (ofMessage != null) {
                throw ofMessage;
            }
            return super.getMessage();
        }

        @Override
        public synchronized @Nullable Throwable getCause() {
            if (ofCause != null) {
                throw ofCause;
            }
            return super.getCause();
        }
    }

    static Stream<Throwable> throwables() {
        Exception one = new Exception("one");
        one.initCause(new Exception("two", one));
        return Stream.of(
                new Error("an error"),
                new StackOverflowError(),
                new NoClassDefFoundError("gone/Away"),
                new OutOfMemoryError("not really"),
                new LinkageError(),
                new ExceptionInInitializerError(new IllegalStateException()),
                new Throwable("bare"),
                new Exception("checked"),
                new InterruptedException("by itself"),
                new RuntimeException((String) null),
                new RuntimeException("x".repeat(10_000_000)),
                new RuntimeException() {
                    @Override
                    public String getMessage() {
                        throw new IllegalStateException("no message");
                    }
                },
                new RuntimeException() {
                    @Override
                    public synchronized Throwable getCause() {
                        throw new IllegalStateException("no cause");
                    }
                },
                new Awkward(new StackOverflowError(), null),
                new Awkward(null, new StackOverflowError()),
                new RuntimeException() {
                    @Override
                    public synchronized Throwable getCause() {
                        return this;
                    }
                },
                one);
    }

    @ParameterizedTest
    @MethodSource("throwables")
    void whateverAHandlerThrowsIsAFailedAttemptAndFreesItsSlot(Throwable thrown) {
        pool(
                slots(1),
                handler("throw", (job, context) -> {
                    if (thrown instanceof Exception exception) {
                        throw exception;
                    }
                    if (thrown instanceof Error error) {
                        throw error;
                    }
                    throw sneaky(thrown);
                }),
                handler("next", (job, context) -> null));

        String id = store.enqueue(JobRequest.of("throw", null).maxAttempts(2));
        String next = enqueue("next");

        assertThat(ended(next).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(ended(id).status()).isEqualTo(JobStatus.FAILED);
        assertThat(job(id).attempts()).isEqualTo(2);
        assertThat(job(id).lastError()).startsWith(thrown.getClass().getName()).hasSizeLessThanOrEqualTo(4096);
    }

    @SuppressWarnings("unchecked") // nothing is checked at run time
    private static <X extends Throwable> RuntimeException sneaky(Throwable thrown) throws X {
        throw (X) thrown;
    }

    static class Refusal extends Exception {

        private static final long serialVersionUID = 1L;
    }

    static final class FinalRefusal extends Refusal {

        private static final long serialVersionUID = 1L;
    }

    static Stream<Exception> refusals() {
        return Stream.of(
                new Refusal(), new FinalRefusal(), new IllegalStateException(new RuntimeException(new Refusal())));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void anExceptionThatIsNotToBeRetriedMakesADeadLetterAtOnce(Exception refusal) {
        pool(slots(1), new Handler("work", Map.class, AT_ONCE, LONG, Set.of(Refusal.class), (job, context) -> {
            throw refusal;
        }));

        String id = enqueue("work");

        assertThat(ended(id).status()).isEqualTo(JobStatus.FAILED);
        assertThat(job(id).attempts()).isEqualTo(1);
    }

    @Test
    void otherExceptionsOfThatHandlerAreRetried() {
        pool(slots(1), new Handler("work", Map.class, AT_ONCE, LONG, Set.of(Refusal.class), (job, context) -> {
            throw new Exception("it rained");
        }));

        assertThat(ended(enqueue("work")).attempts()).isEqualTo(5);
    }

    /** The ways in which a handler can say how its attempt ends. */
    enum Said {
        RETURNED,
        THROWN,
        THROWN_AS_A_CAUSE;

        @Nullable
        Object say(JobOutcome outcome) {
            switch (this) {
                case RETURNED -> {
                    return outcome;
                }
                case THROWN -> throw outcome.asException();
                default -> throw new IllegalStateException(new RuntimeException(outcome.asException()));
            }
        }
    }

    private String said(Said how, JobOutcome outcome) {
        pool(slots(1), handler("work", (job, context) -> {
            ran.add(job.id());
            return job.attempt() == 1 ? how.say(outcome) : "second";
        }));
        return enqueue("work");
    }

    @ParameterizedTest
    @EnumSource
    void completed(Said how) {
        String id = said(how, JobOutcome.completed(Map.of("a", 1)));

        assertThat(Objects.requireNonNull(ended(id).result()).text()).isEqualTo("{\"a\":1}");
        assertThat(ran).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource
    void completedWithSomethingThatCannotBeWritten(Said how) {
        String id = said(how, JobOutcome.completed(new ThrowingGetter(new NoClassDefFoundError("gone"))));

        assertThat(ended(id).lastError()).startsWith("bad-result: ");
    }

    @ParameterizedTest
    @EnumSource
    void retryIn(Said how) {
        String id = said(how, JobOutcome.retryIn(Duration.ofMillis(20), "come again"));

        assertThat(ended(id).attempts()).isEqualTo(2);
        assertThat(awaitEvent(JobEvent.Retried.class).delay()).isEqualTo(Duration.ofMillis(20));
        assertThat(heard(JobEvent.Retried.class).get(0).reason().text()).isEqualTo("come again");
    }

    @ParameterizedTest
    @EnumSource
    void discard(Said how) {
        String id = said(how, JobOutcome.discard("not needed"));

        assertThat(ended(id).status()).isEqualTo(JobStatus.FAILED);
        assertThat(job(id).lastError()).isEqualTo("discarded: not needed");
        assertThat(awaitEvent(JobEvent.Failed.class).discarded()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void deadLetter(Said how) {
        String id = said(how, JobOutcome.deadLetter("cannot be"));

        assertThat(ended(id).status()).isEqualTo(JobStatus.FAILED);
        assertThat(job(id).lastError()).isEqualTo("cannot be");
        assertThat(awaitEvent(JobEvent.Failed.class).discarded()).isFalse();
    }

    @Test
    void aRetryInAThousandYearsIsRefusedAndDelaysNoOtherJob() {
        pool(
                slots(1),
                handler("work", (job, context) -> JobOutcome.retryIn(Duration.ofSeconds(Long.MAX_VALUE), "later")),
                handler("next", (job, context) -> null));

        String id = store.enqueue(JobRequest.of("work", null).maxAttempts(1));
        String next = enqueue("next");

        assertThat(ended(next).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(ended(id).lastError()).contains("delay must be");
    }
}
