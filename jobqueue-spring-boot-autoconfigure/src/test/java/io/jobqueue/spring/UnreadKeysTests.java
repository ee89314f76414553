package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ByteArrayResource;

/** Keys that look like settings of the queue but have no effect. */
@ExtendWith(OutputCaptureExtension.class)
class UnreadKeysTests {

    static class Handlers {

        @JobHandler("email")
        void email() {}

        @JobHandler(value = "sendEmail", queue = "mail")
        void sendEmail() {}

        @JobHandler("send-letter")
        void sendLetter() {}

        @JobHandler("report.daily")
        void report() {}
    }

    private static void start(PropertySource<?> source, Class<?>... handlers) {
        application(handlers)
                .withInitializer(
                        context -> context.getEnvironment().getPropertySources().addFirst(source))
                .run(context -> assertThat(context).hasNotFailed());
    }

    private static ApplicationContextRunner application(Class<?>... handlers) {
        return Applications.offline(handlers).withPropertyValues("jobqueue.worker.enabled=false");
    }

    private static void startWith(String... properties) {
        Map<String, Object> map = new LinkedHashMap<>();
        Arrays.stream(properties)
                .map(property -> property.split("=", 2))
                .forEach(property -> map.put(property[0], property[1]));
        start(new MapPropertySource("test", map), Handlers.class);
    }

    private static void startWithVariables(String... names) {
        Map<String, Object> variables = new LinkedHashMap<>();
        Arrays.stream(names)
                .map(variable -> variable.split("=", 2))
                .forEach(variable -> variables.put(variable[0], variable[1]));
        start(new SystemEnvironmentPropertySource("test-systemEnvironment", variables), Handlers.class);
    }

