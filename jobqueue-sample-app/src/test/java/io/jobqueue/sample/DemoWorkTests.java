package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.data.redis.core.StringRedisTemplate;
import tools.jackson.databind.JsonNode;

/** The simulated workers of the demo process jobs, and the figures of the page are right. */
@Timeout(120)
class DemoWorkTests {

    private static final long FOREVER_MS = 1_000_000;

    private static EmbeddedRedis redis;
    private static RunningSample sample;
    private static RunningSample other;

    @BeforeAll
    static void start() {
        redis = RunningSample.redis();
        sample = RunningSample.on(redis, "--visibility-ms=1500");
        other = RunningSample.on(redis, "--visibility-ms=1500");
    }

    @AfterAll
    static void stop() {
        RunningSample.stop(redis, sample, other);
    }

    @BeforeEach
    void reset() {
        other.post("/reset");
        sample.post("/reset");
        sample.post("/sweep", "enabled", false);
    }

    @Test
    void aHungJobComesBackByASweepAndCompletes() {
        sample.post("/enqueue", "count", 3);
        sample.post("/workers/start", "size", 3, "work_latency_ms", 0, "hang_rate", 1);
        await().until(() -> sample.number("processing_depth") == 3);
        assertThat(sample.number("worker_processed_total")).isZero();
        sample.post("/workers/stop");
        // a stop does not tell that a worker has crashed
        assertThat(sample.number("processing_depth")).isEqualTo(3);

        List<String> reclaimed = new ArrayList<>();
        await().until(() -> {
            JsonNode answer = sample.post("/reclaim").json();
            answer.get("reclaimed").forEach(id -> reclaimed.add(id.asString()));
            return reclaimed.size() == 3;
        });

        assertThat(sample.number("pending_depth")).isEqualTo(3);
        assertThat(sample.number("reclaimed_total")).isEqualTo(3);
        assertThat(ids("pending")).containsExactlyInAnyOrderElementsOf(reclaimed);
        sample.post("/workers/start", "size", 2, "work_latency_ms", 0);
        await().until(() -> sample.number("worker_processed_total") == 3);
        assertThat(snapshots(JobStatus.COMPLETED))
                .extracting(JobSnapshot::attempts)
                .containsOnly(2);
        assertThat(sample.number("completed_depth")).isEqualTo(3);
    }

    @Test
    void aFailingJobHasThreeAttemptsAtOnceAndThenIsFailed() {
        sample.post("/enqueue", "count", 4);
        sample.post("/workers/start", "size", 2, "work_latency_ms", 0, "fail_rate", 1);
        await().until(() -> sample.number("failed_depth") == 4);

        JsonNode stats = sample.stats();
        assertThat(stats.get("failed_total").asInt()).isEqualTo(4);
        assertThat(stats.get("completed_total").asInt()).isZero();
        assertThat(stats.get("worker_processed_total").asInt()).isZero();
        assertThat(stats.get("pending_depth").asInt()).isZero();
        for (JsonNode job : sample.get("/jobs").json().get("failed")) {
            assertThat(job.get("status").asString()).isEqualTo("failed");
            assertThat(job.get("attempts").asInt()).isEqualTo(3);
            assertThat(job.get("last_error").asString()).matches("worker-[12] simulated failure");
        }
    }

    @Test
    void aSweepTakesNoJobFromAWorkerThatIsAlive() {
        sample.post("/enqueue");
        sample.post("/workers/start", "size", 1, "work_latency_ms", 3500);
        await().until(() -> sample.number("processing_depth") == 1);

        await().until(() -> {
            assertThat(sample.post("/reclaim").json().get("reclaimed")).isEmpty();
            return sample.number("completed_depth") == 1;
        });

        assertThat(snapshots(JobStatus.COMPLETED))
                .extracting(JobSnapshot::attempts)
                .containsExactly(1);
    }

