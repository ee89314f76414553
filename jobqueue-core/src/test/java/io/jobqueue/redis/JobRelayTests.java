package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.Unique;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.redis.JobRelay.StoredJob;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Specifies how an outbox stores jobs and sends them in batches that take effect once. */
@RedisServer
class JobRelayTests {

    private Bench bench;
    private JobRelay relay;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server);
        relay = bench.queues.relay();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private StoredJob stored(JobRequest request) {
        return JobRelay.store(WrittenJob.of(bench.store.redis(), request));
    }

    private StoredJob stored(String id) {
        return stored(JobRequest.of("work", Map.of("n", 1)).id(id));
    }

    private OptionalLong send(long number, StoredJob... jobs) {
        return relay.send("q", List.of(jobs), "box", number).join();
    }

    @Test
    void aStoredJobArrivesAsItWasAskedFor() {
        Instant at = Instant.parse("2100-01-01T00:00:00Z");
        send(
                1,
                stored("plain"),
                stored(JobRequest.of("work", Map.of("text", "\"ä€😀\n"))
                        .id("rich")
                        .at(at)
                        .expiresIn(Duration.ofHours(1))
                        .maxAttempts(7)
                        .header("trace", "x y")
                        .unique(Unique.untilDone("user 7"))));

        assertThat(bench.queue.find("plain")).hasValueSatisfying(job -> {
            assertThat(job.status()).isEqualTo(JobStatus.PENDING);
            assertThat(job.payload().text()).isEqualTo("{\"kind\":\"work\",\"n\":1}");
        });
        assertThat(bench.job("rich"))
                .containsEntry("status", "scheduled")
                .containsEntry("due_at_ms", String.valueOf(at.toEpochMilli()))
                .containsEntry("expires_in_ms", "3600000")
                .containsEntry("max_attempts", "7")
                .containsEntry("headers", "{\"trace\":\"x y\"}")
                .containsEntry("unique", "done:user 7")
                .containsEntry("payload", "{\"kind\":\"work\",\"text\":\"\\\"ä€😀\\n\"}");
        assertThat(bench.events).hasSize(2);
    }

    @Test
    void aBatchTakesEffectOnceEvenWhenItsJobsHaveEndedAndAreForgotten() {
        assertThat(send(5, stored("a"), stored("b"))).isEmpty();
        for (int i = 0; i < 2; i++) {
            Claim claim = bench.queue.worker().claim(Duration.ZERO).orElseThrow();
            bench.queue.worker().complete(claim, null);
            bench.redis.del("queue:q:job:" + claim.id());
        }
        bench.redis.del("queue:q:completed");

        assertThat(send(5, stored("a"), stored("b"))).hasValue(5);
        assertThat(bench.queue.stats().pendingDepth()).isZero();
        assertThat(bench.queue.find("a")).isEmpty();
    }

    @Test
    void aBatchThatComesLateIsRefusedAndTheNumberOfTheLastOneIsTold() {
        send(5, stored("a"));
        send(6, stored("b"));

        assertThat(send(4, stored("late"))).hasValue(6);
        assertThat(bench.queue.find("late")).isEmpty();
        assertThat(relay.send("q", List.of(stored("other")), "otherbox", 1).join())
                .as("each outbox counts for itself")
                .isEmpty();
    }

    @Test
    void aBatchWithoutNewJobsIsRememberedToo() {
        bench.queue.enqueue(JobRequest.of("work", null).id("known"));
        assertThat(send(1, stored("known"))).isEmpty();
        bench.redis.del("queue:q:job:known", "queue:q:pending");

        assertThat(send(1, stored("known"))).hasValue(1);
        assertThat(bench.queue.find("known")).isEmpty();
    }

    @Test
    void theNumberOfTheLastBatchNeverExpires() {
        send(1795000000000L, stored("a"));

        assertThat(bench.redis.get("queue:q:outbox:box")).isEqualTo("1795000000000");
        assertThat(bench.redis.ttl("queue:q:outbox:box")).isEqualTo(-1);
    }

    @Test
    void aBatchThatFailsIsNotRemembered() {
        bench.redis.set("queue:q:pending", "spoilt");
        assertThatThrownBy(() -> send(1, stored("a"))).hasMessageContaining("queue:q:pending");
        bench.redis.del("queue:q:pending");

        assertThat(send(1, stored("a"))).isEmpty();
        assertThat(bench.queue.find("a")).isPresent();
    }

    @Test
    void whatCanNeverBeSentIsFoundByTheCheck() {
        StoredJob good = stored("good");
        relay.check(good);

        assertThatThrownBy(() -> relay.check(new StoredJob("q", "no blank", "work", "{}", "[]")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no blank");
        assertThatThrownBy(() -> relay.check(new StoredJob("q", "id", "work", "[1]", "[]")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must be a JSON object");
        assertThatThrownBy(() -> relay.check(new StoredJob("q", "id", "work", "{\"kind\":\"other\"}", "[]")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'kind' of another value");
        assertThatThrownBy(() -> relay.check(
                        new StoredJob("q", "id", "work", "{\"t\":\"" + "x".repeat(2_000_000) + "\"}", "[]")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("payload of kind 'work'");
        for (String options : List.of("{", "{}", "[\"\",\"max_attempts\"]", "[null]", "[1,[]]")) {
            assertThatThrownBy(() -> relay.check(new StoredJob("q", "id", "work", "{}", options)))
                    .as(options)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("options of job id");
        }
        assertThat(good.toString()).contains("good").doesNotContain("{");
    }
}
