package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.jobqueue.HandlerThreads;
import io.jobqueue.JobContext;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.worker.FailingCalls.Call;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** The JVM throws an error, such as that of a full heap, at each step of an attempt. */
class JvmErrorTests extends WorkerPoolFixture {

    private static final Duration SHORT_LEASE = Duration.ofMillis(500);
    private static final int SLOTS = 2;

    /** The error that payloads and results throw when they are read or written. */
    private static final AtomicReference<@Nullable Error> OF_READING = new AtomicReference<>();

    private static final AtomicReference<@Nullable Error> OF_WRITING = new AtomicReference<>();

    private final AtomicReference<@Nullable Error> ofHandler = new AtomicReference<>();
    private final AtomicReference<@Nullable Error> ofListener = new AtomicReference<>();
    private final AtomicReference<@Nullable Error> ofLog = new AtomicReference<>();
    private final AtomicReference<@Nullable Error> ofFactory = new AtomicReference<>();
    private final AtomicReference<@Nullable Error> ofThread = new AtomicReference<>();
    private final AtomicReference<@Nullable Error> ofFinding = new AtomicReference<>();
    private final AtomicReference<@Nullable Error> ofNotes = new AtomicReference<>();
    private final CountDownLatch bothRun = new CountDownLatch(SLOTS);
    private final Logger log = (Logger) LoggerFactory.getLogger("io.jobqueue.events");
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent line) {
            fire(ofLog);
        }
    };
    private @Nullable Upkeep upkeep;

    private static void fire(AtomicReference<@Nullable Error> armed) {
        Error error = armed.getAndSet(null);
        if (error != null) {
            throw error;
        }
    }

    record Bill(int amount) {
        Bill {
            fire(OF_READING);
        }
    }

    record Receipt(int number) {
        @Override
        public int number() {
            fire(OF_WRITING);
            return number;
        }
    }

    enum Step {
        CLAIM_IS_SENT,
        CLAIM_IS_ANSWERED,
        HANDLER_IS_LOOKED_UP,
        THREAD_IS_MADE,
        THREAD_IS_STARTED,
        PAYLOAD_IS_READ,
        LISTENER_HEARS,
        LINE_IS_LOGGED,
        HANDLER_RUNS,
        NOTE_IS_READ,
        RESULT_IS_WRITTEN,
        LEASE_IS_RENEWED,
        RENEWAL_IS_ANSWERED,
        SETTLEMENT_IS_SENT,
        SETTLEMENT_IS_ANSWERED,
        HINT_IS_ASKED_FOR
    }

    static Stream<Arguments> stepsAndErrors() {
        return Stream.of(Step.values()).flatMap(step -> Stream.of(
                        new OutOfMemoryError("not really"),
                        new StackOverflowError(),
                        new NoClassDefFoundError("gone/Away"))
                .map(error -> Arguments.of(step, error)));
    }

    @BeforeEach
    void prepare() {
        log.setLevel(Level.DEBUG);
        log.setAdditive(false);
        log.addAppender(appender);
        appender.start();
    }

    @AfterEach
    void end() {
        log.detachAppender(appender);
        log.setLevel(null);
        log.setAdditive(true);
        OF_READING.set(null);
        OF_WRITING.set(null);
        if (upkeep != null) {
            upkeep.stop();
        }
    }

    private void throwOnce(Step step, Error error) {
        switch (step) {
            case CLAIM_IS_SENT -> store.throwNext(Call.CLAIM, error);
            case CLAIM_IS_ANSWERED -> store.failNextReply(Call.CLAIM, error);
            case HANDLER_IS_LOOKED_UP -> ofFinding.set(error);
            case THREAD_IS_MADE -> ofFactory.set(error);
            case THREAD_IS_STARTED -> ofThread.set(error);
            case PAYLOAD_IS_READ -> OF_READING.set(error);
            case LISTENER_HEARS -> ofListener.set(error);
            case LINE_IS_LOGGED -> ofLog.set(error);
            case HANDLER_RUNS -> ofHandler.set(error);
            case NOTE_IS_READ -> ofNotes.set(error);
            case RESULT_IS_WRITTEN -> OF_WRITING.set(error);
            case LEASE_IS_RENEWED -> store.throwNext(Call.EXTEND, error);
            case RENEWAL_IS_ANSWERED -> store.failNextReply(Call.EXTEND, error);
            case SETTLEMENT_IS_SENT -> store.throwNext(Call.SETTLE, error);
            case SETTLEMENT_IS_ANSWERED -> store.failNextReply(Call.SETTLE, error);
            case HINT_IS_ASKED_FOR -> store.throwNext(Call.HINT, error);
            default -> throw new AssertionError(step);
        }
    }

    private void start() {
        JobListener listener = event -> {
            events.add(event);
            fire(ofListener);
        };
        ThreadFactory threads = work -> {
            fire(ofFactory);
            Error error = ofThread.getAndSet(null);
            return error == null
                    ? HandlerThreads.factory().newThread(work)
                    : new Thread(work) {
                        @Override
                        public synchronized void start() {
                            throw error;
                        }
                    };
        };
        Handler late = handler("late", (job, context) -> null);
        Handlers handlers = Handlers.of(List.of(
                        new Handler("work", Bill.class, AT_ONCE, LONG, Set.of(), (job, context) -> work(context)),
                        handler("pair", (job, context) -> {
                            bothRun.countDown();
                            bothRun.await();
                            return null;
                        })))
                .or(kind -> {
                    fire(ofFinding);
                    return kind.equals("late") ? Optional.of(late) : Optional.empty();
                });
        WorkerPool pool = new WorkerPool(
                Engine.of(new InMemorySignals(store), listener, threads, patience),
                store,
                notes(),
                handlers,
                slots(SLOTS).withPollInterval(Duration.ofMillis(50)));
        pools.add(pool);
        pool.start();
        upkeep = new Upkeep(List.of(store.sweep(Duration.ofMillis(20))), JobListener.none());
        upkeep.start();
    }

    /** Runs until its claim was renewed. */
    private Receipt work(JobContext context) throws Exception {
        fire(ofHandler);
        int renewals = store.calls(Call.EXTEND);
        await().until(() -> store.calls(Call.EXTEND) >= renewals + 2);
        return new Receipt(context.step("count", Integer.class, () -> 7));
    }

    /** The notes of the store, which throw an error. */
    private AttemptNotes notes() {
        return (AttemptNotes) Proxy.newProxyInstance(
                AttemptNotes.class.getClassLoader(),
                new Class<?>[] {AttemptNotes.class},
                (proxy, method, arguments) -> {
                    fire(ofNotes);
                    return method.invoke(store, arguments);
                });
    }

    /** Whether the process does not learn of its claims, which come back when their lease is over. */
    private static boolean claimIsLost(Step step) {
        return step == Step.CLAIM_IS_ANSWERED || step == Step.HANDLER_IS_LOOKED_UP;
    }

    /** Whether the error is that of the attempt, which is spent then. */
    private static boolean isOfTheAttempt(Step step) {
        return switch (step) {
            case PAYLOAD_IS_READ, HANDLER_RUNS, NOTE_IS_READ, RESULT_IS_WRITTEN -> true;
            default -> false;
        };
    }

    /** The same payload and the same result would bring the same error. A full heap may have room the next time. */
    private static boolean isFinal(Step step, Error error) {
        return switch (step) {
            case PAYLOAD_IS_READ -> error instanceof StackOverflowError;
            case RESULT_IS_WRITTEN -> !(error instanceof OutOfMemoryError);
            default -> false;
        };
    }

    private boolean isArmed() {
        return Stream.of(OF_READING, OF_WRITING, ofHandler, ofListener, ofLog, ofFactory, ofThread, ofFinding, ofNotes)
                .anyMatch(armed -> armed.get() != null);
    }

    @ParameterizedTest
    @MethodSource("stepsAndErrors")
    void anErrorAtAnyStepCostsNeitherTheJobNorASlotAndNoClaimIsRenewedForEver(Step step, Error error) {
        store = new InMemoryJobStore(claimIsLost(step) ? SETTINGS.withVisibility(SHORT_LEASE) : SETTINGS);
        throwOnce(step, error);
        List<String> ids = new ArrayList<>();
        IntStream.range(0, 3).forEach(i -> ids.add(store.enqueue(JobRequest.of("work", Map.of("amount", i)))));
        ids.add(enqueue("late"));

        start();

        boolean isFinal = isFinal(step, error);
        assertThat(ids.stream().filter(id -> ended(id).status() == JobStatus.FAILED))
                .hasSize(isFinal ? 1 : 0);
        if (!claimIsLost(step)) {
            assertThat(ids.stream().filter(id -> job(id).attempts() > 1))
                    .hasSize(isOfTheAttempt(step) && !isFinal ? 1 : 0);
        }
        assertThat(isArmed()).isFalse();
        List<String> pair = List.of(enqueue("pair"), enqueue("pair"));
        pair.forEach(id -> assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED));
        await().until(() -> store.inProcessing() == 0);
        int renewals = store.calls(Call.EXTEND);
        await().during(SETTINGS.lease().heartbeat().multipliedBy(5)).until(() -> store.calls(Call.EXTEND) == renewals);
    }
}
