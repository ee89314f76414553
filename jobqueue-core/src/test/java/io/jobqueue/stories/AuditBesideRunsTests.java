package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobEvent;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.WorkOutputs;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Runs that are started, cancelled, started again and gathered, while the audit runs without a pause. */
@RedisServer
class AuditBesideRunsTests {

    private static final int RUNS = 24;
    private static final int UNITS = 60;
    private static final List<Integer> NUMBERS =
            IntStream.range(0, UNITS).boxed().toList();
    private static final JobRunOptions OPTIONS = JobRunOptions.of("unit").gather(JobRequest.of("gather", null));

    /** One of ten units cannot be done, and another one only at the last attempt. */
    private static Object count(int n, boolean lastAttempt) {
        if (n % 10 == 3) {
            throw JobOutcome.deadLetter("cannot do " + n).asException();
        } else if (n % 10 == 4 && !lastAttempt) {
            throw new IllegalStateException("not yet");
        }
        return Map.of("n", n);
    }

    private static void start(JobRuns runs, String run) {
        runs.start(run, NUMBERS, n -> "u" + n, n -> Map.of("n", n), OPTIONS);
    }

    private static boolean isThrough(JobRuns runs, String run) {
        return runs.find(run).orElseThrow().isThrough();
    }

    /** Brings a run about in one of four ways. */
    private static void bring(JobRuns runs, int i) {
        String run = "run-" + i;
        switch (i % 4) {
            case 0 -> start(runs, run);
            case 1 -> {
                start(runs, run);
                runs.cancel(run);
                start(runs, run);
            }
            case 2 -> {
                runs.open(run, OPTIONS);
                NUMBERS.forEach(n -> runs.add(run, List.of(n), any -> "u" + n, any -> Map.of("n", n)));
                runs.seal(run);
            }
            default -> {
                start(runs, run);
                await().atMost(Duration.ofSeconds(60)).until(() -> isThrough(runs, run));
                start(runs, run); // what failed is tried again, and gathered again
            }
        }
    }

    @Test
    @Proves(fault = "the audit runs in a tight loop beside live runs", holds = "it finds nothing to repair")
    void itFindsNothingToRepairAndEveryRunIsGatheredWithAllThatItHas(EmbeddedRedis server) {
        // histories so short that they are cut all the time
        Retention few = new Retention(Duration.ofHours(1), 40);
        QueueSettings settings = Stage.settings().withRetention(few, few);
        try (Stage stage = new Stage(server.port(), settings)) {
            stage.pool(
                    Stage.workers(8),
                    Stage.handler("unit", (job, context) -> {
                        int n = ((Number) ((Map<?, ?>) job.payload()).get("n")).intValue();
                        context.output(Map.of("early", n));
                        return count(n, context.lastAttempt());
                    }),
                    Stage.handler("gather", (job, context) -> {
                        WorkOutputs<?> outputs = context.outputs(Map.class);
                        return Map.of(
                                "done", outputs.stream().count(),
                                "failed", outputs.failures().count());
                    }));
            stage.upkeep(Duration.ofMillis(50));
            AtomicBoolean over = new AtomicBoolean();
            CompletableFuture<Long> audits = CompletableFuture.supplyAsync(() -> {
                long looks = 0;
                while (!over.get()) {
                    stage.events.addAll(stage.audit().events());
                    looks++;
                }
                return looks;
            });
            JobRuns runs = stage.queue.runs();

            for (int i = 0; i < RUNS; i++) {
                bring(runs, i);
            }
            for (int i = 0; i < RUNS; i++) {
                String run = "run-" + i;
                await().atMost(Duration.ofSeconds(60)).until(() -> isThrough(runs, run));
            }
            // what was suspicious for a moment is looked at again after one lease
            long lease = System.nanoTime() + Stage.LEASE.plusMillis(200).toNanos();
            await().until(() -> System.nanoTime() > lease);
            over.set(true);

            assertThat(audits.join()).isGreaterThan(100);
            assertThat(stage.events)
                    .noneMatch(event -> event instanceof JobEvent.Repaired || event instanceof JobEvent.Lost);
            assertThat(stage.queue.stats().repairedTotal()).isZero();
            for (int i = 0; i < RUNS; i++) {
                holdsAllItsUnits(stage, runs.find("run-" + i).orElseThrow(), i % 4 != 1);
            }
        }
    }

    private static void holdsAllItsUnits(Stage stage, JobRun run, boolean wasNeverCancelled) {
        assertThat(run.state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(run.gather()).isEqualTo(JobRun.Gather.COMPLETED);
        assertThat(run.done() + run.failed()).isEqualTo(UNITS);
        if (wasNeverCancelled) {
            assertThat(run.failed()).isEqualTo(UNITS / 10);
        }
        assertThat(stage.queue.runs().await(run.id(), Map.class, Duration.ZERO).orElseThrow())
                .isEqualTo(Map.of("done", (int) run.done(), "failed", (int) run.failed()));
        assertThat(stage.redis.hlen("queue:q:units:" + run.id())).isEqualTo(UNITS);
        assertThat(stage.redis.hkeys("queue:q:outputs:" + run.id()))
                .doesNotContainAnyElementsOf(stage.redis.hkeys("queue:q:failures:" + run.id()));
    }
}