    @Test
    void onlyAcceptedCompletionsAreCounted() {
        sample.post("/enqueue");
        // shorter than the first renewal: the worker learns of its loss only when it completes
        sample.post("/workers/start", "size", 1, "work_latency_ms", 450);
        await().pollInterval(Duration.ofMillis(5)).until(() -> sample.number("processing_depth") == 1);
        boolean taken = sample.queue().admin().purge(JobStatus.PROCESSING) == 1;
        sample.post("/enqueue");
        sample.post("/enqueue");
        int accepted = taken ? 2 : 3;
        await().until(() -> sample.number("worker_processed_total") == accepted);
        sample.post("/workers/stop");

        JsonNode stats = sample.stats();
        assertThat(stats.get("worker_processed_total").asInt()).isEqualTo(accepted);
        assertThat(stats.get("completed_total").asInt()).isEqualTo(accepted);
        assertThat(stats.get("completed_depth").asInt()).isEqualTo(accepted);
        assertThat(stats.get("pending_depth").asInt()).isZero();
        assertThat(stats.get("processing_depth").asInt()).isZero();
    }

    @Test
    void aWorkerGivesUpAJobThatIsNoLongerItsOwn() {
        sample.post("/enqueue");
        sample.post("/workers/start", "size", 1, "work_latency_ms", FOREVER_MS);
        await().until(() -> sample.number("processing_depth") == 1);
        sample.post("/workers/configure", "work_latency_ms", 0);

        assertThat(sample.queue().admin().purge(JobStatus.PROCESSING)).isEqualTo(1);
        sample.post("/enqueue");

        await().until(() -> sample.number("worker_processed_total") == 1);
        assertThat(sample.number("completed_total")).isEqualTo(1);
    }

    @Test
    void aStopHandsBackWhatIsWorkedOnUnspentAndInItsPlace() {
        sample.post("/enqueue", "count", 5);
        List<String> order = ids("pending");
        sample.post("/workers/start", "size", 2, "work_latency_ms", FOREVER_MS);
        await().until(() -> sample.number("processing_depth") == 2);

        JsonNode stats = sample.post("/workers/stop").json();

        assertThat(stats.get("workers_running").asInt()).isZero();
        assertThat(stats.get("processing_depth").asInt()).isZero();
        assertThat(stats.get("pending_depth").asInt()).isEqualTo(5);
        assertThat(workerThreads()).isZero();
        assertThat(ids("pending")).containsExactlyInAnyOrderElementsOf(order);
        assertThat(ids("pending").subList(2, 5)).isEqualTo(order.subList(2, 5));
        assertThat(snapshots(JobStatus.PENDING))
                .extracting(JobSnapshot::attempts)
                .containsOnly(0);
    }

    @Test
    void aSmallerPoolLetsTheOthersWorkOn() {
        sample.post("/enqueue", "count", 4);
        sample.post("/workers/start", "size", 4, "work_latency_ms", FOREVER_MS);
        await().until(() -> sample.number("processing_depth") == 4);

        JsonNode stats = sample.post("/workers/start", "size", 1, "work_latency_ms", FOREVER_MS)
                .json();

        assertThat(stats.get("workers_running").asInt()).isEqualTo(1);
        assertThat(stats.get("processing_depth").asInt()).isEqualTo(1);
        assertThat(stats.get("pending_depth").asInt()).isEqualTo(3);
        assertThat(sample.post("/workers/start", "size", 0)
                        .json()
                        .get("workers_running")
                        .asInt())
                .isZero();
    }

