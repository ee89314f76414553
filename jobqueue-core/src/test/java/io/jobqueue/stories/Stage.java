package io.jobqueue.stories;

import static org.awaitility.Awaitility.await;

import io.jobqueue.HandlerThreads;
import io.jobqueue.JobEvent;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.Redactor;
import io.jobqueue.RetryPolicy;
import io.jobqueue.redis.Chores;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Engine;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.Handlers;
import io.jobqueue.worker.JobFunction;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.Told;
import io.jobqueue.worker.Upkeep;
import io.jobqueue.worker.WorkerPool;
import io.jobqueue.worker.WorkerSettings;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One application with connections, a queue named {@code q}, pools and an upkeep. Also the raw commands of a separate
 * client, which bypass any proxy.
 *
 * <p>At the end of every story the meters of the application must have counted what the totals of Redis count, unless
 * the story says that the application is {@linkplain #notAlone not alone}.
 */
class Stage implements AutoCloseable {

    static final Duration LEASE = Duration.ofSeconds(1);
    static final Duration HEARTBEAT = Duration.ofMillis(250);

    final RedisConnector connector;
    final RedisQueues queues;
    final JobQueue queue;
    final JobStore store;
    final List<JobEvent> events = new CopyOnWriteArrayList<>();
    final RedisCommands<String, String> redis;

    private final Meters meters = new Meters("q");
    private final RedisClient raw;
    private Redactor redactor = Redactor.none();
    private boolean alone = true;
    private final Deque<Runnable> endings = new ArrayDeque<>();

    Stage(int port) {
        this(port, settings());
    }

    Stage(int port, QueueSettings settings) {
        this(port, settings, RedisLink.to(uri(port)));
    }

    /** An application that reaches Redis by another link than the raw commands. */
    Stage(int port, QueueSettings settings, RedisLink link) {
        connector = new RedisConnector(() -> link);
        queues = new RedisQueues(
                connector, RedisQueues.Options.defaults().withSettings(settings).withListener(this::note));
        queue = queues.queue("q");
        store = queues.store("q");
        raw = RedisClient.create(uri(port));
        redis = raw.connect().sync();
    }

    void note(JobEvent event) {
        events.add(event);
        meters.on(event);
        heard(event);
    }

    /** Each event as it comes. */
    void heard(JobEvent event) {}

    static RedisURI uri(int port) {
        return RedisURI.create("redis://127.0.0.1:" + port);
    }

    /** Leases of a second, and retries at once. */
    static QueueSettings settings() {
        return QueueSettings.defaults()
                .withVisibility(LEASE)
                .withHeartbeat(HEARTBEAT)
                .withRetry(new RetryPolicy(5, Duration.ZERO, 1, Duration.ZERO, 0));
    }

    static Handler handler(String kind, JobFunction function) {
        return new Handler(kind, Map.class, settings().retry(), Duration.ofMinutes(30), Set.of(), function);
    }

    static WorkerSettings workers(int concurrency) {
        return WorkerSettings.defaults()
                .withConcurrency(concurrency)
                .withPollInterval(Duration.ofMillis(200))
                .withDrain(Duration.ofSeconds(5));
    }

    /** A pool that runs until the stage is closed. */
    /** Redacts the errors of pools that are made from now on. */
    void redactor(Redactor other) {
        redactor = other;
    }

    WorkerPool pool(WorkerSettings settings, Handler... handlers) {
        WorkerPool pool = new WorkerPool(
                Engine.of(queues.signals(), this::note, HandlerThreads.factory(), redactor),
                store,
                queues.notes("q"),
                Handlers.of(List.of(handlers)),
                settings);
        endings.push(pool::stop);
        pool.start();
        return pool;
    }

    /** An upkeep that runs until the stage is closed. */
    Upkeep upkeep(Duration interval) {
        Upkeep upkeep = new Upkeep(queues.chores("q", interval), this::note);
        endings.push(upkeep::stop);
        upkeep.start();
        return upkeep;
    }

    /** One round of the sweep; three periods without one are a gap. */
    Told sweep(Duration period) {
        return Told.by(Chores.forgetfulSweep(queues, "q", period));
    }

    /** One page of the audit. */
    Told audit() {
        return Told.by(Chores.audit(queues, "q"));
    }

    /** Jobs named {@code prefix-0} and so on, the first at the head of the queue. */
    List<String> enqueue(String kind, String prefix, int jobs) {
        List<String> ids =
                IntStream.range(0, jobs).mapToObj(i -> prefix + "-" + i).toList();
        queue.enqueueAll(ids.stream()
                .map(id -> JobRequest.of(kind, Map.of("name", id)).id(id))
                .toList());
        return ids;
    }

    List<String> list(String name) {
        return redis.lrange("queue:q:" + name, 0, -1);
    }

    Map<String, String> job(String id) {
        return redis.hgetall("queue:q:job:" + id);
    }

    /** A total as Redis counts it, past any proxy. */
    long total(String name) {
        String value = redis.hget("queue:q:meta", name + "_total");
        return value == null ? 0 : Long.parseLong(value);
    }

    /** A job as the guide's producers write it: no field of ours, no hint. */
    void guideEnqueue(String id, String payload, long enqueuedAt) {
        Map<String, String> fields = new HashMap<>();
        fields.put("id", id);
        fields.put("payload", payload);
        fields.put("status", "pending");
        fields.put("attempts", "0");
        fields.put("enqueued_at_ms", Long.toString(enqueuedAt));
        fields.put("claim_token", "");
        redis.hset("queue:q:job:" + id, fields);
        redis.lpush("queue:q:pending", id);
    }

    /** Every key with its type and a digest of its value, of one instant. */
    Map<String, String> dump() {
        List<String> pairs = redis.eval(
                """
                local dump = {}
                for _, key in ipairs(redis.call('KEYS', '*')) do
                  dump[#dump + 1] = key
                  dump[#dump + 1] = redis.call('TYPE', key).ok .. ' ' .. redis.sha1hex(redis.call('DUMP', key))
                end
                return dump
                """,
                ScriptOutputType.MULTI);
        Map<String, String> dump = new HashMap<>();
        for (int i = 0; i < pairs.size(); i += 2) {
            dump.put(pairs.get(i), pairs.get(i + 1));
        }
        return dump;
    }

    <T extends JobEvent> Stream<T> heard(Class<T> type) {
        return events.stream().filter(type::isInstance).map(type::cast);
    }

    /** Lets wall time pass, where the passing of a lease is the subject. */
    static void pass(Duration time) {
        long over = System.nanoTime() + time.toNanos();
        await().pollInterval(Duration.ofMillis(5)).atMost(time.plusSeconds(30)).until(() -> System.nanoTime() >= over);
    }

    /**
     * Other processes work on the queue too, replies to this one are lost, or foreign hands change the totals: this
     * application cannot have counted everything.
     */
    Stage notAlone() {
        alone = false;
        return this;
    }

    @Override
    public void close() {
        List<Runnable> all = new ArrayList<>(endings);
        endings.clear();
        try {
            all.forEach(Runnable::run);
            if (alone) {
                meters.assertAgree(this::total);
            }
        } finally {
            connector.stop();
            raw.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        }
    }
}
