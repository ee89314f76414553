package io.jobqueue.redis;

import io.jobqueue.Enqueuer;
import io.jobqueue.JobCodec;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.Names;
import io.jobqueue.QueueSettings;
import io.jobqueue.Recurring;
import io.jobqueue.Schedule;
import io.jobqueue.worker.AttemptNotes;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.EventLog;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.Signals;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * All queues of one application on one Redis. Makes no round trip itself; thread-safe.
 *
 * @since 0.1.0
 */
public final class RedisQueues {

    private static final Duration SHORTEST_PACE = Duration.ofMillis(10);
    private static final Duration AUDIT_PACE = Duration.ofSeconds(2);

    private final RedisConnector connector;
    private final Options options;
    private final JobListener listener;
    private final Application application;
    private final JobQueue defaultQueue;
    private final Map<String, RedisJobStore> stores = new ConcurrentHashMap<>();
    private final Map<String, JobEnds> ends = new ConcurrentHashMap<>();
    private final Presence presence;

    /**
     * Makes the queues of an application.
     *
     * @param connector where connections come from
     * @param options what the queues have in common
     */
    public RedisQueues(RedisConnector connector, Options options) {
        this.connector = connector;
        this.options = options;
        this.listener = EventLog.before(options.listener());
        this.presence = new Presence(connector);
        this.application = new OfOptions();
        this.defaultQueue = new RedisJobQueue(named(options.defaultQueue()), application, true);
    }

    /** The default queue, which sends a kind that is routed to another queue there. */
    public JobQueue queue() {
        return defaultQueue;
    }

    /**
     * A queue by name, whatever its jobs' kinds are routed to.
     *
     * @param name see {@link Names#queue(String)}
     */
    public JobQueue queue(String name) {
        return new RedisJobQueue(named(name), application, false);
    }

    /**
     * The transitions of one queue's claimed jobs, for a {@link io.jobqueue.worker.WorkerPool}.
     *
     * @param name see {@link Names#queue(String)}
     */
    public JobStore store(String name) {
        return named(name);
    }

    /**
     * What running attempts of one queue write about themselves, for a {@link io.jobqueue.worker.WorkerPool}.
     *
     * @param name see {@link Names#queue(String)}
     */
    public AttemptNotes notes(String name) {
        return new RedisNotes(named(name).redis());
    }

    /**
     * Tries the commands, the keys and the channels that the queues of the application need, on a scratch key of each
     * queue that lives for five seconds at the most. Costs one round trip, or two; nothing stays behind. Missing rights
     * to channels are a warning in the log, because the queue works without them.
     *
     * @param access what the application does with the queues
     * @return fails with a {@link io.jobqueue.MissingRightsException}, or with a
     *     {@link io.jobqueue.RedisUnavailableException} when Redis cannot be reached. Completes when Redis is full or
     *     refuses for another reason, which says nothing about rights
     */
    public CompletableFuture<Void> checkRights(RedisAccess access) {
        List<QueueRedis> queues = Stream.concat(Stream.of(options.defaultQueue()), application.names().stream())
                .distinct()
                .map(application::redis)
                .toList();
        return new RightsCheck(options.keyPrefix(), access).of(queues);
    }

    /** Creates what an outbox stores jobs with and sends them later. */
    public JobRelay relay() {
        return new JobRelay(name -> named(name).redis(), listener);
    }

    /**
     * Creates the signals that tell an {@link io.jobqueue.worker.Engine} of work on idle queues. Each engine needs its
     * own signals.
     */
    public Signals signals() {
        return new RedisSignals(connector, presence, name -> named(name).redis());
    }

    /**
     * The chores of one queue, for an {@link io.jobqueue.worker.Upkeep}: the sweep and the upkeep of runs at the
     * interval of {@link QueueSettings.Reclaimer}, the recurring jobs that were made at run time, and an audit that
     * sees a page every 2 s.
     *
     * @param name see {@link Names#queue(String)}
     */
    public List<Chore> chores(String name) {
        return chores(name, named(name).settings().reclaimer().interval());
    }

    /**
     * The chores of one queue with another interval of the sweep.
     *
     * @param name see {@link Names#queue(String)}
     * @param interval the time between two sweeps, at least 10 ms; 1 s is usual
     */
    public List<Chore> chores(String name, Duration interval) {
        return chores(name, interval, AUDIT_PACE);
    }

