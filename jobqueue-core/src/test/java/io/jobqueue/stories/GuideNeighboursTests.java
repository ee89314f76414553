package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.lettuce.core.LMoveArgs;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clients of the public guide on the same queue, with all their habits. */
@RedisServer
class GuideNeighboursTests {

    /** The guide's sweep, as its nine clients have it. */
    private static final String GUIDE_SWEEP =
            """
            local reclaimed = {}
            for _, id in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
              local meta = KEYS[3] .. id
              local claimed = tonumber(redis.call('HGET', meta, 'claimed_at_ms') or '0')
              local enqueued = tonumber(redis.call('HGET', meta, 'enqueued_at_ms') or '0')
              local now, visibility = tonumber(ARGV[1]), tonumber(ARGV[2])
              local stale = claimed > 0 and now - claimed > visibility
              if claimed == 0 and enqueued > 0 and now - enqueued > 2 * visibility then stale = true end
              if stale then
                redis.call('LREM', KEYS[2], 1, id)
                redis.call('LPUSH', KEYS[1], id)
                redis.call('HSET', meta, 'status', 'pending', 'reclaimed_at_ms', now, 'claim_token', '', 'claimed_at_ms', 0)
                reclaimed[#reclaimed + 1] = id
              end
            end
            return reclaimed
            """;

