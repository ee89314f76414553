package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.AwaitTimeoutException;
import io.jobqueue.Claim;
import io.jobqueue.DeadLetterFilter;
import io.jobqueue.Job;
import io.jobqueue.JobAdmin;
import io.jobqueue.JobContext;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.JobStatus;
import io.jobqueue.Recurring;
import io.jobqueue.Schedule;
import io.jobqueue.Unique;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.redis.RedisAccess;
import io.jobqueue.redis.RedisLink;
import io.lettuce.core.RedisURI;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Everything works for a Redis user that has only the rights of the documented ACL line. */
@RedisServer
class MinimalRightsTests {

    private static final JobRunOptions UNITS = JobRunOptions.of("unit").gather(JobRequest.of("gather", null));

    private EmbeddedRedis server;
    private Stage stage;

    @BeforeEach
    void remember(EmbeddedRedis redis) {
        server = redis;
    }

    @AfterEach
    void close() {
        stage.close();
    }

    /** An application whose user has the rights of an access. */
    private Stage application(RedisAccess access, String... changes) {
        RedisURI uri = RedisURI.Builder.redis("127.0.0.1", server.port())
                .withAuthentication("app", "password".toCharArray())
                .withClientName("jobs")
                .build();
        Stage made = new Stage(server.port(), Stage.settings(), RedisLink.to(uri));
        acl(made, access.aclLine("app", "queue").substring("ACL ".length()).split(" "));
        acl(made, Stream.concat(Stream.of("SETUSER", "app"), Stream.of(changes)).toArray(String[]::new));
        acl(made, "LOG", "RESET");
        return made;
    }

    private static void acl(Stage stage, String... words) {
        CommandArgs<String, String> args = new CommandArgs<>(StringCodec.UTF8);
        Stream.of(words).forEach(args::add);
        stage.redis.dispatch(CommandType.ACL, new StatusOutput<>(StringCodec.UTF8), args);
    }

    /**
     * What Redis refused, as `command object`. The name of its library, which a client tells by CLIENT SETINFO, does
     * not count.
     */
    private List<String> refused() {
        return stage.redis.aclLog().stream()
                .filter(entry -> !String.valueOf(entry.get("object")).startsWith("client"))
                .map(entry -> entry.get("reason") + " " + entry.get("object"))
                .toList();
    }

    @Test
    @Proves(
            fault = "the Redis user has the rights of the documented line and no others",
            holds = "everything works, and Redis refuses nothing")
    void everythingWorksWithTheRightsOfAWorker() {
        stage = application(RedisAccess.WORKER);
        stage.upkeep(Duration.ofMillis(50));
        pool();

        jobs();
        runs(stage.queue.runs());
        outputs(stage.queue.outputs());
        recurring();
        verbs();
        operate(stage.queue.admin());
        audit();

        assertThat(refused()).isEmpty();
    }

    private void pool() {
        stage.pool(
                Stage.workers(4),
                Stage.handler("work", (job, context) -> Map.of("done", true)),
                Stage.handler("flaky", MinimalRightsTests::failsOnce),
                Stage.handler("long", (job, context) -> {
                    Stage.pass(Duration.ofMillis(600)); // two heartbeats
                    return context.extend(Duration.ofSeconds(5));
                }),
                Stage.handler("dead", (job, context) -> JobOutcome.deadLetter("no such thing")),
                Stage.handler("unit", (job, context) -> {
                    context.output(Map.of("early", true));
                    return failsOnce(job, context);
                }),
                Stage.handler(
                        "gather",
                        (job, context) -> Map.of(
                                "outputs", context.outputs(Map.class).stream().count())));
    }

    private static Object failsOnce(Job<?> job, JobContext context) {
        if (context.attempt() == 1) {
            throw new IllegalStateException("the first attempt of " + job.id());
        }
        return Map.of("attempt", context.attempt());
    }

    private void awaitEnd(String id, JobStatus status) {
        await().atMost(Duration.ofSeconds(20))
                .until(() -> stage.queue.find(id).orElseThrow().status() == status);
    }