    /**
     * The chores of one queue with another pace of the audit.
     *
     * @param name see {@link Names#queue(String)}
     * @param interval the time between two sweeps, at least 10 ms; 1 s is usual
     * @param auditPace the time between two pages of the audit, over all processes, at least 10 ms; zero means no audit
     */
    public List<Chore> chores(String name, Duration interval, Duration auditPace) {
        if (!auditPace.isZero() && auditPace.compareTo(SHORTEST_PACE) < 0) {
            throw new IllegalArgumentException(
                    "the audit pace of queue '%s' must be zero or at least 10 ms, was %s".formatted(name, auditPace));
        }
        Duration checked = new QueueSettings.Reclaimer(interval).interval();
        QueueRedis redis = named(name).redis();
        List<Chore> chores = new ArrayList<>(List.of(
                new Sweep(redis, presence, checked),
                new Tend(redis, presence, checked),
                schedules(redis, checked, List.of())));
        if (!auditPace.isZero()) {
            chores.add(new Audit(redis, auditPace));
        }
        return List.copyOf(chores);
    }

    /**
     * The chore that declares recurring jobs of this process on a queue and runs them, for an
     * {@link io.jobqueue.worker.Upkeep}. Run it beside {@link #chores(String)}, which also run what was made at run
     * time by {@link io.jobqueue.RecurringJobs}.
     *
     * @param name see {@link Names#queue(String)}
     * @param declared the recurring jobs, each with a name of its own
     * @throws IllegalArgumentException when two have the same name, or a payload cannot be written
     */
    public Chore recurring(String name, Collection<Recurring> declared) {
        QueueRedis redis = named(name).redis();
        Set<String> seen = new HashSet<>();
        declared.stream().filter(each -> !seen.add(each.name())).findFirst().ifPresent(twice -> {
            throw new IllegalArgumentException("two recurring jobs of queue '%s' are named '%s'; rename one of them"
                    .formatted(name, twice.name()));
        });
        return schedules(
                redis,
                redis.settings().reclaimer().interval(),
                declared.stream().map(each -> WrittenSchedule.of(redis, each)).toList());
    }

    /**
     * The chore that enqueues the {@link io.jobqueue.DeadLetterNotice}s of a queue, for an
     * {@link io.jobqueue.worker.Upkeep}. Run it where the queue has handlers for notices.
     *
     * @param name see {@link Names#queue(String)}
     * @param kinds the kinds of dead letters whose notices are handled, or
     *     {@link io.jobqueue.DeadLetterNotice#ALL_OTHERS}
     */
    public Chore deadLetterNotices(String name, Set<String> kinds) {
        return new DeadLetterNotices(named(name).redis(), kinds);
    }

    private Schedules schedules(QueueRedis redis, Duration interval, List<WrittenSchedule> declared) {
        return new Schedules(redis, presence, interval, declared, application.schedules(), Schedules.Declaring.usual());
    }

    private RedisJobStore named(String name) {
        return stores.computeIfAbsent(
                Names.queue(name),
                queue -> new RedisJobStore(new QueueRedis(
                        options.keyPrefix(), queue, options.settings().apply(queue), options.codec(), connector)));
    }

    Application application() {
        return application;
    }

    /** What the options say, and the queues that were made. */
    private final class OfOptions implements Application {

        private final Enqueuer enqueuer = decorated(options.sending().apply(new RedisEnqueuer(listener)));

        @Override
        public JobQueue queue(String name) {
            return RedisQueues.this.queue(name);
        }

        @Override
        public QueueRedis redis(String name) {
            return named(name).redis();
        }

        @Override
        public List<String> names() {
            return Stream.concat(options.routes().names().get().stream(), stores.keySet().stream())
                    .distinct()
                    .toList();
        }

        @Override
        public Optional<String> route(String kind) {
            return options.routes().ofKind().apply(kind);
        }

        @Override
        public Enqueuer enqueuer() {
            return enqueuer;
        }

        @Override
        public Enqueuer decorated(Enqueuer sending) {
            return options.enqueuing().apply(sending);
        }

        @Override
        public JobEnds ends(String name) {
            return ends.computeIfAbsent(name, queue -> new JobEnds(redis(queue)));
        }

        @Override
        public void refuseToAwait(String queue, String id) {
            options.sending().refuseToAwait(queue, id);
        }

        @Override
        public void refuseRun(String runId) {
            options.sending().refuseRun(runId);
        }

        @Override
        public ScheduleTexts schedules() {
            return new ScheduleTexts(options.schedules());
        }

        @Override
        public JobListener listener() {
            return listener;
        }
    }

