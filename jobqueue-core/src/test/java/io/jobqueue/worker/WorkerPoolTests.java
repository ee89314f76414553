package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import io.jobqueue.HandlerThreads;
import io.jobqueue.JobContext;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.worker.InMemoryJobStore.Call;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.MDC;

/** The engine on the store in memory. Handlers wait at the gate, which every test opens at its end. */
@Timeout(30)
class WorkerPoolTests {

    private static final RetryPolicy AT_ONCE = new RetryPolicy(5, Duration.ZERO, 1, Duration.ZERO, 0);
    private static final QueueSettings SETTINGS =
            QueueSettings.defaults().withRetry(AT_ONCE).withHeartbeat(Duration.ofMillis(20));
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Patience MUCH =
            new Patience(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(2), LONG);
    /** For the tests in which it is to run out. */
    private static final Patience LITTLE =
            new Patience(Duration.ofMillis(50), Duration.ofMillis(300), Duration.ofMillis(300), LONG);

    private final List<JobEvent> events = new CopyOnWriteArrayList<>();
    private final List<String> ran = new CopyOnWriteArrayList<>();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<WorkerPool> pools = new ArrayList<>();
    private Patience patience = MUCH;
    private InMemoryJobStore store = new InMemoryJobStore(SETTINGS);

    @AfterEach
    void stop() {
        gate.countDown();
        store.comeBack();
        store.giveAnswers();
        pools.forEach(WorkerPool::stop);
        store.checkConsistency();
    }

    // ---- words of the tests

    private static WorkerSettings slots(int concurrency) {
        // announced jobs are found by their hint, so a poll would only hide a missing one
        return new WorkerSettings(concurrency, LONG, LONG, LONG);
    }

    private static Handler handler(String kind, JobFunction function) {
        return new Handler(kind, Map.class, AT_ONCE, LONG, Set.of(), function);
    }

    private WorkerPool pool(WorkerSettings settings, Handler... handlers) {
        return pool(settings, events::add, HandlerThreads.factory(), handlers);
    }

    private WorkerPool pool(WorkerSettings settings, JobListener listener, ThreadFactory threads, Handler... handlers) {
        Engine engine = new Engine(new InMemorySignals(store), listener, threads, patience);
        WorkerPool pool = new WorkerPool(engine, store, store, Handlers.of(List.of(handlers)), settings);
        pools.add(pool);
        pool.start();
        return pool;
    }

    private String enqueue(String kind) {
        return store.enqueue(JobRequest.of(kind, null));
    }

    private JobSnapshot job(String id) {
        return store.find(id).orElseThrow();
    }

    private JobSnapshot ended(String id) {
        await().until(() -> job(id).status() == JobStatus.COMPLETED || job(id).status() == JobStatus.FAILED);
        return job(id);
    }

    private <T extends JobEvent> List<T> heard(Class<T> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    private <T extends JobEvent> T awaitEvent(Class<T> type) {
        await().until(() -> !heard(type).isEmpty());
        return heard(type).get(0);
    }

    /** Notes that it runs, and waits at the gate. */
    private @Nullable Object atTheGate(JobContext context) throws InterruptedException {
        ran.add(context.id());
        gate.await();
        return null;
    }

    /** Notes that it runs, and waits at the gate whatever interrupts it. */
    private @Nullable Object stubborn(JobContext context) {
        ran.add(context.id());
        boolean open = false;
        while (!open) {
            try {
                gate.await();
                open = true;
            } catch (InterruptedException ex) {
                continue;
            }
        }
        return null;
    }

    private static List<Thread> threads(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("jobqueue-jobs-" + name))
                .toList();
    }

