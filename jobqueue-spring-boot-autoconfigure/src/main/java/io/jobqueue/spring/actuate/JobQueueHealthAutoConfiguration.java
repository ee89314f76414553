package io.jobqueue.spring.actuate;

import io.jobqueue.spring.ApplicationQueues;
import io.jobqueue.spring.JobQueueAutoConfiguration;
import io.jobqueue.spring.RunningWork;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** Registers the health contributor {@code jobqueue}. */
@AutoConfiguration(after = JobQueueAutoConfiguration.class)
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean({ApplicationQueues.class, RunningWork.class})
@ConditionalOnEnabledHealthIndicator("jobqueue")
@EnableConfigurationProperties(JobQueueHealthProperties.class)
final class JobQueueHealthAutoConfiguration {

    @Bean("jobqueueHealthIndicator")
    @ConditionalOnMissingBean(name = "jobqueueHealthIndicator")
    JobQueueHealth jobQueueHealth(ApplicationQueues queues, RunningWork work, JobQueueHealthProperties properties) {
        return new JobQueueHealth(queues, work, properties.maxWait());
    }
}
