package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.RedisUnavailableException;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The operations of a producer on a queue. */
@RedisServer
class RedisJobQueueTests {

    private Bench bench;

    private JobQueue queue;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server);
        queue = bench.queue;
    }

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void aJobIsFoundByItsRefWhateverQueueItWasRoutedTo() {
        RedisQueues queues = routed(kind -> kind.equals("email") ? Optional.of("mail") : Optional.empty());
        JobRef ref = queues.queue().enqueue(JobRequest.of("email", null));

        assertThat(queues.queue().find(ref)).map(JobSnapshot::queue).hasValue("mail");
        assertThat(queues.queue("other").find(ref)).map(JobSnapshot::id).hasValue(ref.id());
        assertThat(queues.queue().findAsync(ref).join()).isPresent();
    }

    @Test
    void theDefaultQueueFindsAJobByItsIdOnAllQueuesOfTheApplication() {
        RedisQueues queues = routed(kind -> kind.equals("email") ? Optional.of("mail") : Optional.empty());
        JobRef routed = queues.queue().enqueue(JobRequest.of("email", null));
        queues.queue().enqueue(JobRequest.of("report", null).id("same"));
        queues.queue("mail").enqueue(JobRequest.of("email", null).id("same"));

        assertThat(queues.queue().find(routed.id())).map(JobSnapshot::queue).hasValue("mail");
        assertThat(queues.queue().find("same")).map(JobSnapshot::queue).hasValue("jobs");
        assertThat(queues.queue("jobs").find(routed.id())).isEmpty();
        assertThat(queues.queue().find("none")).isEmpty();
    }

    @Test
    void aJobIsFoundOnAQueueThatThisProcessHasNotUsedYet() {
        JobRef before = routed(Optional::of).queue().enqueue(JobRequest.of("later", null));

        assertThat(routed(Optional::of).queue().find(before.id())).isPresent();
    }

    private RedisQueues routed(Function<String, Optional<String>> routes) {
        return new RedisQueues(
                bench.connector,
                RedisQueues.Options.defaults()
                        .withRoutes(new RedisQueues.Routes("jobs", routes, () -> List.of("later"))));
    }

    @Test
    void aKindIsSentToTheQueueItIsRoutedTo() {
        RedisQueues queues = routed(kind -> kind.equals("email") ? Optional.of("mail") : Optional.empty());

        List<JobRef> refs = queues.queue()
                .enqueueAll(List.of(
                        JobRequest.of("email", null), JobRequest.of("report", null), JobRequest.of("email", null)));

        assertThat(refs).extracting(JobRef::queue).containsExactly("mail", "jobs", "mail");
        assertThat(queues.queue().enqueue(JobRequest.of("email", null)).queue()).isEqualTo("mail");
        assertThat(queues.queue()
                        .on("other")
                        .enqueue(JobRequest.of("email", null))
                        .queue())
                .isEqualTo("other");
        assertThat(queues.queue().on("mail").find(refs.get(2).id())).isPresent();
    }

    @Test
    void aSnapshotShowsAllFieldsOfTheHash() {
        Instant due = Instant.ofEpochMilli(4102444800000L);
        queue.enqueue(JobRequest.of("email", Map.of("to", "a"))
                .id("one")
                .at(due)
                .maxAttempts(4)
                .header("h", "v")
                .unit("r", "u"));

        JobSnapshot job = queue.find("one").orElseThrow();

        assertThat(job.kind()).isEqualTo("email");
        assertThat(job.status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(job.dueAt()).isEqualTo(due);
        assertThat(job.maxAttempts()).isEqualTo(4);
        assertThat(job.headers()).containsExactly(Map.entry("h", "v"));
        assertThat(job.runId()).isEqualTo("r");
        assertThat(job.unitId()).isEqualTo("u");
        assertThat(job.startedAt()).isNull();
        assertThat(job.payload().as(Map.class)).containsEntry("to", "a");
    }

    @Test
    void damagedFieldsReadAsAbsent() {
        bench.redis.hset(
                "queue:q:job:one",
                Map.of(
                        "payload",
                        "nonsense",
                        "status",
                        "odd",
                        "attempts",
                        "x",
                        "enqueued_at_ms",
                        "-5",
                        "headers",
                        "[",
                        "fence",
                        "1e3"));

        JobSnapshot job = queue.find("one").orElseThrow();

        assertThat(job.status()).isNull();
        assertThat(job.kind()).isNull();
        assertThat(job.attempts()).isZero();
        assertThat(job.fence()).isZero();
        assertThat(job.enqueuedAt()).isNull();
        assertThat(job.headers()).isEmpty();
    }

    @Test
    void aClaimedJobShowsItsLeaseUntilItIsSettled() {
        queue.enqueue(JobRequest.of("email", null).id("one"));
        assertThat(queue.find("one").orElseThrow().lease()).isNull();

        Claim claim = queue.worker().claim(Duration.ZERO).orElseThrow();
        JobSnapshot claimed = queue.find("one").orElseThrow();
        assertThat(claimed.lease())
                .isEqualTo(new JobSnapshot.Lease(
                        claimed.startedAt(),
                        claimed.startedAt().plus(queue.stats().visibility())));

        queue.worker().extend(claim, Duration.ofHours(1));
        JobSnapshot extended = queue.find("one").orElseThrow();
        assertThat(extended.lease().renewedAt()).isAfterOrEqualTo(claimed.startedAt());
        assertThat(extended.lease().endsAt())
                .isEqualTo(extended.lease().renewedAt().plus(Duration.ofHours(1)));
        assertThat(extended.startedAt()).isEqualTo(claimed.startedAt());

        queue.worker().complete(claim, null);
        assertThat(queue.find("one").orElseThrow().lease()).isNull();
    }

    @Test
    void aJobClaimedByAClientOfTheGuideHasALeaseOfTheQueuesVisibilityTimeout() {
        bench.redis.hset(
                "queue:q:job:one",
                Map.of(
                        "status", "processing",
                        "claim_token", "theirs",
                        "claimed_at_ms", "1700000000000",
                        "lease", "ours:1800000000000:100"));

        Instant claimed = Instant.ofEpochMilli(1_700_000_000_000L);
        assertThat(queue.find("one").orElseThrow().lease())
                .isEqualTo(new JobSnapshot.Lease(
                        claimed, claimed.plus(queue.stats().visibility())));
    }

    @Test
    void badNamesAreRefusedBeforeAnythingIsSent() {
        assertThatIllegalArgumentException().isThrownBy(() -> queue.on("a:b"));
        assertThatIllegalArgumentException().isThrownBy(() -> queue.find("a b"));
        assertThatIllegalArgumentException().isThrownBy(() -> queue.outputs().put("r\n", "u", 1));
        assertThatIllegalArgumentException().isThrownBy(() -> queue.outputs().put("r", "u\u0000", 1));
        assertThat(bench.redis.keys("*")).isEmpty();
    }

    @Test
    void aStoppedConnectorSaysSoAndStartsAnew() {
        queue.enqueue(JobRequest.of("email", null).id("one"));

        bench.connector.stop();
        assertThatThrownBy(() -> queue.enqueue(JobRequest.of("email", null)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("stopped");

        bench.connector.start();
        assertThat(queue.find("one")).isPresent();
    }

    @Test
    void producersFailFastWhileRedisIsAwayAndGoOnAfterwards() {
        EmbeddedRedis gone = EmbeddedRedis.start();
        int port = gone.port();
        try (Bench other = new Bench(gone, QueueSettings.defaults())) {
            other.queue.enqueue(JobRequest.of("email", null));
            gone.kill();
            await().untilAsserted(() -> {
                long begin = System.nanoTime();
                assertThatThrownBy(() -> other.queue.enqueue(JobRequest.of("email", null)))
                        .isInstanceOf(EnqueueRefusedException.class)
                        .hasCauseInstanceOf(RedisUnavailableException.class);
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
            });

            try (EmbeddedRedis back = EmbeddedRedis.startOn(port)) {
                await().atMost(Duration.ofSeconds(10)).ignoreExceptions().until(() -> other.queue
                        .enqueue(JobRequest.of("email", null))
                        .isCreated());
            }
        }
    }

    @Test
    void aCallOverSeveralQueuesNamesAllIdsThatWereNotCreated() {
        RedisQueues queues = routed(Optional::of);
        bench.redis.set("queue:b:pending", "not a list");

        assertThatThrownBy(() -> queues.queue()
                        .enqueueAll(List.of(
                                JobRequest.of("a", null).id("1"),
                                JobRequest.of("b", null).id("2"),
                                JobRequest.of("c", null).id("3"))))
                .isInstanceOfSatisfying(EnqueueRefusedException.class, ex -> assertThat(ex.ids())
                        .containsExactly("2", "3"));
        assertThat(queues.queue("a").find("1")).isPresent();
        assertThat(queues.queue("c").find("3")).isEmpty();
    }
}
