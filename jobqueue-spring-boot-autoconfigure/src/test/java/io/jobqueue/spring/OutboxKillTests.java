package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Figures;
import io.jobqueue.guarantees.Proves;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** What becomes of the jobs of an outbox whose process is killed. H2 in a file stands for the database that outlives it. */
@RedisServer
@Tag("story")
class OutboxKillTests {

    private static final Duration CAP = Duration.ofSeconds(60);

    private static final List<Integer> HANDLED = new CopyOnWriteArrayList<>();

    private final EmbeddedRedis redis;
    private final String url;

    OutboxKillTests(EmbeddedRedis redis, @TempDir Path folder) {
        this.redis = redis;
        // without a delay, because a kill must not lose what was committed
        this.url = "jdbc:h2:file:" + folder.resolve("orders") + ";WRITE_DELAY=0";
    }

    @BeforeEach
    void forget() {
        HANDLED.clear();
    }

    /** Handles orders, and forgets each job as soon as it has ended. */
    static final class Confirmer {

        @JobHandler("confirm")
        void confirm(Map<String, Object> payload) {
            HANDLED.add((Integer) payload.get("order"));
        }
    }

    private ApplicationContextRunner worker() {
        return Applications.on(redis, Confirmer.class).withPropertyValues("jobqueue.retention.completed.count=0");
    }

    private void withOutbox(Consumer<OutboxApplication> test) {
        Applications.on(redis, OutboxApplication.Database.class)
                .withPropertyValues(
                        "test.url=" + url,
                        "jobqueue.outbox.enabled=true",
                        "jobqueue.outbox.initialize-schema=always",
                        "jobqueue.outbox.interval=100ms")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    test.accept(new OutboxApplication(context));
                });
    }

    private void drain() {
        withOutbox(application -> await().atMost(CAP).until(() -> application.rows() == 0));
    }

    private Process child(int first, int orders, boolean hold) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-Dfile.encoding=UTF-8",
                        "-Dfirst=" + first,
                        "-Dorders=" + orders,
                        "-Dhold=" + hold,
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        OutboxChild.class.getName(),
                        "--spring.docker.compose.enabled=false",
                        "--spring.data.redis.host=127.0.0.1",
                        "--spring.data.redis.port=" + redis.port(),
                        "--test.url=" + url,
                        "--jobqueue.outbox.enabled=true",
                        "--jobqueue.outbox.initialize-schema=always")
                .redirectErrorStream(true)
                .start();
    }

    private static void awaitLine(BufferedReader output, String line) throws IOException {
        StringBuilder printed = new StringBuilder();
        for (String next = output.readLine(); next != null; next = output.readLine()) {
            if (next.equals(line)) {
                return;
            }
            printed.append(next).append('\n');
        }
        throw new AssertionError("the application ended without the line '" + line + "':\n" + printed);
    }

    /** SIGKILL. */
    private static void kill(Process process) throws InterruptedException {
        process.destroyForcibly();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    private static void awaitIdle(JobQueue jobs) {
        await().atMost(CAP)
                .until(() -> jobs.stats().pendingDepth() + jobs.stats().processingDepth() == 0);
    }

    @Test
    @Proves(
            fault = "a process with an outbox is killed between the commit and the send",
            holds = "the next process sends every committed job, once")
    void aKillBetweenCommitAndSendLosesNoJob() throws Exception {
        withOutbox(application -> application.maxMemory("1"));
        Process child = child(0, 3, false);
        try (BufferedReader output = child.inputReader()) {
            awaitLine(output, "all committed");
        } finally {
            kill(child);
            withOutbox(application -> application.maxMemory("0"));
        }

        worker().run(context -> {
            drain();
            awaitIdle(context.getBean(JobQueue.class));
        });
        assertThat(HANDLED).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    @Proves(
            fault =
                    "a process with an outbox is killed between the send and the delete, and its jobs have ended and are forgotten when"
                            + " the next process starts",
            holds = "the jobs of the batch are not sent again, and the jobs behind them are sent once")
    void aKillBetweenSendAndDeleteDoublesNoJob() throws Exception {
        Process child = child(0, 20, true);
        try (BufferedReader output = child.inputReader()) {
            awaitLine(output, "sent");
            awaitLine(output, "all committed");
        } finally {
            kill(child);
        }

        worker().run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            awaitIdle(jobs);
            assertThat(HANDLED).isNotEmpty().hasSizeLessThan(20);
            assertThat(jobs.stats().completedDepth()).isZero();
            drain();
            awaitIdle(jobs);
        });
        assertThat(HANDLED).doesNotHaveDuplicates().hasSize(20);
    }

    @Test
    @Proves(
            fault = "a process with an outbox is killed again and again at any moment",
            holds = "every order that was committed is handled once, and no other")
    void killsAtAnyMomentLoseAndDoubleNoJob(Figures figures) throws Exception {
        Random random = new Random(42);
        int kills = 8;
        worker().run(context -> {
            for (int round = 0; round < kills; round++) {
                Process child = child(round * 1_000_000, 1_000_000, false);
                try (BufferedReader output = child.inputReader()) {
                    awaitLine(output, "committed");
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(1500)); // the moment of the kill is the point
                } finally {
                    kill(child);
                }
            }
            drain();
            awaitIdle(context.getBean(JobQueue.class));
        });

        withOutbox(application -> {
            List<Integer> committed = application.jdbc().queryForList("select id from orders", Integer.class);
            assertThat(HANDLED).containsExactlyInAnyOrderElementsOf(committed);
            figures.put("kills", kills);
            figures.put("orders", committed.size());
        });
    }
}
