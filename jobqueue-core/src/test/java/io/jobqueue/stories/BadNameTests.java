package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Handler;
import io.lettuce.core.ScriptOutputType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Every method that takes a name or an id either works with it, or refuses it with a remedy before it sends anything.
 */
@RedisServer
class BadNameTests {

    /** What has a name. */
    private enum Thing {
        QUEUE("queue name"),
        PREFIX("key prefix"),
        JOB("job id"),
        RUN("run id"),
        UNIT("unit id"),
        KIND("kind"),
        STEP("step name");

        private final String words;

        Thing(String words) {
            this.words = words;
        }
    }

    private static final List<Thing> QUEUES = List.of(Thing.QUEUE, Thing.PREFIX);
    private static final List<Thing> IDS = List.of(Thing.JOB, Thing.RUN);
    private static final List<Thing> WORDS = List.of(Thing.KIND, Thing.STEP);
    private static final List<Thing> UNITS = List.of(Thing.UNIT);

    /** Names, and what may be called so. */
    private static final Map<String, Set<Thing>> NAMES = new LinkedHashMap<>();

    static {
        names(List.of(QUEUES, IDS, UNITS, WORDS), "jobs", "A-1_b.c", "0", "a".repeat(64), "null", "constructor");
        names(List.of(IDS, UNITS, WORDS), "a:b", ":", "..", "-a", "_a", ".", "a".repeat(65), "a".repeat(128), "::::");
        names(
                List.of(UNITS, WORDS),
                "{a}",
                "a{b}c",
                "}{",
                "{}",
                "a b",
                " a ",
                "*",
                "a/b",
                "../../etc",
                "a?b[c]",
                "a,b;c");
        names(
                List.of(UNITS, WORDS),
                "'a'\"b\"\\",
                "\"]]; redis.call('FLUSHALL')",
                "%s%n%1$s",
                "${jndi:ldap://x}",
                "<b>&amp;");
        names(
                List.of(UNITS, WORDS),
                "ä",
                "日本",
                "😀",
                "\u202eabc",
                "a\u2028b",
                "\ufeffa",
                "\uffff",
                "e\u0301",
                "ä".repeat(128));
        names(List.of(WORDS), "日".repeat(128), "😀".repeat(64));
        names(List.of(UNITS), " ", "\u2003", "\u2028", "a".repeat(129), "a".repeat(256), "😀".repeat(64));
        names(
                List.of(),
                "",
                "a\u0000b",
                "\u0000",
                "a\nb",
                "\n",
                "a\r\nFLUSHALL\r\n",
                "a\tb",
                "a\u007f",
                "\u0085",
                "\u001b[31mred");
        names(
                List.of(),
                "\ud83d",
                "a\ude00",
                "\ude00\ud83d",
                "a\ud83db",
                "a".repeat(257),
                "ä".repeat(129),
                "日".repeat(129));
        for (String part : List.of("a", "{", ":", "\n", "\u0000", "😀", "\ud83d", "a\u0000", "日本")) {
            names(List.of(), part.repeat(10_000));
        }
    }

    private static void names(List<List<Thing>> of, String... names) {
        for (String name : names) {
            Set<Thing> things = NAMES.computeIfAbsent(name, added -> new HashSet<>());
            of.forEach(things::addAll);
        }
    }

    private static List<String> namesOf(Thing thing) {
        return NAMES.keySet().stream()
                .filter(name -> NAMES.get(name).contains(thing))
                .toList();
    }

    /** Where a name comes in. */
    private record Entrance(Thing thing, String method, Consumer<String> use) {}

