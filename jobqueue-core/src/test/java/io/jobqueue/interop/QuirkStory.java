package io.jobqueue.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.lettuce.core.RedisCommandExecutionException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The known quirks of the guide's clients, and their effects on our jobs. */
class QuirkStory extends Story {

    @Override
    QueueSettings settings() {
        return super.settings().withMaxCrashes(1);
    }

    @Row("Q1 a backlog older than two visibility timeouts: its sweeper steals none of our claims")
    @ParameterizedTest
    @EnumSource
    void itStealsNothingFromUsOnPop(Dialect dialect) {
        List<String> ids = IntStream.range(0, 40).mapToObj(i -> "job-" + i).toList();
        queue.enqueueAll(
                ids.stream().map(id -> JobRequest.of("email", null).id(id)).toList());
        ids.forEach(id -> age(id, Duration.ofMinutes(5)));
        Map<String, Integer> runs = new ConcurrentHashMap<>();
        GuideClient guide = guide(dialect);
        pool(4, "email", Map.class, (job, context) -> runs.merge(job.id(), 1, Integer::sum));

        await().pollInterval(Duration.ofMillis(1)).until(() -> {
            assertThat(guide.reclaim()).isEmpty();
            return list("completed").size() >= 40;
        });

        assertThat(list("completed")).containsExactlyInAnyOrderElementsOf(ids);
        assertThat(runs).hasSize(40).allSatisfy((id, times) -> assertThat(times).isEqualTo(1));
    }

    @Row("Q2 it completes twice and fails after that: the job does not run again with a time limit on it")
    @ParameterizedTest
    @EnumSource
    void itCompletesTwiceAndFails(Dialect dialect) {
        GuideClient guide = guide(dialect);
        queue.enqueue(JobRequest.of("email", Map.of("name", "x")).id("ours"));
        GuideClient.Job claimed = guide.claim().orElseThrow();
        assertThat(guide.complete(claimed, Map.of())).isTrue();
        assertThat(guide.complete(claimed, Map.of())).isTrue();
        assertThat(guide.fail(claimed, "late")).isEqualTo(1);
        assertThat(redis.ttl("queue:shared:job:ours")).isPositive();

        Claim ours = queue.worker().claim(Duration.ZERO).orElseThrow();

        assertThat(ours.payload().as(Map.class)).containsEntry("name", "x");
        assertThat(redis.ttl("queue:shared:job:ours")).isEqualTo(-1);
        assertThat(queue.worker().complete(ours, null)).isTrue();
        // a completion of ours is final for it too
        assertThat(guide.fail(claimed, "later")).isZero();
        upkeep();
        await().untilAsserted(() -> assertThat(list("completed")).containsExactly("ours"));
        assertThat(list("pending")).isEmpty();
    }

    @Row("Q3 a claimed id whose hash is gone: our sweep takes it out and reports it")
    @ParameterizedTest
    @EnumSource
    void itLeavesIdsWithoutJobInProcessing(Dialect dialect) {
        GuideClient guide = guide(dialect, Duration.ofMillis(1));
        queue.enqueue(JobRequest.of("email", null).id("ours"));
        guide.claim().orElseThrow();
        redis.del("queue:shared:job:ours");
        assertThat(guide.reclaim()).isEmpty();

        await().until(() -> {
            queue.worker().reclaimStuck(); // lost when two looks miss it, a lease apart
            return list("processing").isEmpty();
        });

        assertThat(queue.stats().lostTotal()).isEqualTo(1);
        assertThat(heard(JobEvent.Lost.class)).isTrue();
    }

    @Row("Q4 it runs an id without hash: what it leaves never runs here, and the audit clears it away")
    @ParameterizedTest
    @EnumSource
    void itClaimsIdsWithoutJob(Dialect dialect) {
        GuideClient guide = guide(dialect);
        queue.enqueue(JobRequest.of("email", null).id("ours"));
        redis.del("queue:shared:job:ours");
        GuideClient.Job ghost = guide.claim().orElseThrow();
        assertThat(ghost.payload()).isEmpty();

        upkeep();
        pool();

        await().until(() -> heard(JobEvent.Lost.class));
        assertThat(heard(JobEvent.Started.class)).isFalse();
        assertThat(guide.complete(ghost, Map.of())).isFalse();
        await().until(() -> redis.exists("queue:shared:job:ours") == 0);
    }

