package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobContext;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.Recurring;
import io.jobqueue.RecurringJobs;
import io.jobqueue.RecurringSnapshot;
import io.jobqueue.RecurringSnapshot.Outcome;
import io.jobqueue.Schedule;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.stereotype.Component;

@RedisServer
class RecurringJobTests {

    private static final List<String> RUNS = new CopyOnWriteArrayList<>();

    private final EmbeddedRedis redis;

    RecurringJobTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @BeforeEach
    void reset() {
        RUNS.clear();
    }

    // the example of docs/features/recurring.md
    @Component
    static class Housekeeping {

        @RecurringJob(cron = "0 0 3 * * *", zone = "Europe/Berlin")
        void nightly() {
            RUNS.add("nightly");
        }

        @RecurringJob(every = "1s", missed = Recurring.Missed.SKIP)
        void refresh(JobContext context) {
            Instant slot = Instant.parse(context.headers().get(Recurring.SLOT_HEADER));
            RUNS.add("refresh " + slot);
        }
    }

    private static RecurringJobs recurring(ApplicationContext context) {
        return context.getBean(JobQueue.class).admin().recurring();
    }

    @Test
    void theExampleOfThePageRunsItsSlotsOnTwoInstancesOnce() {
        Applications.on(redis, Housekeeping.class).run(one -> {
            Applications.on(redis, Housekeeping.class).run(two -> {
                await().atMost(Duration.ofSeconds(30)).until(() -> RUNS.size() >= 4);
                assertThat(RUNS).doesNotHaveDuplicates().allMatch(run -> run.startsWith("refresh "));
            });
            RecurringJobs admin = recurring(one);
            assertThat(admin.list()).extracting(RecurringSnapshot::name).containsExactly("nightly", "refresh");

            RecurringSnapshot nightly = admin.find("nightly").orElseThrow();
            assertThat(nightly.schedule()).isEqualTo("cron 0 0 3 * * * Europe/Berlin");
            assertThat(nightly.nextSlots())
                    .hasSize(5)
                    .allMatch(slot -> slot.atZone(ZoneId.of("Europe/Berlin")).getHour() == 3);

            admin.trigger("nightly");
            await().atMost(Duration.ofSeconds(10)).until(() -> RUNS.contains("nightly"));
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> admin.find("nightly").orElseThrow().last().outcome() == Outcome.COMPLETED);
        });
    }

    @Test
    void propertiesStandAboveTheAnnotation() {
        Applications.on(redis, Housekeeping.class)
                .withPropertyValues(
                        "jobqueue.recurring.nightly.every=6h",
                        "jobqueue.recurring.nightly.overlap=allow",
                        "jobqueue.recurring.nightly.missed=all",
                        "jobqueue.recurring.refresh.enabled=false")
                .run(context -> {
                    await().atMost(Duration.ofSeconds(10))
                            .until(() -> !recurring(context).list().isEmpty());
                    assertThat(recurring(context).list()).singleElement().satisfies(nightly -> {
                        assertThat(nightly.schedule()).isEqualTo("every PT6H");
                        assertThat(nightly.overlap()).isEqualTo(Recurring.Overlap.ALLOW);
                        assertThat(nightly.missed()).isEqualTo(Recurring.Missed.ALL);
                    });
                });
    }

    @Component
    static class Mailer {

        @JobHandler(value = "digest", queue = "mail")
        void digest(Map<String, Object> payload) {
            RUNS.add("digest " + payload);
        }

        @RecurringJob(name = "${name:flush}", cron = "-")
        @JobHandler("flush-mails")
        void flush() {
            RUNS.add("flush");
        }
    }

    @Test
    void propertiesAloneMakeARecurringJobOfAKindOnItsQueue() {
        Applications.on(redis, Mailer.class)
                .withPropertyValues("jobqueue.recurring.hourly.kind=digest", "jobqueue.recurring.hourly.every=1s")
                .run(context -> {
                    await().atMost(Duration.ofSeconds(20)).until(() -> !RUNS.isEmpty());
                    assertThat(RUNS.get(0)).isEqualTo("digest {kind=digest}");
                    JobQueue mail = context.getBean(JobQueue.class).on("mail");
                    assertThat(mail.admin().recurring().find("hourly")).isPresent();
                    assertThat(recurring(context).find("hourly")).isEmpty();
                });
    }

    @Test
    void aMethodWithAKindOfItsOwnCanBeEnqueuedAndSwitchedOnByProperties() {
        Applications.on(redis, Mailer.class).run(context -> {
            context.getBean(JobQueue.class).enqueue(JobRequest.of("flush-mails", null));
            await().atMost(Duration.ofSeconds(10)).until(() -> RUNS.contains("flush"));
            assertThat(recurring(context).list()).isEmpty();
        });
        RUNS.clear();
        Applications.on(redis, Mailer.class)
                .withPropertyValues("jobqueue.recurring.flush.cron=* * * * * *")
                .run(context -> await().atMost(Duration.ofSeconds(20)).until(() -> RUNS.contains("flush")));
    }

    @Test
    void aCronScheduleIsMadeAtRunTime() {
        Applications.on(redis, Mailer.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            jobs.admin()
                    .recurring()
                    .put(Recurring.of(
                            "often",
                            CronSchedule.of("* * * * * *", ZoneId.of("UTC")),
                            JobRequest.of("flush-mails", null)));
            await().atMost(Duration.ofSeconds(20)).until(() -> RUNS.contains("flush"));

            assertThatThrownBy(() -> jobs.admin()
                            .recurring()
                            .put(Recurring.of(
                                    "digest", Schedule.every(Duration.ofDays(1)), JobRequest.of("digest", null))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'digest' is routed to queue 'mail'")
                    .hasMessageContaining("jobs.on(\"mail\")");
        });
    }

    // ---- bad input stops the start

    private static Throwable failure(Class<?> bean, String... properties) {
        Throwable[] failure = new Throwable[1];
        Applications.offline(bean)
                .withPropertyValues(properties)
                .run(context -> failure[0] = context.getStartupFailure());
        Throwable cause = failure[0];
        while (cause != null && !(cause instanceof JobQueueStartException)) {
            cause = cause.getCause();
        }
        return cause;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "cron=0 0 25 * * *      | the cron expression '0 0 25 * * *' is not allowed",
                "cron=0 0 3 * *         | it has six fields that begin with the seconds",
                "zone=Europe/Berlni     | the zone 'Europe/Berlni' is unknown; did you mean 'Europe/Berlin'?",
                "every=-5s              | from 1 s to 366 days, was PT-5S",
                "every=1ms              | from 1 s to 366 days, was PT0.001S",
                "missed=all             | choose overlap ALLOW, or missed ONCE",
                "missed-limit=0         | must be from 1 to 1000, was 0",
                "kind=refresh           | 'jobqueue.recurring.nightly.kind' is 'refresh', but the recurring job 'nightly' is the method",
            })
    void aBadPropertyIsNamedWithItsPlaceAndRemedy(String property, String message) {
        Throwable failure = failure(Housekeeping.class, "jobqueue.recurring.nightly." + property);

        assertThat(failure).hasMessageContaining(message).hasMessageContaining("'nightly'");
    }

    @Test
    void cronAndEveryExcludeEachOther() {
        assertThat(failure(
                        Housekeeping.class,
                        "jobqueue.recurring.nightly.cron=0 0 3 * * *",
                        "jobqueue.recurring.nightly.every=1h"))
                .hasMessageContaining("both cron '0 0 3 * * *' and every 'PT1H'")
                .hasMessageContaining("#nightly() (bean");
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void aPropertyOfAnUnknownNameIsAWarningWithTheNearestName(CapturedOutput output) {
        Applications.on(redis, Housekeeping.class)
                .withPropertyValues("jobqueue.recurring.nigthly.cron=@daily")
                .run(context -> assertThat(output)
                        .contains("'jobqueue.recurring.nigthly' has no effect")
                        .contains("Did you mean 'nightly'?"));
    }

    @Test
    void anUnknownKindStopsTheStart() {
        JobQueueStartException kind = (JobQueueStartException)
                failure(Mailer.class, "jobqueue.recurring.hourly.kind=digets", "jobqueue.recurring.hourly.every=1h");
        assertThat(kind).hasMessageContaining("'jobqueue.recurring.hourly.kind' is 'digets'");
        assertThat(kind.action()).isEqualTo("Did you mean 'digest'?");

        assertThat(failure(Housekeeping.class, "jobqueue.recurring[a b].cron=@daily"))
                .hasMessageContaining("name of a recurring job must be");
    }

    record Letter(int pages, String to) {}

    @Component
    static class Bad {

        @RecurringJob(name = "same", every = "1h")
        void one() {}

        @RecurringJob(name = "same", every = "2h")
        @JobHandler("two")
        void two() {}

        @RecurringJob
        void never() {}

        @RecurringJob(every = "1h", zone = "Europe/Berlin")
        void zoned() {}

        @RecurringJob(every = "soon")
        void soon() {}

        @RecurringJob(every = "1h", cron = "@daily")
        void both() {}

        @RecurringJob(every = "1h")
        void letter(Letter letter) {}
    }

    @Test
    void badAnnotationsAreAllNamedAtOnce() {
        Throwable failure = failure(Bad.class);

        assertThat(failure)
                .hasMessageContaining("Two recurring jobs are named 'same'")
                .hasMessageContaining("it has neither cron nor every")
                .hasMessageContaining("it has the zone 'Europe/Berlin', but every 'PT1H' has no use for one")
                .hasMessageContaining("'soon' is not a valid")
                .hasMessageContaining("both cron '@daily' and every 'PT1H'");
    }

    @Component
    static class Needy {

        @RecurringJob(every = "1h")
        void book(List<String> payload) {}
    }

    @Test
    void aHandlerThatNeedsAPayloadCannotRecur() {
        assertThat(failure(Needy.class)).hasMessageContaining("payloads are JSON objects");
    }

    record Page(Inner inner) {
        record Inner(int n) {}

        Page {
            if (inner == null) {
                throw new IllegalArgumentException("no inner");
            }
        }
    }

    @Component
    static class Strict {

        @RecurringJob(every = "1h")
        void page(Page page) {}
    }

    @Test
    void aHandlerWhosePayloadCannotBeEmptyCannotRecur() {
        JobQueueStartException failure = (JobQueueStartException) failure(Strict.class);

        assertThat(failure).hasMessageContaining("The recurring job 'page' has no payload, but its handler");
        assertThat(failure.action()).contains("JobContext.headers()");
    }
}