    private static List<Entrance> entrances(RedisQueues queues) {
        List<Entrance> all = new ArrayList<>();
        JobQueue queue = queues.queue("q");
        RedisQueues.Options options = RedisQueues.Options.defaults();
        all.add(new Entrance(Thing.QUEUE, "queues.queue", queues::queue));
        all.add(new Entrance(Thing.QUEUE, "queues.store", queues::store));
        all.add(new Entrance(Thing.QUEUE, "queue.on", queue::on));
        all.add(new Entrance(Thing.QUEUE, "options, default queue", RedisQueues.Routes::to));
        all.add(new Entrance(Thing.PREFIX, "options, key prefix", options::withKeyPrefix));
        all.add(new Entrance(Thing.KIND, "JobRequest.of", name -> JobRequest.of(name, null)));
        all.add(new Entrance(Thing.KIND, "JobRunOptions.of", JobRunOptions::of));
        all.add(new Entrance(Thing.KIND, "Handler", name -> Stage.handler(name, (job, context) -> null)));
        JobRequest work = JobRequest.of("work", null);
        all.add(new Entrance(Thing.JOB, "request.id", work::id));
        all.add(new Entrance(Thing.JOB, "queue.find", queue::find));
        all.add(new Entrance(
                Thing.JOB, "queue.findAsync", id -> queue.findAsync(id).join()));
        all.add(new Entrance(Thing.RUN, "request.unit, run", run -> work.unit(run, "unit")));
        all.add(new Entrance(Thing.UNIT, "request.unit, unit", unit -> work.unit("run", unit)));
        runs(queue, all);
        outputs(queue.outputs(), all);
        return all;
    }

    private static void runs(JobQueue queue, List<Entrance> all) {
        JobRunOptions options = JobRunOptions.of("work");
        Function<String, Map<String, String>> payload = name -> Map.of();
        Map<String, Consumer<String>> uses = new LinkedHashMap<>();
        uses.put("runs.start", run -> queue.runs().start(run, List.of("u"), unit -> unit, payload, options));
        uses.put("runs.open", run -> queue.runs().open(run, options));
        uses.put("runs.add", run -> queue.runs().add(run, List.of("u"), unit -> unit, payload));
        uses.put("runs.seal", run -> queue.runs().seal(run));
        uses.put("runs.find", run -> queue.runs().find(run));
        uses.put("runs.await", run -> queue.runs().await(run, String.class, Duration.ZERO));
        uses.put("runs.cancel", run -> queue.runs().cancel(run));
        uses.put("runs.outputs", run -> queue.runs().outputs(run, String.class));
        uses.forEach((method, use) -> all.add(new Entrance(Thing.RUN, method, use)));
        all.add(new Entrance(Thing.UNIT, "WorkOutputs.get", unit -> queue.runs()
                .outputs("run", String.class)
                .get(unit)));
    }

