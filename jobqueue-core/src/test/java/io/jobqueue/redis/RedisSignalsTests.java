package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Signals;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@RedisServer
@Timeout(60)
class RedisSignalsTests {

    private final List<String> names =
            IntStream.range(0, 50).mapToObj(i -> "q" + i).toList();
    private final List<String> heard = new CopyOnWriteArrayList<>();
    private Bench bench;
    private Signals signals;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server);
        signals = bench.queues.signals();
        signals.hear(heard::add);
    }

    @AfterEach
    void close() {
        names.forEach(signals::ignore);
        bench.close();
    }

    private void enqueue(String queue) {
        bench.queues.queue(queue).enqueue(JobRequest.of("email", null));
    }

    private long blocked() {
        return bench.redis
                .info("clients")
                .lines()
                .filter(line -> line.startsWith("blocked_clients:"))
                .mapToLong(line -> Long.parseLong(line.trim().split(":")[1]))
                .sum();
    }

    private void awaitBlocked(long clients) {
        await().until(() -> blocked() == clients);
    }

    // ---- hints

    @Test
    void oneConnectionReceivesTheHintsOfAllQueues() {
        names.forEach(signals::want);
        awaitBlocked(1);

        enqueue("q7");
        enqueue("q31");

        await().until(() -> heard.size() == 2);
        assertThat(heard).containsExactlyInAnyOrder("q7", "q31");
        assertThat(blocked()).isLessThanOrEqualTo(1);
    }

    @Test
    void aHintIsPassedOnOnceForEachTimeItIsWanted() {
        signals.want("q0");
        signals.want("q1");
        enqueue("q0");
        await().until(() -> heard.size() == 1);

        bench.queues.store("q0").claim(1).join();
        enqueue("q0");

        await().during(Duration.ofMillis(100)).until(() -> heard.size() == 1);
        signals.want("q0");
        await().until(() -> heard.equals(List.of("q0", "q0")));
    }

    @Test
    void aQueueThatIsAddedToTheWaitReceivesItsHintAtOnce() {
        signals.want("q0");
        awaitBlocked(1);

        signals.want("q1");
        enqueue("q1");

        // the command that was out would have blocked for ten seconds
        await().atMost(Duration.ofSeconds(3)).until(() -> heard.equals(List.of("q1")));
        await().until(() -> bench.redis.keys("queue:q*:wake:*").isEmpty());
    }

    @Test
    void aQueueThatIsIgnoredLeavesItsHintsToOthers() {
        signals.want("q0");
        signals.want("q1");
        awaitBlocked(1);

        signals.ignore("q1");
        enqueue("q1");

        await().until(() -> bench.redis.llen("queue:q1:wake") == 1);
        await().during(Duration.ofMillis(100)).until(() -> bench.redis.llen("queue:q1:wake") == 1);
        assertThat(heard).isEmpty();
    }

    @Test
    void noCommandBlocksWhenNoQueueIsWanted() {
        names.forEach(signals::want);
        awaitBlocked(1);

        names.forEach(signals::ignore);

        awaitBlocked(0);
    }

    @Test
    void hintsArriveAgainAfterTheConnectionBroke() {
        names.forEach(signals::want);
        awaitBlocked(1);
        bench.redis
                .clientList()
                .lines()
                .filter(line -> line.contains("cmd=blpop"))
                .map(line -> line.replaceAll("id=(\\d+) .*", "$1"))
                .forEach(id -> bench.redis.clientKill(io.lettuce.core.KillArgs.Builder.id(Long.parseLong(id))));

        enqueue("q3");

        await().until(() -> heard.contains("q3"));
    }

    @Test
    void eachOfTwoProcessesReceivesItsShareOfTheHints() {
        List<String> heardThere = new CopyOnWriteArrayList<>();
        Signals there = bench.queues.signals();
        there.hear(heardThere::add);
        signals.want("q0");
        there.want("q0");
        awaitBlocked(2);

        enqueue("q0");

        await().until(() -> heard.size() + heardThere.size() == 1);
        there.ignore("q0");
    }

    // ---- polls

    @Test
    void workWithoutAHintIsFound() {
        bench.redis.lpush("queue:q5:pending", "one");

        assertThat(signals.unannounced(names).join()).containsExactly("q5");
        assertThat(signals.unannounced(List.of("q6")).join()).isEmpty();
    }

    @Test
    void aNewFirstDelayedJobIsReportedOnce() {
        bench.queues.queue("q5").enqueue(JobRequest.of("email", null).delay(Duration.ofHours(1)));

        assertThat(signals.unannounced(names).join()).containsExactly("q5");
        assertThat(signals.unannounced(names).join()).isEmpty();
        bench.queues.queue("q5").enqueue(JobRequest.of("email", null).delay(Duration.ofMinutes(1)));
        await().untilAsserted(
                        () -> assertThat(signals.unannounced(names).join()).containsExactly("q5"));
        assertThat(signals.unannounced(names).join()).isEmpty();
    }
}
