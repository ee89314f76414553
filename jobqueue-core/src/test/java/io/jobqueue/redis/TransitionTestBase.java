package io.jobqueue.redis;

import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * Base of the tests that check the state of Redis after each transition: a queue with short leases that tries each job
 * three times without a pause. Test names that begin with S1 to S40 refer to flaws in the design of the guide.
 */
@RedisServer
abstract class TransitionTestBase {

    static final Duration LEASE = Duration.ofMillis(150);

    EmbeddedRedis server;
    Bench bench;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        bench = new Bench(
                redis,
                QueueSettings.defaults()
                        .withVisibility(LEASE)
                        .withRetry(new RetryPolicy(3, Duration.ZERO, 1, Duration.ZERO, 0)));
    }

    @AfterEach
    void close() {
        bench.close();
    }

    void enqueue(String... ids) {
        bench.queue.enqueueAll(List.of(ids).stream()
                .map(id -> JobRequest.of("email", Map.of("to", id)).id(id))
                .toList());
    }

    Claim claim() {
        return bench.queue.worker().claim(Duration.ZERO).orElseThrow();
    }

    void leaseRunsOut() {
        long over = System.nanoTime() + LEASE.plusMillis(20).toNanos();
        await().pollInterval(Duration.ofMillis(5)).until(() -> System.nanoTime() > over);
    }

    Answer settle(Claim claim, Verb verb, String text, Duration delay) {
        return bench.store
                .settle(List.of(verb.of(claim, text, "", delay, 3)))
                .join()
                .answers()
                .get(0);
    }
}
