package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.DeadLetterFilter;
import io.jobqueue.JobError;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.Redactor;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.JobFunction;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A job stores why its last attempts failed, so that an operator need not search the logs of all workers. */
@RedisServer
class ErrorHistoryTests {

    private static final RetryPolicy AT_ONCE = new RetryPolicy(3, Duration.ZERO, 1, Duration.ZERO, 0);

    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(
                server.port(), Stage.settings().withRetry(AT_ONCE).withErrors(new QueueSettings.Errors(4, 2000)));
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private void work(JobFunction function) {
        stage.pool(Stage.workers(1), Stage.handler("work", function));
    }

    private JobSnapshot ended(String id, int maxAttempts) {
        stage.queue.enqueue(JobRequest.of("work", null).id(id).maxAttempts(maxAttempts));
        await().until(() -> List.of(JobStatus.COMPLETED, JobStatus.FAILED).contains(job(id).status()));
        return job(id);
    }

    private JobSnapshot job(String id) {
        return stage.queue.find(id).orElseThrow();
    }

    private String stored(String id) {
        return stage.redis.hget("queue:q:job:" + id, "errors");
    }

    @Test
    void eachAttemptKeepsItsExceptionWithAllCauses() {
        work((job, context) -> {
            throw new IllegalStateException("attempt " + context.attempt(), new IOException("connection\nrefused"));
        });

        JobSnapshot job = ended("one", 2);

        assertThat(job.errors()).extracting(JobError::attempt).containsExactly(1, 2);
        assertThat(job.errors()).extracting(JobError::message).containsExactly("attempt 1", "attempt 2");
        JobError last = job.errors().get(1);
        assertThat(last.type()).isEqualTo("java.lang.IllegalStateException");
        assertThat(last.trace())
                .startsWith("java.lang.IllegalStateException: attempt 2\n\tat io.jobqueue.stories.ErrorHistoryTests.")
                .contains("\nCaused by: java.io.IOException: connection\nrefused\n\tat ");
        assertThat(last.at()).isEqualTo(job.lastErrorAt());
    }

    @Test
    void aJobThatSucceedsInTheEndKeepsItsErrorsAndOneThatNeverFailsHasNone() {
        work((job, context) -> {
            if (job.id().equals("late") && context.attempt() == 1) {
                throw new IllegalStateException("not yet");
            }
            return "done";
        });

        assertThat(ended("late", 3).errors()).extracting(JobError::message).containsExactly("not yet");
        assertThat(ended("good", 3).errors()).isEmpty();
        assertThat(stored("good")).isNull();
    }

