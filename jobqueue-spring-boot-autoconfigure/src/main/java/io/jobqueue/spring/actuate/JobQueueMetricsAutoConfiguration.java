package io.jobqueue.spring.actuate;

import io.jobqueue.metrics.JobQueueMetrics;
import io.jobqueue.spring.ApplicationQueues;
import io.jobqueue.spring.JobQueueAutoConfiguration;
import io.jobqueue.spring.OutboxFigures;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** Registers the metrics of the job queue: counters and timers of jobs, and a gauge for the depth of each list of a queue. */
@AutoConfiguration(
        after = JobQueueAutoConfiguration.class,
        afterName = "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration")
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean({MeterRegistry.class, ApplicationQueues.class})
final class JobQueueMetricsAutoConfiguration {

    JobQueueMetricsAutoConfiguration() {}

    @Bean("jobqueue.metrics")
    @ConditionalOnMissingBean
    JobQueueMetrics jobQueueMetrics(MeterRegistry registry) {
        return new JobQueueMetrics(registry);
    }

    /** Waits until all handlers are known, because they decide which queues the application has. */
    @Bean("jobqueue.gauges")
    SmartInitializingSingleton jobQueueGauges(
            JobQueueMetrics metrics, ApplicationQueues queues, ObjectProvider<OutboxFigures> outbox) {
        return () -> {
            queues.all().forEach(metrics::gauge);
            outbox.ifAvailable(figures -> metrics.gaugeOutbox(figures::pending, figures::refused));
        };
    }
}
