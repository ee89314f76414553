package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobEvent;
import io.jobqueue.JobExplanation;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.JobFunction;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A job is cancelled while a handler works on it. */
@RedisServer
class CancelRunningTests {

    private static final String REASON = "cancelled: the job was cancelled";
    private static final Duration LONG = Duration.ofMinutes(10);

    private final CountDownLatch running = new CountDownLatch(1);
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private EmbeddedRedis server;
    private Stage stage;
    private JobQueue jobs;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        stage = new Stage(server.port());
        jobs = stage.queue;
    }

    @AfterEach
    void close() {
        mayEnd.countDown();
        stage.close();
    }

    private static JobRequest mail(String id) {
        return JobRequest.of("mail", Map.of()).id(id);
    }

    private JobSnapshot job(String id) {
        return jobs.find(id).orElseThrow();
    }

    private Claim claim() {
        stage.notAlone(); // no pool has the attempt, so no meter counts it
        return jobs.worker().claim(Duration.ZERO).orElseThrow();
    }

    /** Starts a handler on a job named one, and waits until it runs. */
    private void start(Stage where, Duration grace, JobFunction function) throws InterruptedException {
        where.pool(Stage.workers(1).withCancelGrace(grace), Stage.handler("mail", (job, context) -> {
            running.countDown();
            return function.handle(job, context);
        }));
        where.queue.enqueue(mail("one"));
        assertThat(running.await(10, TimeUnit.SECONDS)).isTrue();
    }

    private void awaitCancelled(String id) {
        await().until(() -> job(id).status() == JobStatus.FAILED);
        assertThat(job(id).lastError()).isEqualTo(REASON);
        assertThat(stage.list("failed")).containsExactly(id);
    }

    @Test
    void aHandlerThatLooksStopsAtTheNextHeartbeatAndIsNotTriedAgain() throws InterruptedException {
        start(stage, LONG, (job, context) -> {
            while (!context.isCancelled()) {
                Thread.sleep(5);
            }
            throw new IllegalStateException("stopped half-way");
        });

        assertThat(jobs.cancel("one")).isTrue();

        awaitCancelled("one");
        await().until(() -> stage.heard(JobEvent.Failed.class).count() == 1);
        JobEvent.Failed failed = stage.heard(JobEvent.Failed.class).findFirst().orElseThrow();
        assertThat(failed.reason().code()).isEqualTo(FailureReason.Code.CANCELLED);
        assertThat(failed.discarded()).isTrue();
        assertThat(stage.heard(JobEvent.Retried.class)).isEmpty();
        assertThat(job("one").attempts()).isEqualTo(1);
    }

    @Test
    @Proves(
            fault = "another process cancels a job that runs, long before the next heartbeat",
            holds = "the handler is told at once; the job fails as cancelled and is not tried again")
    void anotherNodeCancelsAndTheHandlerLearnsLongBeforeItsNextHeartbeat() throws InterruptedException {
        stage.notAlone();
        Stage worker = new Stage(
                        server.port(), Stage.settings().withVisibility(LONG).withHeartbeat(Duration.ofMinutes(3)))
                .notAlone();
        try {
            start(worker, LONG, (job, context) -> {
                while (!context.isCancelled()) {
                    Thread.sleep(5);
                }
                throw new InterruptedException();
            });

            assertThat(jobs.cancel("one")).isTrue();

            awaitCancelled("one");
        } finally {
            worker.close();
        }
    }

    @Test
    void aHandlerThatDoesNotLookIsInterruptedAfterTheGrace() throws InterruptedException {
        start(stage, Duration.ofMillis(50), (job, context) -> {
            new CountDownLatch(1).await();
            return "never";
        });

        assertThat(jobs.cancel("one")).isTrue();

        awaitCancelled("one");
    }

    @Test
    void aHandlerThatReturnsInSpiteOfTheCancelHasCompleted() throws InterruptedException {
        start(stage, LONG, (job, context) -> {
            while (!context.isCancelled()) {
                Thread.sleep(5);
            }
            return Map.of("sent", 1);
        });

        assertThat(jobs.cancel("one")).isTrue();

        await().until(() -> job("one").status() == JobStatus.COMPLETED);
        assertThat(jobs.cancel("one")).isFalse();
        assertThat(job("one").status()).isEqualTo(JobStatus.COMPLETED);
    }

    @Test
    void aHandlerThatIgnoresTheInterruptIsLeftBehindAtItsTimeLimit() throws InterruptedException {
        JobFunction ignoring = (job, context) -> {
            running.countDown();
            boolean over = false;
            while (!over) {
                try {
                    over = mayEnd.await(1, TimeUnit.MINUTES);
                } catch (InterruptedException ex) {
                    over = false; // as careless code does
                }
            }
            return "late";
        };
        stage.pool(
                Stage.workers(1).withCancelGrace(Duration.ZERO),
                new Handler(
                        "mail",
                        Map.class,
                        new RetryPolicy(5, Duration.ZERO, 1, Duration.ZERO, 0),
                        Duration.ofSeconds(1),
                        Set.of(),
                        ignoring));
        jobs.enqueue(mail("one"));
        assertThat(running.await(10, TimeUnit.SECONDS)).isTrue();

        jobs.cancel("one");

        await().atMost(Duration.ofSeconds(30)).until(() -> job("one").status() == JobStatus.FAILED);
        assertThat(job("one").lastError()).isEqualTo(REASON);
        assertThat(stage.heard(JobEvent.Stuck.class)).hasSize(1);
    }

    @Test
    @Proves(
            fault = "the worker of a cancelled job dies",
            holds = "the sweep ends the job as cancelled instead of returning it; its unit has failed")
    void aCancelledJobWhoseWorkerDiesIsEndedByTheSweep() {
        jobs.enqueue(mail("one").unit("run", "unit"));
        claim();
        assertThat(jobs.cancel("one")).isTrue();

        await().until(() -> {
            stage.sweep(Duration.ofSeconds(1));
            return job("one").status() == JobStatus.FAILED;
        });

        awaitCancelled("one");
        assertThat(stage.redis.hget("queue:q:failures:run", "unit")).isEqualTo(REASON);
    }

    @Test
    void aRequeuedJobIsNotCancelledAnyMore() throws InterruptedException {
        start(stage, Duration.ZERO, (job, context) -> {
            if (context.attempt() == 1 && mayEnd.getCount() == 1) {
                new CountDownLatch(1).await();
            }
            return "done";
        });
        jobs.cancel("one");
        awaitCancelled("one");
        mayEnd.countDown();

        assertThat(jobs.admin().requeue("one")).isTrue();

        await().until(() -> job("one").status() == JobStatus.COMPLETED);
        assertThat(stage.job("one")).doesNotContainKey("cancelled_at_ms");
    }

    @Test
    void aMarkedJobThatAGuideClientLetsWaitAgainIsEndedByTheNextClaim() {
        jobs.enqueue(mail("one").unit("run", "unit"));
        claim();
        jobs.cancel("one");
        stage.redis.lrem("queue:q:processing", 1, "one"); // a retry, as clients of the guide write it
        stage.redis.hset("queue:q:job:one", Map.of("status", "pending", "claim_token", ""));
        stage.redis.lpush("queue:q:pending", "one");

        assertThat(jobs.worker().claim(Duration.ZERO)).isEmpty();

        assertThat(job("one").lastError()).isEqualTo(REASON);
        assertThat(stage.list("failed")).containsExactly("one");
        assertThat(stage.redis.hget("queue:q:failures:run", "unit")).isEqualTo(REASON);
        assertThat(stage.heard(JobEvent.Cancelled.class)).containsExactly(new JobEvent.Cancelled("q", "one"));
    }

    @Test
    void aJobThatAGuideClientHasPoppedAndNotStampedYetIsMarked() {
        stage.notAlone();
        jobs.enqueue(mail("one"));
        stage.redis.rpop("queue:q:pending");
        stage.redis.lpush("queue:q:processing", "one");

        assertThat(jobs.cancel("one")).isTrue();

        assertThat(stage.job("one")).containsEntry("status", "pending").containsEntry("more", "cancelled");
        assertThat(stage.list("processing")).containsExactly("one");
    }

    @Test
    void theExplanationSaysThatARunningJobWasCancelled() {
        jobs.enqueue(mail("one"));
        claim();
        jobs.cancel("one");

        JobExplanation explanation = jobs.explain("one").orElseThrow();

        assertThat(explanation.sentence()).contains("it was cancelled at", "fails unless its handler returns");
    }
}
