package io.jobqueue.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import io.lettuce.core.RedisURI;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

@RedisServer
class JobQueueMetricsTests {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final JobQueueMetrics metrics = new JobQueueMetrics(registry);
    private final Claim claim = new Claim(
            "mail",
            "id",
            "email",
            "token",
            1,
            0,
            null,
            1,
            JobCodec.standard().json("{}"),
            Map.of(),
            Instant.now(),
            null,
            false);
    private final Duration took = Duration.ofMillis(20);

    private void everyEvent() {
        List.of(
                        new JobEvent.Enqueued("mail", "email", "id"),
                        new JobEvent.Started(claim),
                        new JobEvent.Completed(claim, took),
                        new JobEvent.Retried(claim, FailureReason.handler("boom"), took, took),
                        new JobEvent.Failed(claim, FailureReason.handler("boom"), took),
                        new JobEvent.Failed(claim, new FailureReason(FailureReason.Code.DISCARDED, "x"), took),
                        new JobEvent.Released(claim),
                        new JobEvent.Snoozed(claim, took, took),
                        new JobEvent.LeaseLost(claim),
                        new JobEvent.Refused(claim),
                        new JobEvent.Stuck(claim),
                        new JobEvent.Reclaimed("mail", List.of("a", "b")),
                        new JobEvent.WorkerDied("mail", List.of("a")),
                        new JobEvent.Lost("mail", List.of("a")),
                        new JobEvent.Expired("mail", List.of("a")),
                        new JobEvent.Cancelled("mail", "a"),
                        new JobEvent.Repaired("mail", JobEvent.Damage.UNLISTED, List.of("a", "b")),
                        new JobEvent.SendFailed("mail", List.of("a", "b"), "refused", false),
                        new JobEvent.SendFailed("mail", List.of("c"), "refused", true),
                        new JobEvent.DeadLettersDropped("mail", 3))
                .forEach(metrics::on);
    }

    @Test
    void everyMeterCarriesTheSameTagKeys() {
        everyEvent();

        Set<List<String>> keys = registry.getMeters().stream()
                .map(Meter::getId)
                .map(id -> id.getTags().stream().map(Tag::getKey).toList())
                .collect(Collectors.toSet());
        assertThat(keys).containsExactly(List.of("kind", "outcome", "queue"));
        assertThat(registry.getMeters()).hasSizeGreaterThanOrEqualTo(13);
    }

    @Test
    void attemptsAreTimedByTheirOutcome() {
        everyEvent();

        assertThat(registry.get("jobqueue.attempts")
                        .tags("outcome", "completed", "kind", "email")
                        .timer()
                        .totalTime(java.util.concurrent.TimeUnit.MILLISECONDS))
                .isEqualTo(20);
        assertThat(registry.get("jobqueue.attempts")
                        .tags("outcome", "discarded")
                        .timer()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("jobqueue.sends.failed")
                        .tags("outcome", "retried")
                        .counter()
                        .count())
                .isEqualTo(2);
        assertThat(registry.get("jobqueue.sends.failed")
                        .tags("outcome", "lost")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("jobqueue.cancelled").counter().count()).isEqualTo(1);
        assertThat(registry.get("jobqueue.reclaimed").counter().count()).isEqualTo(2);
        assertThat(registry.get("jobqueue.repaired")
                        .tags("outcome", "unlisted")
                        .counter()
                        .count())
                .isEqualTo(2);
        assertThat(registry.get("jobqueue.dead.dropped").counter().count()).isEqualTo(3);
    }

    @Test
    void aKindOfAnotherClientGetsNoMeterOfItsOwn() {
        metrics.on(new JobEvent.Unknown(claim, new FailureReason(FailureReason.Code.UNKNOWN_KIND, "no handler")));

        assertThat(registry.get("jobqueue.attempts")
                        .tags("kind", "none")
                        .timer()
                        .count())
                .isEqualTo(1);
        assertThat(registry.find("jobqueue.attempts").tags("kind", "email").timer())
                .isNull();
    }

    private static void signal(EmbeddedRedis server, String signal) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(server.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private double gauge(String name, String queue) {
        return registry.get(name).tags("queue", queue).gauge().value();
    }

    @Test
    void gaugesShowTheDepthsAndNothingWhileRedisIsAway() {
        EmbeddedRedis server = EmbeddedRedis.start();
        RedisConnector connector = new RedisConnector(() -> RedisLink.to(RedisURI.create(server.uri())));
        JobQueue queue = new RedisQueues(connector, RedisQueues.Options.defaults()).queue("q");
        queue.enqueue(JobRequest.of("email", null));
        queue.enqueue(JobRequest.of("email", null).delay(Duration.ofMinutes(1)));
        metrics.gauge(queue, Duration.ofMillis(100));

        await().untilAsserted(
                        () -> assertThat(gauge("jobqueue.depth.pending", "q")).isEqualTo(1));
        assertThat(gauge("jobqueue.depth.delayed", "q")).isEqualTo(1);
        assertThat(gauge("jobqueue.oldest.waiting", "q")).isBetween(0d, 10d);

        queue.enqueue(JobRequest.of("email", null));
        await().untilAsserted(
                        () -> assertThat(gauge("jobqueue.depth.pending", "q")).isEqualTo(2));

        server.close();
        await().untilAsserted(
                        () -> assertThat(gauge("jobqueue.depth.pending", "q")).isNaN());
        connector.stop();
    }

    @Test
    void theGaugesOfFiftyQueuesAreReadAtOnceWhileRedisHangs() throws Exception {
        EmbeddedRedis server = EmbeddedRedis.start();
        RedisConnector connector = new RedisConnector(() -> RedisLink.to(RedisURI.create(server.uri())));
        RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());
        queues.queue("q0").stats(); // connects
        for (int i = 0; i < 50; i++) {
            metrics.gauge(queues.queue("q" + i));
        }
        signal(server, "STOP");
        try {
            long begin = System.nanoTime();
            for (int i = 0; i < 50; i++) {
                assertThat(gauge("jobqueue.depth.pending", "q" + i)).isNaN();
                assertThat(gauge("jobqueue.oldest.waiting", "q" + i)).isNaN();
            }
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
        } finally {
            signal(server, "CONT");
            connector.stop();
            server.close();
        }
    }
}
