package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.jobqueue.CapturedLog;
import io.jobqueue.HandlerThreads;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The log, the events and the job itself show an operator why a job failed. */
@Timeout(30)
class FailureLogTests {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final RetryPolicy TWICE = new RetryPolicy(2, Duration.ZERO, 1, Duration.ZERO, 0);
    private static final Patience PATIENCE =
            new Patience(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(2), LONG);

    private final CapturedLog log = new CapturedLog("io.jobqueue.events");
    private final List<JobEvent> events = new CopyOnWriteArrayList<>();
    private final InMemoryJobStore store =
            new InMemoryJobStore("mail", QueueSettings.defaults().withRetry(TWICE));
    private RuntimeException thrown = new IllegalStateException(
            "the mail was not sent", new RuntimeException("wrapped", new IOException("connection refused")));
    private WorkerPool pool;

    @BeforeEach
    void start() {
        Handler handler = new Handler("email", Map.class, TWICE, LONG, Set.of(), (job, context) -> {
            throw thrown;
        });
        Engine engine = Engine.of(new InMemorySignals(store), events::add, HandlerThreads.factory(), PATIENCE);
        pool = new WorkerPool(
                engine,
                store,
                store,
                Handlers.of(List.of(handler)),
                new WorkerSettings(1, LONG, LONG, LONG, LONG, LONG));
        pool.start();
    }

    @AfterEach
    void stop() {
        pool.stop();
        log.close();
    }

    private String failForGood() {
        String id = store.enqueue(JobRequest.of("email", null));
        await().until(() -> events.stream().anyMatch(JobEvent.Failed.class::isInstance));
        await().until(() -> !lines(Level.WARN).isEmpty());
        return id;
    }

    private List<ILoggingEvent> lines(Level level) {
        return log.events().stream()
                .filter(line -> line.getLevel().equals(level))
                .toList();
    }

    @Test
    void aFinalFailureIsAWarningWithTheStackTrace() {
        String id = failForGood();

        assertThat(lines(Level.WARN)).singleElement().satisfies(line -> {
            assertThat(line.getFormattedMessage())
                    .startsWith("Job mail/" + id + " (email, attempt 2) failed for good:")
                    .contains("the mail was not sent");
            assertThat(line.getThrowableProxy().getCause().getCause().getMessage())
                    .isEqualTo("connection refused");
        });
    }

    @Test
    void aRetryIsOneLineWithTheRootCauseAndWithoutATrace() {
        String id = failForGood();

        assertThat(lines(Level.INFO)).singleElement().satisfies(line -> {
            assertThat(line.getFormattedMessage())
                    .startsWith("Job mail/" + id + " (email, attempt 1) is retried in")
                    .endsWith("the mail was not sent; root cause: java.io.IOException: connection refused");
            assertThat(line.getThrowableProxy()).isNull();
        });
    }

    @Test
    void theEventsContainTheExceptionOfTheHandler() {
        failForGood();

        assertThat(events)
                .filteredOn(JobEvent.Retried.class::isInstance)
                .singleElement()
                .satisfies(
                        event -> assertThat(((JobEvent.Retried) event).thrown()).isSameAs(thrown));
        assertThat(events)
                .filteredOn(JobEvent.Failed.class::isInstance)
                .singleElement()
                .satisfies(
                        event -> assertThat(((JobEvent.Failed) event).thrown()).isSameAs(thrown));
    }

    @Test
    void theLastErrorNamesTheRootCause() {
        String id = failForGood();

        assertThat(store.find(id).orElseThrow().lastError())
                .isEqualTo(
                        "java.lang.IllegalStateException: the mail was not sent; root cause: java.io.IOException: connection refused");
    }

    @Test
    void theRootCauseHasRoomBehindALongMessage() {
        thrown = new IllegalStateException("x".repeat(100_000), new IOException("connection refused"));

        String id = failForGood();

        assertThat(store.find(id).orElseThrow().lastError())
                .hasSizeLessThan(4097)
                .endsWith("root cause: java.io.IOException: connection refused");
    }

    @Test
    void anExceptionWhoseMessageCannotBeReadIsLoggedWithoutItsTrace() {
        thrown = new RuntimeException() {
            @Override
            public String getMessage() {
                throw new IllegalStateException("no message");
            }
        };

        failForGood();

        assertThat(lines(Level.WARN)).singleElement().satisfies(line -> assertThat(line.getFormattedMessage())
                .contains("failed for good")
                .contains("its stack trace cannot be written"));
    }

    @Test
    void aMessageWithLineBreaksForgesNoLine() {
        thrown = new IllegalStateException(
                "one\r\n2026-01-01 INFO forged\u2028and more", new IOException("root\ncause"));

        failForGood();

        assertThat(log.events()).isNotEmpty().allSatisfy(line -> assertThat(line.getFormattedMessage())
                .contains("one\\u000d\\u000a2026-01-01 INFO forged\\u2028and more")
                .endsWith("root\\u000acause")
                .doesNotContainPattern("[\r\n\u2028]"));
    }

    @Test
    void theLineOfALongMessageEndsWithTheRootCause() {
        thrown = new IllegalStateException("x".repeat(100_000), new IOException("connection refused"));

        failForGood();

        assertThat(log.events()).isNotEmpty().allSatisfy(line -> assertThat(line.getFormattedMessage())
                .hasSizeLessThan(600)
                .endsWith("root cause: java.io.IOException: connection refused"));
    }
}