    @Test
    void startsAndStopsInAnyOrderLeaveNoLoopBehindAndLoseNoJob() {
        sample.post("/enqueue", "count", 50);
        sample.post("/enqueue", "count", 50);
        List<CompletableFuture<Void>> calls = IntStream.range(0, 6)
                .mapToObj(caller -> CompletableFuture.runAsync(() -> {
                    for (int i = 0; i < 12; i++) {
                        if ((caller + i) % 2 == 0) {
                            sample.post("/workers/start", "size", 1 + i % 8, "work_latency_ms", 5);
                        } else {
                            sample.post("/workers/stop");
                        }
                    }
                }))
                .toList();
        calls.forEach(CompletableFuture::join);

        assertThat(sample.post("/workers/start", "size", 3, "work_latency_ms", 0)
                        .json()
                        .get("workers_running")
                        .asInt())
                .isEqualTo(3);
        assertThat(workerThreads()).isEqualTo(3);
        await().until(() -> sample.number("worker_processed_total") == 100);
        assertThat(sample.number("completed_total")).isEqualTo(100);
        assertThat(snapshots(JobStatus.COMPLETED))
                .hasSize(100)
                .extracting(JobSnapshot::attempts)
                .containsOnly(1);
        sample.post("/workers/stop");
        assertThat(workerThreads()).isZero();
    }

    @Test
    void aResetWhileWorkersRunLeavesNothingAndCountsFromZero() {
        for (int round = 0; round < 5; round++) {
            sample.post("/enqueue", "count", 50);
            sample.post("/workers/start", "size", 8, "work_latency_ms", 1, "fail_rate", 0.3, "hang_rate", 0.1);
            await().until(() -> sample.number("worker_processed_total") > 0);

            JsonNode stats = sample.post("/reset").json().get("stats");

            for (String name : List.of(
                    "enqueued_total",
                    "completed_total",
                    "failed_total",
                    "reclaimed_total",
                    "pending_depth",
                    "processing_depth",
                    "completed_depth",
                    "failed_depth",
                    "workers_running",
                    "worker_processed_total")) {
                assertThat(stats.get(name).asLong()).as(name).isZero();
            }
            assertThat(workerThreads()).isZero();
            assertThat(sample.context().getBean(StringRedisTemplate.class).keys("queue:jobs:job:*"))
                    .isEmpty();
        }
    }

    @Test
    void enqueuesDuringResetsAreEitherRemovedOrCounted() {
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Void> producer = CompletableFuture.runAsync(() -> {
            while (!over.get()) {
                sample.post("/enqueue", "count", 2);
            }
        });
        for (int i = 0; i < 20; i++) {
            assertThat(sample.post("/reset").status()).isEqualTo(200);
        }
        over.set(true);
        producer.join();

        JsonNode stats = sample.stats();
        assertThat(stats.get("enqueued_total")).isEqualTo(stats.get("pending_depth"));
    }

    @Test
    void twoInstancesShareOneQueue() {
        sample.post("/enqueue", "count", 50);
        other.post("/enqueue", "count", 50);
        sample.post("/workers/start", "size", 3, "work_latency_ms", 2);
        other.post("/workers/start", "size", 3, "work_latency_ms", 2);
        await().until(() -> sample.number("worker_processed_total") + other.number("worker_processed_total") >= 100);

        JsonNode one = sample.stats();
        JsonNode two = other.stats();
        assertThat(one.get("worker_processed_total").asInt()
                        + two.get("worker_processed_total").asInt())
                .isEqualTo(100);
        assertThat(one.get("worker_processed_total").asInt()).isPositive();
        assertThat(two.get("worker_processed_total").asInt()).isPositive();
        assertThat(one.get("enqueued_total")).isEqualTo(two.get("enqueued_total"));
        assertThat(one.get("completed_depth")).isEqualTo(two.get("completed_depth"));
        assertThat(snapshots(JobStatus.COMPLETED))
                .extracting(JobSnapshot::attempts)
                .containsOnly(1);
    }

    @Test
    void oneInstanceStopsWhileTheOtherWorksOn() {
        sample.post("/enqueue", "count", 40);
        sample.post("/workers/start", "size", 4, "work_latency_ms", FOREVER_MS);
        await().until(() -> sample.number("processing_depth") == 4);
        other.post("/workers/start", "size", 2, "work_latency_ms", 0);
        sample.post("/workers/stop");

        await().until(() -> other.number("worker_processed_total") == 40);

        assertThat(other.number("completed_depth")).isEqualTo(40);
        assertThat(sample.number("worker_processed_total")).isZero();
        assertThat(snapshots(JobStatus.COMPLETED))
                .extracting(JobSnapshot::attempts)
                .containsOnly(1);
    }

