package io.jobqueue.spring;

import io.jobqueue.QueueSettings;
import io.jobqueue.RetryPolicy;
import io.jobqueue.worker.WorkerSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The {@code jobqueue.*} properties as they were set; a property that was not set is {@code null}. The core's settings
 * have the defaults and rules; {@link Settings} combines both. A duration without unit is in milliseconds, a size
 * without unit in bytes.
 *
 * <p>A property is added in three places: a component of the core's record, the component of the same name of the
 * {@link Group} in here, whose {@code @param} is the description in the metadata, and its default in
 * {@code additional-spring-configuration-metadata.json}. Tests compare the three, and {@code docs/configuration.md}.
 *
 * @param enabled Whether the application takes part in job queues at all.
 * @param keyPrefix First part of every Redis key. Clients in other languages use "queue".
 * @param defaultQueue Queue of the injected JobQueue, and of every kind that is not routed to another queue.
 * @param afterCommit Whether a job that is enqueued inside a Spring transaction is sent after the commit, and dropped
 *     on rollback. A request can choose for itself.
 * @param checkRights Whether the start is refused when the Redis user lacks rights that the queue needs.
 * @param mdcKeys Entries of the logging context (MDC) that jobs carry from the thread that enqueues them to the
 *     handler.
 * @param contextKeys Keys of Micrometer's context propagation whose text jobs carry from the thread that enqueues them
 *     to the handler. Needs io.micrometer:context-propagation.
 * @param worker Worker pools.
 * @param lease Claims on jobs.
 * @param reclaimer Sweep that returns the jobs of workers that died.
 * @param retry Retries of failed attempts.
 * @param retention Histories of ended jobs.
 * @param payload Payloads.
 * @param result Results and work outputs.
 * @param workOutput Outputs of runs.
 * @param runs Runs.
 * @param errors What a job keeps of failed attempts.
 * @param history History of all ends of jobs.
 * @param json Mapper that writes and reads payloads, results and work outputs.
 * @param shutdown Stop of the application.
 * @param queues Settings of single queues by name, each with the groups of all queues. What is not set for a queue
 *     falls back to the setting of all queues. A name with a dot needs brackets and quotes, as in "[mail.bulk]".
 * @param kinds Settings of single kinds of jobs by name. A name with a dot or a colon needs brackets and quotes,
 *     as in "[report.daily]".
 * @param recurring Settings of single recurring jobs by name, those of RecurringJob methods and further ones. A name
 *     with a dot needs brackets and quotes, as in "[report.daily]".
 */
