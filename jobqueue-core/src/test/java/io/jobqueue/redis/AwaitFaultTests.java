package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.AwaitTimeoutException;
import io.jobqueue.Claim;
import io.jobqueue.HandlerThreads;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.RedisUnavailableException;
import io.jobqueue.Retention;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.Settlement;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.KillArgs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Waiting for the ends of jobs during faults, and what it costs. */
@RedisServer
class AwaitFaultTests {

    private static final Duration LONG = Duration.ofSeconds(60);
    private static final String EVENTS = "queue:q:events";

    private EmbeddedRedis server;
    private Bench bench;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        Retention all = new Retention(Duration.ofHours(1), 20_000);
        bench = new Bench(redis, QueueSettings.defaults().withRetention(all, all));
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private List<String> enqueue(int jobs) {
        List<JobRequest> requests = IntStream.range(0, jobs)
                .mapToObj(i -> JobRequest.of("work", null).id("job-" + i))
                .toList();
        return bench.queue.enqueueAll(requests).stream().map(ref -> ref.id()).toList();
    }

    private List<CompletableFuture<String>> awaitAll(List<String> ids) {
        return ids.stream()
                .map(id -> bench.queue.awaitAsync(id, String.class, LONG))
                .toList();
    }

    private long subscribers() {
        return bench.redis.pubsubNumsub(EVENTS).get(EVENTS);
    }

    /** Completes all waiting jobs, each with its id as its result. */
    private void completeAll() {
        for (List<Claim> claims = claim(); !claims.isEmpty(); claims = claim()) {
            bench.store
                    .settle(claims.stream()
                            .<Settlement>map(
                                    claim -> new Settlement.Complete(claim, "{\"value\":\"" + claim.id() + "\"}", ""))
                            .toList())
                    .join();
        }
    }

    private List<Claim> claim() {
        return bench.store.claim(100).join().jobs();
    }

    private static void assertResults(List<String> ids, List<CompletableFuture<String>> results) {
        for (int i = 0; i < ids.size(); i++) {
            assertThat(results.get(i)).succeedsWithin(LONG).isEqualTo(ids.get(i));
        }
    }

