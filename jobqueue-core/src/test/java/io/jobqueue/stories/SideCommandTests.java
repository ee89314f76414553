package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import io.lettuce.core.RedisURI;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Messages, hints and totals are not part of a transition: when Redis refuses one of them, the transition still
 * happens.
 */
@RedisServer
class SideCommandTests {

    private static final String USER = "worker";

    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        RedisURI uri = RedisURI.Builder.redis("127.0.0.1", server.port())
                .withAuthentication(USER, "pw".toCharArray())
                .build();
        stage = new Stage(server.port(), Stage.settings(), RedisLink.to(uri));
        user("+@all", "resetchannels");
    }

    @AfterEach
    void close() {
        stage.close();
    }

    /** Gives the application a user with no other rights than these. */
    private void user(String... rights) {
        CommandArgs<String, String> args = new CommandArgs<>(StringCodec.UTF8)
                .add("SETUSER")
                .add(USER)
                .add("reset")
                .add("on")
                .add(">pw")
                .add("~*");
        for (String right : rights) {
            args.add(right);
        }
        stage.redis.dispatch(CommandType.ACL, new StatusOutput<>(StringCodec.UTF8), args);
    }

    @Test
    @Proves(
            fault = "the Redis user may not use channels",
            holds = "every transition is whole; one warning names the right")
    void aRunOfAUserWithoutChannelsKeepsEveryOutputAndIsGathered() {
        stage.pool(
                Stage.workers(4),
                Stage.handler("unit", (job, context) -> ((Map<?, ?>) job.payload()).get("n")),
                Stage.handler(
                        "gather",
                        (job, context) -> Map.of(
                                "outputs",
                                context.outputs(Integer.class).stream().count())));
        stage.upkeep(Duration.ofMillis(100));
        JobRuns runs = stage.queue.runs();

        runs.start(
                "run",
                IntStream.range(0, 20).boxed().toList(),
                n -> "unit-" + n,
                n -> Map.of("n", n),
                JobRunOptions.of("unit").gather(JobRequest.of("gather", null)));

        assertThat(runs.await("run", Map.class, Duration.ofSeconds(20))).contains(Map.of("outputs", 20));
        JobRun run = runs.find("run").orElseThrow();
        assertThat(run.done()).isEqualTo(20);
        assertThat(run.failed()).isZero();
        assertThat(stage.list("completed")).hasSize(21);
        assertThat(stage.total("completed")).isEqualTo(21);
    }

    @Test
    void aBatchOfAUserWithoutChannelsIsSettledAsAWhole() {
        stage.notAlone();
        List<Claim> claims = claims(5);

        List<Answer> answers = stage.store
                .settle(List.of(
                        Verb.COMPLETE.of(claims.get(0)),
                        Verb.RETRY.of(claims.get(1)),
                        Verb.RELEASE.of(claims.get(2)),
                        Verb.FAIL.of(claims.get(3)),
                        Verb.RETRY.of(claims.get(4), "later", "", Duration.ofHours(1), 5)))
                .join()
                .answers();

        assertThat(answers).containsOnly(Answer.DONE);
        assertThat(stage.list("pending")).containsExactly("job-1", "job-2");
        assertThat(stage.list("completed")).containsExactly("job-0");
        assertThat(stage.list("failed")).containsExactly("job-3");
        assertThat(stage.redis.zrange("queue:q:delayed", 0, -1)).containsExactly("job-4");
        assertThat(stage.list("processing")).isEmpty();
        assertThat(stage.total("retried")).isEqualTo(2);
    }

    @Test
    void aReclaimAndACancelOfAUserWithoutChannelsAreWhole() {
        List<Claim> claims = claims(2);
        for (Claim claim : claims) {
            stage.redis.hset("queue:q:job:" + claim.id(), "lease", claim.token() + ":1:1000");
        }
        stage.redis.hset("queue:q:job:job-1", "crashes", "99");
        JobRuns runs = stage.queue.runs();
        runs.start("run", List.of(1, 2, 3), n -> "unit-" + n, n -> Map.of("n", n), JobRunOptions.of("unit"));

        assertThat(stage.queue.worker().reclaimStuck()).containsExactly("job-0");
        assertThat(runs.cancel("run")).isTrue();

        assertThat(stage.list("failed")).containsExactly("job-1");
        assertThat(stage.list("pending")).endsWith("job-0");
        assertThat(stage.list("processing")).isEmpty();
        assertThat(runs.find("run").orElseThrow().failed()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-hincrby", "-publish"})
    void aJobCompletesWithoutTheRightToACommandThatIsNotNeeded(String right) {
        user("+@all", "allchannels", right);

        List<Claim> claims = claims(1);
        assertThat(stage.queue.worker().complete(claims.get(0), null)).isTrue();

        assertThat(stage.list("completed")).containsExactly("job-0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"wake", "meta"})
    void anEnqueueNeedsNeitherTheHintNorTheTotals(String key) {
        stage.notAlone();
        stage.redis.set("queue:q:" + key, "no list and no hash");

        stage.enqueue("work", "job", 2);

        assertThat(stage.list("pending")).containsExactly("job-1", "job-0");
        assertThat(stage.job("job-0")).containsEntry("status", "pending");
        assertThat(stage.redis.get("queue:q:" + key)).isEqualTo("no list and no hash");
    }

    @Test
    void aTotalThatIsNoNumberStartsAgain() {
        stage.notAlone();
        stage.redis.hset("queue:q:meta", "enqueued_total", "many");

        stage.enqueue("work", "job", 3);

        assertThat(stage.total("enqueued")).isEqualTo(3);
    }

    @Test
    void aRefusedMessageIsWarnedOfOnceWithTheMissingRightAndTheRemedy() {
        try (CapturedLog log = new CapturedLog("io.jobqueue")) {
            for (Claim claim : claims(3)) {
                assertThat(stage.queue.worker().complete(claim, null)).isTrue();
            }

            assertThat(log.lines(Level.WARN, "queue:q:events"))
                    .singleElement()
                    .asString()
                    .contains("ACL SETUSER <user> &queue:* +publish");
        }
    }

    @Test
    void aQueueThatMayNotListenSaysSoOnceAndDoesNotConnectAgainAndAgain() {
        user("+@all", "allchannels", "-subscribe");
        stage.queue.runs().start("run", List.of(1), n -> "unit-" + n, n -> Map.of("n", n), JobRunOptions.of("unit"));
        try (CapturedLog log = new CapturedLog("io.jobqueue")) {
            stage.upkeep(Duration.ofMillis(10));
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> !log.lines(Level.WARN, "subscribe").isEmpty());
            long before = connections();

            Stage.pass(Duration.ofSeconds(1));

            assertThat(connections() - before).isLessThan(5);
            assertThat(log.lines(Level.WARN, "subscribe"))
                    .singleElement()
                    .asString()
                    .contains("ACL SETUSER <user> +subscribe +unsubscribe");
        }
    }

    private long connections() {
        return stage.redis
                .info("stats")
                .lines()
                .filter(line -> line.startsWith("total_connections_received:"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
                .sum();
    }

    private List<Claim> claims(int jobs) {
        stage.enqueue("work", "job", jobs);
        return stage.store.claim(jobs).join().jobs();
    }
}
