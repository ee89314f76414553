package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A kind that is paused while workers run. */
@RedisServer
class PausedKindTests {

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

    private static JobRequest job(String kind, int number) {
        return JobRequest.of(kind, Map.of()).id(kind + "-" + number);
    }

    private boolean isCompleted(String id) {
        return jobs.find(id).orElseThrow().status() == JobStatus.COMPLETED;
    }

    @Test
    void theRunningJobEndsOtherKindsGoOnAndTheHeldJobsRunInOrderAfterTheResume() {
        List<String> mails = new CopyOnWriteArrayList<>();
        CountDownLatch mayEnd = new CountDownLatch(1);
        CountDownLatch running = new CountDownLatch(1);
        stage.pool(
                Stage.workers(1),
                Stage.handler("mail", (job, context) -> {
                    mails.add(job.id());
                    running.countDown();
                    mayEnd.await();
                    return "sent";
                }),
                Stage.handler("report", (job, context) -> "done"));
        jobs.enqueue(job("mail", 0));
        await().until(() -> running.getCount() == 0);

        jobs.admin().pauseKind("mail");
        for (int i = 1; i <= 40; i++) {
            jobs.enqueue(job("mail", i));
        }
        jobs.enqueue(job("report", 1));
        mayEnd.countDown();

        await().until(() -> isCompleted("report-1"));
        assertThat(isCompleted("mail-0")).isTrue();
        assertThat(mails).containsExactly("mail-0");
        assertThat(jobs.stats().heldDepth()).isEqualTo(40);

        jobs.admin().resumeKind("mail");
        await().until(() -> isCompleted("mail-40"));
        assertThat(mails).hasSize(41).startsWith("mail-0", "mail-1", "mail-2").endsWith("mail-39", "mail-40");
        assertThat(jobs.stats().heldDepth()).isZero();
    }
}