    @Test
    void attemptsThatFailAlikeTakeTheRoomOfOneAndTheOldestAreDropped() {
        work((job, context) -> {
            if (context.attempt() == 5) {
                throw new IllegalArgumentException("another");
            }
            throw new IllegalStateException("the same");
        });

        JobSnapshot job = ended("one", 6);

        assertThat(job.errors()).extracting(JobError::attempt).containsExactly(3, 4, 5, 6);
        assertThat(job.errors())
                .extracting(JobError::message)
                .containsExactly("the same", "the same", "another", "the same");
        assertThat(stored("one").lines().map(line -> line.replaceAll("^\\d+:", "")))
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("3:{\"type\":\"java.lang.IllegalStateException\""),
                        line -> assertThat(line).isEqualTo("4:="),
                        line -> assertThat(line).startsWith("5:{\"type\":\"java.lang.IllegalArgumentException\""),
                        line -> assertThat(line).startsWith("6:{\"type\":\"java.lang.IllegalStateException\""));
    }

    @Test
    void aLongTraceIsShortenedAndItsRootCauseStays() {
        work((job, context) -> {
            Throwable cause = new IOException("the root");
            for (int i = 0; i < 6; i++) {
                cause = new IllegalStateException("wrapped " + i, cause);
            }
            throw new IllegalStateException("outermost", cause);
        });

        JobError error = ended("one", 1).errors().get(0);

        assertThat(error.trace())
                .hasSizeLessThanOrEqualTo(2000)
                .startsWith("java.lang.IllegalStateException: outermost\n")
                .contains("Caused by: java.io.IOException: the root\n")
                .contains(" more\n");
    }

    @Test
    void aRequeuedJobKeepsTheErrorsOfItsFirstLife() {
        work((job, context) -> {
            throw new IllegalStateException("boom");
        });
        ended("one", 1);

        assertThat(stage.queue.admin().requeue("one")).isTrue();
        await().until(() -> job("one").errors().size() == 2);

        assertThat(job("one").errors()).extracting(JobError::attempt).containsExactly(1, 1);
    }

    @Test
    void whatAHandlerAsksForIsKeptInItsWords() {
        work((job, context) -> switch (context.attempt()) {
            case 1 -> JobOutcome.retryIn(Duration.ZERO, "the service says \"later\"");
            default -> JobOutcome.deadLetter("no such address");
        });

        assertThat(ended("one", 5).errors())
                .satisfiesExactly(
                        error -> assertThat(error.message()).isEqualTo("the service says \"later\""),
                        error -> assertThat(error.message()).isEqualTo("no such address"));
    }

    @Test
    void aWorkerThatDiesLeavesAnEntryForItsAttempt() {
        stage.notAlone();
        stage.queue.enqueue(JobRequest.of("work", null).id("one").maxAttempts(2));

        for (int i = 0; i < 2; i++) {
            stage.queue.worker().claim(Duration.ZERO).orElseThrow();
            Stage.pass(Stage.LEASE.plusMillis(50));
            stage.queue.worker().reclaimStuck();
        }

        assertThat(job("one").status()).isEqualTo(JobStatus.FAILED);
        assertThat(job("one").errors()).extracting(JobError::attempt).containsExactly(1, 2);
        assertThat(job("one").errors())
                .extracting(JobError::message)
                .containsOnly("worker-died: the worker fell silent for a whole lease");
    }

    @Test
    void aWorkerThatFailsAJobByItselfLeavesItsWords() {
        stage.notAlone();
        stage.queue.enqueue(JobRequest.of("work", null).id("one"));
        Claim claim = stage.queue.worker().claim(Duration.ZERO).orElseThrow();

        stage.queue.worker().fail(claim, "it rained");

        assertThat(job("one").errors()).singleElement().satisfies(error -> {
            assertThat(error.message()).isEqualTo("it rained");
            assertThat(error.type()).isNull();
            assertThat(error.trace()).isNull();
        });
    }

    @Test
    void aRedactorSeesEveryTextBeforeItIsStored() {
        stage.redactor(text -> text.replaceAll("password=\\w+", "password=***"));
        work((job, context) -> {
            throw new IllegalStateException("login with password=secret", new IOException("password=secret refused"));
        });

        JobSnapshot job = ended("one", 2);

        assertThat(stage.redis.hgetall("queue:q:job:one").toString())
                .doesNotContain("secret")
                .contains("password=*** refused");
        assertThat(job.lastError()).contains("login with password=***");
        assertThat(stage.queue.admin().list(DeadLetterFilter.all().error("password=***"), 0, 9))
                .hasSize(1);
    }

    @Test
    void aRedactorThatFailsLetsNoTextThrough() {
        Redactor broken = text -> {
            throw new IllegalStateException("no");
        };
        stage.redactor(broken);
        work((job, context) -> {
            throw new IllegalStateException("secret");
        });

        JobSnapshot job = ended("one", 1);

        assertThat(job.lastError()).isEqualTo("(dropped, because the Redactor failed)");
        assertThat(stage.redis.hgetall("queue:q:job:one").toString()).doesNotContain("secret");
    }

    @Test
    void nonsenseInTheFieldIsReadAsFarAsItCanBe() {
        stage.notAlone();
        stage.queue.enqueue(JobRequest.of("work", null).id("one"));
        stage.redis.hset("queue:q:job:one", "errors", "x\n7:1:{]\n8:2:{\"message\":5}\n9:3:{\"message\":\"good\"}\n");

        assertThat(job("one").errors()).extracting(JobError::message).containsExactly(null, null, "good");
    }
}