@ConfigurationProperties("jobqueue")
record JobQueueProperties(
        @DefaultValue("true") boolean enabled,
        @Nullable String keyPrefix,
        @Nullable String defaultQueue,
        @DefaultValue("true") boolean afterCommit,
        @DefaultValue("true") boolean checkRights,
        @DefaultValue List<String> mdcKeys,
        @DefaultValue List<String> contextKeys,
        @DefaultValue Worker worker,
        @DefaultValue Lease lease,
        @DefaultValue Reclaimer reclaimer,
        @DefaultValue Retry retry,
        @DefaultValue Retention retention,
        @DefaultValue Payload payload,
        @DefaultValue Result result,
        @DefaultValue WorkOutput workOutput,
        @DefaultValue Runs runs,
        @DefaultValue Errors errors,
        @DefaultValue History history,
        @DefaultValue Json json,
        @DefaultValue Shutdown shutdown,
        @DefaultValue Map<String, QueueProperties> queues,
        @DefaultValue Map<String, KindProperties> kinds,
        @DefaultValue Map<String, RecurringProperties> recurring) {

    /** Copies lists and maps. */
    JobQueueProperties {
        mdcKeys = List.copyOf(mdcKeys);
        contextKeys = List.copyOf(contextKeys);
        queues = Map.copyOf(queues);
        kinds = Map.copyOf(kinds);
        recurring = Map.copyOf(recurring);
    }

    /** The properties of all queues. */
    QueueProperties allQueues() {
        return new QueueProperties(
                worker, lease, reclaimer, retry, retention, payload, result, workOutput, runs, errors, history);
    }

    /** The properties of a queue, if any of its own are set. */
    Optional<QueueProperties> queue(String name) {
        return Optional.ofNullable(queues.get(name));
    }

    /** The properties of a kind, if any are set. */
    Optional<KindProperties> kind(String name) {
        return Optional.ofNullable(kinds.get(name));
    }

    /** A property that may not be set, or else the value that counts without it. */
    static <T> T or(@Nullable T own, T base) {
        return own == null ? base : own;
    }

    /**
     * Properties that belong together, each of which may not be set.
     *
     * @param <S> the settings that they become
     */
    interface Group<S> {

        /** The settings when no property is set. */
        S defaults();

        /**
         * The settings when these properties are set over others.
         *
         * @param base the settings that count where a property is not set
         * @throws io.jobqueue.SettingException when a value is not allowed
         */
        S over(S base);
    }

    /**
     * Worker pools.
     *
     * @param enabled Whether this application handles jobs. Without workers it only enqueues them, and sweeps no queue.
     * @param concurrency Number of jobs that the pool of a queue handles at the same time, from 1 to 10000.
     * @param pollInterval Time between two looks at an idle queue for jobs that nobody announced.
     * @param maxRunTime Time that an attempt may run before it is interrupted, unless its kind has a limit of its own.
     * @param unknownFor Time that a job is handed back unspent, to wait for a newer version, when no handler is for its
     *     kind or its payload cannot be read. After that it is a dead letter. Zero makes it a dead letter at once.
     * @param cancelGrace Time that a handler may go on after its job was cancelled, before its thread is interrupted.
     */
    record Worker(
            @Nullable Boolean enabled,
            @Nullable Integer concurrency,
            @Nullable Duration pollInterval,
            @Nullable Duration maxRunTime,
            @Nullable Duration unknownFor,
            @Nullable Duration cancelGrace)
            implements Group<WorkerSettings> {

        @Override
        public WorkerSettings defaults() {
            return WorkerSettings.defaults();
        }

        @Override
        public WorkerSettings over(WorkerSettings base) {
            return new WorkerSettings(
                    or(concurrency, base.concurrency()),
                    or(pollInterval, base.pollInterval()),
                    or(maxRunTime, base.maxRunTime()),
                    or(unknownFor, base.unknownFor()),
                    or(cancelGrace, base.cancelGrace()),
                    base.drain());
        }
    }

    /**
     * Mapper that writes and reads payloads, results and work outputs.
     *
     * @param findModules Whether the modules of Jackson that are found on the class path are used, such as
     *     jackson-module-kotlin.
     */
    record Json(@DefaultValue("true") boolean findModules) {}

    /**
     * Stop of the application.
     *
     * @param drain Longest time that the queue takes to stop, counted from when the application begins to close.
     *     Running handlers have this time less 4 s (less a quarter, if that is shorter). After that they are
     *     interrupted and their jobs handed back. At most spring.lifecycle.timeout-per-shutdown-phase.
     */
    record Shutdown(@Nullable Duration drain) implements Group<WorkerSettings> {

        @Override
        public WorkerSettings defaults() {
            return WorkerSettings.defaults();
        }

        @Override
        public WorkerSettings over(WorkerSettings base) {
            return base.withDrain(or(drain, base.drain()));
        }
    }

    /**
     * Claims on jobs.
     *
     * @param visibilityTimeout Time after which a silent worker loses its job. It decides how soon a crash is noticed,
     *     not how long a job may run.
     * @param heartbeat Time between two renewals of a claim, at most a third of the smallest visibility timeout on the
     *     queue, those of clients in other languages included.
     * @param maxCrashes Number of workers that a job may lose before it becomes a dead letter.
     */
    record Lease(@Nullable Duration visibilityTimeout, @Nullable Duration heartbeat, @Nullable Integer maxCrashes)
            implements Group<QueueSettings.Lease> {

        @Override
        public QueueSettings.Lease defaults() {
            return QueueSettings.Lease.defaults();
        }

        @Override
        public QueueSettings.Lease over(QueueSettings.Lease base) {
            return new QueueSettings.Lease(
                    or(visibilityTimeout, base.visibilityTimeout()),
                    or(heartbeat, base.heartbeat()),
                    or(maxCrashes, base.maxCrashes()));
        }
    }

    /**
     * Sweep that returns the jobs of workers that died.
     *
     * @param enabled Whether this application sweeps the queues it works on. At least one application of a queue has
     *     to. Set for one queue, it is also swept where this application does not work on it.
     * @param interval Time between two sweeps.
     */
    record Reclaimer(@Nullable Boolean enabled, @Nullable Duration interval) implements Group<QueueSettings.Reclaimer> {

        @Override
        public QueueSettings.Reclaimer defaults() {
            return QueueSettings.Reclaimer.defaults();
        }

        @Override
        public QueueSettings.Reclaimer over(QueueSettings.Reclaimer base) {
            return new QueueSettings.Reclaimer(or(interval, base.interval()));
        }
    }

    /**
     * Retries of failed attempts.
     *
     * @param maxAttempts Number of attempts that a job has in all, at least 1.
     * @param delay Wait after the first failed attempt.
     * @param multiplier Factor by which the wait grows with each further failure, at least 1.
     * @param maxDelay Longest wait between two attempts, before jitter.
     * @param jitter Largest random share that is added to a wait, from 0 to 1.
     */
    record Retry(
            @Nullable Integer maxAttempts,
            @Nullable Duration delay,
            @Nullable Double multiplier,
            @Nullable Duration maxDelay,
            @Nullable Double jitter)
            implements Group<RetryPolicy> {

        @Override
        public RetryPolicy defaults() {
            return RetryPolicy.defaults();
        }

        @Override
        public RetryPolicy over(RetryPolicy base) {
            return new Backoff(delay, multiplier, maxDelay, jitter)
                    .over(base.withMaxAttempts(or(maxAttempts, base.maxAttempts())));
        }
    }

    /**
     * Waits between the attempts of one kind.
     *
     * @param delay Wait after the first failed attempt.
     * @param multiplier Factor by which the wait grows with each further failure, at least 1.
     * @param maxDelay Longest wait between two attempts, before jitter.
     * @param jitter Largest random share that is added to a wait, from 0 to 1.
     */
    record Backoff(
            @Nullable Duration delay, @Nullable Double multiplier, @Nullable Duration maxDelay, @Nullable Double jitter)
            implements Group<RetryPolicy> {

        @Override
        public RetryPolicy defaults() {
            return RetryPolicy.defaults();
        }

        @Override
        public RetryPolicy over(RetryPolicy base) {
            return new RetryPolicy(
                    base.maxAttempts(),
                    or(delay, base.delay()),
                    or(multiplier, base.multiplier()),
                    or(maxDelay, base.maxDelay()),
                    or(jitter, base.jitter()));
        }
    }

    /**
     * Histories of ended jobs.
     *
     * @param completed Completed jobs.
     * @param failed Dead letters.
     */
    record Retention(@DefaultValue Completed completed, @DefaultValue Failed failed)
            implements Group<QueueSettings.Retentions> {

        @Override
        public QueueSettings.Retentions defaults() {
            return QueueSettings.Retentions.defaults();
        }

        @Override
        public QueueSettings.Retentions over(QueueSettings.Retentions base) {
            return new QueueSettings.Retentions(completed.over(base.completed()), failed.over(base.failed()));
        }

        /**
         * Completed jobs.
         *
         * @param age Time that a completed job is kept. Zero keeps none.
         * @param count Number of completed jobs that are kept. Zero keeps none.
         */
        record Completed(@Nullable Duration age, @Nullable Integer count) implements Group<io.jobqueue.Retention> {

            @Override
            public io.jobqueue.Retention defaults() {
                return QueueSettings.Retentions.defaults().completed();
            }

            @Override
            public io.jobqueue.Retention over(io.jobqueue.Retention base) {
                return new io.jobqueue.Retention(or(age, base.age()), or(count, base.count()));
            }
        }

        /**
         * Dead letters. Each one that is dropped is counted and logged.
         *
         * @param age Time that a dead letter is kept. Zero keeps none.
         * @param count Number of dead letters that are kept. Zero keeps none.
         */
        record Failed(@Nullable Duration age, @Nullable Integer count) implements Group<io.jobqueue.Retention> {

            @Override
            public io.jobqueue.Retention defaults() {
                return QueueSettings.Retentions.defaults().failed();
            }

            @Override
            public io.jobqueue.Retention over(io.jobqueue.Retention base) {
                return new io.jobqueue.Retention(or(age, base.age()), or(count, base.count()));
            }
        }
    }

    /**
     * Payloads.
     *
     * @param maxSize Largest payload as JSON in UTF-8, at most 16MB.
     */
    record Payload(@Nullable DataSize maxSize) implements Group<QueueSettings.Payload> {

        @Override
        public QueueSettings.Payload defaults() {
            return QueueSettings.Payload.defaults();
        }

        @Override
        public QueueSettings.Payload over(QueueSettings.Payload base) {
            return maxSize == null ? base : QueueSettings.Payload.ofBytes(maxSize.toBytes());
        }
    }

    /**
     * Results and work outputs.
     *
     * @param maxSize Largest result or work output as JSON in UTF-8, at most 16MB.
     */
    record Result(@Nullable DataSize maxSize) implements Group<QueueSettings.Result> {

        @Override
        public QueueSettings.Result defaults() {
            return QueueSettings.Result.defaults();
        }

        @Override
        public QueueSettings.Result over(QueueSettings.Result base) {
            return maxSize == null ? base : QueueSettings.Result.ofBytes(maxSize.toBytes());
        }
    }

    /**
     * Outputs of runs.
     *
     * @param ttl Time that the outputs of a run are kept: after its end if it was started, else after the last write. A
     *     run may have a time of its own.
     */
    record WorkOutput(@Nullable Duration ttl) implements Group<QueueSettings.WorkOutput> {

        @Override
        public QueueSettings.WorkOutput defaults() {
            return QueueSettings.WorkOutput.defaults();
        }

        @Override
        public QueueSettings.WorkOutput over(QueueSettings.WorkOutput base) {
            return new QueueSettings.WorkOutput(or(ttl, base.ttl()));
        }
    }

    /**
     * Runs.
     *
     * @param deadline Time without any sign of life after which a run that has not ended is reported as overdue. A run
     *     may have a time of its own.
     */
    record Runs(@Nullable Duration deadline) implements Group<QueueSettings.Runs> {

        @Override
        public QueueSettings.Runs defaults() {
            return QueueSettings.Runs.defaults();
        }

        @Override
        public QueueSettings.Runs over(QueueSettings.Runs base) {
            return new QueueSettings.Runs(or(deadline, base.deadline()));
        }
    }

    /**
     * What a job keeps of its failed attempts.
     *
     * @param kept Number of failed attempts, the last ones, whose class, message and stack trace a job keeps, from 0 to
     *     100.
     * @param maxSize Most characters of the stack trace of an attempt, causes included.
     */
    record Errors(@Nullable Integer kept, @Nullable DataSize maxSize) implements Group<QueueSettings.Errors> {

        @Override
        public QueueSettings.Errors defaults() {
            return QueueSettings.Errors.defaults();
        }

        @Override
        public QueueSettings.Errors over(QueueSettings.Errors base) {
            return new QueueSettings.Errors(
                    or(kept, base.kept()), maxSize == null ? base.maxSize() : Math.toIntExact(maxSize.toBytes()));
        }
    }

    /**
     * History of all ends of jobs, for audits.
     *
     * @param stream Redis stream that holds it.
     */
    record History(@DefaultValue Stream stream) implements Group<QueueSettings.History> {

        @Override
        public QueueSettings.History defaults() {
            return QueueSettings.History.defaults();
        }

        @Override
        public QueueSettings.History over(QueueSettings.History base) {
            return new QueueSettings.History(stream.over(base.stream()));
        }

        /**
         * Redis stream of all ends.
         *
         * @param enabled Whether each end of a job is added to the Redis stream of the queue, without its payload.
         *     Enable it in every application that works on the queue, cancels its jobs or deletes them.
         * @param maxLength Number of entries, about, that are kept.
         * @param maxAge Time, about, that an entry is kept.
         */
        record Stream(@Nullable Boolean enabled, @Nullable Long maxLength, @Nullable Duration maxAge)
                implements Group<QueueSettings.History.Stream> {

            @Override
            public QueueSettings.History.Stream defaults() {
                return QueueSettings.History.Stream.defaults();
            }

            @Override
            public QueueSettings.History.Stream over(QueueSettings.History.Stream base) {
                return new QueueSettings.History.Stream(
                        or(enabled, base.enabled()), or(maxLength, base.maxLength()), or(maxAge, base.maxAge()));
            }
        }
    }
}
