package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.Upkeep;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The log lines of sweeps that move many jobs. */
@Timeout(60)
class SweepLogTests extends TransitionTestBase {

    private static final int JOBS = 5_000;
    private static final Pattern PUT_BACK =
            Pattern.compile("Queue q: put back (\\d+) jobs whose lease had expired: (\\S+, ){9}\\S+ and (\\d+) more");

    private final CapturedLog log = new CapturedLog("io.jobqueue.events");

    @AfterEach
    void stopCapturing() {
        log.close();
    }

    private void claimAll(int jobs) {
        enqueue(IntStream.range(0, jobs).mapToObj(i -> "job-" + i).toArray(String[]::new));
        for (int claimed = 0; claimed < jobs; claimed += 100) {
            assertThat(bench.store.claim(100).join().jobs()).isNotEmpty();
        }
    }

    @Test
    void oneSweepOfThousandsOfJobsWritesOneLineThatNamesTenOfThem() {
        List<JobEvent.Reclaimed> heard = new CopyOnWriteArrayList<>();
        claimAll(JOBS);
        Upkeep upkeep = new Upkeep(bench.queues.chores("q", Duration.ofMillis(100)), event -> {
            if (event instanceof JobEvent.Reclaimed reclaimed) {
                heard.add(reclaimed);
            }
        });
        upkeep.start();
        try {
            await().until(() ->
                    heard.stream().mapToInt(event -> event.ids().size()).sum() == JOBS);
        } finally {
            upkeep.stop();
        }

        List<String> lines = log.lines(Level.WARN, "");
        assertThat(lines).hasSizeBetween(1, 5);
        int told = 0;
        for (String line : lines) {
            Matcher putBack = PUT_BACK.matcher(line);
            assertThat(putBack.matches()).as(line).isTrue();
            assertThat(Integer.parseInt(putBack.group(3))).isEqualTo(Integer.parseInt(putBack.group(1)) - 10);
            told += Integer.parseInt(putBack.group(1));
        }
        assertThat(told).isEqualTo(JOBS);
        Set<String> ids = new HashSet<>();
        heard.forEach(event -> ids.addAll(event.ids()));
        assertThat(ids).hasSize(JOBS);
    }

    @Test
    void theVerbThatReclaimsAtOnceWritesOneLine() {
        claimAll(1_000);
        leaseRunsOut();

        assertThat(bench.queue.worker().reclaimStuck()).hasSize(1_000);

        assertThat(log.lines(Level.WARN, "")).singleElement().asString().matches(PUT_BACK);
    }

    @Test
    void lostAndDeadJobsAreSummedUpInALineOfTheirOwn() {
        bench.close();
        bench = new Bench(server, QueueSettings.defaults().withVisibility(LEASE).withMaxCrashes(0));
        claimAll(300);
        IntStream.range(0, 150).forEach(i -> bench.redis.del("queue:q:job:job-" + i));
        leaseRunsOut();

        bench.queue.worker().reclaimStuck();
        leaseRunsOut();
        bench.queue.worker().reclaimStuck();

        assertThat(log.lines(Level.WARN, ""))
                .hasSize(2)
                .anyMatch(
                        line -> line.matches(
                                "Queue q: 150 jobs lost too many workers and are dead letters now: (\\S+, ){9}\\S+ and 140 more"))
                .anyMatch(
                        line -> line.matches(
                                "Queue q: 150 jobs are lost, because their hash or payload is gone from Redis: (\\S+, ){9}\\S+ and 140 more"));
    }

    @Test
    void aLineAboutOneJobNamesIt() {
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
        claim();
        leaseRunsOut();

        bench.queue.worker().reclaimStuck();

        assertThat(log.lines(Level.WARN, "")).containsExactly("Queue q: put back 1 job whose lease had expired: one");
    }
}