    private static List<String> warnings(CapturedOutput output) {
        return output.toString()
                .lines()
                .filter(line -> line.contains("WARN") && line.contains("UnreadKeys"))
                .map(line -> line.substring(line.indexOf(" - ") + 3))
                .toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            jobqueue.worker.concurency=3                | 'jobqueue.worker.concurency' is not read. Did you mean 'jobqueue.worker.concurrency'?
            jobqueue.concurrency=3                      | 'jobqueue.concurrency' is not read. Did you mean 'jobqueue.worker.concurrency'?
            jobqueue.visibility-timeout=3s              | 'jobqueue.visibility-timeout' is not read. Did you mean 'jobqueue.lease.visibility-timeout'?
            job-queue.lease.hartbeat=3s                 | 'job-queue.lease.hartbeat' is not read. Did you mean 'jobqueue.lease.heartbeat'?
            jobqueue.queues.mail.worker.concurency=3    | 'jobqueue.queues.mail.worker.concurency' is not read. Did you mean 'jobqueue.queues.mail.worker.concurrency'?
            jobqueue.queues.mail.concurrency=3          | 'jobqueue.queues.mail.concurrency' is not read. Did you mean 'jobqueue.queues.mail.worker.concurrency'?
            jobqueue.queues.mail.shutdown.drain=3s      | 'jobqueue.queues.mail.shutdown.drain' is not read. Did you mean 'jobqueue.shutdown.drain'?
            jobqueue.kinds.email.max-atempts=3          | 'jobqueue.kinds.email.max-atempts' is not read. Did you mean 'jobqueue.kinds.email.max-attempts'?
            jobqueue.kinds.email.retry.max-attempts=3   | 'jobqueue.kinds.email.retry.max-attempts' is not read. Did you mean 'jobqueue.kinds.email.max-attempts'?
            jobqueue.kinds.report.daily.queue=x         | 'jobqueue.kinds.report.daily.queue' is not read. Did you mean 'jobqueue.kinds[report.daily].queue'? In YAML, brackets need quotes: "[report.daily]".
            jobqueue.service-binding.enable=false       | 'jobqueue.service-binding.enable' is not read. Did you mean 'jobqueue.service-binding.enabled'?
            jobqueue.dashboard.colour=blue              | 'jobqueue.dashboard.colour' is not read, because jobqueue has no such property.
            """)
    void aKeyThatIsNotReadIsWarnedOfWithTheNearestOne(String property, String warning, CapturedOutput output) {
        startWith(property);

        assertThat(warnings(output)).containsExactly(warning);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            jobqueue.kinds.emial.queue=mail          | 'jobqueue.kinds.emial.queue' has no effect: no handler of this application is for the kind 'emial'. Did you mean 'email'?
            jobqueue.kinds.send_letter.timeout=3s    | 'jobqueue.kinds.send_letter.timeout' has no effect: no handler of this application is for the kind 'send_letter'. Did you mean 'send-letter'?
            jobqueue.kinds.invoice.max-attempts=3    | 'jobqueue.kinds.invoice.max-attempts' has no effect: no handler of this application is for the kind 'invoice'. Its handlers are for email, report.daily, send-letter, sendEmail.
            jobqueue.queues.mial.result.max-size=1MB | 'jobqueue.queues.mial.result.max-size' may have no effect: no handler of this application is on the queue 'mial'. Did you mean 'mail'?
            jobqueue.queues.big.payload.max-size=2MB | 'jobqueue.queues.big.payload.max-size' may have no effect: no handler of this application is on the queue 'big'. Its queues are jobs, mail. If it only enqueues there, set 'jobqueue.queues.big.worker.enabled' to false.
            """)
    void aNameThatNoHandlerHasIsWarnedOfWithTheNearestOne(String property, String warning, CapturedOutput output) {
        startWith(property);

        assertThat(warnings(output)).containsExactly(warning);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            JOBQUEUE_WORKER_CONCURENCY=3         | The environment variable 'JOBQUEUE_WORKER_CONCURENCY' is not read. Did you mean 'JOBQUEUE_WORKER_CONCURRENCY'?
            JOBQUEUE_WORKER_POLLINTERVALL=3      | The environment variable 'JOBQUEUE_WORKER_POLLINTERVALL' is not read. Did you mean 'JOBQUEUE_WORKER_POLLINTERVAL'?
            JOBQUEUE_KINDS_SENDEMAIL_QUEUE=mail  | The environment variable 'JOBQUEUE_KINDS_SENDEMAIL_QUEUE' has no effect: no handler of this application is for the kind 'sendemail'. Did you mean 'sendEmail'? The name of an environment variable cannot say it; set 'jobqueue.kinds.sendEmail.queue' in a file or in SPRING_APPLICATION_JSON.
            JOBQUEUE_KINDS_SEND_LETTER_QUEUE=m   | The environment variable 'JOBQUEUE_KINDS_SEND_LETTER_QUEUE' is not read. Did you mean 'jobqueue.kinds.send-letter.queue'? The name of an environment variable cannot say it; set it in a file or in SPRING_APPLICATION_JSON.
            JOBQUEUE_DASHBOARD_COLOUR=blue       | The environment variable 'JOBQUEUE_DASHBOARD_COLOUR' is not read, because jobqueue has no such property.
            """)
    void anEnvironmentVariableThatIsNotReadIsWarnedOfToo(String variable, String warning, CapturedOutput output) {
        startWithVariables(variable);

        assertThat(warnings(output)).containsExactly(warning);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "JOBQUEUE_WORKER_CONCURRENCY=3",
                "JOBQUEUE_WORKER_MAXRUNTIME=3s",
                "JOBQUEUE_WORKER_MAX_RUN_TIME=3s",
                "JOBQUEUE_SERVICE_BINDING_ENABLED=false",
                "JOBQUEUE_SERVICEBINDING_ENABLED=false",
                "JOBQUEUE_KINDS_EMAIL_MAXATTEMPTS=3",
                "JOBQUEUE_KINDS_EMAIL_RETRY_MAX_DELAY=3m",
                "JOBQUEUE_QUEUES_MAIL_LEASE_MAX_CRASHES=3",
                // what Kubernetes sets in every pod beside a service named jobqueue, or jobqueue-worker
                "JOBQUEUE_SERVICE_HOST=10.0.0.1",
                "JOBQUEUE_SERVICE_PORT=80",
                "JOBQUEUE_SERVICE_PORT_HTTP=80",
                "JOBQUEUE_PORT=tcp://10.0.0.1:80",
                "JOBQUEUE_PORT_80_TCP=tcp://10.0.0.1:80",
                "JOBQUEUE_PORT_80_TCP_ADDR=10.0.0.1",
                "JOBQUEUE_WORKER_SERVICE_HOST=10.0.0.1",
                "JOBQUEUES=3",
                "jobqueue_lease_heartbeat=1s"
            })
    void anEnvironmentVariableThatIsReadOrNotMeantIsNotWarnedOf(String variable, CapturedOutput output) {
        startWithVariables(variable);

        assertThat(warnings(output)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jobqueue.worker.maxRunTime=3s",
                "jobqueue.worker.max_run_time=3s",
                "jobqueue.queues.mail.lease.heartbeat=1s",
                "jobqueue.queues.jobs.worker.concurrency=2",
                "jobqueue.kinds[report.daily].max-attempts=2",
                // routes of kinds that other applications handle
                "jobqueue.kinds.invoice.queue=billing",
                // a kind that a newer version of this application handles
                "jobqueue.kinds.invoice.unknown-for=1m",
                // queues that this application sweeps, or only enqueues on
                "jobqueue.queues.other.reclaimer.enabled=true",
                "jobqueue.queues.other.worker.enabled=false",
                "jobqueue.queues.mail=",
                "jobqueue.worker=",
                "jobqueues.worker.x=3"
            })
    void aKeyThatIsReadIsNotWarnedOf(String property, CapturedOutput output) {
        startWith(property);

        assertThat(warnings(output)).isEmpty();
    }

    @Test
    void aVariableThatOverridesAKindOfAFileIsRead(CapturedOutput output) {
        application(Handlers.class)
                .withPropertyValues("jobqueue.kinds.send-letter.timeout=3s")
                .withInitializer(context -> context.getEnvironment()
                        .getPropertySources()
                        .addFirst(new SystemEnvironmentPropertySource(
                                "test-systemEnvironment", Map.of("JOBQUEUE_KINDS_SEND_LETTER_QUEUE", "mail"))))
                .run(context -> assertThat(context.getBean(Settings.class).queueOf("send-letter"))
                        .contains("mail"));

        assertThat(warnings(output)).isEmpty();
    }

    @Test
    void theFileAndTheLineOfTheKeyAreNamed(CapturedOutput output) throws IOException {
        start(
                new YamlPropertySourceLoader()
                        .load(
                                "application.yml",
                                new ByteArrayResource(
                                        "jobqueue:\n  worker:\n    concurency: 3\n".getBytes(), "application.yml"))
                        .get(0),
                Handlers.class);

        assertThat(warnings(output))
                .singleElement()
                .asString()
                .startsWith("'jobqueue.worker.concurency' (")
                .contains("application.yml")
                .contains("3:17) is not read.");
    }

    @Test
    void anApplicationWithoutHandlersMaySetKindsAndQueuesOfOthers(CapturedOutput output) {
        start(new MapPropertySource(
                "test", Map.of("jobqueue.kinds.email.queue", "mail", "jobqueue.queues.mail.payload.max-size", "2MB")));

        assertThat(warnings(output)).isEmpty();
    }

    @Test
    void manyKeysAreSummedUp(CapturedOutput output) {
        startWith(Stream.iterate(1, i -> i <= 30, i -> i + 1)
                .map(i -> "jobqueue.nonsense-%s.x=1".formatted(i))
                .toArray(String[]::new));

        assertThat(warnings(output)).hasSize(21);
        assertThat(warnings(output).get(20)).isEqualTo("10 more keys below 'jobqueue' have no effect");
    }
}
