package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Backoff;
import io.jobqueue.FailureReason;
import io.jobqueue.JobEvent;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.Recurring;
import io.jobqueue.Schedule;
import io.jobqueue.SettingException;
import io.jobqueue.Unique;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A request chooses how long its job is retried, and how long a failed attempt waits. */
@RedisServer
class DeadlineTests {

    private final List<Boolean> lastAttempts = new CopyOnWriteArrayList<>();
    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port());
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private static JobRequest order(String id) {
        return JobRequest.of("order", Map.of()).id(id);
    }

    private JobSnapshot ended(String id) {
        await().until(() -> List.of(JobStatus.COMPLETED, JobStatus.FAILED)
                .contains(stage.queue.find(id).orElseThrow().status()));
        return stage.queue.find(id).orElseThrow();
    }

    private void fail(int times) {
        AtomicInteger calls = new AtomicInteger();
        stage.pool(Stage.workers(1), Stage.handler("order", (job, context) -> {
            lastAttempts.add(context.lastAttempt());
            if (calls.incrementAndGet() <= times) {
                throw new IllegalStateException("it rained");
            }
            return "shipped";
        }));
    }

    // ---- deadline

    @Test
    void aJobIsRetriedUntilItsDeadlineHoweverOftenItFails() {
        stage.queue.enqueue(order("one").deadline(Duration.ofHours(1)));

        fail(20);

        assertThat(ended("one").status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(ended("one").attempts()).isEqualTo(21);
        assertThat(lastAttempts).doesNotContain(true);
    }

    @Test
    void aJobThatFailsAfterItsDeadlineIsADeadLetterWithItsReason() {
        stage.queue.enqueue(order("one").deadline(Duration.ofMillis(300)).backoff(Backoff.fixed(Duration.ofHours(1))));

        fail(Integer.MAX_VALUE);

        JobSnapshot job = ended("one");
        assertThat(FailureReason.read(job.lastError()).code()).isEqualTo(FailureReason.Code.DEADLINE_PASSED);
        assertThat(job.lastError()).isEqualTo("deadline-passed: java.lang.IllegalStateException: it rained");
        assertThat(job.attempts()).as("the first one, and one at the deadline").isEqualTo(2);
        await().until(() -> stage.heard(JobEvent.Failed.class).count() == 1);
        assertThat(stage.heard(JobEvent.Failed.class))
                .extracting(failed -> failed.reason().code())
                .containsExactly(FailureReason.Code.DEADLINE_PASSED);
    }

    @Test
    void anOutcomeThatAsksForARetryObeysTheDeadline() {
        stage.queue.enqueue(order("one").deadline(Duration.ofMillis(100)));

        stage.pool(
                Stage.workers(1),
                Stage.handler("order", (job, context) -> JobOutcome.retryIn(Duration.ofDays(1), "closed")));

        assertThat(ended("one").lastError()).isEqualTo("deadline-passed: closed");
    }

    @Test
    void aRequeuedJobHasItsWholeTimeAgain() {
        stage.queue.enqueue(order("time").deadline(Duration.ofMinutes(5)));
        stage.queue.enqueue(order("instant").deadline(Instant.now().minusSeconds(1)));
        for (String id : List.of("time", "instant")) {
            stage.queue.worker().claim(Duration.ZERO);
            stage.redis.hset("queue:q:job:" + id, "status", "failed");
            stage.redis.lrem("queue:q:processing", 0, id);
            stage.redis.lpush("queue:q:failed", id);
        }
        Instant before = stage.queue.find("time").orElseThrow().deadline();
        Instant old = stage.queue.find("instant").orElseThrow().deadline();

        assertThat(stage.queue.admin().requeue("time")).isTrue();
        assertThat(stage.queue.admin().requeue("instant")).isTrue();

        assertThat(stage.queue.find("time").orElseThrow().deadline()).isAfter(before);
        assertThat(stage.queue.find("instant").orElseThrow().deadline()).isEqualTo(old);
    }

    @Test
    void aRescheduledJobHasItsWholeTimeFromWhenItIsDue() {
        stage.queue.enqueue(order("later").deadline(Duration.ofMinutes(5)));
        stage.queue.enqueue(order("sooner").delay(Duration.ofDays(2)).deadline(Duration.ofMinutes(5)));
        Instant in2030 = Instant.parse("2030-01-01T00:00:00Z");
        stage.queue.enqueue(order("instant").deadline(in2030));

        for (String id : List.of("later", "sooner", "instant")) {
            assertThat(stage.queue.reschedule(id, Duration.ofHours(1))).isTrue();
        }

        for (String id : List.of("later", "sooner")) {
            JobSnapshot job = stage.queue.find(id).orElseThrow();
            assertThat(job.deadline()).as(id).isEqualTo(job.dueAt().plus(Duration.ofMinutes(5)));
        }
        assertThat(stage.queue.find("instant").orElseThrow().deadline()).isEqualTo(in2030);
    }

    @Test
    void aRescheduledRetryKeepsItsDeadline() {
        stage.queue.enqueue(order("one").deadline(Duration.ofMinutes(5)).backoff(Backoff.fixed(Duration.ofMinutes(1))));
        stage.queue.worker().fail(stage.queue.worker().claim(Duration.ZERO).orElseThrow(), "it rained");
        Instant before = stage.queue.find("one").orElseThrow().deadline();

        assertThat(stage.queue.reschedule("one", Duration.ofHours(1))).isTrue();

        assertThat(stage.queue.find("one").orElseThrow().deadline()).isEqualTo(before);
    }

    @Test
    void theReasonOfAWaitingJobTellsItsDeadline() {
        stage.queue.enqueue(order("one").deadline(Instant.parse("2999-01-01T00:00:00Z")));
        var claim = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
        assertThat(stage.queue.worker().fail(claim, "it rained")).isTrue();

        assertThat(stage.queue.explain("one").orElseThrow().sentence())
                .contains("it rained; it is retried until 2999-01-01T00:00:00Z");
    }

    @Test
    void aJobWithAUniqueKeyAnExpiryAndADeadlineHasAllThree() {
        stage.queue.enqueue(order("one")
                .unique(Unique.untilDone("user-7"))
                .expiresIn(Duration.ofMinutes(1))
                .deadline(Duration.ofMinutes(2)));

        assertThat(stage.job("one"))
                .containsEntry("unique", "done:user-7")
                .containsEntry("expires_in_ms", "60000")
                .hasEntrySatisfying("deadline", deadline -> assertThat(deadline).matches("\\d{13}:120000"));
    }

    // ---- backoff

    @Test
    void theBackoffOfTheRequestStandsAboveThatOfTheKindOnEveryWorker() {
        stage.queue.enqueue(order("one").backoff(Backoff.fixed(Duration.ofHours(1))));

        fail(1);

        await().until(() -> stage.queue.find("one").orElseThrow().status() == JobStatus.SCHEDULED);
        JobSnapshot job = stage.queue.find("one").orElseThrow();
        assertThat(Duration.between(job.lastErrorAt(), job.dueAt())).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void theBackoffOfTheRequestCountsForWorkersWithoutTheEngine() {
        stage.queue.enqueue(order("one").backoff(Backoff.fixed(Duration.ofHours(1))));
        var claim = stage.queue.worker().claim(Duration.ZERO).orElseThrow();

        stage.queue.worker().fail(claim, "it rained");

        assertThat(stage.queue.find("one").orElseThrow().status()).isEqualTo(JobStatus.SCHEDULED);
    }

    @Test
    void unitsOfARunAndRecurringJobsHaveABackoff() {
        Backoff hour = Backoff.fixed(Duration.ofHours(1));
        stage.queue
                .runs()
                .start(
                        "run",
                        List.of("u"),
                        unit -> unit,
                        unit -> JobRequest.of("order", null).backoff(hour),
                        JobRunOptions.of("order"));
        var claim = stage.queue.worker().claim(Duration.ZERO).orElseThrow();

        assertThat(claim.backoff(Stage.settings().retry())).isEqualTo(hour);
        assertThat(Recurring.of(
                                "nightly",
                                Schedule.every(Duration.ofHours(1)),
                                JobRequest.of("order", null).backoff(hour))
                        .job()
                        .backoff())
                .isEqualTo(hour);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1000", "1000 2 500 0", "-1 2 500 0", "1000 NaN 2000 0", "1000 2 2000 zero"})
    void aHeaderThatHoldsNoBackoffIsIgnored(String spoilt) {
        stage.queue.enqueue(order("one").header("backoff", spoilt));
        var claim = stage.queue.worker().claim(Duration.ZERO).orElseThrow();

        assertThat(claim.backoff(Stage.settings().retry()))
                .isEqualTo(Stage.settings().retry().backoff());
    }

    // ---- bad input

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT-1S", "P3661D"})
    void aDeadlineThatIsNotPositiveOrLongerThanTenYearsIsRefused(Duration time) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> order("one").deadline(time))
                .withMessageContaining("deadline must be from 1 ms to 10 years, was " + time);
    }

    @Test
    void anInstantBeyondTheYear9999IsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> order("one").deadline(Instant.MAX))
                .withMessageStartingWith("deadline must be an instant from 1970 to 9999, was ");
    }

    @Test
    void aBackoffRefusesNonsense() {
        assertThatExceptionOfType(SettingException.class)
                .isThrownBy(() -> Backoff.exponential(Duration.ofHours(1), Duration.ofMinutes(1)))
                .withMessage("retry max delay must not be shorter than the delay PT1H, was PT1M");
    }

    @Test
    void unitsOfAStartedRunAndRecurringJobsCannotHaveADeadline() {
        JobRequest late = JobRequest.of("order", null).deadline(Duration.ofHours(1));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> stage.queue
                        .runs()
                        .start("run", List.of("u"), unit -> unit, unit -> late, JobRunOptions.of("order")))
                .withMessageContaining("belongs to a run, so it cannot have a deadline");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Recurring.of("nightly", Schedule.every(Duration.ofHours(1)), late))
                .withMessageContaining("the recurring job 'nightly' cannot have a deadline");
    }

    /** The example of docs/features/retries.md. */
    @Test
    void theExampleOfTheDocumentationWorks() {
        JobQueue jobs = stage.queue;

        // example begins
        jobs.enqueue(JobRequest.of("order", Map.of("number", 4711))
                .id("order-4711")
                .deadline(Duration.ofHours(48)) // the shop's interface may be down for a weekend
                .backoff(Backoff.exponential(Duration.ofSeconds(10), Duration.ofMinutes(30))));
        // example ends

        fail(0);
        assertThat(ended("order-4711").status()).isEqualTo(JobStatus.COMPLETED);
    }
}