    /** Whether no worker's thread has anything to do. */
    private static boolean workersIdle() {
        return threads("worker").stream().allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING);
    }

    /** Whether the one thread of that name waits for a signal. */
    private static boolean waits(String name) {
        List<Thread> threads = threads(name);
        return threads.size() == 1 && threads.get(0).getState() == Thread.State.TIMED_WAITING;
    }

    private static boolean leaseKeeperWaits() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("jobqueue-lease"))
                .allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING);
    }

    private static CompletableFuture<Void> stopping(WorkerPool pool) {
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        new Thread(() -> {
                    pool.stop();
                    stopped.complete(null);
                })
                .start();
        return stopped;
    }

    @Nested
    class Slots {

        @Test
        void neverMoreHandlersRunThanThereAreSlots() {
            AtomicInteger running = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            List<String> ids =
                    IntStream.range(0, 50).mapToObj(i -> enqueue("work")).toList();

            pool(slots(3), handler("work", (job, context) -> {
                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                if (ran.size() < 3) {
                    ran.add(job.id());
                    await().until(() -> ran.size() == 3);
                }
                running.decrementAndGet();
                return null;
            }));

            ids.forEach(id -> assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED));
            assertThat(most).hasValue(3);
        }

        @Test
        void noMoreJobsAreClaimedThanThereAreFreeSlots() {
            List<String> ids =
                    IntStream.range(0, 5).mapToObj(i -> enqueue("work")).toList();

            pool(slots(3), handler("work", (job, context) -> atTheGate(context)));

            await().until(() -> ran.size() == 3);
            assertThat(ran).containsExactlyInAnyOrderElementsOf(ids.subList(0, 3));
            assertThat(ids.subList(3, 5)).allMatch(id -> job(id).status() == JobStatus.PENDING);
            assertThat(store.claimSizes()).allMatch(size -> size <= 3);
            gate.countDown();
            ids.forEach(WorkerPoolTests.this::ended);
        }

        @Test
        void aFreedSlotAsksForOneJobWhenJobsTakeLongerThanACall() throws InterruptedException {
            BlockingQueue<String> go = new SynchronousQueue<>();
            pool(slots(2), handler("wait", (job, context) -> atTheGate(context)), handler("pass", (job, context) -> {
                ran.add(job.id());
                return go.take(); // until the test has seen it
            }));
            enqueue("wait");
            await().until(() -> ran.size() == 1);
            int before = store.claimSizes().size();

            IntStream.range(0, 5).forEach(i -> enqueue("pass"));

            for (int seen = 2; seen <= 6; seen++) {
                int expected = seen;
                await().until(() -> ran.size() == expected);
                go.put("on");
            }
            assertThat(store.claimSizes().subList(before, store.claimSizes().size()))
                    .isNotEmpty()
                    .allMatch(size -> size <= 1);
        }

        @Test
        void jobsThatAreShorterThanACallAreClaimedAhead() {
            pool(slots(4), handler("work", (job, context) -> {
                ran.add(job.id());
                return null;
            }));

            IntStream.range(0, 500).forEach(i -> enqueue("work"));

            await().until(() -> ran.size() == 500);
            assertThat(store.claimSizes()).anyMatch(size -> size > 4);
        }

        @Test
        void whatWasClaimedAheadIsHandedBackUnspentWhenJobsBecomeLonger() {
            pool(
                    slots(2),
                    handler("short", (job, context) -> {
                        ran.add(job.id());
                        return null;
                    }),
                    handler("long", (job, context) -> atTheGate(context)));
            IntStream.range(0, 200).forEach(i -> enqueue("short"));
            List<String> ids =
                    IntStream.range(0, 6).mapToObj(i -> enqueue("long")).toList();

            await().until(() -> ran.size() == 202);
            await().until(() -> ids.stream()
                            .filter(id -> job(id).status() == JobStatus.PROCESSING)
                            .count()
                    == 2);

            gate.countDown();
            ids.forEach(id -> assertThat(ended(id).attempts()).isEqualTo(1));
        }

        @Test
        void aFullPoolWaitsInsteadOfSpinning() {
            pool(
                    slots(1).withPollInterval(Duration.ofMillis(1)),
                    handler("work", (job, context) -> atTheGate(context)));
            enqueue("work");
            await().until(() -> ran.size() == 1);

            await().pollInterval(Duration.ofMillis(2))
                    .during(Duration.ofMillis(100))
                    .until(() -> waits("dispatcher"));
        }

        @Test
        void manyJobsAllRunOnce() {
            List<String> ids =
                    IntStream.range(0, 1000).mapToObj(i -> enqueue("work")).toList();

            pool(slots(8), handler("work", (job, context) -> {
                ran.add(job.id());
                return null;
            }));

            await().until(() -> heard(JobEvent.Completed.class).size() == 1000);
            assertThat(ran).containsExactlyInAnyOrderElementsOf(ids);
        }

        @Test
        void aThreadThatCannotBeMadeHandsTheJobBack() {
            AtomicInteger made = new AtomicInteger();
            ThreadFactory failsAtFirst = work -> {
                switch (made.incrementAndGet()) {
                    case 1 -> throw new OutOfMemoryError("unable to create native thread");
                    case 2 -> throw new IllegalStateException("no thread today");
                    default -> {
                        return new Thread(work);
                    }
                }
            };
            String id = enqueue("work");

            pool(slots(1), events::add, failsAtFirst, handler("work", (job, context) -> null));

            assertThat(ended(id).attempts()).isEqualTo(1);
            assertThat(heard(JobEvent.Released.class)).hasSize(2);
        }
    }

    @Nested
    class Batches {

        @Test
        void whatEndsWhileASettlementIsOutGoesOutTogetherInTheNext() {
            CountDownLatch first = new CountDownLatch(1);
            pool(
                    slots(5),
                    handler("first", (job, context) -> {
                        ran.add(job.id());
                        first.await();
                        return null;
                    }),
                    handler("work", (job, context) -> atTheGate(context)));
            enqueue("first");
            IntStream.range(0, 4).forEach(i -> enqueue("work"));
            await().until(() -> ran.size() == 5);
            store.holdAnswers(Call.SETTLE);

            first.countDown();
            await().until(() -> store.heldAnswers() == 1);
            gate.countDown();
            await().until(WorkerPoolTests::workersIdle);
            store.giveAnswers();

            await().until(() -> heard(JobEvent.Completed.class).size() == 5);
            assertThat(store.batchSizes()).containsExactly(1, 4);
        }

        @Test
        void aSettlementWhoseAnswerIsLostIsMadeAgainAndToldOnce() {
            String id = enqueue("work");
            store.failNextAfterEffect(Call.SETTLE, 1);

            pool(slots(1), handler("work", (job, context) -> {
                ran.add(job.id());
                return null;
            }));

            awaitEvent(JobEvent.Completed.class);
            assertThat(store.batchSizes()).containsExactly(1, 1);
            assertThat(heard(JobEvent.Completed.class)).hasSize(1);
            assertThat(heard(JobEvent.Refused.class)).isEmpty();
            assertThat(ran).containsExactly(id);
        }
    }

    @Nested
    class Failures {

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
            pool(
                    slots(1),
                    new Handler("work", Map.class, AT_ONCE.withMaxAttempts(2), LONG, Set.of(), (job, context) -> {
                        ran.add(context.attempt() + (context.lastAttempt() ? " last" : ""));
                        throw new IllegalStateException("it rained");
                    }));

            ended(enqueue("work"));

            assertThat(ran).containsExactly("1", "2 last");
        }

        @Test
        void anUnknownKindWaitsItsBackoffAndIsThenADeadLetter() {
            store = new InMemoryJobStore(SETTINGS.withRetry(backoff));
            pool(slots(1), handler("work", (job, context) -> null));

            String unknown = enqueue("tomorrow");

            assertThat(ended(unknown).lastError())
                    .isEqualTo("unknown-kind: no handler for kind 'tomorrow' on queue 'jobs'");
            assertThat(job(unknown).attempts()).isEqualTo(3);
            awaitEvent(JobEvent.Failed.class);
            assertThat(heard(JobEvent.Retried.class))
                    .extracting(JobEvent.Retried::delay)
                    .containsExactly(Duration.ofMillis(30), Duration.ofMillis(60));
            assertThat(heard(JobEvent.Started.class)).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{}",
                    "[]",
                    "7",
                    "not json",
                    "",
                    "{\"kind\":7}",
                    "{\"kind\":null}",
                    "{\"kind\":\"java.lang.String\"}"
                })
        void aPayloadThatNamesNoKnownKindIsAnUnknownKind(String payload) {
            store = new InMemoryJobStore(SETTINGS.withRetry(AT_ONCE.withMaxAttempts(1)));

            String id = store.enqueueUnannounced(payload);
            pool(slots(1), handler("work", (job, context) -> null));

            assertThat(ended(id).lastError()).startsWith("unknown-kind: ");
        }

        record Bill(int amount) {}

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"kind\":\"work\",\"amount\":\"secret\"}",
                    "{\"kind\":\"work\",\"amount\":1",
                    "{\"kind\":\"work\",\"amount\":1} trailing",
                    "{\"kind\":\"work\",\"amount\":[[[[]]]]}"
                })
        void aPayloadThatDoesNotFitIsADeadLetterAtOnceAndItsValuesAreNotTold(String payload) {
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
            assertThat(job(id).lastError())
                    .startsWith(thrown.getClass().getName())
                    .hasSizeLessThanOrEqualTo(4096);
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
    }

    @Nested
    class Outcomes {

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
            String id = said(how, JobOutcome.completed(new Failures.ThrowingGetter(new NoClassDefFoundError("gone"))));

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
        void aRetryInAMillenniumIsRefusedAndHoldsUpNobody() {
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

    @Nested
    class TimeLimits {

        private Handler limited(Duration limit, JobFunction function) {
            return new Handler("limited", Map.class, AT_ONCE, limit, Set.of(), function);
        }

        @Test
        void aHandlerThatObeysTheInterruptOfItsLimitHasTimedOutAndIsTriedAgain() {
            pool(
                    slots(1),
                    limited(Duration.ofMillis(50), (job, context) -> job.attempt() == 1 ? atTheGate(context) : null));

            String id = enqueue("limited");

            assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
            assertThat(heard(JobEvent.Retried.class))
                    .singleElement()
                    .extracting(retried -> retried.reason().text())
                    .isEqualTo("timed-out: ran longer than PT0.05S");
            assertThat(heard(JobEvent.Stuck.class)).isEmpty();
        }

        @Test
        void anExtensionMovesTheLimit() {
            pool(slots(1), limited(Duration.ofMillis(400), (job, context) -> {
                ran.add(String.valueOf(context.extend(LONG)));
                return atTheGate(context);
            }));
            String id = enqueue("limited");
            await().until(() -> ran.size() == 2);

            await().during(Duration.ofMillis(600)).until(() -> job(id).status() == JobStatus.PROCESSING);
            gate.countDown();

            assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
            assertThat(ran).containsExactly("true", id);
            assertThat(heard(JobEvent.Retried.class)).isEmpty();
        }

        @Test
        void anExtendedAttemptIsInterruptedAtItsNewLimit() {
            pool(slots(1), limited(Duration.ofMillis(200), (job, context) -> {
                context.extend(Duration.ofMillis(1)); // takes nothing away
                context.extend(Duration.ofMillis(400));
                return job.attempt() == 1 ? atTheGate(context) : null;
            }));

            String id = enqueue("limited");

            assertThat(ended(id).attempts()).isEqualTo(2);
            assertThat(heard(JobEvent.Retried.class)).singleElement().satisfies(retried -> {
                assertThat(retried.took()).isGreaterThanOrEqualTo(Duration.ofMillis(400));
                assertThat(retried.reason().text()).startsWith("timed-out: ran longer than PT0.4");
            });
        }

        @Test
        void anExtensionRenewsTheLeaseForAsLongAsItLasts() {
            AtomicLong clock = new AtomicLong();
            store = new InMemoryJobStore(SETTINGS, clock::get);
            pool(slots(1), limited(LONG, (job, context) -> {
                context.extend(Duration.ofHours(1));
                store.goAway(Call.EXTEND);
                return atTheGate(context);
            }));
            String id = enqueue("limited");
            await().until(() -> ran.size() == 1);

            Told.by(store.sweep(Duration.ofHours(1)));
            clock.addAndGet(Duration.ofMinutes(59).toMillis());
            Told good = Told.by(store.sweep(Duration.ofHours(1)));
            clock.addAndGet(Duration.ofMinutes(2).toMillis());
            Told over = Told.by(store.sweep(Duration.ofHours(1)));

            assertThat(good.reclaimed()).isEmpty();
            assertThat(over.reclaimed()).containsExactly(id);
        }

        @Test
        void anExtensionOfAnythingButAPositiveTimeIsAMistakeOfTheHandler() {
            pool(slots(1), limited(LONG, (job, context) -> context.extend(Duration.ZERO)));

            String id = store.enqueue(JobRequest.of("limited", null).maxAttempts(1));

            assertThat(ended(id).lastError()).contains("duration must be positive, was PT0S");
        }

        @Test
        void anExtensionOfMoreThanAWeekIsAMistakeOfTheHandler() {
            pool(
                    slots(1),
                    limited(
                            LONG,
                            (job, context) -> context.extend(Duration.ofDays(7).plusMillis(1))));

            String id = store.enqueue(JobRequest.of("limited", null).maxAttempts(1));

            assertThat(ended(id).lastError()).contains("duration must be at most 7 days");
        }

        @Test
        void aVeryLongLimitIsNoLimit() {
            pool(
                    slots(1),
                    limited(Duration.ofSeconds(Long.MAX_VALUE), (job, context) -> context.extend(Duration.ofDays(7))));

            assertThat(ended(enqueue("limited")).status()).isEqualTo(JobStatus.COMPLETED);
        }

        @Test
        void aHandlerThatIgnoresTheInterruptIsLeftBehindAndItsSlotReplaced() {
            patience = LITTLE;
            pool(
                    slots(1),
                    limited(Duration.ofMillis(20), (job, context) -> job.attempt() == 1 ? stubborn(context) : null),
                    handler("next", (job, context) -> null));
            String id = enqueue("limited");
            await().until(() -> ran.size() == 1);

            String next = enqueue("next");

            assertThat(ended(next).status()).isEqualTo(JobStatus.COMPLETED);
            assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
            assertThat(heard(JobEvent.Stuck.class)).hasSize(1);
            assertThat(heard(JobEvent.Retried.class))
                    .singleElement()
                    .extracting(retried -> retried.reason().text())
                    .asString()
                    .startsWith("timed-out: ");
            gate.countDown();
            await().until(WorkerPoolTests::workersIdle);
            assertThat(heard(JobEvent.Refused.class)).isEmpty();
        }

        @Test
        void noMoreHandlersAreLeftBehindThanThereAreSlots() {
            patience = LITTLE;
            pool(
                    slots(1),
                    limited(Duration.ofMillis(20), (job, context) -> stubborn(context)),
                    handler("next", (job, context) -> null));
            enqueue("limited");
            enqueue("limited");
            await().until(() -> ran.size() == 2);
            String next = enqueue("next");

            await().during(Duration.ofMillis(200)).until(() -> job(next).status() == JobStatus.PENDING);
            assertThat(heard(JobEvent.Stuck.class)).hasSize(1);
            gate.countDown();

            assertThat(ended(next).status()).isEqualTo(JobStatus.COMPLETED);
        }

        @Test
        void theNextJobOnAThreadFindsNothingOfTheOneBefore() {
            List<String> found = new CopyOnWriteArrayList<>();
            pool(
                    slots(1),
                    handler("messy", (job, context) -> {
                        MDC.put("user", "somebody");
                        Thread.currentThread().interrupt();
                        found.add(Thread.currentThread().getName());
                        return null;
                    }),
                    handler("clean", (job, context) -> {
                        found.add(Thread.currentThread().getName());
                        found.add(String.valueOf(MDC.getCopyOfContextMap()));
                        found.add(String.valueOf(Thread.currentThread().isInterrupted()));
                        return null;
                    }));

            ended(enqueue("messy"));
            await().until(WorkerPoolTests::workersIdle);
            String clean = enqueue("clean");
            ended(clean);

            assertThat(found.get(1)).isEqualTo(found.get(0));
            assertThat(found.subList(2, 4)).containsExactly("{job=jobs/" + clean + "}", "false");
        }
    }

    @Nested
    class Leases {

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
            await().until(WorkerPoolTests::leaseKeeperWaits);
            store.giveAnswers();

            awaitEvent(JobEvent.Completed.class);
            assertThat(job(id).status()).isEqualTo(JobStatus.COMPLETED);
            assertThat(heard(JobEvent.LeaseLost.class)).isEmpty();
        }

        @Test
        void claimsAndLimitsAreLookedAfterAtTheUsualPaceWhileTheStoreIsAway() {
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

    @Nested
    class Outages {

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
                await().until(() ->
                        !log.lines(Level.INFO, "dispatcher works again").isEmpty());
                assertThat(log.lines(Level.WARN, "dispatcher")).hasSize(1);
                assertThat(log.lines(Level.INFO, "dispatcher")).hasSize(1);
            }
        }

        @Test
        void anOutageAmongVeryShortJobsIsOneLineAtItsBeginAndOneAtItsEndAsWell() {
            try (CapturedLog log = new CapturedLog(Outage.class)) {
                List<String> ids =
                        IntStream.range(0, 3000).mapToObj(i -> enqueue("work")).toList();
                pool(slots(4), handler("work", (job, context) -> {
                    ran.add(job.id());
                    return null;
                }));
                await().until(() -> store.claimSizes().stream().anyMatch(size -> size > 4));

                int before = store.calls(Call.SETTLE);
                store.goAway();
                await().until(() -> store.calls(Call.SETTLE) >= before + 4);
                store.comeBack();

                await().until(() -> ran.size() == 3000);
                await().until(() ->
                        !log.lines(Level.INFO, "dispatcher works again").isEmpty());
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

            List<String> ids =
                    IntStream.range(0, 20).mapToObj(i -> enqueue("work")).toList();
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
        void noJobIsLeftWithoutAnEndWhateverTheStoreThrows(Throwable thrown) {
            List<Call> calls = List.of(Call.CLAIM, Call.SETTLE, Call.HINT, Call.EXTEND);
            calls.forEach(call -> store.throwNext(call, thrown));
            pool(slots(2), handler("work", (job, context) -> {
                ran.add(job.id());
                return null;
            }));

            List<String> ids =
                    IntStream.range(0, 5).mapToObj(i -> enqueue("work")).toList();

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
        void noJobIsLeftWithoutAnEndWhateverTheListenerThrows() {
            JobListener broken = event -> {
                events.add(event);
                throw new NoClassDefFoundError("gone/Away");
            };
            pool(slots(2), broken, HandlerThreads.factory(), handler("work", (job, context) -> null));

            List<String> ids =
                    IntStream.range(0, 10).mapToObj(i -> enqueue("work")).toList();

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
            List<String> ids =
                    IntStream.range(0, 3).mapToObj(i -> enqueue("work")).toList();
            await().until(() -> ran.size() == 3);

            store.takeAway(ids.get(0));
            store.takeAway(ids.get(1));

            await().until(() -> heard(JobEvent.LeaseLost.class).size() == 2);
        }
    }

    @Nested
    class Stops {

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
            await().until(() -> ran.size() == 1);

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
                    .isBetween(Duration.ofMillis(300), Duration.ofSeconds(3));
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

            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isBetween(Duration.ofSeconds(5), Duration.ofMillis(6500));
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
            WorkerPool pool = pool(
                    slots(2).withDrain(Duration.ofMillis(50)), handler("work", (job, context) -> atTheGate(context)));
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
            WorkerPool pool = pool(
                    slots(1).withDrain(Duration.ofMillis(50)), handler("work", (job, context) -> stubborn(context)));
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
            WorkerPool pool = pool(
                    slots(2).withDrain(Duration.ofMillis(50)), handler("work", (job, context) -> atTheGate(context)));
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

    @Nested
    class Wakings {

        @Test
        void anAnnouncedJobIsFoundByItsHint() {
            pool(slots(1), handler("work", (job, context) -> null));
            await().until(() -> store.waitersForHints() == 1);

            assertThat(ended(enqueue("work")).status()).isEqualTo(JobStatus.COMPLETED);
        }

        @Test
        void aHintThatFindsNoFreeSlotIsPassedOn() {
            pool(
                    slots(1).withPollInterval(Duration.ofMillis(20)),
                    handler("work", (job, context) -> atTheGate(context)));
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
        void aJobThatNobodyAnnouncedIsFoundWithinThePollInterval() {
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
    }

    @Nested
    class Listening {

        @Test
        void aListenerHearsOfStartAndCompletionInOrderAndOnlyAfterTheStoreAgreed() {
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
        void lostJobsAndDroppedDeadLettersAreTold() {
            store = new InMemoryJobStore(QueueSettings.defaults()
                    .withRetention(new Retention(Duration.ofHours(1), 1), new Retention(Duration.ofHours(1), 0)));
            String lost = enqueue("work");
            store.lose(lost);
            enqueue("fail");

            pool(slots(2), handler("fail", (job, context) -> JobOutcome.deadLetter("broken")));

            assertThat(awaitEvent(JobEvent.DeadLettersDropped.class).count()).isEqualTo(1);
            assertThat(awaitEvent(JobEvent.Lost.class).ids()).containsExactly(lost);
        }

        @Test
        void anAttemptsEventTellsHowLongItsHandlerRan() {
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
}
