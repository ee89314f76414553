package io.jobqueue.redis;

import io.jobqueue.JobCodec;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.Names;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.JobStore;
import java.util.Optional;
import java.util.function.Function;

/** Skeleton. */
public final class RedisQueues {

    public RedisQueues(RedisConnector connector, Options options) {}

    /** The default queue, which sends a kind that is routed to another queue there. */
    public JobQueue queue() {
        throw new UnsupportedOperationException();
    }

    public JobQueue queue(String name) {
        throw new UnsupportedOperationException();
    }

    public JobStore store(String name) {
        throw new UnsupportedOperationException();
    }

    /**
     * What the queues of an application have in common.
     *
     * @param keyPrefix the first part of every key; {@code queue} is what the guide's clients use
     * @param defaultQueue the queue of kinds that are routed nowhere else
     * @param settings the settings of a queue by its name
     * @param routes the queue of a kind, if it has one of its own
     * @param codec how payloads and results are written
     * @param listener hears of what happens
     */
    public record Options(
            String keyPrefix,
            String defaultQueue,
            Function<String, QueueSettings> settings,
            Function<String, Optional<String>> routes,
            JobCodec codec,
            JobListener listener) {

        /** Checks the names. */
        public Options {
            Names.queue(keyPrefix);
            Names.queue(defaultQueue);
        }

        /** Queue {@code jobs} under the prefix {@code queue}, everything else by default. */
        public static Options defaults() {
            return new Options(
                    "queue",
                    "jobs",
                    name -> QueueSettings.defaults(),
                    kind -> Optional.empty(),
                    JobCodec.standard(),
                    JobListener.none());
        }
    }
}
