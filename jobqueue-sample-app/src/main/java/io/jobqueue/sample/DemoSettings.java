package io.jobqueue.sample;

import io.jobqueue.Names;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the guide's demo.
 *
 * @param queueName the queue it works on; by default that of the environment variable QUEUE_NAME, else {@code jobs}
 * @param workers how many simulated workers run from the start, 0 to 64
 */
@ConfigurationProperties("sample.demo")
record DemoSettings(@DefaultValue(DEFAULT_QUEUE) String queueName, @DefaultValue("0") int workers) {

    static final String DEFAULT_QUEUE = "jobs";
    static final int MOST_WORKERS = 64;

    /** Checks both settings. */
    DemoSettings {
        queueName = checked(queueName.isBlank() ? DEFAULT_QUEUE : queueName);
        if (workers < 0 || workers > MOST_WORKERS) {
            throw new IllegalArgumentException("workers must be from 0 to %s, was %s".formatted(MOST_WORKERS, workers));
        }
    }

    /** Checks the queue's name: it must be valid, and no handler of the sample may use that queue. */
    static String checked(String queueName) {
        if (List.of(Census.QUEUE, Mailer.QUEUE).contains(Names.queue(queueName))) {
            throw new IllegalArgumentException(
                    "queue name must not be '%s': simulated workers would take the jobs of the sample's handlers"
                            .formatted(queueName));
        }
        return queueName;
    }
}
