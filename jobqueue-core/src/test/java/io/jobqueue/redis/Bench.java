package io.jobqueue.redis;

import io.jobqueue.JobEvent;
import io.jobqueue.JobQueue;
import io.jobqueue.QueueSettings;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.worker.AttemptNotes;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Told;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** A queue named {@code q} on a real server, and the raw commands of a second client. */
final class Bench implements AutoCloseable {

    final RedisConnector connector;
    final RedisQueues queues;
    final JobQueue queue;
    final RedisJobStore store;
    final AttemptNotes notes;
    final List<JobEvent> events = new CopyOnWriteArrayList<>();
    final RedisCommands<String, String> redis;

    private final Chore tend;
    private final RedisClient client;
    private final StatefulRedisConnection<String, String> connection;

    Bench(EmbeddedRedis server, QueueSettings settings) {
        connector = new RedisConnector(() -> RedisLink.to(RedisURI.create(server.uri())));
        queues = new RedisQueues(
                connector, RedisQueues.Options.defaults().withSettings(settings).withListener(events::add));
        queue = queues.queue("q");
        store = (RedisJobStore) queues.store("q");
        notes = queues.notes("q");
        tend = Chores.tend(queues, "q");
        client = RedisClient.create(server.uri());
        connection = client.connect();
        redis = connection.sync();
    }

    Bench(EmbeddedRedis server) {
        this(server, QueueSettings.defaults());
    }

    /** One round of the sweep; three periods without one are a gap. */
    Told sweep(Duration period) {
        return Told.by(Chores.forgetfulSweep(queues, "q", period));
    }

    /** One round of the upkeep of runs. */
    List<JobEvent> tend() {
        return tend.round().join().events();
    }

    /** One page of the audit. */
    Told audit() {
        return Told.by(Chores.audit(queues, "q"));
    }

    List<String> list(String name) {
        return redis.lrange("queue:q:" + name, 0, -1);
    }

    Map<String, String> job(String id) {
        return redis.hgetall("queue:q:job:" + id);
    }

    /** A job as the guide's producers write it. */
    void guideEnqueue(String id, String payload) {
        redis.hset(
                "queue:q:job:" + id,
                Map.of(
                        "id", id,
                        "payload", payload,
                        "status", "pending",
                        "attempts", "0",
                        "enqueued_at_ms", "1700000000000",
                        "claim_token", ""));
        redis.lpush("queue:q:pending", id);
    }

    @Override
    public void close() {
        connector.stop();
        connection.close();
        client.shutdown();
    }
}