    private long calls(String command) {
        return bench.redis
                .info("commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_" + command + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")))
                .sum();
    }

    @Test
    @Proves(
            fault =
                    "the connection that hears of ends is cut again and again (`CLIENT KILL TYPE pubsub`) while jobs are awaited",
            holds = "every caller gets the result of its job; the subscription comes back")
    void messagesThatAreLostWithTheConnectionDoNoHarm() {
        List<String> ids = enqueue(500);
        List<CompletableFuture<String>> results = awaitAll(ids);
        await().until(() -> subscribers() == 1);

        for (List<Claim> claims = claim(); !claims.isEmpty(); claims = claim()) {
            bench.redis.clientKill(KillArgs.Builder.typePubsub());
            bench.store
                    .settle(claims.stream()
                            .<Settlement>map(
                                    claim -> new Settlement.Complete(claim, "{\"value\":\"" + claim.id() + "\"}", ""))
                            .toList())
                    .join();
        }

        assertResults(ids, results);
        CompletableFuture<String> another =
                bench.queue.enqueueAndAwaitAsync(JobRequest.of("work", null), String.class, LONG);
        await().atMost(LONG).until(() -> subscribers() == 1);
        completeAll();
        assertThat(another).succeedsWithin(LONG);
    }

    @Test
    @Proves(
            fault = "all connections of a process break while it awaits jobs, which end meanwhile",
            holds = "every caller gets the result of its job")
    void aWaitOutlastsTheLossOfAllConnections() {
        List<String> ids = enqueue(50);
        List<CompletableFuture<String>> results = awaitAll(ids);
        await().until(() -> subscribers() == 1);

        try (Bench another = new Bench(server)) {
            another.queue.stats();
            bench.redis.clientKill(KillArgs.Builder.typeNormal().skipme());
            bench.redis.clientKill(KillArgs.Builder.typePubsub());
        }
        await().atMost(LONG)
                .ignoreExceptionsInstanceOf(RedisUnavailableException.class)
                .until(() -> bench.queue.stats().pendingDepth() == 50);
        completeAll();

        assertResults(ids, results);
    }

    @Test
    void aJobThatEndsBeforeTheSubscriptionBeginsIsNoticedWhenItBegins() {
        List<Claim> claims = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            bench.queue.on("q" + i).enqueue(JobRequest.of("work", null).id("a"));
            claims.add(bench.queue.on("q" + i).worker().claim(Duration.ZERO).orElseThrow());
        }
        long begun = System.nanoTime();

        for (int i = 0; i < 10; i++) {
            JobQueue queue = bench.queue.on("q" + i);
            CompletableFuture<String> result = queue.awaitAsync("a", String.class, LONG);
            // goes to Redis behind the first look, and before anything of the reply to that
            queue.worker().completeAsync(claims.get(i), "quick");
            assertThat(result).succeedsWithin(LONG).isEqualTo("quick");
        }

        // the look of every second alone would need ten seconds
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(6));
    }

    @Test
    void aRedisThatIsAwayIsToldWhenTheTimeIsOver() {
        EmbeddedRedis own = EmbeddedRedis.start();
        try (Bench away = new Bench(own)) {
            away.queue.enqueue(JobRequest.of("work", null).id("a"));
            CompletableFuture<Void> waiting = away.queue.awaitAsync("a", Void.class, Duration.ofSeconds(4));
            await().until(() -> away.redis.pubsubNumsub(EVENTS).get(EVENTS) == 1);
            own.kill();

            assertThat(waiting)
                    .failsWithin(LONG)
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOf(AwaitTimeoutException.class)
                    .withMessageContaining("it was last seen pending, and Redis cannot be reached now")
                    .withCauseInstanceOf(RedisUnavailableException.class);
        } finally {
            own.close();
        }
    }

    @Test
    void aServerThatRefusesSubscriptionsIsAskedEverySecond() {
        bench.redis.aclSetuser("default", AclSetuserArgs.Builder.resetChannels());
        try {
            List<String> ids = enqueue(300);
            List<CompletableFuture<String>> results = awaitAll(ids);
            await().until(() -> calls("evalsha") + calls("eval") > 6);
            bench.redis.configResetstat();
            Claim claim = bench.queue.worker().claim(Duration.ZERO).orElseThrow();
            bench.queue.worker().complete(claim, claim.id());

            assertThat(results.get(0)).succeedsWithin(LONG).isEqualTo("job-0");
            // no hot loop of connecting, being refused and connecting again
            assertThat(calls("hello") + calls("subscribe")).isLessThan(30);
            completeAll();
            assertResults(ids, results);
        } finally {
            bench.redis.aclSetuser("default", AclSetuserArgs.Builder.allChannels());
        }
    }

    @Test
    void aStopOfTheConnectorEndsAllWaits() {
        List<CompletableFuture<String>> results = awaitAll(enqueue(300));
        await().until(() -> subscribers() == 1);

        bench.connector.stop();

        assertThat(results).allSatisfy(result -> assertThat(result)
                .failsWithin(Duration.ofSeconds(10))
                .withThrowableThat()
                .withMessageContaining("the job queue is stopped"));
        assertThatThrownBy(() -> bench.queue.await("job-0", Void.class, LONG))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the job queue is stopped");
    }

    @Test
    void tenThousandWaitersShareOneSubscriptionAndFewCalls() {
        int waiters = 10_000;
        List<String> ids = enqueue(waiters);
        bench.redis.configResetstat();
        long begun = System.nanoTime();
        List<CompletableFuture<String>> results = awaitAll(ids);
        await().until(() -> subscribers() == 1);
        assertThat(bench.redis.clientList().lines().filter(line -> line.contains(" flags=P ")))
                .hasSize(1);
        completeAll();
        assertResults(ids, results);

        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun) + 1;
        long looks = calls("evalsha") - 2L * waiters / 100 - 1; // without claims and completions
        System.out.println(looks + " looks at " + waiters + " awaited jobs in " + seconds + " s");
        // 50 for the first look, 50 for the subscription, and in each second 50; one for each message at the worst
        assertThat(looks).isLessThan(waiters + 100 + 50 * seconds);
        assertThat(calls("subscribe")).isEqualTo(1);
    }

    @Test
    void manyThreadsBlockForTheirResults() throws InterruptedException {
        boolean virtual = Boolean.getBoolean("spring.threads.virtual.enabled");
        List<String> ids = enqueue(virtual ? 10_000 : 200);
        ThreadFactory threads = HandlerThreads.factory();
        Semaphore right = new Semaphore(0);
        List<Thread> started = new ArrayList<>();
        for (String id : ids) {
            Thread thread = threads.newThread(() -> {
                if (id.equals(bench.queue.await(id, String.class, LONG))) {
                    right.release();
                }
            });
            thread.start();
            started.add(thread);
        }
        await().atMost(LONG).until(() -> subscribers() == 1);
        completeAll();

        assertThat(right.tryAcquire(ids.size(), LONG.toSeconds(), TimeUnit.SECONDS))
                .isTrue();
        for (Thread thread : started) {
            thread.join();
        }
    }
}
