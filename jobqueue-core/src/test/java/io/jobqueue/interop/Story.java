package io.jobqueue.interop;

import io.jobqueue.HandlerThreads;
import io.jobqueue.JobEvent;
import io.jobqueue.JobQueue;
import io.jobqueue.QueueSettings;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Engine;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.Handlers;
import io.jobqueue.worker.JobFunction;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.Upkeep;
import io.jobqueue.worker.WorkerPool;
import io.jobqueue.worker.WorkerSettings;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The setup of all stories: one application of ours and clients of the guide on one queue. */
abstract class Story {

    /** The row of the table in {@code docs/interop.md} that a test fills. */
    @Target(ElementType.METHOD)
    @Retention(RetentionPolicy.RUNTIME)
    @interface Row {
        String value();
    }

    static final Duration LEASE = Duration.ofMillis(400);
    static final String QUEUE = "shared";

    final List<JobEvent> events = new CopyOnWriteArrayList<>();
    RedisURI uri;
    RedisCommands<String, String> redis;
    RedisConnector connector;
    RedisQueues queues;
    JobQueue queue;
    JobStore store;

    private final Deque<Runnable> endings = new ArrayDeque<>();

    @BeforeEach
    void open(EmbeddedRedis server) {
        uri = RedisURI.create(server.uri());
        RedisClient raw = RedisClient.create(uri);
        endings.push(() -> raw.shutdown(Duration.ZERO, Duration.ofSeconds(2)));
        redis = raw.connect().sync();
        connector = new RedisConnector(() -> RedisLink.to(uri));
        endings.push(connector::stop);
        queues = new RedisQueues(
                connector,
                RedisQueues.Options.defaults().withSettings(settings()).withListener(events::add));
        queue = queues.queue(QUEUE);
        store = queues.store(QUEUE);
    }

    @AfterEach
    void close() {
        while (!endings.isEmpty()) {
            endings.pop().run();
        }
    }

    QueueSettings settings() {
        return QueueSettings.defaults()
                .withVisibility(LEASE)
                .withRetry(new RetryPolicy(3, Duration.ZERO, 1, Duration.ZERO, 0));
    }

    GuideClient guide(Dialect dialect, Duration visibility) {
        GuideClient guide = new GuideClient(dialect, uri, QUEUE, visibility, 3);
        endings.push(guide::close);
        return guide;
    }

    GuideClient guide(Dialect dialect) {
        return guide(dialect, Duration.ofSeconds(5));
    }

    WorkerPool pool(int concurrency, String kind, Type payload, JobFunction function) {
        Handler handler = new Handler(kind, payload, settings().retry(), Duration.ofMinutes(5), Set.of(), function);
        WorkerPool pool = new WorkerPool(
                Engine.of(queues.signals(), events::add, HandlerThreads.factory()),
                store,
                queues.notes(QUEUE),
                Handlers.of(List.of(handler)),
                WorkerSettings.defaults()
                        .withConcurrency(concurrency)
                        .withPollInterval(Duration.ofMillis(50))
                        .withDrain(Duration.ofSeconds(2)));
        endings.push(pool::stop);
        pool.start();
        return pool;
    }

    /** Works on jobs that do nothing. */
    WorkerPool pool() {
        return pool(2, "email", Map.class, (job, context) -> null);
    }

    /** Sweeps and audits more often than an application would, so that no story waits for it. */
    Upkeep upkeep() {
        return upkeep(Duration.ofMillis(50), Duration.ofMillis(20));
    }

    Upkeep upkeep(Duration interval, Duration auditPace) {
        Upkeep upkeep = new Upkeep(queues.chores(QUEUE, interval, auditPace), events::add);
        endings.push(upkeep::stop);
        upkeep.start();
        return upkeep;
    }

    List<String> list(String name) {
        return redis.lrange("queue:" + QUEUE + ":" + name, 0, -1);
    }

    Map<String, String> job(String id) {
        return redis.hgetall("queue:" + QUEUE + ":job:" + id);
    }

    /** As if the job had been enqueued so long ago. */
    void age(String id, Duration by) {
        redis.hset(
                "queue:" + QUEUE + ":job:" + id,
                "enqueued_at_ms",
                Long.toString(System.currentTimeMillis() - by.toMillis()));
    }

    boolean heard(Class<? extends JobEvent> type) {
        return events.stream().anyMatch(type::isInstance);
    }
}
