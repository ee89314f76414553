package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.jobqueue.worker.WorkerSettings;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class QueueSettingsTests {

    private static final Duration SECOND = Duration.ofSeconds(1);

    private static Arguments refusal(String setting, String message, ThrowingCallable call) {
        return Arguments.of(setting, message, call);
    }

    static Stream<Arguments> refusals() {
        QueueSettings queue = QueueSettings.defaults();
        WorkerSettings worker = WorkerSettings.defaults();
        return Stream.of(
                refusal(
                        "visibilityTimeout",
                        "visibility timeout must be from 10 ms to 7 days, was PT0.009S",
                        () -> queue.withVisibility(Duration.ofMillis(9))),
                refusal(
                        "visibilityTimeout",
                        "visibility timeout must be from 10 ms to 7 days, was PT-1S",
                        () -> queue.withVisibility(SECOND.negated())),
                refusal(
                        "heartbeat",
                        "heartbeat must be at least 1 ms, was PT0S",
                        () -> queue.withHeartbeat(Duration.ZERO)),
                refusal("maxCrashes", "max crashes must not be negative, was -1", () -> queue.withMaxCrashes(-1)),
                refusal(
                        "interval",
                        "reclaimer interval must be at least 10 ms, was PT0.009S",
                        () -> new QueueSettings.Reclaimer(Duration.ofMillis(9))),
                refusal(
                        "age",
                        "retention age must be from 0 to 10 years, was PT-1S",
                        () -> new Retention(SECOND.negated(), 1)),
                refusal("count", "retention count must not be negative, was -1", () -> new Retention(SECOND, -1)),
                refusal(
                        "maxSize",
                        "max payload size must be from 1 byte to 16 MiB, was 4294967296",
                        () -> QueueSettings.Payload.ofBytes(1L << 32)),
                refusal(
                        "maxSize",
                        "max result size must be from 1 byte to 16 MiB, was 0",
                        () -> new QueueSettings.Result(0)),
                refusal(
                        "ttl",
                        "work output ttl must be from 1 s to 100 years, was PT0.999S",
                        () -> new QueueSettings.WorkOutput(Duration.ofMillis(999))),
                refusal(
                        "deadline",
                        "run deadline must be from 1 s to 100 years, was PT0S",
                        () -> new QueueSettings.Runs(Duration.ZERO)),
                refusal(
                        "maxDelay",
                        "retry max delay must be at most 10 years, was PT96000H",
                        () -> new RetryPolicy(1, SECOND, 1, Duration.ofDays(4000), 0)),
                refusal("concurrency", "concurrency must be from 1 to 10000, was 0", () -> worker.withConcurrency(0)),
                refusal(
                        "pollInterval",
                        "poll interval must be at least 1 ms, was PT0S",
                        () -> worker.withPollInterval(Duration.ZERO)),
                refusal(
                        "maxRunTime",
                        "max run time must be at least 1 ms, was PT0S",
                        () -> worker.withMaxRunTime(Duration.ZERO)),
                refusal(
                        "unknownFor",
                        "unknown-for must be from 0 to 100 years, was PT-1S",
                        () -> worker.withUnknownFor(SECOND.negated())),
                refusal("drain", "drain must not be negative, was PT-1S", () -> worker.withDrain(SECOND.negated())));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("refusals")
    void aValueThatIsNotAllowedIsRefusedWithItsSettingAndTheRule(
            String setting, String message, ThrowingCallable call) {
        assertThatExceptionOfType(SettingException.class)
                .isThrownBy(call)
                .withMessage(message)
                .satisfies(ex -> assertThat(ex.setting()).isEqualTo(setting))
                .satisfies(ex -> assertThat(ex.conflict()).isEmpty());
    }

    @Test
    void aHeartbeatLongerThanAThirdOfTheVisibilityTimeoutIsAConflictOfTheTwo() {
        assertThatExceptionOfType(SettingException.class)
                .isThrownBy(() -> new QueueSettings.Lease(Duration.ofSeconds(2), SECOND, 3))
                .withMessage("heartbeat must be at most 666 ms, a third of the visibility timeout of PT2S, was PT1S")
                .satisfies(ex -> assertThat(ex.setting()).isEqualTo("heartbeat"))
                .satisfies(ex -> assertThat(ex.conflict()).contains("visibilityTimeout"));
    }

    @Test
    void aLongestRetryDelayShorterThanTheFirstIsAConflictOfTheTwo() {
        assertThatExceptionOfType(SettingException.class)
                .isThrownBy(() -> new RetryPolicy(1, SECOND, 1, Duration.ZERO, 0))
                .withMessage("retry max delay must not be shorter than the delay PT1S, was PT0S")
                .satisfies(ex -> assertThat(ex.setting()).isEqualTo("maxDelay"))
                .satisfies(ex -> assertThat(ex.conflict()).contains("delay"));
    }

    @Test
    void aShorterVisibilityTimeoutShortensTheHeartbeatToAThirdOfIt() {
        QueueSettings.Lease lease = QueueSettings.Lease.defaults();

        assertThat(lease.withVisibilityTimeout(SECOND.multipliedBy(3)).heartbeat())
                .isEqualTo(SECOND);
        assertThat(lease.withVisibilityTimeout(Duration.ofMinutes(1)).heartbeat())
                .isEqualTo(lease.heartbeat());
    }

    @Test
    void eachMethodChangesItsSettingAlone() {
        QueueSettings defaults = QueueSettings.defaults();
        Retention none = new Retention(Duration.ZERO, 0);

        QueueSettings all = defaults.withVisibility(Duration.ofMinutes(1))
                .withHeartbeat(SECOND)
                .withMaxCrashes(1)
                .withReclaimer(new QueueSettings.Reclaimer(Duration.ofMinutes(2)))
                .withRetry(RetryPolicy.defaults().withMaxAttempts(2))
                .withRetention(none, new Retention(SECOND, 1))
                .withPayload(new QueueSettings.Payload(2))
                .withResult(new QueueSettings.Result(3))
                .withWorkOutput(new QueueSettings.WorkOutput(Duration.ofMinutes(3)))
                .withRuns(new QueueSettings.Runs(Duration.ofMinutes(4)));

        assertThat(List.of(
                        all.lease(),
                        all.reclaimer(),
                        all.retry().maxAttempts(),
                        all.retention(),
                        all.payload().maxSize(),
                        all.result().maxSize(),
                        all.workOutput().ttl(),
                        all.runs().deadline()))
                .containsExactly(
                        new QueueSettings.Lease(Duration.ofMinutes(1), SECOND, 1),
                        new QueueSettings.Reclaimer(Duration.ofMinutes(2)),
                        2,
                        new QueueSettings.Retentions(none, new Retention(SECOND, 1)),
                        2,
                        3,
                        Duration.ofMinutes(3),
                        Duration.ofMinutes(4));
    }
}
