package io.jobqueue.spring;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.jdbc.init.DatabaseInitializationProperties;

/** The properties of the outbox. Those of the schema are the same as for the other schemas that Spring Boot creates. */
@ConfigurationProperties("jobqueue.outbox")
final class OutboxProperties extends DatabaseInitializationProperties {

    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(10);

    /**
     * Whether a job that is enqueued inside a Spring transaction is written to a table of the database in the same
     * transaction, and sent from there.
     */
    private boolean enabled;

    /** Time between two looks at the table for jobs that other instances left behind. */
    private Duration interval = Duration.ofSeconds(1);

    public boolean isEnabled() {
        return enabled;
    }

    public void setEnabled(boolean enabled) {
        this.enabled = enabled;
    }

    public Duration getInterval() {
        return interval;
    }

    /** Sets the interval. */
    public void setInterval(Duration interval) {
        if (interval.compareTo(SHORTEST_INTERVAL) < 0) {
            throw new IllegalArgumentException(
                    "'jobqueue.outbox.interval' must be at least 10 ms, was %s; 1s is usual".formatted(interval));
        }
        this.interval = interval;
    }

    @Override
    public String getDefaultSchemaLocation() {
        return "optional:classpath:io/jobqueue/spring/outbox/schema-@@platform@@.sql";
    }
}
