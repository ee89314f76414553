package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobContext;
import io.jobqueue.JobEvent;
import io.jobqueue.JobKind;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.WorkOutputs;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

@RedisServer
class JobRunTests {

    private static final List<JobEvent> HEARD = new CopyOnWriteArrayList<>();
    private static final AtomicInteger GATHERED = new AtomicInteger();
    private static final AtomicInteger STEPS = new AtomicInteger();

    private final EmbeddedRedis redis;

    JobRunTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @BeforeEach
    void reset() {
        HEARD.clear();
        GATHERED.set(0);
        STEPS.set(0);
    }

    record CountHerd(String place) {}

    record Herd(String place, int size) {}

    @JobKind("herd.report")
    record HerdReport(String month) {}

    record Report(String month, int animals, long failed, List<String> missing) {}

    @Component
    static class Herds {

        @JobHandler(value = "herd", maxAttempts = "1")
        Herd count(CountHerd herd) {
            if (herd.place().startsWith("nowhere")) {
                throw new IllegalStateException("no such place");
            }
            return new Herd(herd.place(), herd.place().length());
        }

        @JobHandler
        Report gather(WorkOutputs<Herd> outputs, HerdReport report) {
            GATHERED.incrementAndGet();
            return new Report(
                    report.month(),
                    outputs.stream().mapToInt(herd -> herd.getValue().size()).sum(),
                    outputs.failures().count(),
                    outputs.missing().toList());
        }

        @EventListener
        void ended(JobEvent.RunEnded event) {
            HEARD.add(event);
        }
    }

    @Test
    void aGatherHandlerGetsItsPayloadAndTheOutputs() {
        Applications.on(redis, Herds.class).run(context -> {
            JobRuns runs = context.getBean(JobRuns.class);
            List<CountHerd> herds = List.of(new CountHerd("north"), new CountHerd("nowhere"), new CountHerd("west"));

            runs.start(
                    "2026-11", herds, CountHerd::place, JobRunOptions.of("herd").gather(new HerdReport("2026-11")));

            assertThat(runs.await("2026-11", Report.class, Duration.ofSeconds(20)))
                    .contains(new Report("2026-11", 9, 1, List.of()));
            await().untilAsserted(() -> assertThat(HEARD)
                    .containsExactly(new JobEvent.RunEnded("jobs", "2026-11", JobRun.State.COMPLETED)));
            assertThat(GATHERED).hasValue(1);
        });
    }

    @Test
    void aKindThatIsRoutedToAnotherQueueIsNoUnit() {
        Applications.on(redis, Herds.class)
                .withPropertyValues("jobqueue.kinds.herd.queue=herds")
                .run(context -> {
                    assertThatThrownBy(() -> context.getBean(JobRuns.class)
                                    .start(
                                            "routed",
                                            List.of(new CountHerd("north")),
                                            CountHerd::place,
                                            JobRunOptions.of("herd")))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining("start the run on queue 'herds'");
                    JobRuns runs = context.getBean(JobQueue.class).on("herds").runs();
                    runs.start("routed", List.of(new CountHerd("north")), CountHerd::place, JobRunOptions.of("herd"));
                    await().untilAsserted(() -> assertThat(
                                    runs.find("routed").orElseThrow().state())
                            .isEqualTo(JobRun.State.COMPLETED));
                });
    }

    @Component
    static class Stepping {

        @JobHandler(value = "stepping", maxAttempts = "3")
        Map<String, Object> work(JobContext context) throws Exception {
            int fetched = context.step("fetch", Integer.class, STEPS::incrementAndGet);
            assertThat(context.output(Map.of("attempt", context.attempt()))).isTrue();
            if (!context.lastAttempt()) {
                throw new IllegalStateException("again");
            }
            context.step("second", Integer.class, STEPS::incrementAndGet);
            return Map.of("fetched", fetched, "attempt", context.attempt());
        }
    }

    @Test
    void finishedStepsAreSkippedByARetryAndEarlyOutputsAreSeen() {
        Applications.on(redis, Stepping.class)
                .withPropertyValues("jobqueue.retry.delay=300ms", "jobqueue.retry.max-delay=300ms")
                .run(context -> {
                    JobRuns runs = context.getBean(JobRuns.class);
                    WorkOutputCache outputs = context.getBean(WorkOutputCache.class);

                    runs.start("steps", List.of(Map.of()), unit -> "a", JobRunOptions.of("stepping"));

                    await().untilAsserted(() ->
                            assertThat(outputs.early("steps", "a", Map.class)).isPresent());
                    await().untilAsserted(() -> assertThat(
                                    outputs.get("steps", "a", Map.class).map(Object::toString))
                            .hasValueSatisfying(value ->
                                    assertThat(value).contains("fetched=1").contains("attempt=3")));
                    assertThat(STEPS).hasValue(2);
                    assertThat(outputs.early("steps", "a", Map.class)).isEmpty();
                });
    }

    private static final CountDownLatch RUNNING = new CountDownLatch(1);
    private static final List<Boolean> CANCELLED = new CopyOnWriteArrayList<>();

    @Component
    static class Patient {

        @JobHandler("patient")
        void work(JobContext context) throws InterruptedException {
            RUNNING.countDown();
            try {
                new CountDownLatch(1).await();
            } finally {
                CANCELLED.add(context.isCancelled());
            }
        }
    }

    @Test
    void aRunningUnitIsCancelledAndNotRetried() {
        Applications.on(redis, Patient.class)
                .withPropertyValues(
                        "jobqueue.lease.heartbeat=50ms",
                        "jobqueue.worker.concurrency=1",
                        "jobqueue.worker.cancel-grace=0")
                .run(context -> {
                    JobRuns runs = context.getBean(JobRuns.class);
                    runs.start(
                            "cancelled",
                            IntStream.range(0, 3).boxed().toList().stream()
                                    .map(i -> Map.of("n", i))
                                    .toList(),
                            unit -> "u" + unit.get("n"),
                            JobRunOptions.of("patient"));
                    RUNNING.await();

                    assertThat(runs.cancel("cancelled")).isTrue();

                    await().untilAsserted(() -> assertThat(CANCELLED).containsExactly(true));
                    await().untilAsserted(() -> assertThat(
                                    runs.find("cancelled").orElseThrow().failed())
                            .isEqualTo(3));
                    assertThat(context.getBean(WorkOutputCache.class)
                                    .failures("cancelled")
                                    .values())
                            .containsOnly("cancelled: its run was cancelled");
                });
    }

    @Component
    static class NoGather {

        @JobHandler(value = "no-gather", maxAttempts = "1")
        void work(WorkOutputs<Herd> outputs) {
            GATHERED.incrementAndGet();
        }
    }

    @Test
    void aJobThatGathersNothingHasNoOutputsToGive() {
        Applications.on(redis, NoGather.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            String id =
                    jobs.enqueue(io.jobqueue.JobRequest.of("no-gather", null)).id();

            await().untilAsserted(() ->
                    assertThat(jobs.find(id).orElseThrow().lastError()).contains("gathers no run"));
            assertThat(GATHERED).hasValue(0);
        });
    }
}
