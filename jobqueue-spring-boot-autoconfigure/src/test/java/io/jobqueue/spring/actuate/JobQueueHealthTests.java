package io.jobqueue.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.MAP;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobContext;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.spring.ApplicationQueues;
import io.jobqueue.spring.JobHandler;
import io.jobqueue.spring.JobQueueAutoConfiguration;
import io.jobqueue.spring.RunningWork;
import io.jobqueue.worker.Pulse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointAutoConfiguration;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

/** The health contributor tells whether this application can do its work, and what needs attention. */
@RedisServer
class JobQueueHealthTests {

    private final ApplicationContextRunner application;

    JobQueueHealthTests(EmbeddedRedis redis) {
        this.application = on(redis);
    }

    private static ApplicationContextRunner on(EmbeddedRedis redis) {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        DataRedisAutoConfiguration.class,
                        JobQueueAutoConfiguration.class,
                        JobQueueHealthAutoConfiguration.class,
                        HealthContributorAutoConfiguration.class,
                        HealthContributorRegistryAutoConfiguration.class,
                        HealthEndpointAutoConfiguration.class))
                .withPropertyValues(
                        "spring.data.redis.host=127.0.0.1",
                        "spring.data.redis.port=" + redis.port(),
                        "management.endpoints.web.exposure.include=health");
    }

    private static Health health(ApplicationContext context) {
        return context.getBean("jobqueueHealthIndicator", HealthIndicator.class).health();
    }

    @SuppressWarnings("unchecked") // that is how the details are made
    private static Map<String, Object> queue(Health health, String name) {
        return (Map<String, Object>) ((Map<?, ?>) health.getDetails().get("queues")).get(name);
    }

    static class EmailOnly {
        @JobHandler("email")
        void send(JobContext context) {}
    }

    @Test
    void aQuietApplicationIsUpAndShowsItsQueues() {
        application
                .withPropertyValues("jobqueue.queues.mail.worker.concurrency=1")
                .run(context -> {
                    Health health = health(context);

                    assertThat(health.getStatus()).isEqualTo(Status.UP);
                    assertThat(health.getDetails()).containsOnlyKeys("queues", "lostLeases");
                    assertThat(queue(health, "jobs"))
                            .containsExactlyInAnyOrderEntriesOf(
                                    Map.of("waiting", 0L, "delayed", 0L, "running", 0L, "deadLetters", 0L));
                    assertThat(queue(health, "mail")).isNotNull();
                });
    }

    @Test
    void aJobThatWaitsForTooLongIsAWarningUnlessItsQueueIsPaused() {
        application.withPropertyValues("jobqueue.health.max-wait=10ms").run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            jobs.enqueue(JobRequest.of("email", null));

            await().until(() -> health(context).getStatus().equals(JobQueueHealth.WARNING));
            assertThat(health(context).getDetails()).containsEntry("overdue", List.of("jobs"));
            assertThat(queue(health(context), "jobs")).containsKey("oldestWaiting");

            jobs.admin().pause();
            assertThat(health(context).getStatus()).isEqualTo(Status.UP);
            assertThat(queue(health(context), "jobs")).containsKey("pausedSince");
        });
    }

    @Test
    void aPausedKindIsShown() {
        application.run(context -> {
            context.getBean(JobQueue.class).admin().pauseKind("report");

            assertThat(health(context).getStatus()).isEqualTo(Status.UP);
            assertThat(queue(health(context), "jobs"))
                    .extractingByKey("pausedKinds", MAP)
                    .extractingByKey("report", MAP)
                    .containsKeys("since", "by")
                    .containsEntry("held", 0L);
        });
    }

    @Test
    void aWarningLeavesTheWholeApplicationUp() {
        application.withPropertyValues("jobqueue.health.max-wait=1ms").run(context -> {
            context.getBean(JobQueue.class).enqueue(JobRequest.of("email", null));
            await().until(() -> health(context).getStatus().equals(JobQueueHealth.WARNING));

            HealthEndpoint endpoint = context.getBean(HealthEndpoint.class);
            assertThat(endpoint.health().getStatus()).isEqualTo(Status.UP);
            assertThat(endpoint.healthForPath("jobqueue").getStatus()).isEqualTo(JobQueueHealth.WARNING);
        });
    }

    @Test
    void kindsThatNoHandlerIsForAreShown() {
        application.withBean(EmailOnly.class).run(context -> {
            context.getBean(JobQueue.class).enqueue(JobRequest.of("invoice", null));

            await().untilAsserted(() -> assertThat(health(context).getDetails())
                    .containsEntry("unknownKinds", Map.of("jobs", Set.of("invoice"))));
            assertThat(health(context).getStatus()).isEqualTo(Status.UP);
        });
    }

    @Test
    void whileRedisIsStoppedItIsDownAndAnswersQuickly() {
        try (EmbeddedRedis own = EmbeddedRedis.start()) {
            on(own).withBean(EmailOnly.class)
                    .withPropertyValues("jobqueue.queues.mail.worker.concurrency=1")
                    .run(context -> {
                        assertThat(health(context).getStatus()).isEqualTo(Status.UP);
                        own.close();

                        for (int i = 0; i < 5; i++) {
                            long begin = System.nanoTime();
                            Health health = health(context);
                            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                                    .isLessThan(Duration.ofSeconds(3));
                            assertThat(health.getStatus()).isEqualTo(Status.DOWN);
                            assertThat(queue(health, "mail")).containsOnlyKeys("error");
                        }
                    });
        }
    }

    @Test
    void aLoopThatHasNotWorkedForHalfAMinuteIsDown() {
        application.run(context -> {
            RunningWork hanging = new RunningWork() {
                @Override
                public List<Pulse> pulses() {
                    return List.of(
                            new Pulse("jobqueue-lease", Duration.ofSeconds(5)),
                            new Pulse("jobqueue-upkeep", Duration.ofSeconds(31)));
                }

                @Override
                public Map<String, Set<String>> unknownKinds() {
                    return Map.of();
                }
            };

            Health health = new JobQueueHealth(context.getBean(ApplicationQueues.class), hanging, null).health();

            assertThat(health.getStatus()).isEqualTo(Status.DOWN);
            assertThat(health.getDetails()).containsEntry("silent", List.of("jobqueue-upkeep: 31 s"));
        });
    }

    @Test
    void everythingThatRunsShowsThatItLives() {
        application.withBean(EmailOnly.class).run(context -> {
            List<Pulse> pulses = context.getBean(RunningWork.class).pulses();

            assertThat(pulses)
                    .extracting(Pulse::name)
                    .contains(
                            "jobqueue-jobs-dispatcher",
                            "jobqueue-lease",
                            "jobqueue-watch",
                            "jobqueue-upkeep",
                            "The sweep of queue jobs");
            assertThat(pulses).noneMatch(Pulse::isSilent);
        });
    }

    @Test
    void canBeSwitchedOffAndRefusesAWaitOfZero() {
        application
                .withPropertyValues("management.health.jobqueue.enabled=false")
                .run(context -> assertThat(context).doesNotHaveBean("jobqueueHealthIndicator"));
        application.withPropertyValues("jobqueue.health.max-wait=0").run(context -> assertThat(context)
                .getFailure()
                .rootCause()
                .hasMessage("'jobqueue.health.max-wait' must be longer than zero, was PT0S;"
                        + " remove it to check no waiting time"));
    }
}
