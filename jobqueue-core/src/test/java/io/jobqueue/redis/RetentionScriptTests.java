package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.QueueStats;
import io.jobqueue.Retention;
import io.jobqueue.worker.Told;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The state of Redis after retention and purge have removed jobs, and the figures of stats afterwards. */
class RetentionScriptTests extends TransitionTestBase {

    @Test
    void s20AJobThatLeavesItsHistoryLosesItsHash() {
        bench.close();
        bench = new Bench(
                server,
                QueueSettings.defaults()
                        .withRetention(new Retention(Duration.ofHours(1), 2), new Retention(Duration.ofDays(1), 1)));
        enqueue("a", "b", "c", "d", "e");
        for (int i = 0; i < 3; i++) {
            bench.queue.worker().complete(claim(), null);
        }
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);
        assertThat(Told.by(bench.store.settle(List.of(Verb.FAIL.of(claim()))).join())
                        .dropped())
                .isEqualTo(1);

        assertThat(bench.list("completed")).containsExactly("c", "b");
        assertThat(bench.list("failed")).containsExactly("e");
        assertThat(bench.redis.keys("queue:q:job:*"))
                .containsExactlyInAnyOrder("queue:q:job:b", "queue:q:job:c", "queue:q:job:e");
        assertThat(bench.queue.stats().droppedTotal()).isEqualTo(1);
    }

    @Test
    void zeroKeepsNone() {
        bench.close();
        bench = new Bench(
                server,
                QueueSettings.defaults()
                        .withRetention(new Retention(Duration.ZERO, 1000), new Retention(Duration.ofDays(1), 0)));
        enqueue("a", "b");

        bench.queue.worker().complete(claim(), null);
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);

        assertThat(bench.list("completed")).isEmpty();
        assertThat(bench.list("failed")).isEmpty();
        assertThat(bench.redis.keys("queue:q:job:*")).isEmpty();
        assertThat(bench.queue.stats().completedTotal()).isEqualTo(1);
    }

    @Test
    void theSweepRemovesJobsThatAreTooOld() {
        bench.close();
        bench = new Bench(
                server,
                QueueSettings.defaults()
                        .withRetention(
                                new Retention(Duration.ofMillis(1), 1000), new Retention(Duration.ofMillis(1), 1000)));
        enqueue("a", "b");
        bench.queue.worker().complete(claim(), null);
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);

        await().untilAsserted(() -> {
            bench.sweep(Duration.ofSeconds(1));
            assertThat(bench.redis.keys("queue:q:job:*")).isEmpty();
        });
        assertThat(bench.list("completed")).isEmpty();
        assertThat(bench.list("failed")).isEmpty();
        assertThat(bench.queue.stats().droppedTotal()).isEqualTo(1);
    }

    @Test
    void anIdInHistoryDoesNotTakeALiveJobOfTheSameIdAlong() {
        bench.close();
        bench = new Bench(
                server,
                QueueSettings.defaults()
                        .withRetention(new Retention(Duration.ofHours(1), 1), new Retention(Duration.ofDays(1), 1)));
        enqueue("a");
        bench.queue.worker().complete(claim(), null);
        // as when a guide client's time to live took the hash, and the id is used anew
        bench.redis.del("queue:q:job:a");
        enqueue("b", "a");

        bench.queue.worker().complete(claim(), null);

        assertThat(bench.list("completed")).containsExactly("b");
        assertThat(bench.job("a")).containsEntry("status", "pending");
    }

    // ---- stats, purge

    @Test
    void statsAreOfOneInstant() {
        enqueue("a", "b", "c", "d");
        bench.queue.worker().complete(claim(), null);
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);
        settle(claim(), Verb.RETRY, "boom", Duration.ofSeconds(60));

        QueueStats stats = bench.queue.stats();

        assertThat(stats.pendingDepth()).isEqualTo(1);
        assertThat(stats.processingDepth()).isZero();
        assertThat(stats.delayedDepth()).isEqualTo(1);
        assertThat(stats.completedDepth()).isEqualTo(1);
        assertThat(stats.failedDepth()).isEqualTo(1);
        assertThat(stats.enqueuedTotal()).isEqualTo(4);
        assertThat(stats.completedTotal()).isEqualTo(1);
        assertThat(stats.failedTotal()).isEqualTo(1);
        assertThat(stats.retriedTotal()).isEqualTo(1);
        assertThat(stats.oldestWaiting()).isBetween(Duration.ZERO, Duration.ofSeconds(10));
        assertThat(stats.visibility()).isEqualTo(LEASE);
    }

    @Test
    void aPurgeRemovesAllJobsOfItsQueueAndNoneOfAnother() {
        bench.queue.on("q.eu").enqueue(JobRequest.of("email", null).id("other"));
        String[] ids = IntStream.range(0, 1200).mapToObj(i -> "id-" + i).toArray(String[]::new);
        enqueue(ids);
        bench.queue.enqueue(JobRequest.of("email", null).delay(Duration.ofMinutes(1)));
        bench.queue.worker().complete(claim(), null);
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);
        Claim running = claim();

        assertThat(bench.queue.admin().purge()).isEqualTo(1201);

        assertThat(bench.redis.keys("queue:q:job:*")).isEmpty();
        assertThat(bench.queue.worker().complete(running, null)).isFalse();
        assertThat(bench.queue.stats().purgedTotal()).isEqualTo(1201);
        assertThat(bench.redis.exists("queue:q.eu:job:other")).isEqualTo(1);
    }

    @Test
    void aPurgeOfOneStatusLeavesTheOthers() {
        enqueue("a", "b");
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);

        assertThat(bench.queue.admin().purge(JobStatus.FAILED)).isEqualTo(1);

        assertThat(bench.list("pending")).containsExactly("b");
        assertThat(bench.queue.find("a")).isEmpty();
    }
}