    private static final long LONG_AGO = 1_700_000_000_000L;

    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port(), Stage.settings().withMaxCrashes(1));
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private List<String> guideSweep(Duration visibility) {
        return stage.redis.eval(
                GUIDE_SWEEP,
                ScriptOutputType.MULTI,
                new String[] {"queue:q:pending", "queue:q:processing", "queue:q:job:"},
                Long.toString(System.currentTimeMillis()),
                Long.toString(visibility.toMillis()));
    }

    private String guidePop() {
        return stage.redis.lmove("queue:q:pending", "queue:q:processing", LMoveArgs.Builder.rightLeft());
    }

    private void guideStamp(String id, String token) {
        stage.redis.hset(
                "queue:q:job:" + id,
                Map.of(
                        "status",
                        "processing",
                        "claimed_at_ms",
                        Long.toString(System.currentTimeMillis()),
                        "claim_token",
                        token));
        stage.redis.hincrby("queue:q:job:" + id, "attempts", 1);
    }

    @Test
    void aJobWithoutAHintStartsWithinThePollInterval() {
        Map<String, Long> started = new ConcurrentHashMap<>();
        stage.pool(Stage.workers(4), Stage.handler("email", (job, context) -> {
            started.put(job.id(), System.nanoTime());
            return job.payload();
        }));
        stage.guideEnqueue("first", "{\"kind\":\"email\"}", LONG_AGO);
        await().until(() -> started.containsKey("first"));

        for (int i = 0; i < 5; i++) {
            String id = "quiet-" + i;
            long pushed = System.nanoTime();
            stage.guideEnqueue(id, "{\"kind\":\"email\",\"n\":" + i + "}", LONG_AGO);
            await().pollInterval(Duration.ofMillis(2)).until(() -> started.containsKey(id));
            // 200 ms is the interval, the rest is the noise of a busy machine
            assertThat(Duration.ofNanos(started.get(id) - pushed)).isLessThan(Duration.ofMillis(700));
        }
    }

    @Test
    void theGuidesClientsSpellJsonInTheirOwnWays() {
        Map<String, Object> seen = new ConcurrentHashMap<>();
        stage.pool(
                Stage.workers(2),
                Stage.handler("email", (job, context) -> seen.put(job.id(), ((Map<?, ?>) job.payload()).get("to"))));

        stage.guideEnqueue("python", "{\"kind\": \"email\", \"to\": \"J\\u00fcrgen \\ud83d\\ude00\"}", LONG_AGO);
        stage.guideEnqueue("go", "{\"kind\":\"email\",\"to\":\"a\\u003cb\\u0026c\\u2028d\"}", LONG_AGO);
        stage.guideEnqueue("php", "{\"kind\":\"email\",\"to\":\"a\\/b c/d\",\"tags\":[]}", LONG_AGO);
        stage.guideEnqueue("dotnet", "{\"kind\":\"email\",\"to\":\"\\u0022\\u002Bx\\u0027\"}", LONG_AGO);
        stage.guideEnqueue("sorted", "{\"a\":{\"kind\":\"no\"},\"kind\":\"email\",\"to\":1.0E30}", LONG_AGO);

        await().untilAsserted(() -> assertThat(seen).hasSize(5));
        assertThat(seen)
                .containsEntry("python", "Jürgen 😀")
                .containsEntry("go", "a<b&c\u2028d")
                .containsEntry("php", "a/b c/d")
                .containsEntry("dotnet", "\"+x'")
                .containsEntry("sorted", 1.0E30);
        await().untilAsserted(() -> assertThat(stage.list("completed")).hasSize(5));
    }

    @Test
    void aGuideProducersUnitLandsInItsRunAndItsCrashesInTheRunsFailures() {
        stage.guideEnqueue("dies", "{\"kind\":\"email\",\"run_id\":\"r\",\"unit_id\":\"dies\"}", LONG_AGO);
        for (int i = 0; i < 2; i++) {
            String id = stage.queue.worker().claim(Duration.ZERO).orElseThrow().id();
            stage.redis.hset("queue:q:job:" + id, "lease", stage.job(id).get("claim_token") + ":1:1000");
            stage.queue.worker().reclaimStuck();
        }
        stage.guideEnqueue("works", "{\"kind\":\"email\",\"run_id\":\"r\",\"unit_id\":\"works\"}", LONG_AGO);
        stage.pool(Stage.workers(2), Stage.handler("email", (job, context) -> 42));

        await().untilAsserted(() ->
                assertThat(stage.queue.outputs().all("r", Integer.class)).containsOnly(Map.entry("works", 42)));
        assertThat(stage.queue.outputs().failures("r")).containsOnlyKeys("dies");
        assertThat(stage.list("failed")).containsExactly("dies");
    }

    @Test
    void aRunIdInThePayloadOfOurOwnJobIsTheUsersAndFailsNoUnit() {
        stage.queue.enqueue(JobRequest.of("email", Map.of("run_id", "r", "unit_id", "u"))
                .id("ours")
                .maxAttempts(1));
        stage.queue.worker().claim(Duration.ZERO).orElseThrow();
        stage.redis.hset("queue:q:job:ours", "lease", stage.job("ours").get("claim_token") + ":1:1000");

        stage.queue.worker().reclaimStuck();

        assertThat(stage.list("failed")).containsExactly("ours");
        assertThat(stage.queue.outputs().failures("r")).isEmpty();
    }

    @Test
    void aGuideWorkerKeepsAnOldJobThatItPoppedAndItsDeathDelaysTheJobByOneLease() {
        stage.guideEnqueue("old", "{\"kind\":\"email\"}", LONG_AGO);
        assertThat(guidePop()).isEqualTo("old");

        assertThat(stage.queue.worker().reclaimStuck()).isEmpty();
        long seen = System.nanoTime();
        stage.pool(Stage.workers(1), Stage.handler("email", (job, context) -> "ours"));
        stage.upkeep(Duration.ofMillis(100));

        await().until(() -> stage.list("completed").contains("old"));
        assertThat(Duration.ofNanos(System.nanoTime() - seen))
                .isBetween(Stage.LEASE.minusMillis(50), Stage.LEASE.multipliedBy(4));
    }

    @Test
    void aGuideWorkerThatStampsKeepsItsJobForALeaseFromItsStamp() {
        stage.guideEnqueue("theirs", "{\"kind\":\"email\"}", LONG_AGO);
        guidePop();
        assertThat(stage.queue.worker().reclaimStuck()).isEmpty();
        Stage.pass(Stage.LEASE.dividedBy(2));
        guideStamp("theirs", "guide");

        Stage.pass(Stage.LEASE.multipliedBy(7).dividedBy(10));
        assertThat(stage.queue.worker().reclaimStuck()).isEmpty();
        Stage.pass(Stage.LEASE.dividedBy(2));
        assertThat(stage.queue.worker().reclaimStuck()).containsExactly("theirs");
        assertThat(stage.job("theirs")).containsEntry("claim_token", "").containsEntry("crashes", "1");
    }

    @Test
    void sweepsThatAreAlwaysLateReclaimAsWell() {
        stage.notAlone();
        stage.enqueue("email", "job", 1);
        String token = stage.queue.worker().claim(Duration.ZERO).orElseThrow().token();
        stage.redis.hset("queue:q:job:job-0", "lease", token + ":1:1000");

        // every 4 ms is what a poll of 15 ms never keeps up with
        await().pollInterval(Duration.ofMillis(15))
                .atMost(Duration.ofSeconds(20))
                .until(() -> stage.sweep(Duration.ofMillis(4)).reclaimed().equals(List.of("job-0")));
    }

    @Test
    void guideSweepersNeverTakeAJobWhoseLeaseIsRenewed() {
        CountDownLatch done = new CountDownLatch(1);
        AtomicInteger runs = new AtomicInteger();
        List<String> stolen = new CopyOnWriteArrayList<>();
        stage.pool(Stage.workers(2), Stage.handler("email", (job, context) -> {
            runs.incrementAndGet();
            return done.await(20, TimeUnit.SECONDS) && !context.isLeaseLost();
        }));
        stage.guideEnqueue("old", "{\"kind\":\"email\"}", LONG_AGO);
        stage.enqueue("email", "ours", 1);
        await().until(() -> runs.get() == 2);

        long end = System.nanoTime() + Duration.ofMillis(2500).toNanos();
        await().pollInterval(Duration.ofMillis(15)).until(() -> {
            stolen.addAll(guideSweep(Duration.ofSeconds(1)));
            return System.nanoTime() > end;
        });
        done.countDown();

        await().untilAsserted(() -> assertThat(stage.list("completed")).hasSize(2));
        assertThat(stolen).isEmpty();
        assertThat(runs).hasValue(2);
        assertThat(stage.heard(JobEvent.LeaseLost.class)).isEmpty();
    }

    @Test
    void aJobThatAGuideWorkerCompletedWhileItStoodTwiceInProcessingDoesNotRunAgain() {
        AtomicInteger runs = new AtomicInteger();
        stage.guideEnqueue("twice", "{\"kind\":\"email\"}", LONG_AGO);
        guidePop();
        stage.redis.lpush("queue:q:processing", "twice");
        guideStamp("twice", "guide");
        stage.redis.lrem("queue:q:processing", 1, "twice");
        stage.redis.hset("queue:q:job:twice", Map.of("status", "completed", "claimed_at_ms", "1"));

        stage.upkeep(Duration.ofMillis(50));
        stage.pool(Stage.workers(1), Stage.handler("email", (job, context) -> runs.incrementAndGet()));

        await().until(() -> stage.list("processing").isEmpty());
        assertThat(stage.queue.worker().claim(Duration.ofMillis(300))).isEmpty();
        assertThat(runs).hasValue(0);
        assertThat(stage.job("twice")).containsEntry("status", "completed");
    }

    @Test
    void aJobThatAGuideWorkerStampsAfterASweepPutItBackIsNotLostWhenThatWorkerDies() {
        stage.guideEnqueue("astray", "{\"kind\":\"email\"}", LONG_AGO);
        guidePop();
        assertThat(guideSweep(Duration.ofSeconds(1))).containsExactly("astray");
        guideStamp("astray", "guide"); // and it dies

        assertThat(stage.queue.worker().claim(Duration.ZERO)).isEmpty();
        assertThat(stage.list("processing")).containsExactly("astray");
        stage.upkeep(Duration.ofMillis(100));
        stage.pool(Stage.workers(1), Stage.handler("email", (job, context) -> null));

        await().until(() -> stage.list("completed").contains("astray"));
    }
}
