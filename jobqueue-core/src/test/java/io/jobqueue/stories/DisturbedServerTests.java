package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Figures;
import io.jobqueue.guarantees.Proves;
import io.lettuce.core.KillArgs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Redis forgets its scripts and disconnects its clients while they work. */
@RedisServer
class DisturbedServerTests {

    private static QueueSettings settings() {
        return Stage.settings()
                .withRetention(new Retention(Duration.ofHours(1), 100_000), new Retention(Duration.ofHours(1), 1000));
    }

    @Test
    @Proves(fault = "Redis forgets its scripts all the time (`SCRIPT FLUSH`)", holds = "every job runs once")
    void jobsRunOnceWhileRedisForgetsItsScripts(EmbeddedRedis server, Figures figures) {
        try (Stage stage = new Stage(server.port(), settings())) {
            Map<String, AtomicInteger> runs = new ConcurrentHashMap<>();
            stage.upkeep(Duration.ofMillis(100));
            stage.pool(Stage.workers(8), Stage.handler("work", (job, context) -> {
                runs.computeIfAbsent(job.id(), id -> new AtomicInteger()).incrementAndGet();
                return context.extend(Duration.ofSeconds(1));
            }));
            AtomicInteger jobs = new AtomicInteger();
            AtomicInteger flushes = new AtomicInteger();

            long end = System.nanoTime() + Duration.ofMillis(2500).toNanos();
            ExecutorService producer = Executors.newSingleThreadExecutor();
            Future<?> producing = producer.submit(() -> {
                while (System.nanoTime() < end) {
                    stage.enqueue("work", "bulk-" + jobs.get(), 5);
                    stage.queue.enqueue(JobRequest.of("work", null).id("single-" + jobs.get()));
                    jobs.addAndGet(6);
                }
            });
            await().pollInterval(Duration.ofMillis(3)).until(() -> {
                stage.redis.scriptFlush();
                flushes.incrementAndGet();
                return producing.isDone();
            });
            producer.shutdown();

            assertThat(producing).succeedsWithin(Duration.ofSeconds(1));
            await().atMost(Duration.ofSeconds(20)).until(() -> stage.total("completed") == jobs.get());
            assertThat(stage.total("enqueued")).isEqualTo(jobs.get());
            assertThat(runs).hasSize(jobs.get());
            assertThat(runs.values()).allSatisfy(times -> assertThat(times).hasValue(1));
            assertThat(flushes).hasValueGreaterThan(50);
            figures.put("jobs", jobs.get());
            figures.put("flushes", flushes.get());
        }
    }

    @Test
    @Proves(
            fault = "all connections are killed, eight times (`CLIENT KILL`)",
            holds = "nothing is lost, nothing overlaps, work goes on within a second")
    void clientsThatAreThrownOutLoseNothingAndAreBackWithinASecond(EmbeddedRedis server, Figures figures)
            throws Exception {
        try (Stage stage = new Stage(server.port(), settings()).notAlone()) {
            Set<String> running = ConcurrentHashMap.newKeySet();
            Set<String> overlaps = ConcurrentHashMap.newKeySet();
            stage.upkeep(Duration.ofMillis(100));
            stage.pool(Stage.workers(8), Stage.handler("work", (job, context) -> {
                if (!running.add(job.id())) {
                    overlaps.add(job.id());
                }
                running.remove(job.id());
                return null;
            }));
            ConcurrentLinkedQueue<String> acknowledged = new ConcurrentLinkedQueue<>();
            AtomicBoolean over = new AtomicBoolean();
            ExecutorService producer = Executors.newFixedThreadPool(2);
            List<Future<?>> producing = new ArrayList<>();
            for (int p = 0; p < 2; p++) {
                String prefix = "p" + p + "-";
                producing.add(producer.submit(() -> {
                    for (int i = 0; !over.get(); i++) {
                        JobRequest request = JobRequest.of("work", null).id(prefix + i);
                        await().pollInterval(Duration.ofMillis(5))
                                .ignoreExceptionsMatching(ex -> ex instanceof EnqueueUncertainException
                                        || ex instanceof EnqueueRefusedException)
                                .until(() -> stage.queue.enqueue(request) != null);
                        acknowledged.add(prefix + i);
                    }
                }));
            }

            List<Duration> absences = new ArrayList<>();
            for (int kill = 0; kill < 8; kill++) {
                Stage.pass(Duration.ofMillis(200));
                stage.redis.clientKill(KillArgs.Builder.typeNormal().skipme());
                long killed = System.nanoTime();
                long done = stage.heard(JobEvent.Completed.class).count();
                await().pollInterval(Duration.ofMillis(5))
                        .until(() -> stage.heard(JobEvent.Completed.class).count() > done + 10);
                absences.add(Duration.ofNanos(System.nanoTime() - killed));
            }
            over.set(true);
            for (Future<?> each : producing) {
                each.get();
            }
            producer.shutdown();

            await().atMost(Duration.ofSeconds(20)).until(() -> stage.total("completed") == acknowledged.size());
            assertThat(stage.list("completed")).doesNotHaveDuplicates().containsAll(acknowledged);
            assertThat(overlaps).isEmpty();
            figures.put("jobs", acknowledged.size());
            figures.put(
                    "longest absence",
                    absences.stream().max(Duration::compareTo).orElseThrow());
            // one may meet a machine that is busy with something else
            assertThat(absences.stream().sorted().toList().get(absences.size() / 2))
                    .isLessThan(Duration.ofSeconds(1));
            assertThat(absences).allSatisfy(each -> assertThat(each).isLessThan(Duration.ofSeconds(5)));
        }
    }

    @Test
    @Proves(
            fault = "Redis answers nobody for three leases (`CLIENT PAUSE`)",
            holds = "no job is reclaimed, each runs once")
    void noClaimIsLostWhenRedisAnswersNoClientForThreeLeases(EmbeddedRedis server) {
        try (Stage stage = new Stage(server.port(), settings())) {
            Map<String, AtomicInteger> runs = new ConcurrentHashMap<>();
            CountDownLatch paused = new CountDownLatch(1);
            stage.upkeep(Duration.ofMillis(100));
            stage.pool(Stage.workers(4), Stage.handler("long", (job, context) -> {
                runs.computeIfAbsent(job.id(), id -> new AtomicInteger()).incrementAndGet();
                paused.await();
                return null;
            }));
            stage.enqueue("long", "job", 8);
            await().until(() -> runs.size() == 4);

            Duration pause = Stage.LEASE.multipliedBy(3);
            stage.redis.clientPause(pause.toMillis());
            Stage.pass(pause);
            paused.countDown();

            await().until(() -> stage.total("completed") == 8);
            assertThat(runs).hasSize(8);
            assertThat(runs.values()).allSatisfy(times -> assertThat(times).hasValue(1));
            assertThat(stage.total("reclaimed")).isZero();
        }
    }
}
