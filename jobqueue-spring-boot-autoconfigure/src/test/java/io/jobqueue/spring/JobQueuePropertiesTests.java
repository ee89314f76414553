package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.WorkerSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;

class JobQueuePropertiesTests {

    private static void settings(Consumer<Settings> check, String... properties) {
        application(properties).run(context -> check.accept(context.getBean(Settings.class)));
    }

    /** What the application says when it does not start. */
    private static String problem(String... properties) {
        String[] problem = new String[1];
        application(properties).run(context -> {
            assertThat(context).hasFailed();
            problem[0] = new JobQueueStartFailureAnalyzer()
                    .analyze(context.getStartupFailure())
                    .getDescription();
        });
        return problem[0];
    }

    private static ApplicationContextRunner application(String... properties) {
        // without the poll interval that the other tests choose
        return Applications.offline()
                .withPropertyValues("jobqueue.worker.poll-interval=500ms", "jobqueue.worker.enabled=false")
                .withPropertyValues(properties);
    }

    @Test
    void defaultsAreThoseOfCore() {
        settings(settings -> {
            RedisQueues.Options core = RedisQueues.Options.defaults();
            assertThat(settings.keyPrefix()).isEqualTo(core.keyPrefix());
            assertThat(settings.defaultQueue()).isEqualTo(core.defaultQueue());
            assertThat(settings.queue("jobs")).isEqualTo(QueueSettings.defaults());
            assertThat(settings.worker("jobs")).isEqualTo(WorkerSettings.defaults());
            assertThat(settings.workersEnabled("jobs")).isFalse();
            assertThat(settings.sweeps("jobs", true)).isTrue();
        });
    }

    @Test
    void aQueueFallsBackToTheSettingsOfAll() {
        settings(
                settings -> {
                    assertThat(settings.worker("mail").concurrency()).isEqualTo(3);
                    assertThat(settings.worker("mail").pollInterval()).isEqualTo(Duration.ofSeconds(1));
                    assertThat(settings.worker("jobs").concurrency()).isEqualTo(8);
                },
                "jobqueue.worker.concurrency=8",
                "jobqueue.worker.poll-interval=1s",
                "jobqueue.queues.mail.worker.concurrency=3");
    }

    @Test
    void aQueueHasASettingOfItsOwnForEverything() {
        settings(
                settings -> {
                    assertThat(settings.queue("mail"))
                            .isEqualTo(new QueueSettings(
                                    new QueueSettings.Lease(Duration.ofMinutes(2), Duration.ofSeconds(5), 7),
                                    new QueueSettings.Reclaimer(Duration.ofSeconds(5)),
                                    new RetryPolicy(9, Duration.ofSeconds(3), 1.5, Duration.ofHours(1), 0.5),
                                    new QueueSettings.Retentions(
                                            new Retention(Duration.ofMinutes(5), 50),
                                            new Retention(Duration.ofDays(1), 60)),
                                    new QueueSettings.Payload(2048),
                                    new QueueSettings.Result(4096),
                                    new QueueSettings.WorkOutput(Duration.ofDays(2)),
                                    new QueueSettings.Runs(Duration.ofHours(3)),
                                    new QueueSettings.Errors(3, 1024),
                                    new QueueSettings.History(
                                            new QueueSettings.History.Stream(true, 500, Duration.ofDays(4)))));
                    assertThat(settings.worker("mail"))
                            .isEqualTo(new WorkerSettings(
                                    4,
                                    Duration.ofMillis(100),
                                    Duration.ofMinutes(1),
                                    Duration.ofHours(2),
                                    Duration.ofSeconds(7),
                                    Duration.ofSeconds(25)));
                },
                "jobqueue.queues.mail.history.stream.enabled=true",
                "jobqueue.queues.mail.history.stream.max-length=500",
                "jobqueue.queues.mail.history.stream.max-age=4d",
                "jobqueue.queues.mail.errors.kept=3",
                "jobqueue.queues.mail.errors.max-size=1KB",
                "jobqueue.queues.mail.worker.concurrency=4",
                "jobqueue.queues.mail.worker.poll-interval=100ms",
                "jobqueue.queues.mail.worker.max-run-time=1m",
                "jobqueue.queues.mail.worker.unknown-for=2h",
                "jobqueue.queues.mail.worker.cancel-grace=7s",
                "jobqueue.queues.mail.lease.visibility-timeout=2m",
                "jobqueue.queues.mail.lease.heartbeat=5s",
                "jobqueue.queues.mail.lease.max-crashes=7",
                "jobqueue.queues.mail.reclaimer.interval=5s",
                "jobqueue.queues.mail.retry.max-attempts=9",
                "jobqueue.queues.mail.retry.delay=3s",
                "jobqueue.queues.mail.retry.multiplier=1.5",
                "jobqueue.queues.mail.retry.max-delay=1h",
                "jobqueue.queues.mail.retry.jitter=0.5",
                "jobqueue.queues.mail.retention.completed.age=5m",
                "jobqueue.queues.mail.retention.completed.count=50",
                "jobqueue.queues.mail.retention.failed.age=1d",
                "jobqueue.queues.mail.retention.failed.count=60",
                "jobqueue.queues.mail.payload.max-size=2KB",
                "jobqueue.queues.mail.result.max-size=4KB",
                "jobqueue.queues.mail.work-output.ttl=2d",
                "jobqueue.queues.mail.runs.deadline=3h");
    }

