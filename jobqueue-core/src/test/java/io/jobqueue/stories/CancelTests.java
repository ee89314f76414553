package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.jobqueue.FailureReason;
import io.jobqueue.JobEvent;
import io.jobqueue.JobFailedException;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.Unique;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A job that waits is cancelled: it ends at once, for good, and no handler gets it. */
@RedisServer
class CancelTests {

    private static final String REASON = "cancelled: the job was cancelled";

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

    @Test
    void aWaitingJobIsADeadLetterAtOnceAndOthersKeepTheirPlaces() {
        jobs.enqueueAll(List.of(mail("one"), mail("two"), mail("three")));

        assertThat(jobs.cancel("two")).isTrue();

        assertThat(job("two").status()).isEqualTo(JobStatus.FAILED);
        assertThat(job("two").lastError()).isEqualTo(REASON);
        assertThat(FailureReason.read(REASON).code()).isEqualTo(FailureReason.Code.CANCELLED);
        assertThat(stage.list("failed")).containsExactly("two");
        assertThat(stage.list("pending")).containsExactly("three", "one");
        assertThat(stage.heard(JobEvent.Cancelled.class)).containsExactly(new JobEvent.Cancelled("q", "two"));
        assertThat(stage.total("cancelled")).isEqualTo(1);
    }

    @Test
    void aDelayedJobAndARetryThatWaitsOutItsBackoffAreCancelled() {
        stage.notAlone(); // no pool settles the attempt, so no meter counts it
        jobs.enqueue(mail("retry"));
        stage.store
                .settle(List.of(Verb.RETRY.of(
                        jobs.worker().claim(Duration.ZERO).orElseThrow(), "boom", "", Duration.ofHours(1), 5)))
                .join();
        jobs.enqueue(mail("tomorrow").delay(Duration.ofDays(1)));

        assertThat(jobs.cancel("tomorrow")).isTrue();
        assertThat(jobs.admin().cancel("retry")).isTrue();

        assertThat(stage.redis.zcard("queue:q:delayed")).isZero();
        assertThat(stage.list("failed")).containsExactly("retry", "tomorrow");
    }

    @Test
    void whoeverAwaitsTheJobLearnsWhyItFailed() {
        jobs.enqueue(mail("one"));
        CompletableFuture<?> awaited = jobs.awaitAsync("one", String.class, Duration.ofSeconds(30));

        jobs.cancel("one");

        assertThatExceptionOfType(CompletionException.class)
                .isThrownBy(awaited::join)
                .withCauseInstanceOf(JobFailedException.class)
                .withMessageContaining("the job was cancelled");
    }

    @Test
    void itsUniqueKeyIsFreeAndARequeueGivesItAllItsAttempts() {
        JobRequest unique = mail("one").unique(Unique.untilDone("user-7"));
        jobs.enqueue(unique);

        jobs.cancel("one");

        assertThat(jobs.enqueue(unique.id("two")).id()).isEqualTo("two");
        jobs.cancel("two");
        assertThat(jobs.admin().requeue("one")).isTrue();
        assertThat(job("one").status()).isEqualTo(JobStatus.PENDING);
        assertThat(jobs.worker().claim(Duration.ZERO).orElseThrow().attempt()).isEqualTo(1);
    }

    @Test
    void theLastUnitOfARunThatIsCancelledEndsTheRun() {
        JobRun run = jobs.runs()
                .start(
                        "run",
                        List.of("a", "b"),
                        name -> name,
                        name -> JobRequest.of("mail", Map.of()),
                        JobRunOptions.of("census"));
        assertThat(run.state()).isEqualTo(JobRun.State.SEALED);
        List<JobSnapshot> units = jobs.admin().list(JobStatus.PENDING, 0, 10);

        units.forEach(unit -> jobs.cancel(unit.id()));

        assertThat(jobs.runs().find("run").orElseThrow().failed()).isEqualTo(2);
        assertThat(stage.heard(JobEvent.RunEnded.class)).hasSize(1);
        assertThat(stage.redis.hget("queue:q:failures:run", "a")).isEqualTo(REASON);
    }

    @Test
    void aUnitThatAGuideProducerNamesInThePayloadHasFailed() {
        stage.notAlone();
        stage.guideEnqueue("one", "{\"kind\":\"mail\",\"run_id\":\"r\",\"unit_id\":\"u\"}", 1700000000000L);

        assertThat(jobs.cancel("one")).isTrue();

        assertThat(stage.redis.hget("queue:q:failures:r", "u")).isEqualTo(REASON);
    }

    @Test
    void aJobInTheMiddleOfALongQueueEndsAtOnceAndItsIdIsPassedOver() {
        stage.notAlone();
        jobs.enqueueAll(List.of(mail("first"), mail("middle"), mail("last")));
        String[] many = new String[50_000];
        Arrays.setAll(many, i -> "filler-" + i);
        for (int i = 0; i < 3; i++) { // fillers have no hash
            stage.redis.rpush("queue:q:pending", many);
            stage.redis.lpush("queue:q:pending", many);
        }

        assertThat(jobs.cancel("middle")).isTrue();

        assertThat(job("middle").status()).isEqualTo(JobStatus.FAILED);
        assertThat(stage.job("middle")).containsEntry("in_pending", "0");
        assertThat(stage.redis.pttl("queue:q:job:middle")).isEqualTo(-1); // its id still stands in the queue
        assertThat(stage.list("failed")).isEmpty();
        stage.redis.ltrim("queue:q:pending", 150_000, 150_002);
        assertThat(jobs.worker().claim(Duration.ZERO).orElseThrow().id()).isEqualTo("first");
        assertThat(jobs.worker().claim(Duration.ZERO).orElseThrow().id()).isEqualTo("last");
        assertThat(stage.redis.pttl("queue:q:job:middle")).isPositive();
    }

    @Test
    void cancellingTwiceCountsOnce() {
        jobs.enqueue(mail("one"));

        assertThat(jobs.cancel("one")).isTrue();
        assertThat(jobs.cancelAsync("one").join()).isTrue();

        assertThat(stage.total("cancelled")).isEqualTo(1);
        assertThat(stage.list("failed")).containsExactly("one");
    }

    @Test
    void anIdThatIsNoneIsRefused() {
        assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> jobs.cancel("no id"));
        assertThat(jobs.cancel("none")).isFalse();
    }

    /** The example of docs/features/cancel.md. */
    @Test
    void theExampleOfTheDocumentationWorks() {
        // example begins
        String id = jobs.enqueue(JobRequest.of("mail", Map.of("to", "a@b.c")).delay(Duration.ofHours(1)))
                .id();
        boolean cancelled = jobs.cancel(id); // true: the job has ended, and no handler will get it
        // example ends

        assertThat(cancelled).isTrue();
        assertThat(job(id).status()).isEqualTo(JobStatus.FAILED);
    }
}
