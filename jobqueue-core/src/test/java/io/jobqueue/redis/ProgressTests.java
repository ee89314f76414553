package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobLogLine;
import io.jobqueue.JobProgress;
import io.jobqueue.JobSnapshot;
import io.lettuce.core.RedisClient;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** Specifies how Redis stores a job's progress and its log. */
class ProgressTests extends TransitionTestBase {

    private JobSnapshot find(String id) {
        return bench.queue.find(id).orElseThrow();
    }

    @Test
    void theLastReportIsReadableWhileTheJobRunsAndAfterwards() {
        enqueue("job");
        Claim claim = claim();
        assertThat(find("job").progress()).isNull();

        assertThat(bench.notes.putProgress(claim, 1, 4, "").join()).isTrue();
        assertThat(bench.notes.putProgress(claim, 3, 4, "page 3: of 4").join()).isTrue();

        JobProgress progress = find("job").progress();
        assertThat(progress.done()).isEqualTo(3);
        assertThat(progress.total()).isEqualTo(4);
        assertThat(progress.note()).isEqualTo("page 3: of 4");
        assertThat(progress.share()).isEqualTo(0.75);
        assertThat(progress.at())
                .isBetween(find("job").startedAt(), find("job").startedAt().plusSeconds(60));
        bench.queue.worker().complete(claim, null);
        assertThat(find("job").progress()).isEqualTo(progress);
    }

    @Test
    void linesOfAllAttemptsStayInTheirOrder() {
        enqueue("job");
        Claim first = claim();
        bench.notes.putLogLine(first, "begins: 1").join();
        bench.queue.worker().fail(first, "no luck");
        Claim second = claim();
        bench.notes.putLogLine(second, "begins again").join();

        assertThat(find("job").log()).extracting(JobLogLine::text).containsExactly("begins: 1", "begins again");
        assertThat(find("job").log()).extracting(JobLogLine::attempt).containsExactly(1, 2);
    }

    @Test
    void theLogKeepsItsLast16KilobytesAndWholeLines() {
        enqueue("job");
        Claim claim = claim();
        String filler = "x".repeat(900);
        for (int i = 0; i < 40; i++) {
            bench.notes.putLogLine(claim, i + " " + filler).join();
        }

        List<JobLogLine> log = find("job").log();
        assertThat(log).hasSizeBetween(15, 18);
        assertThat(log.get(log.size() - 1).text()).startsWith("39 ");
        assertThat(log).allSatisfy(line -> assertThat(line.text()).endsWith(filler));
        assertThat(bench.redis.hstrlen("queue:q:job:job", "log")).isLessThanOrEqualTo(16 * 1024);
    }

    @Test
    void anAttemptThatLostItsLeaseReportsNothing() {
        enqueue("job");
        Claim late = claim();
        leaseRunsOut();
        bench.queue.worker().reclaimStuck();

        assertThat(bench.notes.putProgress(late, 1, 2, "late").join()).isFalse();
        assertThat(bench.notes.putLogLine(late, "late").join()).isFalse();
        claim();
        assertThat(bench.notes.putProgress(late, 1, 2, "late").join()).isFalse();
        assertThat(find("job").progress()).isNull();
        assertThat(find("job").log()).isEmpty();
    }

    @Test
    void invalidFieldsByOtherClientsReadAsAbsent() {
        enqueue("job");
        bench.redis.hset("queue:q:job:job", "progress", "half");
        bench.redis.hset("queue:q:job:job", "log", "no line\n1:2:a line\n");

        assertThat(find("job").progress()).isNull();
        assertThat(find("job").log()).extracting(JobLogLine::text).containsExactly("a line");
    }

    @Test
    void theLifecycleChannelAnnouncesReportsAndLogLines() {
        RedisClient client = RedisClient.create(server.uri());
        try (StatefulRedisPubSubConnection<String, String> live = client.connectPubSub()) {
            List<String> heard = new CopyOnWriteArrayList<>();
            live.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    heard.add(message);
                }
            });
            live.sync().subscribe("queue:q:lifecycle");
            enqueue("job");
            Claim claim = claim();

            bench.notes.putProgress(claim, 1, 2, "a secret of the note").join();
            bench.notes.putLogLine(claim, "a secret of the log").join();

            await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> assertThat(heard)
                    .containsExactly(
                            "{\"id\":\"job\",\"status\":\"progress\",\"done\":1,\"total\":2}",
                            "{\"id\":\"job\",\"status\":\"log\"}"));
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }
}
