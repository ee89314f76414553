package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import io.jobqueue.Claim;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.guarantees.Figures;
import io.jobqueue.guarantees.Proves;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Redis is killed and restarts on the same port with the contents of its append-only file. */
class RedisRestartTests {

    private static final Duration LEASE = Duration.ofSeconds(2);
    private static final int WORKERS = 8;

    /**
     * How many jobs the producers are ahead of the workers. Without a limit they enqueue several times faster than
     * eight workers work, and the last jobs wait for minutes.
     */
    private static final int BACKLOG = 500;

    /** What the producers do before the kill: longer than `everysec` may take to write. */
    private static final Duration BEFORE_THE_KILL = Duration.ofSeconds(4);

    private final CapturedLog log = new CapturedLog("io.jobqueue");

    @AfterEach
    void listenNoMore() {
        log.close();
    }

    private static String[] durable(String fsync, Path folder) {
        return new String[] {"--appendonly", "yes", "--appendfsync", fsync, "--dir", folder.toString()};
    }

    @Tag("story")
    @ParameterizedTest(name = "appendfsync {0}, which may lose {1}, away for {2}")
    @CsvSource({"always, PT0S, PT2.2S", "everysec, PT2S, PT60S"})
    @Proves(
            fault =
                    "Redis is killed under load with an append-only file (`always`, `everysec`), is away for up to a minute, and comes back",
            holds =
                    "every acknowledged job is there and completes once (with `everysec` every job that was acknowledged 2 s before the kill or earlier); producers fail fast; memory stays flat; nothing that lived is reclaimed; one line in the log at the begin and one at the end")
    void acknowledgedJobsAreThereAndAllWorkContinues(
            String fsync, Duration loss, Duration outage, @TempDir Path folder, Figures figures) throws Exception {
        QueueSettings settings = Stage.settings()
                .withVisibility(LEASE)
                .withRetention(new Retention(Duration.ofHours(1), 100_000), new Retention(Duration.ofHours(1), 1000));
        EmbeddedRedis server = EmbeddedRedis.start(durable(fsync, folder));
        int port = server.port();
        ExecutorService producers = Executors.newFixedThreadPool(2);
        try (Stage stage = new Stage(port, settings).notAlone()) {
            Set<String> running = ConcurrentHashMap.newKeySet();
            Set<String> overlaps = ConcurrentHashMap.newKeySet();
            CountDownLatch never = new CountDownLatch(1);
            stage.queue.enqueue(JobRequest.of("hand", null).id("hand"));
            Claim byHand = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
            stage.upkeep(Duration.ofMillis(200));
            Semaphore backlog = new Semaphore(BACKLOG);
            stage.pool(Stage.workers(WORKERS), Stage.handler("work", (job, context) -> {
                if (!running.add(job.id())) {
                    overlaps.add(job.id());
                }
                never.await(5, TimeUnit.MILLISECONDS);
                running.remove(job.id());
                backlog.release();
                return null;
            }));
            Map<String, Long> acknowledged = new ConcurrentHashMap<>(); // and when, by System.nanoTime
            AtomicBoolean over = new AtomicBoolean();
            AtomicBoolean away = new AtomicBoolean();
            AtomicLong slowestRefusal = new AtomicLong();
            List<Future<?>> producing = IntStream.range(0, 2)
                    .<Future<?>>mapToObj(p -> producers.submit(() -> {
                        for (int i = 0; !over.get(); i++) {
                            String id = "p" + p + "-" + i;
                            // jobs that the kill lost return no permit, so no producer waits for one for long
                            boolean unused = backlog.tryAcquire(20, TimeUnit.MILLISECONDS);
                            boolean begunAway = away.get();
                            long begin = System.nanoTime();
                            try {
                                stage.queue.enqueue(JobRequest.of("work", null).id(id));
                                acknowledged.put(id, System.nanoTime());
                            } catch (EnqueueUncertainException | EnqueueRefusedException ex) {
                                if (begunAway && away.get()) {
                                    slowestRefusal.accumulateAndGet(System.nanoTime() - begin, Math::max);
                                }
                                never.await(20, TimeUnit.MILLISECONDS);
                            }
                        }
                        return null;
                    }))
                    .toList();
            long begun = System.nanoTime();
            // the lease must not run out before the outage, however slow the machine is
            await().until(() -> stage.queue.worker().extend(byHand, LEASE)
                    && acknowledged.size() > 200
                    && System.nanoTime() - begun > BEFORE_THE_KILL.toNanos());

            long killed = System.nanoTime();
            server.kill();
            away.set(true);
            Stage.pass(Duration.ofSeconds(1));
            long heap = usedHeap();
            Stage.pass(outage.minusSeconds(1));
            long growth = usedHeap() - heap;
            away.set(false);
            int before = acknowledged.size();
            server = EmbeddedRedis.startOn(port, durable(fsync, folder));
            long back = System.nanoTime();
            // its lease ran out in the outage, but the sweeps hold back for one lease
            await().pollInterval(Duration.ofMillis(20))
                    .ignoreExceptions()
                    .until(() -> stage.queue.worker().complete(byHand, null));
            await().until(() -> acknowledged.size() > before + 50);
            await().ignoreExceptions().until(() -> stage.total("completed") > 0);
            long finished = stage.total("completed");
            await().until(() -> stage.total("completed") > finished + 20);
            Duration resumed = Duration.ofNanos(System.nanoTime() - back);
            over.set(true);
            for (Future<?> each : producing) {
                each.get();
            }

            List<String> kept = acknowledged.entrySet().stream()
                    .filter(job -> job.getValue() - killed > 0 || killed - job.getValue() > loss.toNanos())
                    .map(Map.Entry::getKey)
                    .toList();
            assertThat(kept).hasSizeGreaterThan(200);
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(stage.list("completed")).containsAll(kept));
            figures.put("away", outage);
            figures.put("acknowledged", acknowledged.size());
            figures.put("lost", acknowledged.size() - completedOf(stage, acknowledged.keySet()));
            figures.put("reclaimed", stage.total("reclaimed"));
            figures.put("resumed after", resumed);
            figures.put("slowest refusal", Duration.ofNanos(slowestRefusal.get()));
            figures.put("bytes piled up", Math.max(0, growth));
            assertThat(stage.list("completed")).doesNotHaveDuplicates();
            assertThat(overlaps).isEmpty();
            assertThat(resumed).isLessThan(Duration.ofSeconds(5));
            assertThat(Duration.ofNanos(slowestRefusal.get())).isLessThan(Duration.ofSeconds(2));
            assertThat(growth).as("bytes that piled up in the outage").isLessThan(4 * 1024 * 1024);
            // Two sorts of claims waited for their lease: those whose reply the kill swallowed, and those whose
            // settlement the kill lost. The pool claims ahead, so each sort may be as large as two pools.
            assertThat(stage.total("reclaimed")).isLessThanOrEqualTo(2L * 2 * WORKERS);
            // One line for each reason. A second reason is usual here: Redis is back, but still loads its data.
            assertThat(log.lines(Level.WARN, "is unreachable"))
                    .hasSizeBetween(1, 3)
                    .doesNotHaveDuplicates()
                    .allSatisfy(line -> assertThat(line).startsWith("Redis at 127.0.0.1:" + port));
            assertThat(log.lines(Level.WARN, "tries again")).isEmpty();
            // A second end is rare: another connection is told that Redis loads, after the first one has been answered.
            await().untilAsserted(() ->
                    assertThat(log.lines(Level.INFO, "answers again")).hasSizeBetween(1, 2));
            assertThat(log.lines(Level.INFO, "works again")).isEmpty();
        } finally {
            producers.shutdownNow();
            server.close();
        }
    }

    private static long completedOf(Stage stage, Set<String> ids) {
        Set<String> completed = Set.copyOf(stage.list("completed"));
        return ids.stream().filter(completed::contains).count();
    }

    /** What is left of the heap when the garbage is gone. */
    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