    /**
     * Which queues an application has, and which of them a job goes to.
     *
     * @param defaultQueue the queue of kinds that are routed nowhere else; {@code jobs} is what the guide's clients use
     * @param ofKind the queue that a kind is routed to, if it is routed
     * @param names the names of queues that {@link JobQueue#find(String)} looks on besides those that were used so far
     * @since 0.1.0
     */
    public record Routes(
            String defaultQueue,
            Function<String, Optional<String>> ofKind,
            Supplier<? extends Collection<String>> names) {

        /** Checks the name. */
        public Routes {
            Names.queue(defaultQueue);
        }

        /** All jobs go to one queue. */
        public static Routes to(String queue) {
            return new Routes(queue, kind -> Optional.empty(), List::of);
        }
    }

    /**
     * A step between the decorators of the {@link Enqueuer} and Redis. It may send jobs later than they are enqueued,
     * and answers {@link io.jobqueue.JobRef.State#DEFERRED} for them.
     *
     * @since 0.1.0
     */
    @FunctionalInterface
    public interface Sending extends UnaryOperator<Enqueuer> {

        /**
         * Is called before a thread waits for the end of a job.
         *
         * @param queue a queue that may hold the job
         * @param id the job's id
         * @throws IllegalStateException when this step holds the job back until the calling thread goes on, so that the
         *     thread would wait in vain
         */
        default void refuseToAwait(String queue, String id) {}

        /**
         * Is called before a thread starts, opens, fills or seals a run, which acts on Redis at once.
         *
         * @param runId the run
         * @throws IllegalStateException when this step promises that the jobs of the calling thread reach Redis later or not at
         *     all
         */
        default void refuseRun(String runId) {}
    }

    /**
     * What the queues of an application have in common.
     *
     * @param keyPrefix the first part of every key; {@code queue} is what the guide's clients use
     * @param routes which queues there are, and which of them a job goes to
     * @param settings the settings of a queue by its name
     * @param codec how payloads and results are written
     * @param listener receives the events
     * @param enqueuing decorates the {@link Enqueuer} behind all ways to enqueue. Runs make one of their own for each
     *     start, so a decorator keeps what it remembers outside
     * @param sending stands behind {@code enqueuing} and in front of Redis, for all jobs but the units and gather jobs
     *     that runs add
     * @param schedules reads {@linkplain Schedule#text() texts} of schedules other than fixed periods
     * @since 0.1.0
     */
    public record Options(
            String keyPrefix,
            Routes routes,
            Function<String, QueueSettings> settings,
            JobCodec codec,
            JobListener listener,
            UnaryOperator<Enqueuer> enqueuing,
            Sending sending,
            Function<String, Optional<Schedule>> schedules) {

        /** Checks the prefix. */
        public Options {
            Names.keyPrefix(keyPrefix);
        }

        /** Queue {@code jobs} under the prefix {@code queue}, everything else by default. */
        public static Options defaults() {
            return new Options(
                    "queue",
                    Routes.to("jobs"),
                    name -> QueueSettings.defaults(),
                    JobCodec.standard(),
                    JobListener.none(),
                    UnaryOperator.identity(),
                    next -> next,
                    text -> Optional.empty());
        }

        /** The same options with another prefix. */
        public Options withKeyPrefix(String other) {
            return new Options(other, routes, settings, codec, listener, enqueuing, sending, schedules);
        }

        /** The same options with other routes. */
        public Options withRoutes(Routes other) {
            return new Options(keyPrefix, other, settings, codec, listener, enqueuing, sending, schedules);
        }

        /** The same options with the same settings for every queue. */
        public Options withSettings(QueueSettings all) {
            return new Options(keyPrefix, routes, name -> all, codec, listener, enqueuing, sending, schedules);
        }

        /** The same options with another listener. */
        public Options withListener(JobListener other) {
            return new Options(keyPrefix, routes, settings, codec, other, enqueuing, sending, schedules);
        }

        /** The same options with another decorator of the {@link Enqueuer}. */
        public Options withEnqueuing(UnaryOperator<Enqueuer> decorator) {
            return new Options(keyPrefix, routes, settings, codec, listener, decorator, sending, schedules);
        }

        /** The same options with another step between the decorators and Redis. */
        public Options withSending(Sending step) {
            return new Options(keyPrefix, routes, settings, codec, listener, enqueuing, step, schedules);
        }

        /** The same options with another reader of the texts of schedules. */
        public Options withSchedules(Function<String, Optional<Schedule>> other) {
            return new Options(keyPrefix, routes, settings, codec, listener, enqueuing, sending, other);
        }

        /** The queue of kinds that are routed nowhere else. */
        public String defaultQueue() {
            return routes.defaultQueue();
        }
    }
}
