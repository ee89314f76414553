package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.jobqueue.DeadLetterFilter;
import io.jobqueue.FailureReason;
import io.jobqueue.JobEvent;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.Recurring;
import io.jobqueue.Schedule;
import io.jobqueue.Unique;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A job with an expiry time expires when no worker starts it in time. */
@RedisServer
class ExpiryTests {

    private static final Duration SOON = Duration.ofMillis(20);

    private final List<String> ran = new CopyOnWriteArrayList<>();
    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port());
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private static JobRequest code(String id) {
        return JobRequest.of("code", Map.of()).id(id);
    }

    private void work() {
        stage.pool(Stage.workers(2), Stage.handler("code", (job, context) -> ran.add(job.id())));
    }

    private JobSnapshot ended(String id) {
        await().until(() -> List.of(JobStatus.COMPLETED, JobStatus.FAILED)
                .contains(stage.queue.find(id).orElseThrow().status()));
        return stage.queue.find(id).orElseThrow();
    }

    @Test
    void anExpiredJobIsADeadLetterWithItsReasonAndItsHandlerNeverRuns() {
        stage.queue.enqueue(code("late").expiresIn(SOON));
        stage.queue.enqueue(code("in-time").expiresIn(Duration.ofHours(1)));
        Stage.pass(SOON.plusMillis(5)); // Redis counts whole milliseconds

        work();

        JobSnapshot late = ended("late");
        assertThat(FailureReason.read(late.lastError()).code()).isEqualTo(FailureReason.Code.EXPIRED);
        assertThat(late.lastError()).isEqualTo("expired: no worker started the job within 20 ms of its time");
        assertThat(ended("in-time").status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(ran).containsExactly("in-time");
        await().until(() -> stage.heard(JobEvent.Expired.class).count() == 1);
        assertThat(stage.heard(JobEvent.Failed.class)).isEmpty();
        assertThat(stage.queue.admin().list(DeadLetterFilter.all().error("expired: "), 0, 10))
                .extracting(JobSnapshot::id)
                .containsExactly("late");
        assertThat(stage.queue.stats().failedTotal()).isEqualTo(1);
    }

    @Test
    void manyExpiredJobsDoNotHoldUpTheOneBehindThem() {
        stage.queue.enqueueAll(IntStream.range(0, 1200)
                .mapToObj(i -> code("late-" + i).expiresIn(SOON))
                .toList());
        Stage.pass(SOON.plusMillis(5)); // Redis counts whole milliseconds
        stage.queue.enqueue(code("behind"));

        work();

        assertThat(ended("behind").status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(ran).containsExactly("behind");
        assertThat(stage.list("failed")).hasSize(1200);
    }

    @Test
    void anExpiredJobFreesItsUniqueKey() {
        JobRequest unique = JobRequest.of("code", null).unique(Unique.untilDone("user-7"));
        stage.queue.enqueue(unique.expiresIn(SOON));
        Stage.pass(SOON.plusMillis(5)); // Redis counts whole milliseconds

        assertThat(stage.queue.worker().claim(Duration.ZERO)).isEmpty();

        assertThat(stage.redis.exists("queue:q:unique:user-7")).isZero();
        assertThat(stage.queue.enqueue(unique).isCreated()).isTrue();
    }

    @Test
    void aRequeuedJobHasItsWholeTimeAgain() {
        stage.queue.enqueue(code("late").expiresIn(Duration.ofSeconds(2)));
        Stage.pass(Duration.ofMillis(2010));
        assertThat(stage.queue.worker().claim(Duration.ZERO)).isEmpty();

        assertThat(stage.queue.admin().requeue("late")).isTrue();

        assertThat(stage.queue.worker().claim(Duration.ZERO)).isPresent();
    }

    @Test
    void aJobWhoseWorkerDiedDoesNotExpire() {
        stage.queue.enqueue(code("one").expiresIn(Duration.ofSeconds(2)));
        var claim = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
        Stage.pass(Duration.ofMillis(2010));
        stage.redis.hset("queue:q:job:one", "lease", claim.token() + ":1:60");
        assertThat(stage.queue.worker().reclaimStuck()).containsExactly("one");

        assertThat(stage.queue.worker().claim(Duration.ZERO)).isPresent();
    }

    // ---- bad input

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT-1S", "P3661D"})
    void aTimeThatIsNotPositiveOrLongerThanTenYearsIsRefused(Duration time) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> code("one").expiresIn(time))
                .withMessageContaining("expiresIn must be from 1 ms to 10 years, was " + time);
    }

    @Test
    void unitsOfAStartedRunAndRecurringJobsCannotExpire() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> stage.queue
                        .runs()
                        .start(
                                "run",
                                List.of("u"),
                                unit -> unit,
                                unit -> JobRequest.of("code", null).expiresIn(SOON),
                                JobRunOptions.of("code")))
                .withMessageContaining("belongs to a run, so it cannot expire");
        JobRequest expiring = JobRequest.of("code", null).expiresIn(SOON);
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> Recurring.of("nightly", Schedule.every(Duration.ofHours(1)), expiring))
                .withMessageContaining("the recurring job 'nightly' cannot expire");
    }

    /** The example of docs/features/expiry.md. */
    @Test
    void theExampleOfTheDocumentationWorks() {
        JobQueue jobs = stage.queue;

        // example begins
        jobs.enqueue(JobRequest.of("code", Map.of("to", "+49 30 1234"))
                .id("login-42")
                .expiresIn(Duration.ofMinutes(5))); // nobody waits longer for a login code
        // example ends

        work();
        assertThat(ended("login-42").status()).isEqualTo(JobStatus.COMPLETED);
    }
}
