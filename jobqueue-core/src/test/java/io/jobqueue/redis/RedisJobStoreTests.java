package io.jobqueue.redis;

import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.QueueSettings;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.JobStoreContract;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

@RedisServer
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisJobStoreTests extends JobStoreContract {

    private RedisClient client;
    private StatefulRedisConnection<String, String> connection;
    private RedisCommands<String, String> redis;
    private RedisConnector connector;
    private JobQueue queue;
    private QueueSettings settings = QueueSettings.defaults();
    private @Nullable Chore sweep;
    private final List<RedisJobStore> stores = new ArrayList<>();

    @BeforeAll
    void connect(EmbeddedRedis server) {
        client = RedisClient.create(server.uri());
        connection = client.connect();
        redis = connection.sync();
        connector = new RedisConnector(() -> RedisLink.to(RedisURI.create(server.uri())));
        queue = queues().queue();
    }

    @AfterAll
    void disconnect() {
        connector.stop();
        connection.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    }

    private RedisQueues queues() {
        return new RedisQueues(connector, RedisQueues.Options.defaults().withSettings(settings));
    }

    @Override
    protected JobStore open(QueueSettings settings) {
        this.settings = settings;
        sweep = null;
        redis.flushall();
        RedisQueues queues = queues();
        queue = queues.queue();
        return store(queues);
    }

    private RedisJobStore store(RedisQueues queues) {
        RedisJobStore made = (RedisJobStore) queues.store("jobs");
        stores.add(made);
        return made;
    }

    /** A wait that a test leaves behind would take a hint of the next test. */
    @AfterEach
    void stopWaiting() {
        stores.forEach(RedisJobStore::stopHints);
        stores.clear();
    }

    @Override
    protected CompletableFuture<Boolean> hint(Duration timeout) {
        return ((RedisJobStore) store).hint(timeout);
    }

    @Override
    protected CompletableFuture<Boolean> hintElsewhere(Duration timeout) {
        return store(queues()).hint(timeout);
    }

    @Override
    protected void stopHints() {
        ((RedisJobStore) store).stopHints();
    }

    @Override
    protected Chore sweep(Duration period) {
        Chore known = sweep;
        if (known == null) {
            known = Chores.sweep(queues(), "jobs", period);
            sweep = known;
        }
        return known;
    }

    @Override
    protected String enqueue(JobRequest request) {
        return queue.enqueue(request).id();
    }

    @Override
    protected JobSnapshot find(String id) {
        return queue.find(id).orElseThrow();
    }

    @Override
    protected boolean isKept(String id) {
        return queue.find(id).isPresent();
    }

    @Override
    protected void lose(String id) {
        redis.del("queue:jobs:job:" + id);
    }

    @Override
    protected void pause() {
        queue.admin().pause();
    }

    @Override
    protected void resume() {
        queue.admin().resume();
    }

    @Override
    protected void pauseKind(String kind) {
        queue.admin().pauseKind(kind);
    }

    @Override
    protected void resumeKind(String kind) {
        queue.admin().resumeKind(kind);
    }

    @Override
    protected boolean reschedule(String id, Duration delay) {
        return queue.reschedule(id, delay);
    }

    @Override
    protected boolean cancel(String id) {
        return queue.cancel(id);
    }

    @Override
    protected @Nullable String previous(Claim claim) {
        return queues().notes("jobs").findPrevious(claim).join().orElse(null);
    }

    @Override
    protected @Nullable String output(String runId, String unitId) {
        return redis.hget("queue:jobs:outputs:" + runId, unitId);
    }

    @Override
    protected @Nullable String failure(String runId, String unitId) {
        return redis.hget("queue:jobs:failures:" + runId, unitId);
    }

    @Override
    protected void pass(Duration time) {
        long until = now() + time.toMillis();
        await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5)).until(() -> now() >= until);
    }

    private long now() {
        var time = redis.time();
        return Long.parseLong(time.get(0)) * 1000 + Long.parseLong(time.get(1)) / 1000;
    }
}
