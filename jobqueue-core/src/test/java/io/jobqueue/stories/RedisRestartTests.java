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
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Redis is killed and comes back on the same port with what it had written down. */
class RedisRestartTests {

    private static final Duration LEASE = Duration.ofSeconds(2);

    private final CapturedLog log = new CapturedLog("io.jobqueue");

    @AfterEach
    void listenNoMore() {
        log.close();
    }

    private static String[] durable(String fsync, Path folder) {
        return new String[] {"--appendonly", "yes", "--appendfsync", fsync, "--dir", folder.toString()};
    }

    @Tag("story")
    @ParameterizedTest(name = "written down {0}, away for {1}")
    @CsvSource({"always, PT2.2S", "everysec, PT60S"})
    @Proves(
            fault =
                    "Redis is killed under load with an append-only file (`always`, `everysec`), is away for up to a minute, and comes back",
            holds =
                    "every acknowledged job is there and completes once; producers fail fast; memory stays flat; nothing that lived is reclaimed; one line in the log at the begin and one at the end")
    void whatWasAcknowledgedIsThereAndAllWorkGoesOn(
            String fsync, Duration outage, @TempDir Path folder, Figures figures) throws Exception {
        QueueSettings settings = Stage.settings()
                .withVisibility(LEASE)
                .withRetention(new Retention(Duration.ofHours(1), 100_000), new Retention(Duration.ofHours(1), 1000));
        EmbeddedRedis server = EmbeddedRedis.start(durable(fsync, folder));
        int port = server.port();
        ExecutorService producers = Executors.newFixedThreadPool(2);
        try (Stage stage = new Stage(port, settings)) {
            Set<String> running = ConcurrentHashMap.newKeySet();
            Set<String> overlaps = ConcurrentHashMap.newKeySet();
            CountDownLatch never = new CountDownLatch(1);
            stage.queue.enqueue(JobRequest.of("hand", null).id("hand"));
            Claim byHand = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
            stage.upkeep(Duration.ofMillis(200));
            stage.pool(Stage.workers(8), Stage.handler("work", (job, context) -> {
                if (!running.add(job.id())) {
                    overlaps.add(job.id());
                }
                never.await(5, TimeUnit.MILLISECONDS);
                running.remove(job.id());
                return null;
            }));
            ConcurrentLinkedQueue<String> acknowledged = new ConcurrentLinkedQueue<>();
            AtomicBoolean over = new AtomicBoolean();
            AtomicBoolean away = new AtomicBoolean();
            AtomicLong slowestRefusal = new AtomicLong();
            List<Future<?>> producing = IntStream.range(0, 2)
                    .<Future<?>>mapToObj(p -> producers.submit(() -> {
                        for (int i = 0; !over.get(); i++) {
                            String id = "p" + p + "-" + i;
                            boolean begunAway = away.get();
                            long begin = System.nanoTime();
                            try {
                                stage.queue.enqueue(JobRequest.of("work", null).id(id));
                                acknowledged.add(id);
                                pause(never, 2); // else producers outrun eight workers of 5 ms, and the rest takes long
                            } catch (EnqueueUncertainException | EnqueueRefusedException ex) {
                                if (begunAway && away.get()) {
                                    slowestRefusal.accumulateAndGet(System.nanoTime() - begin, Math::max);
                                }
                                pause(never, 20);
                            }
                        }
                    }))
                    .toList();
            // the lease must not run out before the outage, however slow the machine is
            await().until(() -> stage.queue.worker().extend(byHand, LEASE) && acknowledged.size() > 200);

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

            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(stage.list("completed")).containsAll(acknowledged));
            figures.put("away", outage);
            figures.put("acknowledged", acknowledged.size());
            figures.put("reclaimed", stage.total("reclaimed"));
            figures.put("resumed after", resumed);
            figures.put("slowest refusal", Duration.ofNanos(slowestRefusal.get()));
            figures.put("bytes piled up", Math.max(0, growth));
            assertThat(stage.list("completed")).doesNotHaveDuplicates();
            assertThat(overlaps).isEmpty();
            assertThat(resumed).isLessThan(Duration.ofSeconds(5));
            assertThat(Duration.ofNanos(slowestRefusal.get())).isLessThan(Duration.ofSeconds(2));
            assertThat(growth).as("bytes that piled up in the outage").isLessThan(4 * 1024 * 1024);
            // only claims whose reply the kill swallowed waited for their lease
            assertThat(stage.total("reclaimed")).isLessThanOrEqualTo(8);
            assertThat(log.lines(Level.WARN, "unreachable"))
                    .singleElement()
                    .asString()
                    .startsWith("Redis at 127.0.0.1:" + port);
            assertThat(log.lines(Level.WARN, "tries again")).isEmpty();
            await().untilAsserted(() ->
                    assertThat(log.lines(Level.INFO, "answers again")).hasSize(1));
            assertThat(log.lines(Level.INFO, "works again")).isEmpty();
        } finally {
            producers.shutdownNow();
            server.close();
        }
    }

    /** What is left of the heap when the garbage is gone. */
    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static void pause(CountDownLatch never, long millis) {
        try {
            never.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