    @Test
    void theAutomaticSweepBringsHungJobsBackWhileItIsOn() {
        sample.post("/enqueue", "count", 2);
        sample.post("/workers/start", "size", 2, "work_latency_ms", 0, "hang_rate", 1);
        await().until(() -> sample.number("processing_depth") == 2);
        sample.post("/workers/configure", "hang_rate", 0);
        long before = threads("jobqueue-upkeep");

        sample.post("/sweep", "enabled", true);

        await().until(() -> sample.number("completed_depth") == 2);
        assertThat(sample.number("reclaimed_total")).isEqualTo(2);
        sample.post("/sweep", "enabled", false);
        assertThat(threads("jobqueue-upkeep")).isEqualTo(before);
    }

    @Test
    void workersRunFromTheStartAndEndWithTheApplication() {
        other.post("/enqueue", "count", 6);
        try (RunningSample third = RunningSample.on(redis, "--workers=3")) {
            assertThat(third.number("workers_running")).isEqualTo(3);
            assertThat(third.number("visibility_ms")).isEqualTo(5000);
            await().until(() -> third.number("completed_depth") == 6);
            third.post("/workers/configure", "work_latency_ms", FOREVER_MS);
            other.post("/enqueue", "count", 3);
            await().until(() -> third.number("processing_depth") == 3);
        }

        assertThat(other.number("pending_depth")).isEqualTo(3);
        assertThat(other.number("processing_depth")).isZero();
        assertThat(workerThreads()).isZero();
    }

    @Test
    void worksOnTheQueueOfTheEnvironmentVariableAndOfTheOption() {
        // Spring looks into its arguments as into the environment
        try (RunningSample named = RunningSample.on(redis, "--QUEUE_NAME=Guide_2.x", "--visibility-ms=700")) {
            assertThat(named.number("visibility_ms")).isEqualTo(700);
            named.post("/enqueue", "count", 2);
            assertThat(named.context()
                            .getBean(StringRedisTemplate.class)
                            .opsForList()
                            .size("queue:Guide_2.x:pending"))
                    .isEqualTo(2);
            named.post("/workers/start", "work_latency_ms", 0, "fail_rate", 1);
            await().until(() -> named.number("failed_depth") == 2);
        }
        try (RunningSample named =
                RunningSample.on(redis, "--QUEUE_NAME=ignored", "--queue-name", "chosen", "--workers=1")) {
            named.post("/enqueue");
            await().until(() -> named.number("completed_depth") == 1);
            assertThat(named.queue().on("chosen").stats().completedDepth()).isEqualTo(1);
        }
        assertThat(sample.number("enqueued_total")).isZero();
    }

    @Test
    void aQueueThatIsSweptAnywayIsSaidToBe() {
        try (RunningSample swept =
                RunningSample.on(redis, "--queue-name=swept", "--jobqueue.queues.swept.reclaimer.enabled=true")) {
            assertThat(swept.get("/sweep").text()).isEqualTo("{\"enabled\":true,\"switchable\":false}");
            assertThat(swept.post("/sweep", "enabled", true).status()).isEqualTo(200);
            assertThat(swept.post("/sweep", "enabled", false)
                            .json()
                            .get("error")
                            .asString())
                    .isEqualTo(
                            "the automatic sweep cannot be switched off: 'jobqueue.queues.swept.reclaimer.enabled' is true");
        }
    }

    private static List<String> ids(String list) {
        return StreamSupport.stream(sample.get("/jobs").json().get(list).spliterator(), false)
                .map(job -> job.get("id").asString())
                .toList();
    }

    private static List<JobSnapshot> snapshots(JobStatus status) {
        return sample.queue().admin().list(status, 0, 200);
    }

    private static long workerThreads() {
        return threads("demo-worker-");
    }

    private static long threads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(prefix))
                .count();
    }
}
