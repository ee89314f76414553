package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.guarantees.Proves;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The clock of Redis or of a worker is changed while jobs run. Needs libfaketime, which works only with dynamically
 * linked programs; of the bundled servers, only Redis 6.2 is one.
 */
class ClockTests {

    private static final List<Path> LIBRARIES = Stream.of("x86_64-linux-gnu", "aarch64-linux-gnu")
            .map(machine -> Path.of("/usr/lib", machine, "faketime/libfaketime.so.1"))
            .toList();

    @TempDir
    private Path folder;

    private Path library;
    private Path clock;
    private EmbeddedRedis server;

    @BeforeEach
    void needsAClockThatCanBeSet() {
        library = LIBRARIES.stream().filter(Files::exists).findFirst().orElse(null);
        assumeThat(library).as("libfaketime").isNotNull();
        clock = folder.resolve("clock");
    }

    @AfterEach
    void close() {
        if (server != null) {
            server.close();
        }
    }

    /** A server whose clock is what the file says, relative to the machine's. */
    private void startServer() throws IOException {
        assumeThat(System.getProperty(EmbeddedRedis.VERSION_PROPERTY))
                .as("a redis-server that is linked dynamically")
                .isEqualTo("6.2");
        set("+0s");
        try (EmbeddedRedis carried = EmbeddedRedis.start()) {
            Path program = Files.copy(
                    Path.of(ProcessHandle.of(carried.pid())
                            .orElseThrow()
                            .info()
                            .command()
                            .orElseThrow()),
                    folder.resolve("redis-server"));
            Path wrapper = Files.writeString(
                    folder.resolve("wrapper"),
                    """
                    #!/bin/sh
                    export FAKETIME_TIMESTAMP_FILE=%s FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD=%s
                    exec %s "$@"
                    """
                            .formatted(clock, library, program));
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
            server = EmbeddedRedis.startOther(wrapper);
        }
    }

    private void set(String offset) throws IOException {
        Path written = Files.writeString(folder.resolve("next"), offset + "\n");
        Files.move(written, clock, StandardCopyOption.REPLACE_EXISTING);
    }

    private static Instant clockOf(Stage stage) {
        return Instant.ofEpochSecond(Long.parseLong(stage.redis.time().get(0)));
    }

    @Test
    @Proves(fault = "the clock of Redis jumps an hour ahead", holds = "no worker that lives loses its job")
    void whenTheClockOfRedisJumpsAnHourAheadNoLivingWorkerLosesItsJob() throws Exception {
        startServer();
        try (Stage stage = new Stage(server.port())) {
            Map<String, AtomicInteger> runs = new ConcurrentHashMap<>();
            CountDownLatch jumped = new CountDownLatch(1);
            stage.upkeep(Duration.ofMillis(100));
            stage.pool(Stage.workers(4), Stage.handler("long", (job, context) -> {
                runs.computeIfAbsent(job.id(), id -> new AtomicInteger()).incrementAndGet();
                jumped.await();
                return null;
            }));
            stage.enqueue("long", "job", 6);
            await().until(() -> runs.size() == 4);
            Instant before = clockOf(stage);

            set("+1h");
            assertThat(clockOf(stage)).isAfter(before.plus(Duration.ofMinutes(59)));
            Stage.pass(Stage.LEASE.multipliedBy(3));
            jumped.countDown();

            await().until(() -> stage.total("completed") == 6);
            assertThat(runs.values()).allSatisfy(times -> assertThat(times).hasValue(1));
            assertThat(stage.total("reclaimed")).isZero();
        }
    }

    @Test
    @Proves(
            fault = "the clock of Redis jumps an hour back",
            holds = "the job of a dead worker comes back after a lease, not after an hour")
    void whenRedisJumpsAnHourBackAJobOfADeadWorkerComesBackAfterALeaseAndNotAfterAnHour() throws Exception {
        startServer();
        try (Stage stage = new Stage(server.port())) {
            stage.enqueue("work", "job", 20);
            assertThat(stage.queue.worker().claim(Duration.ZERO)).isPresent(); // by one who never comes back
            stage.upkeep(Duration.ofMillis(100));
            await().until(() -> stage.redis.hget("queue:q:meta", "last_sweep") != null);

            set("-1h");
            CountDownLatch worked = new CountDownLatch(20);
            stage.pool(Stage.workers(4), Stage.handler("work", (job, context) -> {
                worked.countDown();
                return null;
            }));

            await().atMost(Duration.ofSeconds(20)).until(() -> stage.total("completed") == 20);
            assertThat(worked.getCount()).isZero();
            assertThat(stage.total("reclaimed")).isEqualTo(1);
        }
    }

    @Test
    void whenTheClockOfRedisJumpsADelayedJobFollowsThatClock() throws Exception {
        startServer();
        try (Stage stage = new Stage(server.port())) {
            CountDownLatch ran = new CountDownLatch(1);
            stage.pool(Stage.workers(1), Stage.handler("later", (job, context) -> {
                ran.countDown();
                return null;
            }));
            stage.queue.enqueue(JobRequest.of("later", null).delay(Duration.ofMinutes(50)));

            set("+1h");

            await().atMost(Duration.ofSeconds(10)).until(() -> ran.getCount() == 0);
        }
    }

    @Test
    @Proves(fault = "the clock of a worker is an hour off", holds = "it works as all others")
    void aWorkerWhoseClockIsAnHourOffWorksAsAllOthers() {
        for (String offset : List.of("+1h", "-1h")) {
            try (EmbeddedRedis redis = EmbeddedRedis.start();
                    Stage stage = new Stage(redis.port()).notAlone();
                    WorkerProcess worker = WorkerProcess.start(
                            redis.port(),
                            4,
                            Map.of(
                                    "LD_PRELOAD",
                                    library.toString(),
                                    "FAKETIME",
                                    offset,
                                    "FAKETIME_FORCE_MONOTONIC_FIX",
                                    "0",
                                    "FAKETIME_DONT_FAKE_MONOTONIC",
                                    "1"))) {
                stage.enqueue("quick", "job", 50);
                stage.queue.enqueue(JobRequest.of("quick", null).id("later").delay(Duration.ofSeconds(1)));

                await().atMost(Duration.ofSeconds(30)).until(() -> stage.total("completed") == 51);
                assertThat(worker.isAlive()).isTrue();
                assertThat(stage.redis.lrange("story:runs", 0, -1)).hasSize(51).doesNotHaveDuplicates();
                assertThat(stage.total("reclaimed")).isZero();
            }
        }
    }
}