    private void jobs() {
        JobQueue queue = stage.queue;
        queue.enqueueAll(List.of(
                JobRequest.of("work", null).id("plain"),
                JobRequest.of("work", null).id("delayed").delay(Duration.ofMillis(200)),
                JobRequest.of("flaky", null).id("flaky"),
                JobRequest.of("long", null).id("long"),
                JobRequest.of("dead", null).id("dead")));
        JobRequest unique = JobRequest.of("work", Map.of("n", 1)).delay(Duration.ofMillis(300));
        JobRef held = queue.enqueue(unique.unique(Unique.untilDone("key")));
        assertThat(queue.enqueue(unique.unique(Unique.untilDone("key").replace()))
                        .id())
                .isEqualTo(held.id());
        queue.enqueue(JobRequest.of("work", null).unique(Unique.within("other", Duration.ofSeconds(9))));

        queue.enqueueAndAwait(JobRequest.of("work", null), Map.class, Duration.ofSeconds(20));
        assertThat(queue.explain("long")).isPresent();
        Stream.of("plain", "delayed", "flaky", "long", held.id()).forEach(id -> awaitEnd(id, JobStatus.COMPLETED));
        awaitEnd("dead", JobStatus.FAILED);
        assertThat(queue.stats().completedTotal()).isGreaterThanOrEqualTo(5);
    }

    private void runs(JobRuns runs) {
        List<Integer> numbers = IntStream.range(0, 5).boxed().toList();
        runs.start("run", numbers, n -> "u" + n, n -> Map.of("n", n), UNITS);
        assertThat(runs.await("run", Map.class, Duration.ofSeconds(20))).contains(Map.of("outputs", 5));
        runs.start("run", numbers, n -> "u" + n, n -> Map.of("n", n), UNITS);

        runs.open("open", UNITS);
        runs.add("open", numbers, n -> "u" + n, n -> Map.of("n", n));
        runs.seal("open");
        runs.start("cancelled", numbers, n -> "u" + n, n -> Map.of("n", n), JobRunOptions.of("unhandled"));
        assertThat(runs.cancel("cancelled")).isTrue();
        assertThat(runs.list(0, 10)).hasSize(3);
        assertThat(runs.outputs("run", Map.class).missing()).isEmpty();
        await().untilAsserted(() ->
                assertThat(stage.queue.outputs().failures("cancelled")).hasSize(5));
    }

    private void outputs(WorkOutputCache outputs) {
        outputs.expect("cache", 2);
        outputs.put("cache", "a", 1);
        assertThat(outputs.get("cache", "a", Integer.class)).contains(1);
        assertThat(outputs.all("cache", Integer.class)).hasSize(1);
        assertThat(outputs.progress("cache").done()).isEqualTo(1);
        assertThat(outputs.evict("cache")).isTrue();
    }

    private void recurring() {
        var recurring = stage.queue.admin().recurring();
        recurring.put(Recurring.of("tick", Schedule.every(Duration.ofSeconds(1)), JobRequest.of("work", null)));
        awaitEnd(recurring.trigger("tick").id(), JobStatus.COMPLETED);
        await().atMost(Duration.ofSeconds(20))
                .until(() -> recurring.find("tick").orElseThrow().enqueued() >= 2);
        recurring.pause("tick");
        recurring.resume("tick");
        assertThat(recurring.remove("tick")).isTrue();
    }

    /** The guide's verbs, on a queue without a pool. */
    private void verbs() {
        JobQueue other = stage.queues.queue("other");
        CompletableFuture<?> waiting = other.worker().claimAsync(Duration.ofSeconds(10));
        other.enqueueAll(IntStream.range(0, 6)
                .mapToObj(n -> JobRequest.of("work", null).id("other-" + n).maxAttempts(9))
                .toList());
        waiting.join();
        List<Claim> claims = IntStream.range(0, 4)
                .mapToObj(n -> other.worker().claim(Duration.ZERO).orElseThrow())
                .toList();
        assertThat(other.worker().extend(claims.get(0), Duration.ofSeconds(9))).isTrue();
        assertThat(other.worker().complete(claims.get(0), Map.of())).isTrue();
        assertThat(other.worker().fail(claims.get(1), "failed")).isTrue();
        assertThat(other.worker().release(claims.get(2))).isTrue();
        stage.redis.hset(
                "queue:other:job:" + claims.get(3).id(), "lease", claims.get(3).token() + ":1:1000");
        assertThat(other.worker().reclaimStuck()).containsExactly(claims.get(3).id());
    }

    private void operate(JobAdmin admin) {
        admin.pause();
        admin.resume();
        Stream.of(JobStatus.values()).forEach(status -> admin.list(status, 0, 10));
        assertThat(admin.list(DeadLetterFilter.all().kind("dead"), 0, 10)).hasSize(1);
        assertThat(admin.requeue("dead")).isTrue();
        awaitEnd("dead", JobStatus.FAILED);
        assertThat(admin.requeue(DeadLetterFilter.all().kind("dead"), 10)).isEqualTo(1);
        awaitEnd("dead", JobStatus.FAILED);
        assertThat(admin.discard(DeadLetterFilter.all().kind("dead"))).isEqualTo(1);
        stage.queues.queue("other").admin().purge();
        assertThat(stage.queues.queue("other").stats().pendingDepth()).isZero();
    }