    @Test
    void aQueueThatThisApplicationDoesNotWorkOnIsSweptOnlyWhenItsPropertiesSaySo() {
        settings(
                settings -> {
                    assertThat(settings.sweeps("jobs", false)).isFalse();
                    assertThat(settings.sweeps("mail", false)).isTrue();
                },
                "jobqueue.queues.mail.reclaimer.enabled=true");
    }

    @Test
    void aQueueCanBeLeftOutOfWorkAndSweep() {
        settings(
                settings -> {
                    assertThat(settings.workersEnabled("mail")).isFalse();
                    assertThat(settings.workersEnabled("jobs")).isTrue();
                    assertThat(settings.sweeps("mail", true)).isFalse();
                    assertThat(settings.sweeps("jobs", true)).isTrue();
                },
                "jobqueue.worker.enabled=true",
                "jobqueue.queues.mail.worker.enabled=false",
                "jobqueue.queues.mail.reclaimer.enabled=false");
    }

    @Test
    void oneQueueCanBeSweptAlone() {
        settings(
                settings -> {
                    assertThat(settings.sweeps("mail", true)).isTrue();
                    assertThat(settings.sweeps("jobs", true)).isFalse();
                },
                "jobqueue.reclaimer.enabled=false",
                "jobqueue.queues.mail.reclaimer.enabled=true");
    }

    @Test
    void aKindHasItsOwnPolicy() {
        settings(
                settings -> {
                    assertThat(settings.queueOf("email")).contains("mail");
                    assertThat(settings.retry("email", "mail", 4))
                            .isEqualTo(new RetryPolicy(3, Duration.ofSeconds(1), 4, Duration.ofMinutes(1), 0));
                    assertThat(settings.timeLimit("email", "mail", Duration.ofSeconds(1)))
                            .isEqualTo(Duration.ofSeconds(30));
                },
                "jobqueue.kinds.email.queue=mail",
                "jobqueue.kinds.email.max-attempts=3",
                "jobqueue.kinds.email.timeout=30s",
                "jobqueue.kinds.email.retry.delay=1s",
                "jobqueue.kinds.email.retry.multiplier=4",
                "jobqueue.kinds.email.retry.max-delay=1m",
                "jobqueue.kinds.email.retry.jitter=0");
    }

    @Test
    void aKindFallsBackToItsAnnotationAndThenToItsQueue() {
        settings(
                settings -> {
                    assertThat(settings.retry("email", "mail", 4).maxAttempts()).isEqualTo(4);
                    assertThat(settings.retry("email", "mail", null).maxAttempts())
                            .isEqualTo(7);
                    assertThat(settings.timeLimit("email", "mail", Duration.ofSeconds(9)))
                            .isEqualTo(Duration.ofSeconds(9));
                    assertThat(settings.timeLimit("email", "mail", null)).isEqualTo(Duration.ofMinutes(3));
                },
                "jobqueue.queues.mail.retry.max-attempts=7",
                "jobqueue.queues.mail.worker.max-run-time=3m");
    }

    @Test
    void keysInBracketsKeepTheirDotsAndColons() throws IOException {
        List<PropertySource<?>> yaml = new YamlPropertySourceLoader()
                .load(
                        "application.yml",
                        new ByteArrayResource(
                                """
                        jobqueue:
                          kinds:
                            "[report.daily]":
                              queue: reports
                            "[acme:Invoice_Sent]":
                              max-attempts: 2
                          queues:
                            "[mail.bulk]":
                              worker:
                                concurrency: 2
                        """
                                        .getBytes()));

        application()
                .withInitializer(
                        context -> yaml.forEach(context.getEnvironment().getPropertySources()::addFirst))
                .run(context -> {
                    Settings settings = context.getBean(Settings.class);
                    assertThat(settings.queueOf("report.daily")).contains("reports");
                    assertThat(settings.retry("acme:Invoice_Sent", "jobs", null).maxAttempts())
                            .isEqualTo(2);
                    assertThat(settings.worker("mail.bulk").concurrency()).isEqualTo(2);
                });
    }

