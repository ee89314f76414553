package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Keys of a queue hold other types, lack parts, or contain garbage. */
@RedisServer
class SpoiledKeysTests {

    /** Every type there is, as the key of a queue might find itself. */
    private static final Map<String, Consumer<Keys>> TYPES = new LinkedHashMap<>();

    static {
        TYPES.put("string", keys -> keys.stage().redis.set(keys.key(), "text"));
        TYPES.put("list", keys -> keys.stage().redis.rpush(keys.key(), "a", "b"));
        TYPES.put("set", keys -> keys.stage().redis.sadd(keys.key(), "a", "b"));
        TYPES.put("zset", keys -> keys.stage().redis.zadd(keys.key(), 1, "a"));
        TYPES.put("hash", keys -> keys.stage().redis.hset(keys.key(), "a", "b"));
        TYPES.put("stream", keys -> keys.stage().redis.xadd(keys.key(), "a", "b"));
    }

    private record Keys(Stage stage, String key) {}

    /** What stands in Redis before an operation: a job of each state, and a claim to settle. */
    private record Scene(Claim claim, Claim unit) {}

    private static final Map<String, OnScene> OPERATIONS = new LinkedHashMap<>();

    private interface OnScene {
        void run(Stage stage, Scene scene);
    }

    static {
        OPERATIONS.put("enqueue", (stage, scene) -> stage.queue.enqueue(JobRequest.of("work", null)));
        OPERATIONS.put(
                "enqueue later",
                (stage, scene) ->
                        stage.queue.enqueue(JobRequest.of("work", null).delay(Duration.ofHours(1))));
        OPERATIONS.put("claim", (stage, scene) -> stage.store.claim(5).join());
        OPERATIONS.put("complete", (stage, scene) -> stage.queue.worker().complete(scene.claim(), "done"));
        OPERATIONS.put("complete a unit", (stage, scene) -> stage.queue.worker().complete(scene.unit(), "done"));
        OPERATIONS.put("fail", (stage, scene) -> stage.queue.worker().fail(scene.unit(), "boom"));
        OPERATIONS.put("release", (stage, scene) -> stage.queue.worker().release(scene.claim()));
        OPERATIONS.put("extend", (stage, scene) -> stage.queue.worker().extend(scene.claim(), Duration.ofSeconds(5)));
        OPERATIONS.put("reclaim", (stage, scene) -> stage.queue.worker().reclaimStuck());
        OPERATIONS.put("sweep", (stage, scene) -> stage.sweep(Duration.ofDays(1)));
        OPERATIONS.put("audit", (stage, scene) -> stage.audit());
        OPERATIONS.put("stats", (stage, scene) -> stage.queue.stats());
        for (JobStatus status : JobStatus.values()) {
            OPERATIONS.put(
                    "purge " + status, (stage, scene) -> stage.queue.admin().purge(status));
            OPERATIONS.put(
                    "list " + status, (stage, scene) -> stage.queue.admin().list(status, 0, 10));
        }
        OPERATIONS.put("put", (stage, scene) -> stage.queue.outputs().put("run", "other", 1));
        OPERATIONS.put("expect", (stage, scene) -> stage.queue.outputs().expect("run", 2));
        OPERATIONS.put("progress", (stage, scene) -> stage.queue.outputs().progress("run"));
        OPERATIONS.put("outputs", (stage, scene) -> stage.queue.outputs().all("run", String.class));
    }

    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port()).notAlone(); // keys, totals among them, are spoilt
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private Scene scene() {
        stage.redis.flushall();
        stage.enqueue("work", "job", 4);
        stage.queue.enqueue(
                JobRequest.of("work", null).id("unit").unit("run", "unit").maxAttempts(1));
        stage.queue.enqueue(JobRequest.of("work", null).id("later").delay(Duration.ofMillis(1)));
        List<Claim> claims = stage.store.claim(5).join().jobs();
        stage.queue.worker().complete(claims.get(0), null);
        stage.queue.worker().fail(claims.get(1), "boom");
        stage.redis.hset("queue:q:job:job-3", "lease", claims.get(3).token() + ":1:1000");
        stage.redis.hset("queue:q:meta", "last_sweep", "1");
        stage.store.claim(0).join();
        return new Scene(claims.get(2), claims.get(4));
    }

    @Test
    @Proves(
            fault = "a key of the queue holds another type",
            holds = "an operation that needs the key names it and writes nothing; hints and totals are not needed")
    void anOperationOnAKeyOfAnotherTypeNamesItAndWritesNothing() {
        List<String> troubles = new ArrayList<>();
        int refused = 0;
        for (String name : List.of(
                "pending",
                "processing",
                "completed",
                "failed",
                "delayed",
                "wake",
                "meta",
                "run:run",
                "outputs:run",
                "failures:run")) {
            String key = "queue:q:" + name;
            for (Map.Entry<String, Consumer<Keys>> type : TYPES.entrySet()) {
                if (rightType(name).equals(type.getKey())) {
                    continue;
                }
                Scene scene = null;
                Map<String, String> before = Map.of();
                for (Map.Entry<String, OnScene> operation : OPERATIONS.entrySet()) {
                    if (scene == null) {
                        scene = scene();
                        stage.redis.del(key);
                        type.getValue().accept(new Keys(stage, key));
                        before = stage.dump();
                    }
                    String what = operation.getKey() + " on a " + type.getKey() + " at " + key;
                    String refusal = null;
                    try {
                        operation.getValue().run(stage, scene);
                    } catch (RuntimeException ex) {
                        refused++;
                        refusal = String.valueOf(ex.getMessage());
                        if (!refusal.contains(key)) {
                            troubles.add(what + " does not name the key: " + refusal);
                        }
                    }
                    Map<String, String> after = stage.dump();
                    if (!type.getKey().equals(stage.redis.type(key))) {
                        troubles.add(what + " replaced the key");
                    }
                    if (!after.equals(before)) {
                        // the background sweep is two transitions; the second may be refused alone
                        if (refusal != null && !what.startsWith("sweep on")) {
                            troubles.add(what + " wrote something");
                        }
                        scene = null;
                    }
                }
            }
        }
        assertThat(troubles).isEmpty();
        assertThat(refused).isGreaterThan(250);
    }

    private static String rightType(String name) {
        return switch (name) {
            case "delayed" -> "zset";
            case "meta", "run:run", "outputs:run", "failures:run" -> "hash";
            default -> "list";
        };
    }

    @Test
    @Proves(
            fault = "a key of another type stands in the way of the loops",
            holds = "they live on, and other queues do not notice")
    void theLoopsOutliveAKeyOfAnotherTypeAndTheNextQueueDoesNotNotice() {
        Stage other = stage; // one application, two queues
        Set<String> done = ConcurrentHashMap.newKeySet();
        stage.upkeep(Duration.ofMillis(50));
        stage.pool(Stage.workers(2), Stage.handler("work", (job, context) -> done.add(job.id())));
        for (String name : List.of("pending", "processing", "completed", "meta", "wake", "delayed")) {
            stage.redis.del("queue:q:" + name);
            stage.redis.set("queue:q:" + name, "text");
            other.queue.on("other").enqueue(JobRequest.of("work", null).id("other-" + name));
            Claim claim = other.queue.on("other").worker().claim(Duration.ZERO).orElseThrow();
            assertThat(other.queue.on("other").worker().complete(claim, null)).isTrue();
            stage.redis.del("queue:q:" + name);

            stage.enqueue("work", "after-" + name, 1);
            await().atMost(Duration.ofSeconds(10)).until(() -> done.contains("after-" + name + "-0"));
        }
    }

    @Test
    @Proves(
            fault = "the fields of a job hold anything",
            holds = "it is handled or counted as lost, and never runs without its payload")
    void aJobWithAnyFieldsIsHandledOrCountedAsLostAndNeverRunsWithoutPayload() {
        List<String> garbage =
                List.of("", "x", "-1", "a:b:c", "99999999999999999999", "9007199254740993", "1e308", "nan");
        List<String> fields = List.of(
                "status",
                "attempts",
                "lease",
                "claimed_at_ms",
                "started_at_ms",
                "fence",
                "crashes",
                "max_attempts",
                "headers",
                "enqueued_at_ms",
                "due_at_ms",
                "claim_token",
                "kind",
                "run_id",
                "unit_id",
                "seen",
                "reclaimed_at_ms",
                "ended",
                "completed_at_ms");
        List<String> more = List.of("null", "{\"a\":null}", "[1]");
        int jobs = 0;
        for (String state : List.of("processing", "delayed", "pending")) {
            for (String field : fields) {
                List<String> values = new ArrayList<>(garbage);
                if (field.equals("headers")) {
                    values.addAll(more);
                }
                for (String value : values) {
                    String id = "job-" + jobs++;
                    spoil(id, state, Map.of(field, value));
                }
            }
            String id = "job-" + jobs++;
            spoil(id, state, Map.of("claimed_at_ms", "0"));
            stage.redis.hdel("queue:q:job:" + id, "payload");
            id = "job-" + jobs++;
            spoil(id, state, Map.of());
            stage.redis.del("queue:q:job:" + id);
            id = "job-" + jobs++;
            spoil(id, state, Map.of());
            stage.redis.del("queue:q:job:" + id);
            stage.redis.set("queue:q:job:" + id, "text");
        }
        List<String> empty = new ArrayList<>();

        stage.upkeep(Duration.ofMillis(50));
        stage.pool(Stage.workers(8).withUnknownFor(Duration.ZERO), Stage.handler("work", (job, context) -> {
            if (!((Map<?, ?>) job.payload()).containsKey("name")) {
                empty.add(job.id());
            }
            return null;
        }));

        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            assertThat(stage.list("pending")).isEmpty();
            assertThat(stage.list("processing")).isEmpty();
            assertThat(stage.redis.zcard("queue:q:delayed")).isZero();
        });
        stage.enqueue("work", "healthy", 1);
        await().until(() -> stage.list("completed").contains("healthy-0"));
        assertThat(empty).isEmpty();
        // each is in a history, or its hash says that it had been there before, or it was told as lost
        List<String> ends = new ArrayList<>(stage.list("completed"));
        ends.addAll(stage.list("failed"));
        stage.heard(JobEvent.Lost.class).forEach(lost -> ends.addAll(lost.ids()));
        for (int i = 0; i < jobs; i++) {
            assertThat(ends).contains("job-" + i);
        }
        assertThat(stage.total("lost")).isEqualTo(9);
        assertThat(stage.queue.admin().list(JobStatus.COMPLETED, 0, 200)).isNotEmpty();
    }

    private void spoil(String id, String state, Map<String, String> fields) {
        JobRequest request = JobRequest.of("work", Map.of("name", id)).id(id);
        stage.queue.enqueue(state.equals("delayed") ? request.delay(Duration.ofHours(1)) : request);
        if (state.equals("processing")) {
            Claim claim = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
            stage.redis.hset("queue:q:job:" + id, "lease", claim.token() + ":1:1000");
        }
        if (state.equals("delayed")) {
            stage.redis.zadd("queue:q:delayed", 1, id);
        }
        fields.forEach((field, value) -> stage.redis.hset("queue:q:job:" + id, field, value));
    }
}
