package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.Unique;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Settlement;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A handler that cannot do its job yet snoozes it: the job waits, and the attempt does not count. */
@RedisServer
class SnoozeTests {

    private final List<Integer> attempts = new CopyOnWriteArrayList<>();
    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port());
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private Claim claim() {
        return stage.queue.worker().claim(Duration.ZERO).orElseThrow();
    }

    /** Settles beside the pools, so no meter counts it. */
    private Settlement.Answer snooze(Claim claim, Duration delay) {
        stage.notAlone();
        return stage.store
                .settle(List.of(Verb.SNOOZE.of(claim, "", "", delay, 5)))
                .join()
                .answers()
                .get(0);
    }

    private JobSnapshot job(String id) {
        return stage.queue.find(id).orElseThrow();
    }

    // ---- handlers

    @Test
    void aJobThatMayRunOnceIsSnoozedAgainAndAgainAndThenCompletes() {
        stage.pool(Stage.workers(1), Stage.handler("work", (job, context) -> {
            attempts.add(context.attempt());
            return attempts.size() < 4 ? JobOutcome.snooze(Duration.ofMillis(1)) : "done";
        }));

        stage.queue.enqueue(JobRequest.of("work", null).id("one").maxAttempts(1));

        await().until(() -> job("one").status() == JobStatus.COMPLETED);
        assertThat(attempts).containsExactly(1, 1, 1, 1);
        assertThat(job("one").lastError()).isNull();
        assertThat(stage.queue.stats().releasedTotal()).isEqualTo(3);
        assertThat(stage.queue.stats().retriedTotal()).isZero();
    }

    @Test
    void anExceptionFromAHandlerCanSnoozeTheJobAndListenersAreInformed() {
        stage.pool(Stage.workers(1), Stage.handler("work", (job, context) -> {
            throw new IllegalStateException(
                    "the report is not there",
                    JobOutcome.snooze(Duration.ofHours(1)).asException());
        }));

        stage.queue.enqueue(JobRequest.of("work", null).id("one"));

        await().until(() -> stage.events.stream().anyMatch(JobEvent.Snoozed.class::isInstance));
        assertThat(job("one").status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(job("one").dueAt()).isAfter(Instant.now().plus(Duration.ofMinutes(50)));
        assertThat(stage.events).noneMatch(JobEvent.Retried.class::isInstance);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 3661})
    void aDelayThatIsNegativeOrLongerThanTenYearsIsRefused(long days) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> JobOutcome.snooze(Duration.ofDays(days)))
                .withMessage("delay must be from 0 to 10 years, was " + Duration.ofDays(days));
    }

    // ---- beside the other features

    @Test
    void aRunWaitsForASnoozedUnit() {
        stage.queue.runs().start("run", List.of("a"), unit -> unit, unit -> Map.of(), JobRunOptions.of("unit"));
        Claim first = claim();

        assertThat(snooze(first, Duration.ZERO)).isEqualTo(Settlement.Answer.DONE);
        assertThat(stage.queue.runs().find("run").orElseThrow().missing()).isEqualTo(1);

        stage.queue.worker().complete(claim(), "out");
        assertThat(stage.queue.runs().find("run").orElseThrow().state()).isEqualTo(JobRun.State.COMPLETED);
    }

    @Test
    void aUnitThatIsSnoozedAfterItsRunWasCancelledEndsAsCancelled() {
        stage.queue.runs().start("run", List.of("a"), unit -> unit, unit -> Map.of(), JobRunOptions.of("unit"));
        Claim unit = claim();
        stage.queue.runs().cancel("run");

        assertThat(snooze(unit, Duration.ZERO)).isEqualTo(Settlement.Answer.FAILED);

        assertThat(job(unit.id()).status()).isEqualTo(JobStatus.FAILED);
        assertThat(job(unit.id()).lastError()).startsWith("cancelled: ");
    }

    @Test
    void aSnoozedJobKeepsItsUniqueKey() {
        JobRequest unique = JobRequest.of("work", null).unique(Unique.untilDone("user-7"));
        String id = stage.queue.enqueue(unique).id();

        snooze(claim(), Duration.ofHours(1));

        assertThat(stage.queue.enqueue(unique).id()).isEqualTo(id);
    }

    @Test
    void aWorkerThatDiesAfterASnoozeSpendsAnAttemptAsEver() {
        stage.queue.enqueue(JobRequest.of("work", null).id("one"));
        snooze(claim(), Duration.ZERO);
        Claim second = claim();
        assertThat(second.attempt()).isEqualTo(1);
        stage.redis.hset("queue:q:job:one", "lease", second.token() + ":1:60");

        assertThat(stage.queue.worker().reclaimStuck()).containsExactly("one");

        assertThat(claim().attempt()).isEqualTo(2);
    }

    @Test
    void aSnoozedJobIsNeverLateForTheNextDelayedJobsHint() {
        stage.queue.enqueue(JobRequest.of("work", null).id("one"));
        Claim claim = claim();
        stage.redis.del("queue:q:wake");

        snooze(claim, Duration.ofHours(1));

        assertThat(stage.list("wake")).hasSize(1);
    }

    /** The example of docs/features/snooze.md. */
    @Test
    void theExampleOfTheDocumentationWorks() {
        List<String> exported = new CopyOnWriteArrayList<>();
        Exports exports = new Exports();
        stage.pool(Stage.workers(1), Stage.handler("export", (job, context) -> exports.fetch(exported)));

        stage.queue.enqueue(JobRequest.of("export", null).id("one").maxAttempts(1));

        await().until(() -> job("one").status() == JobStatus.COMPLETED);
        assertThat(exported).containsExactly("export-1");
    }

    private static final class Exports {

        private int looks;

        boolean isReady() {
            return ++looks == 3;
        }

        // example begins
        JobOutcome fetch(List<String> exported) {
            if (!isReady()) {
                return JobOutcome.snooze(Duration.ofMillis(50)); // the attempt is given back
            }
            exported.add("export-1");
            return JobOutcome.completed(null);
        }
        // example ends
    }
}
