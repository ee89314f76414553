package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A run of many units, while its launcher and its workers die, pause and continue. */
@RedisServer
@Timeout(400)
class RunTests {

    private EmbeddedRedis server;
    private Stage stage;
    private JobRuns runs;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        stage = new Stage(redis.port(), Stage.settings().withMaxCrashes(50));
        runs = stage.queue.runs();
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private List<String> told(String what) {
        return stage.redis.lrange("story:" + what, 0, -1);
    }

    private WorkerProcess worker() {
        return WorkerProcess.start(RunMain.class, Integer.toString(server.port()), "work");
    }

    private WorkerProcess launcher(int stopAt) {
        return WorkerProcess.start(RunMain.class, Integer.toString(server.port()), "launch", Integer.toString(stopAt));
    }

    private long ended() {
        return stage.redis.hlen("queue:q:outputs:" + RunMain.RUN) + stage.redis.hlen("queue:q:failures:" + RunMain.RUN);
    }

    @Tag("story")
    @Test
    @Proves(
            fault = "5,000 units, 30 % failures, zombies, a launcher that is killed twice, workers that are killed",
            holds = "gathered exactly once, with exactly the expected outputs")
    void aBigRunIsGatheredOnceWhateverHappensToItsLauncherAndItsWorkers() {
        stage.notAlone();
        assumeThat(System.getProperty("os.name"))
                .as("SIGSTOP is sent by Linux's kill")
                .isEqualTo("Linux");
        Duration start = Duration.ofSeconds(90);
        List<WorkerProcess> workers = new ArrayList<>();
        Random random = new Random(4);
        try {
            // units that are claimed by hand and forgotten
            runs.open(RunMain.RUN, RunMain.options());
            runs.add(RunMain.RUN, units(0, 30), unit -> "unit " + unit.get("n"));
            List<Claim> zombies = IntStream.range(0, 30)
                    .mapToObj(i -> stage.queue.worker().claim(Duration.ZERO).orElseThrow())
                    .toList();
            for (int i = 0; i < 2; i++) {
                workers.add(worker());
            }
            for (int stopAt : new int[] {1500, 3300}) {
                try (WorkerProcess launcher = launcher(stopAt)) {
                    await().atMost(start).until(() -> told("launchers").contains(Integer.toString(stopAt)));
                    launcher.kill();
                }
                assertThat(runs.find(RunMain.RUN).orElseThrow().state()).isEqualTo(JobRun.State.OPEN);
                // and one of the workers with it
                replace(workers, random.nextInt(2));
            }
            try (WorkerProcess launcher = launcher(-1)) {
                await().atMost(start).until(() -> told("launchers").contains("done"));
            }
            WorkerProcess paused = workers.get(0);
            long reclaimed = stage.total("reclaimed");
            paused.signal("STOP");
            await().atMost(start).until(() -> stage.total("reclaimed") > reclaimed);
            replace(workers, 1);
            paused.signal("CONT");
            await().atMost(start).until(() -> !told("refused").isEmpty());
            for (Claim zombie : zombies) {
                assertThat(stage.queue.worker().complete(zombie, Map.of("n", 1_000_000)))
                        .isFalse();
            }

            await().atMost(start).until(() -> !told("gathering").isEmpty());
            int gathering = told("gathering").get(0).equals(Long.toString(paused.pid())) ? 0 : 1;
            workers.get(gathering).kill();
            workers.set(gathering, worker());

            Map<?, ?> result =
                    runs.await(RunMain.RUN, Map.class, Duration.ofSeconds(150)).orElseThrow();

            long good = IntStream.range(0, RunMain.UNITS)
                    .filter(i -> !RunMain.isBad(i))
                    .count();
            Map<String, Object> expected = new TreeMap<>(Map.of(
                    "size",
                    good,
                    "sum",
                    IntStream.range(0, RunMain.UNITS)
                            .filter(i -> !RunMain.isBad(i))
                            .asLongStream()
                            .sum(),
                    "failures",
                    RunMain.UNITS - good,
                    "missing",
                    0L));
            assertThat(new TreeMap<>(result).toString()).isEqualTo(expected.toString());
            assertThat(told("gathered")).containsExactly(expected.toString());
            JobRun run = runs.find(RunMain.RUN).orElseThrow();
            assertThat(run.state()).isEqualTo(JobRun.State.COMPLETED);
            assertThat(run.expected()).isEqualTo(RunMain.UNITS);
            assertThat(run.late()).isZero();
            Map<String, Map<String, Integer>> outputs = new HashMap<>();
            stage.queue.outputs().stream(RunMain.RUN, Map.class)
                    .forEach(unit -> outputs.put(unit.getKey(), unit.getValue()));
            assertThat(outputs).hasSize((int) good).allSatisfy((unit, output) -> assertThat(unit)
                    .isEqualTo("unit " + output.get("n")));
            assertThat(stage.queue.outputs().failures(RunMain.RUN))
                    .hasSize((int) (RunMain.UNITS - good))
                    .allSatisfy((unit, reason) -> assertThat(reason).contains("cannot do"));
            assertThat(stage.list("processing")).isEmpty();
            assertThat(stage.list("pending")).isEmpty();
        } finally {
            workers.forEach(WorkerProcess::close);
        }
    }

