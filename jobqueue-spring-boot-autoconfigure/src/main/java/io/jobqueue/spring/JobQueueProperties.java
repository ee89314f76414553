package io.jobqueue.spring;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What an operator can say about the queues. A duration without unit is in milliseconds, a size without unit in bytes.
 *
 * <p>Only what was said is in here; {@link Settings} tells what it means for one queue and one kind.
 *
 * @param enabled Whether the application takes part in job queues at all.
 * @param keyPrefix First part of every Redis key. The guide's clients use "queue".
 * @param defaultQueue Queue of the kinds that are routed nowhere else, and of the injected JobQueue.
 * @param worker Worker pools.
 * @param lease Claims on jobs.
 * @param reclaimer Sweep for jobs whose worker died.
 * @param retry Retries of failed attempts.
 * @param retention Histories of ended jobs.
 * @param payload Payloads.
 * @param result Results.
 * @param shutdown Stop of the application.
 * @param workOutput Outputs of runs.
 * @param runs Runs.
 * @param queues Settings of single queues by name, each falling back to the setting of the same name for all queues. A
 *     name with a dot needs brackets and quotes, as in "[mail.bulk]".
 * @param kinds Settings of single kinds of jobs. A name with a dot or a colon needs brackets and quotes,
 *     as in "[report.daily]".
 */
