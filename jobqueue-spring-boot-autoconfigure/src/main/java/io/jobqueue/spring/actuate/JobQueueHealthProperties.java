package io.jobqueue.spring.actuate;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Health of the queues.
 *
 * @param maxWait Time that the next job of a queue may have waited before the status is WARNING. Not checked by default.
 */
@ConfigurationProperties("jobqueue.health")
record JobQueueHealthProperties(@Nullable Duration maxWait) {

    /** Checks the time. */
    JobQueueHealthProperties {
        if (maxWait != null && (maxWait.isNegative() || maxWait.isZero())) {
            throw new IllegalArgumentException("'jobqueue.health.max-wait' must be longer than zero, was " + maxWait
                    + "; remove it to check no waiting time");
        }
    }
}
