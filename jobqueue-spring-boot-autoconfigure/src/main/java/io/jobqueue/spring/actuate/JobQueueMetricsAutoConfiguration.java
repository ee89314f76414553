package io.jobqueue.spring.actuate;

import io.jobqueue.metrics.JobQueueMetrics;
import io.jobqueue.spring.ApplicationQueues;
import io.jobqueue.spring.JobQueueAutoConfiguration;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the queue's metrics: counters and timers of jobs, and the depths of the
 * application's queues.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        after = JobQueueAutoConfiguration.class,
        afterName = "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration")
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean({MeterRegistry.class, ApplicationQueues.class})
public final class JobQueueMetricsAutoConfiguration {

    JobQueueMetricsAutoConfiguration() {}

    @Bean("jobqueue.metrics")
    @ConditionalOnMissingBean
    JobQueueMetrics jobQueueMetrics(MeterRegistry registry) {
        return new JobQueueMetrics(registry);
    }

    /** Which queues there are is known when all handlers are. */
    @Bean("jobqueue.gauges")
    SmartInitializingSingleton jobQueueGauges(JobQueueMetrics metrics, ApplicationQueues queues) {
        return () -> queues.all().forEach(metrics::gauge);
    }
}
