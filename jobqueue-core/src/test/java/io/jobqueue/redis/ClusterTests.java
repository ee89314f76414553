package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.HandlerThreads;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.Recurring;
import io.jobqueue.RecurringJobs;
import io.jobqueue.RetryPolicy;
import io.jobqueue.Schedule;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Engine;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.Handlers;
import io.jobqueue.worker.Upkeep;
import io.jobqueue.worker.WorkerPool;
import io.jobqueue.worker.WorkerSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cluster of three masters, which refuses scripts that use undeclared keys in other slots. */
class ClusterTests {

    @TempDir
    private static Path folder;

    private static EmbeddedCluster cluster;

    @BeforeAll
    static void form() {
        cluster = EmbeddedCluster.start(folder);
    }

    @AfterAll
    static void end() {
        cluster.close();
    }

    @Test
    void allKeysOfAQueueShareASlotAndEveryTransitionRuns() {
        RedisConnector connector = new RedisConnector(cluster::link);
        RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());
        for (String name : List.of("a", "b", "c", "d", "e", "f")) {
            JobQueue queue = queues.queue(name);

            queue.enqueueAll(IntStream.range(0, 4)
                    .mapToObj(i -> JobRequest.of("email", null).id("j" + i))
                    .toList());
            Claim done = queue.worker().claim(Duration.ZERO).orElseThrow();
            Claim failed = queue.worker().claim(Duration.ZERO).orElseThrow();
            Claim released = queue.worker().claim(Duration.ZERO).orElseThrow();
            queue.enqueue(JobRequest.of("email", null).unit("run", "unit").delay(Duration.ofMinutes(1)));

            assertThat(queue.worker().complete(done, Map.of("a", 1))).isTrue();
            assertThat(queue.worker().extend(failed, Duration.ofMinutes(1))).isTrue();
            assertThat(queue.worker().fail(failed, "boom")).isTrue();
            assertThat(queue.worker().release(released)).isTrue();
            assertThat(queue.worker().reclaimStuck()).isEmpty();
            queue.outputs().put("run", "unit", 1);
            assertThat(queue.outputs().all("run", Integer.class)).containsExactly(Map.entry("unit", 1));
            assertThat(queue.outputs().progress("run").done()).isEqualTo(1);
            assertThat(queue.outputs().evict("run")).isTrue();
            assertThat(queue.stats().pendingDepth()).isEqualTo(2);
            assertThat(queue.admin().list(JobStatus.COMPLETED, 0, 10)).hasSize(1);
            assertThat(queue.admin().purge()).isEqualTo(5);
        }
        connector.stop();
    }

    @Test
    void aRunSharesTheSlotOfItsQueue() {
        RedisConnector connector = new RedisConnector(cluster::link);
        RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());
        for (String name : List.of("a", "b", "c", "d")) {
            JobQueue queue = queues.queue(name);
            JobRunOptions options = JobRunOptions.of("count").gather(JobRequest.of("report", null));
            queue.runs().start("cluster", List.of(Map.of("n", 1), Map.of("n", 2)), unit -> "u" + unit, options);
            CompletableFuture<Optional<Integer>> waiter = CompletableFuture.supplyAsync(
                    () -> queue.runs().await("cluster", Integer.class, Duration.ofSeconds(20)));

            for (int i = 0; i < 3; i++) {
                queue.worker().complete(queue.worker().claim(Duration.ZERO).orElseThrow(), i);
            }

            assertThat(waiter.join()).contains(2);
            assertThat(queue.runs().find("cluster").orElseThrow().done()).isEqualTo(2);
            queues.chores(name, Duration.ofSeconds(1))
                    .forEach(chore -> chore.round().join());
            queue.runs().start("other", List.of(Map.of("n", 1)), unit -> "u", options);
            assertThat(queue.runs().cancel("other")).isTrue();
            assertThat(queue.runs().list(0, 10)).hasSize(2);
            assertThat(queue.outputs().evict("cluster")).isTrue();
            assertThat(queue.outputs().evict("other")).isTrue();
        }
        connector.stop();
    }

    @Test
    void theAuditFindsAJobInNoListOnTheServerThatHasIt() {
        Duration lease = Duration.ofMillis(50);
        RedisConnector connector = new RedisConnector(cluster::link);
        RedisQueues queues = new RedisQueues(
                connector,
                RedisQueues.Options.defaults()
                        .withSettings(QueueSettings.defaults().withVisibility(lease)));
        for (String name : List.of("k", "l", "m", "n")) {
            JobQueue queue = queues.queue(name);
            QueueRedis redis = queues.application().redis(name);
            queue.enqueue(JobRequest.of("email", null).id("one"));
            redis.command(commands -> commands.del(redis.keys().of(JobStatus.PENDING)))
                    .join();

            await().untilAsserted(() -> {
                new Audit(redis, Duration.ZERO).round().join();
                assertThat(queue.stats().pendingDepth()).isEqualTo(1);
            });
            assertThat(queue.stats().repairedTotal()).isEqualTo(1);
        }
        connector.stop();
    }

    @Test
    void aPoolWorksOnItsQueueAndIsWokenByHints() {
        RedisConnector connector = new RedisConnector(cluster::link);
        RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());
        Handler handler = new Handler(
                "email", Map.class, RetryPolicy.defaults(), Duration.ofMinutes(1), Set.of(), (job, context) -> null);
        WorkerPool pool = new WorkerPool(
                Engine.of(queues.signals(), JobListener.none(), HandlerThreads.factory()),
                queues.store("jobs"),
                queues.notes("jobs"),
                Handlers.of(List.of(handler)),
                WorkerSettings.defaults().withPollInterval(Duration.ofMinutes(1)));
        Upkeep upkeep = new Upkeep(queues.chores("jobs", Duration.ofMillis(50)), JobListener.none());
        pool.start();
        upkeep.start();

        for (int i = 1; i <= 20; i++) {
            queues.queue().enqueue(JobRequest.of("email", null));
            int expected = i;
            await().untilAsserted(() ->
                    assertThat(queues.queue().stats().completedTotal()).isEqualTo(expected));
        }

        pool.stop();
        upkeep.stop();
        connector.stop();
    }

    @Test
    void resultsAreAwaitedWhereverTheirQueueIs() {
        RedisConnector connector = new RedisConnector(cluster::link);
        RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());
        for (String name : List.of("v", "w", "x", "y")) {
            JobQueue queue = queues.queue(name);
            List<CompletableFuture<Integer>> results = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                JobRequest request = JobRequest.of("count", null).id("job-" + i);
                results.add(queue.enqueueAndAwaitAsync(request, Integer.class, Duration.ofSeconds(20)));
            }
            for (int i = 0; i < 3; i++) {
                Claim claim = queue.worker().claim(Duration.ofSeconds(20)).orElseThrow();
                queue.worker().complete(claim, claim.id().length());
            }
            assertThat(results).allSatisfy(result -> assertThat(result)
                    .succeedsWithin(Duration.ofSeconds(20))
                    .isEqualTo("job-0".length()));
        }
        connector.stop();
    }

    @Test
    void recurringJobsRunOnTheSlotOfTheirQueue() {
        RedisConnector connector = new RedisConnector(cluster::link);
        RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());
        for (String name : List.of("r", "s", "t", "u")) {
            Recurring tick = Recurring.of("tick", Schedule.every(Duration.ofSeconds(1)), JobRequest.of("tick", null));
            RecurringJobs admin = queues.queue(name).admin().recurring();
            Chore chore = queues.recurring(name, List.of(tick));
            await().until(() -> {
                chore.round().join();
                return admin.find("tick").orElseThrow().enqueued() == 1;
            });
            admin.pause("tick");
            admin.put(Recurring.of("other", tick.schedule(), tick.job()));
            assertThat(admin.trigger("other").state()).isEqualTo(JobRef.State.CREATED);
            assertThat(admin.remove("other")).isTrue();
            assertThat(admin.list()).hasSize(1);
        }
        connector.stop();
    }
}
