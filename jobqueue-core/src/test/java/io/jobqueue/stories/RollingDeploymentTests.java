package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.CapturedLog;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Figures;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.JobFunction;
import io.jobqueue.worker.WorkerPool;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/**
 * Two versions of an application work on one queue: an old one, and a new one with an additional kind and an additional
 * constant.
 */
@RedisServer
class RollingDeploymentTests {

    private static final int JOBS = 20;

    record OldMail(String name, OldTone tone) {}

    enum OldTone {
        PLAIN
    }

    record NewMail(String name, NewTone tone) {}

    enum NewTone {
        PLAIN,
        KIND
    }

    private final Map<String, String> handled = new ConcurrentHashMap<>();

    private static Handler handler(String kind, Class<?> payload, JobFunction function) {
        return new Handler(kind, payload, Stage.settings().retry(), Duration.ofMinutes(1), Set.of(), function);
    }

    private JobFunction by(String version) {
        return (job, context) -> {
            handled.put(job.id(), version + " in attempt " + job.attempt());
            return null;
        };
    }

    private WorkerPool oldPool(Stage stage) {
        return stage.pool(Stage.workers(8), handler("mail", OldMail.class, by("old")));
    }

    private WorkerPool newPool(Stage stage) {
        return stage.pool(
                Stage.workers(8), handler("mail", NewMail.class, by("new")), handler("report", Map.class, by("new")));
    }

    @Test
    @Proves(
            fault =
                    "rolling deployment: old workers beside new ones get jobs of a new kind, and payloads with a new constant",
            holds =
                    "the new workers complete every job in its first attempt; the old ones hand these jobs back unspent")
    void newJobsCompleteAtTheNewVersionInTheirFirstAttempt(EmbeddedRedis server, Figures figures) {
        try (Stage older = new Stage(server.port()).notAlone();
                Stage newer = new Stage(server.port()).notAlone()) {
            WorkerPool old = oldPool(older);
            for (int i = 0; i < JOBS; i++) {
                newer.queue.enqueue(JobRequest.of("report", Map.of("n", i))
                        .id("report-" + i)
                        .maxAttempts(1));
                newer.queue.enqueue(
                        JobRequest.of("mail", new NewMail("x", NewTone.KIND)).id("new-mail-" + i));
                newer.queue.enqueue(
                        JobRequest.of("mail", new NewMail("x", NewTone.PLAIN)).id("old-mail-" + i));
            }
            await().atMost(Duration.ofSeconds(30)).until(() -> older.total("unknown") >= 2 * JOBS);
            long begin = System.nanoTime();
            newPool(newer);

            await().atMost(Duration.ofSeconds(120)).until(() -> newer.total("completed") == 3 * JOBS);

            figures.put("handed back", newer.total("unknown"));
            figures.put("done after", Duration.ofNanos(System.nanoTime() - begin));
            for (int i = 0; i < JOBS; i++) {
                assertThat(handled).containsEntry("report-" + i, "new in attempt 1");
                assertThat(handled).containsEntry("new-mail-" + i, "new in attempt 1");
                assertThat(newer.job("report-" + i)).containsEntry("attempts", "1");
            }
            assertThat(handled.values()).allMatch(how -> how.endsWith("in attempt 1"));
            assertThat(newer.total("failed")).isZero();
            assertThat(newer.total("retried")).isZero();
            assertThat(newer.heard(JobEvent.Unknown.class)).isEmpty();
            assertThat(older.heard(JobEvent.Unknown.class).count()).isEqualTo(newer.total("unknown"));
            assertThat(old.unknownKinds()).containsExactlyInAnyOrder("report", "mail");
        }
    }

    @Test
    @Proves(
            fault = "only old workers run, and a job of a new kind waits",
            holds = "they look at it once a second at first and once a minute in the end, and log it once")
    void workersThatDoNotKnowAJobDoNotSpin(EmbeddedRedis server, Figures figures) {
        try (Stage stage = new Stage(server.port());
                CapturedLog log = new CapturedLog("io.jobqueue.events")) {
            oldPool(stage);
            oldPool(stage);
            long begin = System.nanoTime();
            stage.queue.enqueue(JobRequest.of("report", Map.of()).id("report"));

            await().atMost(Duration.ofSeconds(60)).until(() -> stage.total("unknown") == 4);

            Duration took = Duration.ofNanos(System.nanoTime() - begin);
            figures.put("four looks took", took);
            assertThat(took).isGreaterThan(Duration.ofMillis(2900));
            assertThat(stage.redis.hget("queue:q:meta", "claims_total")).isEqualTo("4");
            assertThat(stage.job("report")).containsEntry("attempts", "0");
            List<String> warnings = log.events().stream()
                    .filter(event -> event.getLevel() == ch.qos.logback.classic.Level.WARN)
                    .map(event -> event.getFormattedMessage())
                    .toList();
            // each of the two pools here has an engine of its own, as two processes have
            assertThat(warnings)
                    .hasSizeBetween(1, 2)
                    .allMatch(line -> line.contains("no handler for kind 'report' on queue 'q'"));
        }
    }
}