    @Row("Q5 a time that is no number: its sweep stops, ours goes on and mends it")
    @ParameterizedTest
    @EnumSource
    void itsSweepStopsAtATimeThatIsNoNumber(Dialect dialect) {
        GuideClient guide = guide(dialect, Duration.ofMillis(1));
        queue.enqueueAll(List.of(
                JobRequest.of("email", null).id("spoilt"),
                JobRequest.of("email", null).id("sound")));
        redis.hset("queue:shared:job:spoilt", "enqueued_at_ms", "");
        guide.claim().orElseThrow();
        guide.claim().orElseThrow();
        redis.hset("queue:shared:job:spoilt", "claimed_at_ms", "yesterday");
        boolean refused = false;
        try {
            guide.reclaim();
        } catch (RedisCommandExecutionException ex) {
            refused = true;
        }
        assertThat(refused).isTrue();

        upkeep();

        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            assertThat(list("pending")).containsExactlyInAnyOrder("spoilt", "sound");
            assertThat(job("spoilt").get("enqueued_at_ms")).matches("\\d+");
        });
        guide.claim().orElseThrow();
        guide.claim().orElseThrow();
        assertThat(guide.reclaim()).hasSizeLessThanOrEqualTo(2); // works again
    }

    @Row("Q6 a job that kills its workers: a dead letter here once it has lost too many of ours")
    @ParameterizedTest
    @EnumSource
    void itRedeliversForEver(Dialect dialect) {
        GuideClient guide = guide(dialect, Duration.ofMillis(1));
        String id = guide.enqueue("{\"kind\":\"email\"}");
        for (int i = 0; i < 5; i++) {
            guide.claim().orElseThrow();
            await().pollInterval(Duration.ofMillis(2))
                    .until(() -> !guide.reclaim().isEmpty());
        }
        for (int i = 0; i < 2; i++) {
            Claim claim = queue.worker().claim(Duration.ZERO).orElseThrow();
            redis.hset("queue:shared:job:" + id, "lease", claim.token() + ":1:400");
            queue.worker().reclaimStuck();
        }

        assertThat(list("failed")).containsExactly(id);
        assertThat(queue.admin().list(JobStatus.FAILED, 0, 1).get(0).lastError())
                .startsWith("worker-died");
        assertThat(guide.reclaim()).isEmpty();
    }

    @Row("Q18 an empty token: owns nothing with us, and what it completes unasked does not run twice")
    @ParameterizedTest
    @EnumSource
    void anEmptyTokenCompletesAWaitingJob(Dialect dialect) {
        GuideClient guide = guide(dialect);
        queue.enqueue(JobRequest.of("email", null).id("waiting"));
        queue.enqueue(JobRequest.of("email", null).id("claimed"));
        queue.worker().claim(Duration.ZERO).orElseThrow();
        assertThat(guide.complete("waiting", "", Map.of())).isFalse(); // we hold it: its token is not empty
        assertThat(guide.complete("claimed", "", Map.of())).isTrue();

        assertThat(queue.worker().claim(Duration.ZERO)).isEmpty();
        assertThat(list("completed")).containsExactly("claimed");
        assertThat(list("pending")).isEmpty();
        assertThat(job("waiting")).containsEntry("status", "processing");
    }

    @Row("Q19 a payload that is no JSON: a dead letter with a reason, and the next job runs")
    @ParameterizedTest
    @EnumSource
    void itWritesWhatIsNoJson(Dialect dialect) {
        GuideClient guide = guide(dialect);
        String bad = guide.enqueue("{\"kind\":\"email\",\"ratio\":NaN}");
        String good = guide.enqueue(Map.of("kind", "email"));

        pool();

        await().until(() -> list("completed").contains(good));
        await().until(() -> list("failed").contains(bad));
        assertThat(job(bad).get("last_error")).isNotBlank();
    }
}