    private void replace(List<WorkerProcess> workers, int which) {
        long before = ended();
        workers.get(which).kill();
        workers.set(which, worker());
        await().atMost(Duration.ofSeconds(30))
                .until(() -> ended() > before || stage.list("pending").isEmpty());
    }

    private static List<Map<String, Integer>> units(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> Map.of("n", i)).toList();
    }

    /** Many threads end units, seal, start again and put at the same time; whichever is last, the run ends once. */
    @RepeatedTest(5)
    void theRunEndsOnceWhicheverUnitIsLast() throws Exception {
        int units = 60;
        runs.open("race", RunMain.options());
        runs.add("race", units(0, units), unit -> "unit " + unit.get("n"));
        CyclicBarrier barrier = new CyclicBarrier(10);
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 10; i++) {
            int number = i;
            threads.add(new Thread(() -> {
                try {
                    barrier.await();
                    if (number == 0) {
                        runs.seal("race");
                    } else if (number < 3) {
                        runs.start("race", units(0, units), unit -> "unit " + unit.get("n"), RunMain.options());
                    }
                    stage.queue
                            .worker()
                            .claim(Duration.ZERO)
                            .filter(claim -> claim.gathers() == null)
                            .ifPresent(this::finish);
                    for (var claim = stage.queue.worker().claim(Duration.ZERO);
                            claim.isPresent() && claim.get().gathers() == null;
                            claim = stage.queue.worker().claim(Duration.ZERO)) {
                        finish(claim.get());
                    }
                } catch (Throwable ex) {
                    failures.add(ex);
                }
            }));
        }

        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(failures).isEmpty();
        JobRun run = runs.find("race").orElseThrow();
        assertThat(run.state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(run.done()).isEqualTo(units);
        assertThat(stage.redis.keys("queue:q:job:*").stream()
                        .filter(key -> stage.redis.hexists(key, "gathers"))
                        .count())
                .isEqualTo(1);
        WorkOutputCache outputs = stage.queue.outputs();
        assertThat(outputs.all("race", Integer.class)).hasSize(units);
    }

    @Test
    void aUnitThatACancelInterruptedRunsAgainWhenItsRunIsStartedAgain() {
        CountDownLatch interrupted = new CountDownLatch(1);
        CountDownLatch restarted = new CountDownLatch(1);
        stage.pool(Stage.workers(1), Stage.handler("unit", (job, context) -> {
            if (restarted.getCount() > 0) {
                while (!context.isCancelled()) {
                    Thread.onSpinWait();
                }
                interrupted.countDown();
                awaitUninterruptibly(restarted);
                throw new InterruptedException();
            }
            return job.attempt();
        }));
        JobRunOptions options = JobRunOptions.of("unit");
        runs.start("again", units(0, 1), unit -> "unit", options);
        await().until(() -> runs.find("again").orElseThrow().claimed() == 1);
        runs.cancel("again");
        awaitUninterruptibly(interrupted);

        runs.start("again", units(0, 1), unit -> "unit", options);
        restarted.countDown();

        await().until(() -> runs.find("again").orElseThrow().state().isEnd());
        assertThat(stage.queue.outputs().failures("again")).isEmpty();
        assertThat(stage.queue.outputs().get("again", "unit", Integer.class)).contains(1);
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException ex) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void finish(Claim claim) {
        assertThat(stage.queue.worker().complete(claim, claim.attempt())).isTrue();
    }
}