    private static void outputs(WorkOutputCache cache, List<Entrance> all) {
        Map<String, Consumer<String>> uses = new LinkedHashMap<>();
        uses.put("outputs.put", run -> cache.put(run, "unit", 1));
        uses.put("outputs.get", run -> cache.get(run, "unit", String.class));
        uses.put("outputs.all", run -> cache.all(run, String.class));
        uses.put("outputs.stream", run -> cache.stream(run, String.class));
        uses.put("outputs.early", run -> cache.early(run, "unit", String.class));
        uses.put("outputs.streamEarly", run -> cache.streamEarly(run, String.class));
        uses.put("outputs.failures", cache::failures);
        uses.put("outputs.expect", run -> cache.expect(run, 1));
        uses.put("outputs.progress", cache::progress);
        uses.put("outputs.evict", cache::evict);
        uses.forEach((method, use) -> all.add(new Entrance(Thing.RUN, method, use)));
        all.add(new Entrance(Thing.UNIT, "outputs.put", unit -> cache.put("run", unit, 1)));
        all.add(new Entrance(Thing.UNIT, "outputs.get", unit -> cache.get("run", unit, String.class)));
        all.add(new Entrance(Thing.UNIT, "outputs.early", unit -> cache.early("run", unit, String.class)));
    }

    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port());
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private static void assertRefused(Entrance entrance, String name) {
        assertThatThrownBy(() -> entrance.use().accept(name))
                .as("%s by %s: %.40s", entrance.thing(), entrance.method(), name)
                .isInstanceOf(IllegalArgumentException.class)
                .satisfies(refusal -> assertTells(refusal.getMessage(), entrance.thing()));
    }

    /** Names the thing, the remedy and the name, in one short and harmless line. */
    private static void assertTells(String message, Thing thing) {
        assertThat(message)
                .matches("(?s)" + thing.words + " must be .{20,}, was '.*'")
                .hasSizeLessThan(700);
        assertThat(message.chars().noneMatch(c -> Character.isISOControl(c) || Character.isSurrogate((char) c)))
                .as(message)
                .isTrue();
    }

    @Test
    void aBadNameIsRefusedByEveryEntranceAndLeavesNothingInRedis() {
        int refused = 0;
        Map<String, String> before = stage.dump();
        for (Entrance entrance : entrances(stage.queues)) {
            for (String name : NAMES.keySet()) {
                if (!NAMES.get(name).contains(entrance.thing())) {
                    assertRefused(entrance, name);
                    refused++;
                }
            }
        }
        assertThat(stage.dump()).isEqualTo(before);
        System.out.printf("Bad input: %d bad names refused%n", refused);
    }

    @Test
    void aBadUnitInTheMiddleOfARunIsRefusedAndTheRunIsNotSealed() {
        for (String name : NAMES.keySet()) {
            if (!NAMES.get(name).contains(Thing.UNIT)) {
                JobRunOptions options = JobRunOptions.of("work");
                assertRefused(
                        new Entrance(Thing.UNIT, "runs.start", unit -> stage.queue
                                .runs()
                                .start("start", List.of("a", unit, "b"), each -> each, each -> Map.of(), options)),
                        name);
                stage.queue.runs().open("open", options);
                assertRefused(
                        new Entrance(Thing.UNIT, "runs.add", unit -> stage.queue
                                .runs()
                                .add("open", List.of("a", unit, "b"), each -> each, each -> Map.of())),
                        name);
            }
        }
        assertThat(stage.queue.runs().find("start").orElseThrow().state()).isEqualTo(JobRun.State.OPEN);
        assertThat(stage.queue.runs().find("open").orElseThrow().state()).isEqualTo(JobRun.State.OPEN);
    }

    @Test
    void aBadNameIsRefusedAtOnceWhenRedisIsAway() {
        RedisLink link = RedisLink.to(Stage.uri(1));
        RedisConnector nowhere = new RedisConnector(() -> link);
        try {
            for (Entrance entrance : entrances(new RedisQueues(nowhere, RedisQueues.Options.defaults()))) {
                assertRefused(entrance, "a\nb");
            }
        } finally {
            nowhere.stop();
        }
    }

    @Test
    void aGoodNameOfAQueueIsItsPlaceAmongTheKeys() {
        for (String name : namesOf(Thing.QUEUE)) {
            JobQueue queue = stage.queues.queue(name);
            queue.enqueue(JobRequest.of("work", null).id("job"));

            Claim claim = queue.worker().claim(Duration.ZERO).orElseThrow();

            assertThat(stage.redis.hget("queue:" + name + ":job:job", "status")).isEqualTo("processing");
            assertThat(queue.worker().complete(claim, null)).isTrue();
            assertThat(stage.redis.lrange("queue:" + name + ":completed", 0, -1))
                    .containsExactly("job");
        }
    }

    @Test
    void validNamesOfJobsKindsRunsAndUnitsComeBackUnchanged() {
        Map<String, String> kinds = new ConcurrentHashMap<>();
        stage.pool(
                Stage.workers(16),
                namesOf(Thing.KIND).stream()
                        .map(kind -> Stage.handler(kind, (job, context) -> {
                            kinds.put(job.id(), job.kind());
                            return job.payload();
                        }))
                        .toArray(Handler[]::new));

        List<JobRequest> requests = new ArrayList<>();
        namesOf(Thing.JOB)
                .forEach(id -> requests.add(JobRequest.of("jobs", null).id(id)));
        namesOf(Thing.KIND)
                .forEach(kind -> requests.add(JobRequest.of(kind, null).id("kind-" + requests.size())));
        for (String run : namesOf(Thing.RUN)) {
            namesOf(Thing.UNIT)
                    .forEach(unit -> requests.add(JobRequest.of("jobs", Map.of("unit", unit))
                            .id("unit-" + requests.size())
                            .unit(run, unit)));
        }
        stage.queue.enqueueAll(requests);

        await().atMost(Duration.ofSeconds(60)).until(() -> stage.total("completed") == requests.size());
        requests.forEach(request -> assertThat(kinds).containsEntry(String.valueOf(request.id()), request.kind()));
        namesOf(Thing.JOB)
                .forEach(id ->
                        assertThat(stage.queue.find(id)).map(JobSnapshot::id).contains(id));
        for (String run : namesOf(Thing.RUN)) {
            WorkOutputCache outputs = stage.queue.outputs();
            assertThat(outputs.all(run, Map.class)).containsOnlyKeys(namesOf(Thing.UNIT));
            for (String unit : namesOf(Thing.UNIT)) {
                assertThat(outputs.get(run, unit, JsonNode.class).map(node -> node.path("unit")))
                        .map(JsonNode::stringValue)
                        .contains(unit);
                assertThat(stage.redis.hexists("queue:q:outputs:" + run, unit)).isTrue();
            }
        }
        System.out.printf("Bad input: %d jobs with odd but good names%n", requests.size());
    }

    @Test
    void aStepOfAGoodNameIsRememberedAndABadOneIsAMistakeThatTheHandlerIsTold() {
        Map<String, String> told = new ConcurrentHashMap<>();
        stage.pool(Stage.workers(1), Stage.handler("work", (job, context) -> {
            for (String name : NAMES.keySet()) {
                try {
                    told.put(name, context.step(name, String.class, () -> "in attempt " + context.attempt()));
                } catch (IllegalArgumentException ex) {
                    told.put(name, ex.getMessage());
                }
            }
            if (!context.lastAttempt()) {
                throw new IllegalStateException("once more");
            }
            return null;
        }));

        stage.enqueue("work", "job", 1);

        await().until(() -> stage.list("completed").contains("job-0"));
        NAMES.forEach((name, things) -> {
            if (things.contains(Thing.STEP)) {
                assertThat(told).as(name).containsEntry(name, "in attempt 1");
                assertThat(stage.redis.hget("queue:q:job:job-0", "step:" + name))
                        .isEqualTo("\"in attempt 1\"");
            } else {
                assertTells(told.getOrDefault(name, "nothing"), Thing.STEP);
            }
        });
    }

    @Test
    void aGuideProducersJobRunsWithAnyId() {
        Set<String> ran = ConcurrentHashMap.newKeySet();
        List<String> ids = NAMES.keySet().stream().filter(BadNameTests::isText).toList();
        for (String id : ids) {
            stage.guideEnqueue(id, "{\"kind\":\"work\"}", 1_700_000_000_000L);
        }
        stage.upkeep(Duration.ofMillis(50));
        stage.pool(Stage.workers(4), Stage.handler("work", (job, context) -> ran.add(job.id())));

        await().atMost(Duration.ofSeconds(20))
                .until(() -> stage.list("completed").size() == ids.size());
        assertThat(ran).containsExactlyInAnyOrderElementsOf(ids);
        assertThat(stage.list("completed")).containsExactlyInAnyOrderElementsOf(ids);
        List<String> listed = new ArrayList<>();
        for (int offset = 0; offset < ids.size(); offset += 10) {
            stage.queue.admin().list(JobStatus.COMPLETED, offset, 10).forEach(job -> listed.add(job.id()));
        }
        assertThat(listed).containsExactlyInAnyOrderElementsOf(ids);
        assertThat(stage.queue.admin().purge()).isEqualTo(ids.size());
    }

    private static boolean isText(String id) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(id);
    }

    @Test
    void anIdThatIsNoUtf8EndsAsADeadLetterWithAReasonAndTheNextJobRuns(EmbeddedRedis server) {
        stage.notAlone();
        try (Stage quick = new Stage(
                server.port(),
                Stage.settings().withVisibility(Duration.ofMillis(200)).withMaxCrashes(1))) {
            // written in Lua, because it cannot be said in Java
            quick.redis.eval(
                    """
                    redis.call('HSET', KEYS[1] .. 'job:a\\255b', 'payload', '{"kind":"work"}', 'status', 'pending')
                    redis.call('LPUSH', KEYS[1] .. 'pending', 'a\\255b')
                    """,
                    ScriptOutputType.STATUS,
                    "queue:q:");
            quick.upkeep(Duration.ofMillis(50));
            quick.pool(Stage.workers(1), Stage.handler("work", (job, context) -> null));

            await().atMost(Duration.ofSeconds(20))
                    .until(() -> quick.list("failed").size() == 1);
            String error = quick.redis.eval(
                    "return redis.call('HGET', KEYS[1] .. 'job:a\\255b', 'last_error')",
                    ScriptOutputType.VALUE,
                    "queue:q:");
            assertThat(error).startsWith("worker-died");
            quick.enqueue("work", "good", 1);
            await().until(() -> quick.list("completed").contains("good-0"));
        }
    }
}
