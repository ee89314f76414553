package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Figures;
import io.jobqueue.guarantees.Proves;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Worker processes are killed, kill themselves, or are stopped and continued. */
@RedisServer
class DyingWorkersTests {

    private static final Duration START = Duration.ofSeconds(30);

    private EmbeddedRedis server;
    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        stage = new Stage(redis.port(), Stage.settings().withMaxCrashes(1)).notAlone();
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private List<String> told(String what) {
        return stage.redis.lrange("story:" + what, 0, -1);
    }

    @Test
    @Proves(fault = "a worker is killed (SIGKILL)", holds = "its jobs run next, none is lost, others do not run again")
    void theJobsOfAKilledWorkerRunNextAndNoneIsLost(Figures figures) {
        int jobs = 250;
        stage.enqueue("quick", "job", jobs);
        List<String> inFlight;
        try (WorkerProcess worker = WorkerProcess.start(server.port(), 8)) {
            await().atMost(START).until(() -> told("runs").size() > 60);
            worker.kill();
            inFlight = stage.list("processing");
        }
        assertThat(inFlight).isNotEmpty();
        int ranBefore = told("runs").size();
        stage.upkeep(Duration.ofMillis(100));

        await().until(() -> stage.list("processing").isEmpty());
        List<String> head = new ArrayList<>(stage.list("pending"));
        Collections.reverse(head);
        assertThat(head.subList(0, inFlight.size())).containsExactlyInAnyOrderElementsOf(inFlight);
        stage.pool(Stage.workers(8), Stage.handler("quick", (job, context) -> {
            stage.redis.rpush("story:runs", job.id());
            return null;
        }));

        await().atMost(Duration.ofSeconds(20)).until(() -> stage.total("completed") == jobs);
        assertThat(stage.list("completed")).hasSize(jobs).doesNotHaveDuplicates();
        assertThat(inFlight).allSatisfy(id -> assertThat(stage.job(id)).containsEntry("crashes", "1"));
        figures.put("jobs", jobs);
        figures.put("in flight when killed", inFlight.size());
        List<String> runs = told("runs");
        Set<String> again = new TreeSet<>(runs.subList(0, ranBefore));
        again.retainAll(runs.subList(ranBefore, runs.size()));
        assertThat(inFlight).containsAll(again);
    }

    @Test
    @Proves(fault = "a job kills every process that works on it", holds = "it becomes a dead letter, the others finish")
    void aJobThatKillsItsWorkersBecomesADeadLetterAndTheOthersFinish() {
        stage.queue.enqueue(JobRequest.of("poison", null).id("poison").unit("run", "bad"));
        stage.enqueue("quick", "job", 30);
        stage.upkeep(Duration.ofMillis(100));

        try (WorkerProcess first = WorkerProcess.start(server.port(), 1);
                WorkerProcess second = WorkerProcess.start(server.port(), 1)) {
            await().atMost(START).until(() -> !first.isAlive() && !second.isAlive());
        }
        stage.pool(Stage.workers(4), Stage.handler("quick", (job, context) -> null));

        await().until(() -> stage.list("failed").contains("poison"));
        await().until(() -> stage.total("completed") == 30);
        assertThat(told("poisoned")).hasSize(2);
        assertThat(stage.job("poison").get("last_error")).startsWith("worker-died");
        assertThat(stage.queue.outputs().failures("run").get("bad")).startsWith("worker-died");
        assertThat(stage.list("processing")).isEmpty();
    }

    @Test
    @Proves(
            fault = "a worker is stopped past its lease and goes on (SIGSTOP, SIGCONT)",
            holds = "it is told, what it says is refused, its successor's output stays")
    void aWorkerThatWasStoppedPastItsLeaseIsRefusedWhenItGoesOn() {
        assumeThat(System.getProperty("os.name"))
                .as("SIGSTOP is sent by Linux's kill")
                .isEqualTo("Linux");
        stage.queue.enqueue(JobRequest.of("long", null).id("one").unit("run", "unit"));
        try (WorkerProcess worker = WorkerProcess.start(server.port(), 1)) {
            await().atMost(START).until(() -> told("started").contains("one"));
            worker.signal("STOP");
            stage.upkeep(Duration.ofMillis(100));
            stage.pool(Stage.workers(1), Stage.handler("long", (job, context) -> "attempt " + job.attempt()));

            await().atMost(Duration.ofSeconds(10)).until(() -> stage.total("completed") == 1);
            assertThat(stage.queue.outputs().get("run", "unit", String.class)).contains("attempt 2");
            worker.signal("CONT");

            await().until(() -> !told("lost").isEmpty());
            await().until(() -> told("refused").contains("one"));
            assertThat(told("lost")).containsExactly("one true");
        }
        assertThat(stage.queue.outputs().get("run", "unit", String.class)).contains("attempt 2");
        assertThat(stage.job("one")).containsEntry("status", "completed").containsEntry("attempts", "2");
        assertThat(stage.total("completed")).isEqualTo(1);
        assertThat(stage.heard(JobEvent.Completed.class)).hasSize(1);
    }
}
