package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.WorkerSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

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
            assertThat(settings.sweepInterval("jobs", true)).contains(Duration.ofSeconds(1));
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
                                    QueueSettings.WorkOutput.defaults(),
                                    QueueSettings.Runs.defaults()));
                    assertThat(settings.worker("mail"))
                            .isEqualTo(new WorkerSettings(
                                    4, Duration.ofMillis(100), Duration.ofMinutes(1), Duration.ofSeconds(25)));
                    assertThat(settings.sweepInterval("mail", true)).contains(Duration.ofSeconds(5));
                },
                "jobqueue.queues.mail.worker.concurrency=4",
                "jobqueue.queues.mail.worker.poll-interval=100ms",
                "jobqueue.queues.mail.worker.max-run-time=1m",
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
                "jobqueue.queues.mail.result.max-size=4KB");
    }

    @Test
    void aQueueThatThisApplicationDoesNotWorkOnIsSweptOnlyWhenItsPropertiesSaySo() {
        settings(
                settings -> {
                    assertThat(settings.sweepInterval("jobs", false)).isEmpty();
                    assertThat(settings.sweepInterval("mail", false)).isPresent();
                },
                "jobqueue.queues.mail.reclaimer.enabled=true");
    }

    @Test
    void aQueueCanBeLeftOutOfWorkAndSweep() {
        settings(
                settings -> {
                    assertThat(settings.workersEnabled("mail")).isFalse();
                    assertThat(settings.workersEnabled("jobs")).isTrue();
                    assertThat(settings.sweepInterval("mail", true)).isEmpty();
                    assertThat(settings.sweepInterval("jobs", true)).isPresent();
                },
                "jobqueue.worker.enabled=true",
                "jobqueue.queues.mail.worker.enabled=false",
                "jobqueue.queues.mail.reclaimer.enabled=false");
    }

    @Test
    void oneQueueCanBeSweptAlone() {
        settings(
                settings -> {
                    assertThat(settings.sweepInterval("mail", true)).isPresent();
                    assertThat(settings.sweepInterval("jobs", true)).isEmpty();
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
    void allProblemsAreToldAtOnce() {
        assertThat(problem("jobqueue.worker.concurrency=0", "jobqueue.retry.jitter=7"))
                .contains("jobqueue.worker.concurrency:")
                .contains("jobqueue.retry.jitter:");
    }

    @Test
    void theOriginOfAValueIsTold() throws IOException {
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
                        "jobqueue.lease.heartbeat: heartbeat must be at most a third of the visibility timeout, which is "
                                + "PT3S by 'jobqueue.lease.visibility-timeout', was PT1.5S; set 'jobqueue.lease.heartbeat' to at most 1000ms");
    }

    @Test
    void theHeartbeatOfAQueueMustSuitItsLease() {
        assertThat(problem("jobqueue.queues.mail.lease.visibility-timeout=2s"))
                .contains("was PT1.5S; set 'jobqueue.queues.mail.lease.heartbeat' to at most 666ms")
                .contains("by 'jobqueue.queues.mail.lease.visibility-timeout'");
    }

    @Test
    void theLongestWaitMustNotBeShorterThanTheFirst() {
        assertThat(problem("jobqueue.queues.mail.retry.delay=1h"))
                .contains("retry max delay must not be shorter than the delay, which is PT1H by "
                        + "'jobqueue.queues.mail.retry.delay', was PT10M; set 'jobqueue.queues.mail.retry.max-delay'");
    }

    @Test
    void theWaitsOfAKindMustSuitEachOther() {
        Applications.offline(UnusableHandlerTests.First.class)
                .withPropertyValues("jobqueue.kinds.email.retry.delay=1h")
                .run(context -> assertThat(context.getStartupFailure())
                        .isInstanceOf(JobQueueStartException.class)
                        .hasMessage(
                                "The kind 'email' is to be retried after PT1H at first and after PT10M at the most."));
    }

    @Test
    void everyPropertyIsDescribedWithItsDefaultForTheIde() throws IOException {
        Map<String, JsonNode> properties = new TreeMap<>();
        for (JsonNode property : metadata().get("properties")) {
            properties.put(property.get("name").stringValue(), property);
        }

        assertThat(properties)
                .hasSize(30)
                .containsKeys(
                        "jobqueue.enabled",
                        "jobqueue.queues",
                        "jobqueue.retention.failed.age",
                        "jobqueue.service-binding.enabled")
                .allSatisfy((name, property) -> {
                    assertThat(Optional.ofNullable(property.get("description")).map(JsonNode::stringValue))
                            .as("description of " + name)
                            .hasValueSatisfying(text -> assertThat(text).endsWith("."));
                    boolean hasNone = Stream.of("jobqueue.queues", "jobqueue.kinds", "jobqueue.service-binding.name")
                            .anyMatch(name::equals);
                    assertThat(property.has("defaultValue"))
                            .as("default of " + name)
                            .isNotEqualTo(hasNone);
                });
    }

    /** The file of this module, not that of another jar. */
    private static JsonNode metadata() throws IOException {
        List<JsonNode> found = new ArrayList<>();
        Enumeration<URL> files = JobQueuePropertiesTests.class
                .getClassLoader()
                .getResources("META-INF/spring-configuration-metadata.json");
        while (files.hasMoreElements()) {
            try (InputStream in = files.nextElement().openStream()) {
                JsonNode file = JsonMapper.shared().readTree(in);
                if (file.toString().contains("\"jobqueue.enabled\"")) {
                    found.add(file);
                }
            }
        }
        assertThat(found).hasSize(1);
        return found.get(0);
    }
}
