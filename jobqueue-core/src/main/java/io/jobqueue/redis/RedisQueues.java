package io.jobqueue.redis;

import io.jobqueue.JobCodec;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.Names;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.AttemptNotes;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.JobStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

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
    private final RedisJobQueue routing;
    private final Map<String, RedisJobQueue> queues = new ConcurrentHashMap<>();

    /**
     * Makes the queues of an application.
     *
     * @param connector where connections come from
     * @param options what the queues have in common
     */
    public RedisQueues(RedisConnector connector, Options options) {
        this.connector = connector;
        this.options = options;
        this.routing = new RedisJobQueue(
                named(options.defaultQueue()).store(), this, Optional.of(this::queueOf), options.listener());
    }

    /** The default queue, which sends a kind that is routed to another queue there. */
    public JobQueue queue() {
        return routing;
    }

    /**
     * A queue by name, whatever its jobs' kinds are routed to.
     *
     * @param name see {@link Names#queue(String)}
     */
    public JobQueue queue(String name) {
        return named(name);
    }

    /**
     * The transitions of one queue's claimed jobs, for a {@link io.jobqueue.worker.WorkerPool}.
     *
     * @param name see {@link Names#queue(String)}
     */
    public JobStore store(String name) {
        return named(name).store();
    }

    /**
     * What running attempts of one queue write about themselves, for a {@link io.jobqueue.worker.WorkerPool}.
     *
     * @param name see {@link Names#queue(String)}
     */
    public AttemptNotes notes(String name) {
        return named(name).store();
    }

    /**
     * The chores of one queue, for an {@link io.jobqueue.worker.Upkeep}: the sweep and the upkeep of runs at the interval
     * of {@link QueueSettings.Reclaimer}, and an audit that sees a page every 2 s.
     *
     * @param name see {@link Names#queue(String)}
     */
    public List<Chore> chores(String name) {
        return chores(name, named(name).store().settings().reclaimer().interval());
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
        QueueRedis redis = named(name).store().redis();
        List<Chore> chores = new ArrayList<>(List.of(new Sweep(redis, checked), new Tend(redis, checked)));
        if (!auditPace.isZero()) {
            chores.add(new Audit(redis, auditPace));
        }
        return List.copyOf(chores);
    }

    private RedisJobQueue queueOf(String kind) {
        return named(options.routes().apply(kind).orElse(options.defaultQueue()));
    }

    /** Where a kind's units have to be, if a queue of another name would not do. */
    Optional<String> queueOfUnits(String kind) {
        return options.routes().apply(kind);
    }

    private RedisJobQueue named(String name) {
        return queues.computeIfAbsent(
                Names.queue(name),
                queue -> new RedisJobQueue(
                        new RedisJobStore(new QueueRedis(
                                options.keyPrefix(),
                                queue,
                                options.settings().apply(queue),
                                options.codec(),
                                connector)),
                        this,
                        Optional.empty(),
                        options.listener()));
    }

    /**
     * What the queues of an application have in common.
     *
     * @param keyPrefix the first part of every key; {@code queue} is what the guide's clients use
     * @param defaultQueue the queue of kinds that are routed nowhere else; {@code jobs} is what the guide's clients use
     * @param settings the settings of a queue by its name
     * @param routes the queue of a kind, if it has one of its own
     * @param codec how payloads and results are written
     * @param listener hears of what happens
     * @since 0.1.0
     */
    public record Options(
            String keyPrefix,
            String defaultQueue,
            Function<String, QueueSettings> settings,
            Function<String, Optional<String>> routes,
            JobCodec codec,
            JobListener listener) {

        /** Checks the names, and puts the log before the listener. */
        public Options {
            listener = JobListener.logged(listener);
            Names.keyPrefix(keyPrefix);
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

        /** The same options with the same settings for every queue. */
        public Options withSettings(QueueSettings all) {
            return new Options(keyPrefix, defaultQueue, name -> all, routes, codec, listener);
        }

        /** The same options with another listener. */
        public Options withListener(JobListener other) {
            return new Options(keyPrefix, defaultQueue, settings, routes, codec, other);
        }
    }
}