    /** What foreign hands broke, and a worker that died, so that the audit repairs and the sweep reclaims. */
    private void audit() {
        stage.redis.hset(
                "queue:q:job:homeless",
                Map.of("id", "homeless", "status", "pending", "payload", "{\"kind\":\"work\"}"));
        stage.guideEnqueue("twice", "{\"kind\":\"work\"}", 1);
        stage.redis.lpush("queue:q:pending", "twice", "nowhere");
        awaitEnd("twice", JobStatus.COMPLETED);
        for (int i = 0; i < 20; i++) {
            stage.audit();
        }
    }

    @Test
    void aProducersUserEnqueuesStartsRunsAndReadsOutputs() {
        stage = application(RedisAccess.PRODUCER);
        JobQueue queue = stage.queue;

        queue.enqueueAll(List.of(
                JobRequest.of("work", null).id("plain"),
                JobRequest.of("work", null).id("delayed").delay(Duration.ofHours(1)),
                JobRequest.of("work", null).unique(Unique.within("key", Duration.ofSeconds(9)))));
        queue.enqueue(JobRequest.of("work", null).unique(Unique.untilDone("key").replace()));
        List<Integer> numbers = IntStream.range(0, 5).boxed().toList();
        queue.runs().start("run", numbers, n -> "u" + n, n -> Map.of("n", n), UNITS);
        assertThat(queue.runs().await("run", Map.class, Duration.ofMillis(200))).isEmpty();
        assertThat(queue.runs().cancel("run")).isTrue();
        assertThat(queue.runs().list(0, 10)).hasSize(1);
        outputs(queue.outputs());
        assertThat(queue.find("plain")).isPresent();
        assertThat(queue.explain("plain")).isPresent();
        assertThat(queue.explain("delayed")).isPresent();
        assertThatThrownBy(() -> queue.await("plain", Map.class, Duration.ofMillis(200)))
                .isInstanceOf(AwaitTimeoutException.class);
        assertThat(queue.stats().pendingDepth()).isGreaterThanOrEqualTo(2);
        assertThat(queue.reschedule("delayed", Duration.ofHours(2))).isTrue();
        assertThat(queue.cancel("delayed")).isTrue();
        assertThat(queue.reschedule("plain", Duration.ofHours(2))).isTrue();
        assertThat(queue.reschedule("plain", Duration.ZERO)).isTrue();
        assertThat(queue.cancel("plain")).isTrue();

        assertThat(refused()).isEmpty();
    }

    @Test
    void aReadersUserSeesEverythingAndChangesNothing() {
        stage = application(RedisAccess.WORKER);
        stage.queue.enqueue(JobRequest.of("work", null).maxAttempts(1));
        stage.enqueue("work", "job", 3);
        Claim failing = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
        stage.queue.worker().fail(failing, "failed");
        stage.queue.runs().start("run", List.of(1, 2), n -> "u" + n, n -> Map.of("n", n), UNITS);
        stage.queue.outputs().put("cache", "a", 1);
        Map<String, String> before = stage.dump();
        acl(
                stage,
                RedisAccess.READER
                        .aclLine("app", "queue")
                        .substring("ACL ".length())
                        .split(" "));
        acl(stage, "LOG", "RESET");

        assertThat(stage.queue.stats().pendingDepth()).isEqualTo(5);
        Stream.of(JobStatus.values()).forEach(status -> stage.queue.admin().list(status, 0, 10));
        assertThat(stage.queue.admin().list(DeadLetterFilter.all().kind("work"), 0, 10))
                .hasSize(1);
        assertThat(stage.queue.find(failing.id())).isPresent();
        assertThat(stage.queue.explain("job-1")).isPresent();
        assertThat(stage.queue.runs().find("run").orElseThrow().expected()).isEqualTo(2);
        assertThat(stage.queue.runs().list(0, 10)).hasSize(1);
        assertThat(stage.queue.runs().await("run", Map.class, Duration.ofMillis(200)))
                .isEmpty();
        assertThat(stage.queue.runs().outputs("run", Map.class).missing()).hasSize(2);
        assertThat(stage.queue.outputs().all("cache", Integer.class)).hasSize(1);
        assertThat(stage.queue.outputs().progress("cache").done()).isEqualTo(1);
        assertThat(stage.queue.admin().recurring().list()).isEmpty();

        assertThat(refused()).isEmpty();
        assertThat(stage.dump()).isEqualTo(before);
    }
}
