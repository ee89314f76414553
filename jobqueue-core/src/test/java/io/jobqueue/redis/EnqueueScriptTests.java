package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@RedisServer
class EnqueueScriptTests {

    private EmbeddedRedis server;
    private Bench bench;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        bench = new Bench(redis);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    record Mail(String to) {}

    private static JobRequest mail(String id) {
        return JobRequest.of("email", new Mail("a@b.c")).id(id);
    }

    @Test
    void writesTheGuidesFieldsAndOurs() {
        bench.queue.enqueue(mail("one").maxAttempts(7).header("trace", "x").unit("r1", "unit/ä 1"));

        Map<String, String> job = bench.job("one");
        assertThat(job)
                .containsEntry("id", "one")
                .containsEntry("payload", "{\"kind\":\"email\",\"to\":\"a@b.c\"}")
                .containsEntry("status", "pending")
                .containsEntry("attempts", "0")
                .containsEntry("claim_token", "")
                .containsEntry("kind", "email")
                .containsEntry("max_attempts", "7")
                .containsEntry("headers", "{\"trace\":\"x\"}")
                .containsEntry("run_id", "r1")
                .containsEntry("unit_id", "unit/ä 1")
                .doesNotContainKeys("claimed_at_ms", "due_at_ms");
        assertThat(Long.parseLong(job.get("enqueued_at_ms"))).isCloseTo(System.currentTimeMillis(), within(10_000L));
        assertThat(bench.list("pending")).containsExactly("one");
        assertThat(bench.redis.pttl("queue:q:job:one"))
                .as("nothing that is alive carries a TTL")
                .isEqualTo(-1);
    }

    @Test
    void anEnqueueOfAnIdThatExistsChangesNothing() {
        JobRef first = bench.queue.enqueue(mail("one"));

        JobRef second =
                bench.queue.enqueue(JobRequest.of("other", Map.of("x", 1)).id("one"));

        assertThat(first).isEqualTo(new JobRef("q", "one", JobRef.State.CREATED));
        assertThat(second).isEqualTo(new JobRef("q", "one", JobRef.State.EXISTING));
        assertThat(bench.list("pending")).containsExactly("one");
        assertThat(bench.job("one")).containsEntry("kind", "email");
        assertThat(bench.queue.stats().enqueuedTotal()).isEqualTo(1);
    }

    @Test
    void makesIdsThatSortByTime() {
        List<String> ids = IntStream.range(0, 5)
                .mapToObj(i -> {
                    String id =
                            bench.queue.enqueue(JobRequest.of("email", null)).id();
                    // the next id must fall into another millisecond
                    long now = System.currentTimeMillis();
                    while (System.currentTimeMillis() == now) {
                        Thread.onSpinWait();
                    }
                    return id;
                })
                .toList();

        assertThat(ids).isSorted().allMatch(id -> id.matches("[0-9a-f]{32}"));
    }

    @Test
    void aUnitsIdDerivesFromQueueRunAndUnit() {
        String once =
                bench.queue.enqueue(JobRequest.of("email", null).unit("r", "u")).id();
        JobRef again = bench.queue.enqueue(JobRequest.of("email", null).unit("r", "u"));
        String other = bench.queue
                .on("q2")
                .enqueue(JobRequest.of("email", null).unit("r", "u"))
                .id();

        assertThat(again).isEqualTo(new JobRef("q", once, JobRef.State.EXISTING));
        assertThat(other).isNotEqualTo(once).matches("[0-9a-f]{32}");
    }

    @Test
    void manyJobsKeepTheirOrderAndAnswerEach() {
        List<JobRequest> requests =
                IntStream.range(0, 450).mapToObj(i -> mail("id-" + i)).collect(Collectors.toCollection(ArrayList::new));
        requests.add(mail("id-7"));

        List<JobRef> refs = bench.queue.enqueueAll(requests);

        assertThat(refs).hasSize(451);
        assertThat(refs.subList(0, 450)).allMatch(JobRef::isCreated);
        assertThat(refs.get(450).isCreated()).isFalse();
        assertThat(bench.queue.admin().list(JobStatus.PENDING, 0, 200))
                .extracting(job -> job.id())
                .containsExactlyElementsOf(
                        IntStream.range(0, 200).mapToObj(i -> "id-" + i).toList());
        assertThat(bench.events).hasSize(450).allMatch(event -> event instanceof JobEvent.Enqueued);
    }

