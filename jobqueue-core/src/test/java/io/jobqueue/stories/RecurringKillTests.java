package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.Recurring;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Recurring jobs of instances that are killed by SIGKILL and started again. */
@RedisServer
class RecurringKillTests {

    private static List<JobSnapshot> jobs(Stage stage) {
        return stage.queue.admin().list(JobStatus.PENDING, 0, 200).stream()
                .sorted(Comparator.comparing(RecurringKillTests::slot))
                .toList();
    }

    private static Instant slot(JobSnapshot job) {
        return Instant.parse(job.headers().get(Recurring.SLOT_HEADER));
    }

    private static void awaitMore(Stage stage, int more) {
        int before = jobs(stage).size();
        await().atMost(Duration.ofSeconds(60)).until(() -> jobs(stage).size() >= before + more);
    }

    @Test
    @Proves(
            fault = "instances with recurring jobs are killed (SIGKILL): first one, then all",
            holds =
                    "each slot runs once and at most a second late while one instance lives; a later start makes up for the missed ones with one job")
    void noSlotIsLostOrDoubledOrLateWhileOneInstanceLivesAndALaterStartMakesUpForTheGap(EmbeddedRedis redis) {
        try (Stage stage = new Stage(redis.port()).notAlone()) {
            try (WorkerProcess survivor = WorkerProcess.start(RecurringMain.class, "" + redis.port())) {
                WorkerProcess victim = WorkerProcess.start(RecurringMain.class, "" + redis.port());
                awaitMore(stage, 3);
                victim.kill();
                awaitMore(stage, 3);
                survivor.kill();
            }
            List<JobSnapshot> jobs = jobs(stage);
            for (int i = 0; i < jobs.size(); i++) {
                assertThat(slot(jobs.get(i)))
                        .isEqualTo(slot(jobs.get(0)).plusSeconds(i))
                        .isAfterOrEqualTo(jobs.get(i).enqueuedAt().minusSeconds(1));
            }

            Instant killed = slot(jobs.get(jobs.size() - 1));
            await().atMost(Duration.ofSeconds(20)).until(() -> redisSeconds(stage) >= killed.getEpochSecond() + 3);
            try (WorkerProcess restarted = WorkerProcess.start(RecurringMain.class, "" + redis.port())) {
                awaitMore(stage, 2);
                assertThat(restarted.isAlive()).isTrue();
            }
            List<JobSnapshot> after = jobs(stage);
            Instant first = slot(after.get(jobs.size()));
            assertThat(first).as("the missed slots run as one job").isAfterOrEqualTo(killed.plusSeconds(3));
            Set<Instant> slots = new HashSet<>();
            assertThat(after).allMatch(job -> slots.add(slot(job)));
        }
    }

    private static long redisSeconds(Stage stage) {
        return Long.parseLong(stage.redis.time().get(0));
    }
}
