package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.Unique;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A waiting job is rescheduled: to now, to an instant, or by a delay. */
@RedisServer
class RescheduleTests {

    private Stage stage;
    private JobQueue jobs;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port());
        jobs = stage.queue;
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private static JobRequest mail(String id) {
        return JobRequest.of("mail", Map.of()).id(id);
    }

    private JobSnapshot job(String id) {
        return jobs.find(id).orElseThrow();
    }

    private Claim claim() {
        return jobs.worker().claim(Duration.ZERO).orElseThrow();
    }

    @Test
    void anIdleWorkerStartsADelayedJobAsSoonAsItIsRescheduledToNow() {
        stage.pool(Stage.workers(1), Stage.handler("mail", (job, context) -> "sent"));
        jobs.enqueue(mail("one").delay(Duration.ofDays(1)));

        assertThat(jobs.reschedule("one", Duration.ZERO)).isTrue();

        await().until(() -> job("one").status() == JobStatus.COMPLETED);
    }

    @Test
    void anInstantInThePastMeansAtOnceAndOneInTheFutureIsKept() {
        jobs.enqueue(mail("past").delay(Duration.ofDays(1)));
        jobs.enqueue(mail("future"));
        Instant later = Instant.parse("2999-01-01T00:00:00Z");

        assertThat(jobs.reschedule("past", Instant.EPOCH)).isTrue();
        assertThat(jobs.reschedule("future", later)).isTrue();

        assertThat(stage.list("pending")).containsExactly("past");
        assertThat(job("future").status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(job("future").dueAt()).isEqualTo(later);
        assertThat(stage.redis.zrange("queue:q:delayed", 0, -1)).containsExactly("future");
    }

    @Test
    void aRetryThatWaitsOutItsBackoffIsTriedAtOnce() {
        stage.notAlone(); // no pool settles the attempt, so no meter counts it
        jobs.enqueue(mail("one"));
        stage.store
                .settle(List.of(Verb.RETRY.of(claim(), "boom", "", Duration.ofHours(1), 5)))
                .join();

        assertThat(jobs.reschedule("one", Duration.ZERO)).isTrue();

        assertThat(claim().attempt()).isEqualTo(2);
        assertThat(job("one").lastError()).isEqualTo("boom");
    }

    @Test
    void aRescheduledJobKeepsItsUniqueKeyAndItsTimeToExpiryBeginsAnew() {
        JobRequest unique = mail("one").unique(Unique.untilDone("user-7"));
        jobs.enqueue(unique.expiresIn(Duration.ofSeconds(5)));

        jobs.reschedule("one", Duration.ofMillis(50));

        assertThat(jobs.enqueue(unique.id("two")).id()).isEqualTo("one");
        Stage.pass(Duration.ofMillis(60));
        assertThat(claim().id()).isEqualTo("one");
    }

    @Test
    void aJobThatBecomesTheEarliestWakesAWorker() {
        jobs.enqueue(mail("one").delay(Duration.ofDays(2)));
        stage.redis.del("queue:q:wake");

        jobs.reschedule("one", Duration.ofDays(1));

        assertThat(stage.list("wake")).hasSize(1);
    }

    @Test
    void aJobThatIsBeingProcessedIsRefusedWithTheRemedy() {
        jobs.enqueue(mail("one"));
        claim();

        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> jobs.reschedule("one", Duration.ZERO))
                .withMessage("job q/one is being processed, so it cannot be rescheduled; its handler can snooze it");
        assertThat(job("one").status()).isEqualTo(JobStatus.PROCESSING);
    }

    @Test
    void aJobThatAnotherClientIsMovingIsLeftAlone() {
        jobs.enqueue(mail("one"));
        stage.redis.rpop("queue:q:pending");

        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> jobs.reschedule("one", Duration.ofHours(1)))
                .withMessageContaining("another client is moving it");
        assertThat(stage.redis.zcard("queue:q:delayed")).isZero();
    }

    @Test
    void timesThatNoJobCanHaveAreRefused() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> jobs.reschedule("one", Duration.ofMillis(-1)))
                .withMessage("delay must be from 0 to 10 years, was PT-0.001S");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> jobs.reschedule("one", Instant.MAX))
                .withMessageStartingWith("at must be an instant from 1970 to 9999");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> jobs.reschedule("no id", Duration.ZERO));
    }

    /** The example of docs/features/reschedule.md. */
    @Test
    void theExampleOfTheDocumentationWorks() {
        // example begins
        String id = jobs.enqueue(JobRequest.of("mail", Map.of("to", "a@b.c")).delay(Duration.ofHours(1)))
                .id();
        jobs.reschedule(id, Instant.parse("2999-01-01T08:00:00Z")); // at that time
        jobs.reschedule(id, Duration.ofMinutes(5)); // in five minutes
        jobs.reschedule(id, Duration.ZERO); // now
        // example ends

        assertThat(claim().id()).isEqualTo(id);
    }
}