    @Test
    void aDelayedJobWaitsInTheSortedSetUntilItsTimeByTheClockOfRedis() {
        bench.queue.enqueue(mail("in").delay(Duration.ofMinutes(5)));
        bench.queue.enqueue(mail("at").at(Instant.parse("2100-01-01T00:00:00Z")));
        bench.queue.enqueue(mail("past").at(Instant.EPOCH));

        assertThat(bench.list("pending")).containsExactly("past");
        assertThat(bench.redis.zscore("queue:q:delayed", "at")).isEqualTo(4102444800000d);
        assertThat(bench.redis.zscore("queue:q:delayed", "in"))
                .isCloseTo(System.currentTimeMillis() + 300_000d, within(10_000d));
        assertThat(bench.job("in")).containsEntry("status", "scheduled").containsKey("due_at_ms");
    }

    @Test
    void pushesAtMostOneHint() {
        bench.queue.enqueue(mail("one"));
        bench.queue.enqueue(mail("two"));

        assertThat(bench.list("wake")).containsExactly("1");
    }

    @Test
    void aDelayedJobHintsOnlyWhenItBecameTheEarliest() {
        bench.queue.enqueue(mail("one").delay(Duration.ofMinutes(5)));
        assertThat(bench.redis.del("queue:q:wake")).isEqualTo(1);

        bench.queue.enqueue(mail("later").delay(Duration.ofMinutes(6)));
        assertThat(bench.list("wake")).isEmpty();

        bench.queue.enqueue(mail("sooner").delay(Duration.ofMinutes(1)));
        assertThat(bench.list("wake")).hasSize(1);
    }

    @Test
    void aReplayedCallReturnsTheFirstReplyEvenIfTheJobIsGone() {
        String[] args = {"15000", "0", "one", "email", "{}", ""};
        Script script = Script.of(io.lettuce.core.ScriptOutputType.VALUE, "road/enqueue");
        RedisAsyncCommands<String, String> async =
                bench.redis.getStatefulConnection().async();
        String[] keys = bench.store.redis().keys().withCall("token");

        String first = script.<String>call(async, keys, args).join();
        bench.redis.del("queue:q:job:one", "queue:q:pending");
        String replay = script.<String>call(async, keys, args).join();

        assertThat(first).isEqualTo("C");
        assertThat(replay).isEqualTo("C");
        assertThat(bench.redis.exists("queue:q:job:one", "queue:q:pending")).isZero();
        assertThat(bench.redis.pttl("queue:q:call:token")).isBetween(1L, 15_000L);
    }

    @Test
    void onlyClientsThatMaySendACallTwiceRememberCalls() {
        bench.queue.enqueue(mail("one"));
        assertThat(bench.redis.keys("queue:q:call:*")).isEmpty();

        RedisClient client = RedisClient.create(server.uri()); // with the options of Lettuce
        RedisConnector connector = new RedisConnector(() -> RedisLink.over(client));
        try {
            new RedisQueues(connector, RedisQueues.Options.defaults())
                    .queue("q")
                    .enqueue(mail("two"));
            assertThat(bench.redis.keys("queue:q:call:*")).hasSize(1);
        } finally {
            connector.stop();
            client.shutdown();
        }
    }

    @Test
    void aSingleEnqueueRunsSixCommandsBesideTheScript() {
        bench.queue.enqueue(mail("one"));
        bench.redis.configResetstat();

        bench.queue.enqueue(mail("two"));

        Map<String, Long> calls = bench.redis
                .info("commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_") && !line.contains("config"))
                .collect(Collectors.toMap(
                        line -> line.substring("cmdstat_".length(), line.indexOf(':')),
                        line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1"))));
        assertThat(calls)
                .containsOnlyKeys("evalsha", "time", "exists", "lpush", "llen", "hset", "hincrby")
                .allSatisfy((command, count) -> assertThat(count).as(command).isOne());
    }

    @Test
    void aWrongKeyTypeIsRefusedWithNothingWritten() {
        bench.redis.set("queue:q:pending", "not a list");

        assertThatThrownBy(() -> bench.queue.enqueue(mail("one")))
                .isInstanceOf(EnqueueRefusedException.class)
                .hasMessageContaining("queue 'q'")
                .hasMessageContaining("WRONGTYPE");
        assertThat(bench.redis.keys("*")).containsExactly("queue:q:pending");
    }

    @Test
    void aBatchWithOneBadPayloadSendsNothing() {
        assertThatThrownBy(() -> bench.queue.enqueueAll(List.of(mail("one"), JobRequest.of("email", "text"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("JSON object");

        assertThat(bench.redis.keys("*")).isEmpty();
    }
}