    @Test
    void customizersHaveTheLastWord() {
        application("jobqueue.worker.concurrency=8")
                .withBean(
                        WorkerSettingsCustomizer.class,
                        () -> (queue, settings) -> settings.withConcurrency(settings.concurrency() / 2))
                .withBean(
                        QueueSettingsCustomizer.class,
                        () -> (queue, settings) -> queue.equals("mail") ? settings.withMaxCrashes(1) : settings)
                .run(context -> {
                    Settings settings = context.getBean(Settings.class);
                    assertThat(settings.worker("mail").concurrency()).isEqualTo(4);
                    assertThat(settings.queue("mail").lease().maxCrashes()).isOne();
                    assertThat(settings.queue("jobs").lease().maxCrashes()).isEqualTo(3);
                });
    }

    @Test
    void aCustomizersHeartbeatMustSuitTheLease() {
        Applications.offline(UnusableHandlerTests.First.class)
                .withBean(
                        QueueSettingsCustomizer.class,
                        () -> (queue, settings) -> settings.withHeartbeat(Duration.ofSeconds(29)))
                .run(
                        context -> assertThat(context.getStartupFailure())
                                .rootCause()
                                .isInstanceOf(JobQueueStartException.class)
                                .hasMessageContaining(
                                        "A customizer gave the queue 'jobs' a setting that is not allowed: heartbeat must be at most 10000 ms, a third of the visibility timeout of PT30S, was PT29S."));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            jobqueue.queues.mail.worker.concurrency=0       | jobqueue.queues.mail.worker.concurrency: concurrency must be from 1 to 10000, was 0
            jobqueue.worker.concurrency=10001               | jobqueue.worker.concurrency: concurrency must be from 1 to 10000, was 10001
            jobqueue.worker.poll-interval=0                 | jobqueue.worker.poll-interval: poll interval must be at least 1 ms, was PT0S
            jobqueue.worker.max-run-time=0                  | jobqueue.worker.max-run-time: max run time must be at least 1 ms, was PT0S
            jobqueue.worker.unknown-for=-1s                 | jobqueue.worker.unknown-for: unknown-for must be from 0 to 100 years, was PT-1S
            jobqueue.worker.cancel-grace=-1s                | jobqueue.worker.cancel-grace: cancel-grace must be from 0 to 100 years, was PT-1S
            jobqueue.kinds.email.unknown-for=-1s            | jobqueue.kinds.email.unknown-for: unknown-for must be from 0 to 100 years, was PT-1S
            jobqueue.lease.visibility-timeout=8d            | jobqueue.lease.visibility-timeout: visibility timeout must be from 10 ms to 7 days, was PT192H
            jobqueue.lease.heartbeat=0                      | jobqueue.lease.heartbeat: heartbeat must be at least 1 ms, was PT0S
            jobqueue.lease.max-crashes=-1                   | jobqueue.lease.max-crashes: max crashes must not be negative, was -1
            jobqueue.reclaimer.interval=1ms                 | jobqueue.reclaimer.interval: reclaimer interval must be at least 10 ms, was PT0.001S
            jobqueue.retry.max-attempts=0                   | jobqueue.retry.max-attempts: max attempts must be at least 1, was 0
            jobqueue.retry.delay=-1s                        | jobqueue.retry.delay: retry delay must not be negative, was PT-1S
            jobqueue.retry.multiplier=0.5                   | jobqueue.retry.multiplier: retry multiplier must be at least 1, was 0.5
            jobqueue.retry.jitter=2                         | jobqueue.retry.jitter: retry jitter must be from 0 to 1, was 2.0
            jobqueue.retention.completed.age=-1h            | jobqueue.retention.completed.age: retention age must be from 0 to 10 years, was PT-1H
            jobqueue.queues.mail.retention.failed.count=-1  | jobqueue.queues.mail.retention.failed.count: retention count must not be negative, was -1
            jobqueue.payload.max-size=17MB                  | jobqueue.payload.max-size: max payload size must be from 1 byte to 16 MiB, was 17825792
            jobqueue.result.max-size=4GB                    | jobqueue.result.max-size: max result size must be from 1 byte to 16 MiB, was 4294967296
            jobqueue.shutdown.drain=-1s                     | jobqueue.shutdown.drain: drain must not be negative, was PT-1S
            jobqueue.work-output.ttl=0                      | jobqueue.work-output.ttl: work output ttl must be from 1 s to 100 years, was PT0S
            jobqueue.runs.deadline=10ms                     | jobqueue.runs.deadline: run deadline must be from 1 s to 100 years, was PT0.01S
            jobqueue.key-prefix=a b                         | jobqueue.key-prefix: key prefix must be 1 to 64 characters
            jobqueue.default-queue={jobs}                   | jobqueue.default-queue: queue name must be 1 to 64 characters
            jobqueue.queues.[my queue].worker.concurrency=1 | jobqueue.queues[my queue]: queue name must be 1 to 64 characters
            jobqueue.kinds.email.queue=my queue             | jobqueue.kinds.email.queue: queue name must be 1 to 64 characters
            jobqueue.kinds.email.max-attempts=0             | jobqueue.kinds.email.max-attempts: max attempts must be at least 1, was 0
            jobqueue.kinds.[a.b].timeout=0                  | jobqueue.kinds[a.b].timeout: timeout must be at least 1 ms, was PT0S
            """)
    void aValueThatMakesNoSenseIsRefusedWithItsKey(String property, String problem) {
        assertThat(problem(property)).contains(problem);
    }

    @Test
    void allProblemsAreReportedAtOnce() {
        assertThat(problem(
                        "jobqueue.worker.concurrency=0",
                        "jobqueue.worker.poll-interval=0",
                        "jobqueue.queues.mail.worker.concurrency=-1",
                        "jobqueue.retry.jitter=7",
                        "jobqueue.kinds.email.retry.jitter=8"))
                .contains("jobqueue.worker.concurrency:")
                .contains("jobqueue.worker.poll-interval:")
                .contains("jobqueue.queues.mail.worker.concurrency:")
                .contains("jobqueue.retry.jitter:")
                .contains("jobqueue.kinds.email.retry.jitter:");
    }

    @Test
    void theOriginOfAValueIsNamed() throws IOException {
        List<PropertySource<?>> yaml = new YamlPropertySourceLoader()
                .load(
                        "application.yml",
                        new ByteArrayResource(
                                "jobqueue:\n  queues:\n    mail:\n      worker:\n        concurrency: 0\n".getBytes(),
                                "application.yml"));

        application()
                .withInitializer(
                        context -> yaml.forEach(context.getEnvironment().getPropertySources()::addFirst))
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessageContaining("was 0 (from")
                        .hasMessageContaining("application.yml")
                        .hasMessageContaining("5:22"));
    }

    @Test
    void theHeartbeatMustBeAThirdOfTheLeaseAtMost() {
        assertThat(problem("jobqueue.lease.visibility-timeout=3s"))
                .contains(
                        "jobqueue.lease.heartbeat: heartbeat must be at most 1000 ms, a third of the visibility timeout of "
                                + "PT3S, was PT1.5S; set 'jobqueue.lease.heartbeat', or change 'jobqueue.lease.visibility-timeout'");
    }

    @Test
    void valuesThatFitEachOtherOnlyTogetherAreAccepted() {
        settings(
                settings -> assertThat(settings.queue("mail").lease())
                        .isEqualTo(new QueueSettings.Lease(Duration.ofMinutes(3), Duration.ofMinutes(1), 3)),
                "jobqueue.queues.mail.lease.heartbeat=1m",
                "jobqueue.queues.mail.lease.visibility-timeout=3m");
    }

    @Test
    void theHeartbeatOfAQueueMustSuitItsLease() {
        assertThat(problem("jobqueue.queues.mail.lease.visibility-timeout=2s"))
                .contains(
                        "    jobqueue.lease.heartbeat: heartbeat must be at most 666 ms, a third of the visibility timeout of "
                                + "PT2S, was PT1.5S; set 'jobqueue.queues.mail.lease.heartbeat', or change "
                                + "'jobqueue.queues.mail.lease.visibility-timeout'");
        assertThat(problem("jobqueue.queues.mail.lease.heartbeat=12s"))
                .contains(
                        "    jobqueue.queues.mail.lease.heartbeat: heartbeat must be at most 10000 ms, a third of the "
                                + "visibility timeout of PT30S, was PT12S; set 'jobqueue.queues.mail.lease.heartbeat', or change "
                                + "'jobqueue.lease.visibility-timeout'");
    }

    @Test
    void theLongestWaitMustNotBeShorterThanTheFirst() {
        assertThat(problem("jobqueue.queues.mail.retry.delay=1h"))
                .contains(
                        "    jobqueue.retry.max-delay: retry max delay must not be shorter than the delay PT1H, was PT10M; "
                                + "set 'jobqueue.queues.mail.retry.max-delay', or change 'jobqueue.queues.mail.retry.delay'");
    }

    @Test
    void theWaitsOfAKindMustSuitEachOther() {
        Applications.offline(UnusableHandlerTests.First.class)
                .withPropertyValues("jobqueue.kinds.email.retry.delay=1h")
                .run(
                        context -> assertThat(context.getStartupFailure())
                                .isInstanceOf(JobQueueStartException.class)
                                .hasMessage(
                                        "The retries of the kind 'email' do not fit those of its queue: retry max delay must not be shorter than the delay PT1H, was PT10M."));
    }
}