@ConfigurationProperties("jobqueue")
record JobQueueProperties(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("queue") String keyPrefix,
        @DefaultValue("jobs") String defaultQueue,
        @DefaultValue Worker worker,
        @DefaultValue Lease lease,
        @DefaultValue Reclaimer reclaimer,
        @DefaultValue Retry retry,
        @DefaultValue Retention retention,
        @DefaultValue Payload payload,
        @DefaultValue Result result,
        @DefaultValue Shutdown shutdown,
        @DefaultValue WorkOutput workOutput,
        @DefaultValue Runs runs,
        @DefaultValue Map<String, Queue> queues,
        @DefaultValue Map<String, Kind> kinds) {

    /** Copies the maps. */
    JobQueueProperties {
        queues = Map.copyOf(queues);
        kinds = Map.copyOf(kinds);
    }

    /** What is said about a queue, perhaps nothing. */
    Queue queue(String name) {
        return queues.getOrDefault(name, Queue.NOTHING);
    }

    /** What is said about a kind, perhaps nothing. */
    Kind kind(String name) {
        return kinds.getOrDefault(name, Kind.NOTHING);
    }

    /**
     * Worker pools.
     *
     * @param enabled Whether this application handles jobs. Without workers it only enqueues them, and sweeps no queue.
     * @param concurrency Number of jobs that a queue's pool handles at the same time, from 1 to 10000.
     * @param pollInterval Time between two looks at an idle queue for jobs that nobody announced.
     * @param maxRunTime Time that an attempt may run before it is interrupted, unless its kind says otherwise.
     */
    record Worker(
            @DefaultValue("true") boolean enabled,
            @DefaultValue("16") int concurrency,
            @DefaultValue("500ms") Duration pollInterval,
            @DefaultValue("30m") Duration maxRunTime) {}

    /**
     * Claims on jobs.
     *
     * @param visibilityTimeout Time after which a silent worker loses its job. It says how soon a crash is noticed, not
     *     how long a job may run.
     * @param heartbeat Time between two renewals of a claim, at most a third of the visibility timeout.
     * @param maxCrashes Number of workers that a job may lose before it becomes a dead letter.
     */
    record Lease(
            @DefaultValue("30s") Duration visibilityTimeout,
            @DefaultValue("1500ms") Duration heartbeat,
            @DefaultValue("3") int maxCrashes) {}

    /**
     * Sweep for jobs whose worker died.
     *
     * @param enabled Whether this application sweeps the queues it works on. At least one application of a queue has to.
     * @param interval Time between two sweeps.
     */
    record Reclaimer(@DefaultValue("true") boolean enabled, @DefaultValue("1s") Duration interval) {}

    /**
     * Retries of failed attempts.
     *
     * @param maxAttempts Number of attempts that a job has in all, at least 1.
     * @param delay Wait after the first failed attempt.
     * @param multiplier Factor by which the wait grows with each further failure, at least 1.
     * @param maxDelay Longest wait between two attempts, before jitter.
     * @param jitter Largest random part that is added to a wait, as a share of it from 0 to 1.
     */
    record Retry(
            @DefaultValue("5") int maxAttempts,
            @DefaultValue("2s") Duration delay,
            @DefaultValue("2") double multiplier,
            @DefaultValue("10m") Duration maxDelay,
            @DefaultValue("0.2") double jitter) {}

    /**
     * Histories of ended jobs.
     *
     * @param completed Completed jobs.
     * @param failed Dead letters.
     */
    record Retention(@DefaultValue Completed completed, @DefaultValue Failed failed) {

        /**
         * Completed jobs.
         *
         * @param age Time that a completed job is kept. Zero keeps none.
         * @param count Number of completed jobs that are kept. Zero keeps none.
         */
        record Completed(@DefaultValue("1h") Duration age, @DefaultValue("1000") int count) {}

        /**
         * Dead letters.
         *
         * @param age Time that a dead letter is kept. Zero keeps none.
         * @param count Number of dead letters that are kept. Zero keeps none.
         */
        record Failed(@DefaultValue("30d") Duration age, @DefaultValue("10000") int count) {}
    }

    /**
     * Payloads.
     *
     * @param maxSize Largest payload as JSON in UTF-8, at most 16MB.
     */
    record Payload(@DefaultValue("1MB") DataSize maxSize) {}

    /**
     * Results.
     *
     * @param maxSize Largest result or work output as JSON in UTF-8, at most 16MB.
     */
    record Result(@DefaultValue("256KB") DataSize maxSize) {}

    /**
     * Stop of the application.
     *
     * @param drain Time that running handlers have to end when the application stops, before they are interrupted and
     *     their jobs handed back. Keep it below spring.lifecycle.timeout-per-shutdown-phase.
     */
    record Shutdown(@DefaultValue("25s") Duration drain) {}

    /**
     * Outputs of runs.
     *
     * @param ttl Time that the outputs of a run are kept after the last write, or after the end of a run that was started
     *     and says nothing else.
     */
    record WorkOutput(@DefaultValue("7d") Duration ttl) {}

    /**
     * Runs.
     *
     * @param deadline Time without any sign of life after which a run that has not ended is reported, unless the run says
     *     otherwise.
     */
    record Runs(@DefaultValue("1d") Duration deadline) {}

    /**
     * One queue. What is left out falls back to the setting of the same name for all queues.
     *
     * @param worker Worker pool of the queue.
     * @param lease Claims on jobs of the queue.
     * @param reclaimer Sweep of the queue.
     * @param retry Retries of failed attempts.
     * @param retention Histories of ended jobs.
     * @param payload Payloads.
     * @param result Results.
     */
    record Queue(
            @DefaultValue Worker worker,
            @DefaultValue Lease lease,
            @DefaultValue Reclaimer reclaimer,
            @DefaultValue Retry retry,
            @DefaultValue Retention retention,
            @DefaultValue Payload payload,
            @DefaultValue Result result) {

        static final Queue NOTHING = new Queue(
                new Worker(null, null, null, null),
                new Lease(null, null, null),
                new Reclaimer(null, null),
                Retry.NOTHING,
                new Retention(new Retention.History(null, null), new Retention.History(null, null)),
                new Payload(null),
                new Result(null));

        /**
         * Worker pool of the queue.
         *
         * @param enabled Whether this application handles jobs of the queue.
         * @param concurrency Number of jobs that the pool handles at the same time, from 1 to 10000.
         * @param pollInterval Time between two looks at the idle queue for jobs that nobody announced.
         * @param maxRunTime Time that an attempt may run before it is interrupted, unless its kind says otherwise.
         */
        record Worker(
                @Nullable Boolean enabled,
                @Nullable Integer concurrency,
                @Nullable Duration pollInterval,
                @Nullable Duration maxRunTime) {}

        /**
         * Claims on jobs of the queue.
         *
         * @param visibilityTimeout Time after which a silent worker loses its job.
         * @param heartbeat Time between two renewals of a claim, at most a third of the visibility timeout.
         * @param maxCrashes Number of workers that a job may lose before it becomes a dead letter.
         */
        record Lease(
                @Nullable Duration visibilityTimeout, @Nullable Duration heartbeat, @Nullable Integer maxCrashes) {}

        /**
         * Sweep of the queue.
         *
         * @param enabled Whether this application sweeps the queue.
         * @param interval Time between two sweeps.
         */
        record Reclaimer(@Nullable Boolean enabled, @Nullable Duration interval) {}

        /**
         * Retries of failed attempts.
         *
         * @param maxAttempts Number of attempts that a job has in all, at least 1.
         * @param delay Wait after the first failed attempt.
         * @param multiplier Factor by which the wait grows with each further failure, at least 1.
         * @param maxDelay Longest wait between two attempts, before jitter.
         * @param jitter Largest random part that is added to a wait, as a share of it from 0 to 1.
         */
        record Retry(
                @Nullable Integer maxAttempts,
                @Nullable Duration delay,
                @Nullable Double multiplier,
                @Nullable Duration maxDelay,
                @Nullable Double jitter) {

            static final Retry NOTHING = new Retry(null, null, null, null, null);
        }

        /**
         * Histories of ended jobs.
         *
         * @param completed Completed jobs.
         * @param failed Dead letters.
         */
        record Retention(@DefaultValue History completed, @DefaultValue History failed) {

            /**
             * One history.
             *
             * @param age Time that a job is kept after its end. Zero keeps none.
             * @param count Number of jobs that are kept. Zero keeps none.
             */
            record History(@Nullable Duration age, @Nullable Integer count) {}
        }

        /**
         * Payloads.
         *
         * @param maxSize Largest payload as JSON in UTF-8, at most 16MB.
         */
        record Payload(@Nullable DataSize maxSize) {}

        /**
         * Results.
         *
         * @param maxSize Largest result or work output as JSON in UTF-8, at most 16MB.
         */
        record Result(@Nullable DataSize maxSize) {}
    }

    /**
     * One kind of job. What is left out falls back to the handler's annotation, then to the kind's queue.
     *
     * @param queue Queue that the kind is routed to.
     * @param maxAttempts Number of attempts that a job has in all, at least 1.
     * @param timeout Time that one attempt may run before it is interrupted.
     * @param retry Retries of failed attempts.
     */
    record Kind(
            @Nullable String queue,
            @Nullable Integer maxAttempts,
            @Nullable Duration timeout,
            @DefaultValue Retry retry) {

        static final Kind NOTHING = new Kind(null, null, null, new Retry(null, null, null, null));

        /**
         * Retries of failed attempts.
         *
         * @param delay Wait after the first failed attempt.
         * @param multiplier Factor by which the wait grows with each further failure, at least 1.
         * @param maxDelay Longest wait between two attempts, before jitter.
         * @param jitter Largest random part that is added to a wait, as a share of it from 0 to 1.
         */
        record Retry(
                @Nullable Duration delay,
                @Nullable Double multiplier,
                @Nullable Duration maxDelay,
                @Nullable Double jitter) {}
    }
}
