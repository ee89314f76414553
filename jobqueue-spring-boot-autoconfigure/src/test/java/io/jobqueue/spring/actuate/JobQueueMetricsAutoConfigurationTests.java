package io.jobqueue.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.metrics.JobQueueMetrics;
import io.jobqueue.spring.ApplicationQueues;
import io.jobqueue.spring.JobQueueAutoConfiguration;
import io.jobqueue.spring.OutboxFigures;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

@RedisServer
class JobQueueMetricsAutoConfigurationTests {

    private final ApplicationContextRunner application;

    JobQueueMetricsAutoConfigurationTests(EmbeddedRedis redis) {
        this.application = new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        DataRedisAutoConfiguration.class,
                        JobQueueAutoConfiguration.class,
                        JobQueueMetricsAutoConfiguration.class))
                .withPropertyValues(
                        "spring.data.redis.host=127.0.0.1",
                        "spring.data.redis.port=" + redis.port(),
                        "jobqueue.queues.mail.worker.concurrency=1");
    }

    @Test
    void countsWhatHappensToJobs() {
        application.withBean(MeterRegistry.class, SimpleMeterRegistry::new).run(context -> {
            context.getBean(JobQueue.class).enqueue(JobRequest.of("email", null));

            assertThat(context.getBean(MeterRegistry.class)
                            .get("jobqueue.enqueued")
                            .tags("queue", "jobs", "kind", "email")
                            .counter()
                            .count())
                    .isOne();
        });
    }

    @Test
    void measuresTheDepthsOfTheApplicationsQueues() {
        application.withBean(MeterRegistry.class, SimpleMeterRegistry::new).run(context -> {
            context.getBean(JobQueue.class).on("mail").enqueue(JobRequest.of("email", null));

            MeterRegistry meters = context.getBean(MeterRegistry.class);
            await().untilAsserted(() -> assertThat(meters.get("jobqueue.depth.pending")
                            .tag("queue", "mail")
                            .gauge()
                            .value())
                    .isOne());
            await().untilAsserted(() -> assertThat(meters.get("jobqueue.depth.pending")
                            .tag("queue", "jobs")
                            .gauge()
                            .value())
                    .isZero());
        });
    }

    @Test
    void measuresTheBacklogOfTheOutbox() {
        OutboxFigures figures = new OutboxFigures() {
            @Override
            public double pending() {
                return 7;
            }

            @Override
            public double refused() {
                return 2;
            }
        };
        application
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .withBean(OutboxFigures.class, () -> figures)
                .run(context -> {
                    MeterRegistry meters = context.getBean(MeterRegistry.class);
                    assertThat(meters.get("jobqueue.outbox.pending").gauge().value())
                            .isEqualTo(7);
                    assertThat(meters.get("jobqueue.outbox.refused").gauge().value())
                            .isEqualTo(2);
                });
    }

    @Test
    void backsOffWithoutARegistry() {
        application.run(context ->
                assertThat(context).hasSingleBean(ApplicationQueues.class).doesNotHaveBean(JobQueueMetrics.class));
    }

    @Test
    void theQueueWorksWithoutMicrometer() {
        application.withClassLoader(new FilteredClassLoader("io.micrometer")).run(context -> {
            assertThat(context).doesNotHaveBean(JobQueueMetricsAutoConfiguration.class);
            assertThat(context.getBean(JobQueue.class)
                            .enqueue(JobRequest.of("email", null))
                            .isCreated())
                    .isTrue();
        });
    }

    @Test
    void backsOffWhenUserDefinesMetrics() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        JobQueueMetrics own = new JobQueueMetrics(meters);

        application
                .withBean(MeterRegistry.class, () -> meters)
                .withBean(JobQueueMetrics.class, () -> own)
                .run(context ->
                        assertThat(context.getBean(JobQueueMetrics.class)).isSameAs(own));
    }

    @Test
    void backsOffWhenTheQueueIsDisabled() {
        application
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .withPropertyValues("jobqueue.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(JobQueueMetrics.class));
    }
}
