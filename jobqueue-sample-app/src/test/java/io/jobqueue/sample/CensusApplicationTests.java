package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.sample.RunningSample.Answer;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The sample, started from a command line and called over HTTP. */
@Timeout(120)
class CensusApplicationTests {

    private static final JsonMapper JSON = new JsonMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @TempDir
    static Path temp;

    private static Path allowed;
    private static EmbeddedRedis redis;
    private static RunningSample sample;

    @BeforeAll
    static void start() throws IOException {
        allowed = Files.createDirectories(temp.resolve("allowed"));
        redis = RunningSample.redis();
        sample = RunningSample.on(redis, "--sample.allowed-roots=" + allowed);
    }

    @AfterAll
    static void stop() {
        RunningSample.stop(redis, sample);
    }

    @Test
    void countsTheJarsOfItsOwnClassPath() throws Exception {
        Unzip expected = new Unzip(0, 0, 0);
        List<JarSearch.Unit> units = JarSearch.on(ClassPath.ofThisApplication());
        for (JarSearch.Unit unit : units) {
            expected = expected.plus(Unzip.count(unit.work().path()));
        }

        Answer started = post(Map.of());
        assertThat(started.status()).isEqualTo(202);
        assertThat(started.json().get("units").asInt()).isEqualTo(units.size()).isGreaterThan(30);
        JsonNode run = awaitCompleted(started.json().get("run_id").asString());

        assertThat(run.get("done").asInt()).isEqualTo(units.size());
        assertThat(totals(run)).isEqualTo(expected);
        assertThat(run.get("report").get("java_versions").get("17").asInt()).isPositive();
        assertThat(run.get("report").get("largest").get("name").asString()).startsWith("redis-server-");
        assertThat(run.get("report").get("largest").get("jar").asString()).contains("/embedded-redis-");
    }

    @Test
    void countsAFolderOf300Jars() throws Exception {
        Path folder = allowed.resolve("many");
        Jars.random(folder, 299, 300);
        Files.copy(folder.resolve("group-0/jar-000.jar"), folder.resolve("jar-000 again.jar"));
        Unzip expected = new Unzip(0, 0, 0);
        List<JarSearch.Unit> units = JarSearch.inFolder(folder.toRealPath());
        for (JarSearch.Unit unit : units) {
            expected = expected.plus(Unzip.count(unit.work().path()));
        }
        assertThat(units).hasSize(300);

        Answer started = post(Map.of("folder", folder.toString(), "run_id", "many:1"));
        assertThat(started.status()).isEqualTo(202);
        assertThat(started.json()).isEqualTo(JSON.readTree("{\"run_id\":\"many:1\",\"units\":300}"));
        JsonNode run = awaitCompleted("many:1");

        assertThat(run.get("failed").asInt()).isZero();
        assertThat(run.get("failures")).isEmpty();
        assertThat(run.get("report").get("jars").asInt()).isEqualTo(300);
        assertThat(totals(run)).isEqualTo(expected);
        JsonNode duplicates = run.get("report").get("duplicates");
        assertThat(JSON.convertValue(duplicates, List.class))
                .contains(List.of("group-0/jar-000.jar", "jar-000 again.jar"));

        JsonNode outputs = sample.get("/census/many:1/outputs").json().get("outputs");
        assertThat(outputs).hasSize(300);
        assertThat(outputs.get(0).get("unit").asString()).isEqualTo("group-0/jar-000.jar");
        assertThat(outputs.get(0).get("report").get("sha256").asString()).hasSize(64);
        assertThat(sample.get("/census/many:1/outputs?limit=7").json().get("outputs"))
                .hasSize(7);
    }

    @Test
    void aBrokenJarIsAFailedUnitAndNotAFailedRun() throws Exception {
        Path folder = allowed.resolve("broken");
        Jars.write(folder.resolve("sound.jar"), zip -> Jars.add(zip, "a.txt", new byte[5]));
        Files.writeString(folder.resolve("broken.jar"), "this is no jar");
        long retried = total("retried");

        post(Map.of("folder", folder.toString(), "run_id", "broken"));
        JsonNode run = awaitCompleted("broken");

        assertThat(run.get("expected").asInt()).isEqualTo(2);
        assertThat(run.get("done").asInt()).isEqualTo(1);
        assertThat(run.get("failed").asInt()).isEqualTo(1);
        assertThat(run.get("failures")).hasSize(1);
        assertThat(run.get("failures").get(0).get("unit").asString()).isEqualTo("broken.jar");
        assertThat(run.get("failures").get(0).get("reason").asString()).contains("not a sound jar");
        assertThat(run.get("report").get("jars").asInt()).isEqualTo(1);
        assertThat(run.get("report").get("bytes").asInt()).isEqualTo(5);
        assertThat(total("retried")).isEqualTo(retried);
    }

    @Test
    void theFailuresOfARunComeByPages() {
        JobQueue queue = sample.context().getBean(JobQueue.class).on("census");
        List<String> units =
                IntStream.range(0, 250).mapToObj(i -> "unit-%03d".formatted(i)).toList();
        queue.runs()
                .start(
                        "failing",
                        units,
                        unit -> unit,
                        unit -> JobRequest.of(ReadJar.KIND, Map.of("file", "http://example.org/" + unit)),
                        JobRunOptions.defaults());
        assertThat(awaitCompleted("failing").get("failed").asInt()).isEqualTo(250);

        assertThat(failures("")).hasSize(100);
        assertThat(failures("?failures_limit=7")).hasSize(7);
        assertThat(failures("?failures_limit=0")).isEmpty();
        assertThat(failures("?failures_limit=1000")).containsExactlyElementsOf(units);
        assertThat(failures("?failures_offset=250")).isEmpty();
        List<String> paged = new ArrayList<>();
        for (int offset = 0; offset < 300; offset += 60) {
            paged.addAll(failures("?failures_limit=60&failures_offset=" + offset));
        }
        assertThat(paged).containsExactlyInAnyOrderElementsOf(units);
    }

    @ParameterizedTest
    @ValueSource(strings = {"failures_limit=1001", "failures_limit=-1", "failures_offset=-1", "failures_offset=x"})
    void refusesPagesOfFailuresThatMakeNoSense(String page) {
        Answer answer = sample.get("/census/any?" + page);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("error").asString())
                .startsWith(page.substring(0, page.indexOf('=')) + " must be a whole number from 0 to ");
    }

    @Test
    void listsTheNewestRunsFirst() throws Exception {
        Path folder = allowed.resolve("recent");
        Jars.random(folder, 2, 2);
        Files.writeString(folder.resolve("broken.jar"), "this is no jar");
        for (int i = 1; i <= 9; i++) {
            post(Map.of("folder", folder.toString(), "run_id", "recent-" + i));
            awaitCompleted("recent-" + i);
        }

        JsonNode runs = sample.get("/census").json().get("runs");

        assertThat(runs).hasSize(8);
        JsonNode newest = runs.get(0);
        assertThat(newest.propertyNames())
                .containsExactly("run_id", "state", "expected", "done", "failed", "started_at", "duration_ms");
        assertThat(newest.get("run_id").asString()).isEqualTo("recent-9");
        assertThat(newest.get("state").asString()).isEqualTo("completed");
        assertThat(newest.get("expected").asInt()).isEqualTo(3);
        assertThat(newest.get("done").asInt()).isEqualTo(2);
        assertThat(newest.get("failed").asInt()).isEqualTo(1);
        assertThat(newest.get("duration_ms").asLong()).isPositive();
        assertThat(runs.get(7).get("run_id").asString()).isEqualTo("recent-2");
    }

    @Test
    void theDurationOfARunStopsAtItsEnd() throws Exception {
        Path folder = allowed.resolve("timed");
        Jars.random(folder, 1, 1);
        post(Map.of("folder", folder.toString(), "run_id", "timed"));
        long duration = awaitCompleted("timed").get("duration_ms").asLong();
        JobQueue queue = sample.context().getBean(JobQueue.class).on("census");
        queue.runs().open("endless", JobRunOptions.defaults());
        long first = sample.get("/census/endless").json().get("duration_ms").asLong();

        await().until(() ->
                sample.get("/census/endless").json().get("duration_ms").asLong() > first);

        assertThat(sample.get("/census/timed").json().get("duration_ms").asLong())
                .isEqualTo(duration);
        queue.runs().cancel("endless");
        assertThat(sample.get("/census/endless").json().get("state").asString()).isEqualTo("cancelled");
    }

    @Test
    void aRunOfNoUnitsIsCompleteAtOnce() throws Exception {
        Path folder = Files.createDirectories(allowed.resolve("empty"));

        Answer started = post(Map.of("folder", folder.toString(), "run_id", "empty"));

        assertThat(started.status()).isEqualTo(202);
        ObjectNode run = (ObjectNode) sample.get("/census/empty").json();
        assertThat(Instant.parse(run.get("started_at").asString()))
                .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(1));
        assertThat(run.get("duration_ms").asLong()).isBetween(0L, 60_000L);
        assertThat(run.remove(List.of("started_at", "duration_ms")))
                .isEqualTo(
                        JSON.readTree(
                                """
                {"run_id": "empty", "state": "completed", "expected": 0, "done": 0, "failed": 0, "failures": [],
                 "report": {"jars": 0, "files": 0, "classes": 0, "resources": 0, "bytes": 0, "largest": null,
                            "java_versions": {}, "duplicates": []}}"""));
    }

    @Test
    void theSameRunIdDoesNoWorkTwice() throws Exception {
        Path folder = allowed.resolve("same");
        Jars.random(folder, 5, 5);
        Map<String, String> form = Map.of("folder", folder.toString(), "run_id", "same");
        Answer first = post(form);
        awaitCompleted("same");
        long enqueued = total("enqueued");
        Jars.write(folder.resolve("later.jar"), zip -> {});

        Answer second = post(form);

        assertThat(first.status()).isEqualTo(202);
        assertThat(second.status()).isEqualTo(200);
        assertThat(second.json()).isEqualTo(first.json());
        assertThat(total("enqueued")).isEqualTo(enqueued);
        assertThat(sample.get("/census/same").json().get("done").asInt()).isEqualTo(5);
    }

    @Test
    void anInterruptedStartContinuesWhereItStopped() throws Exception {
        Path folder = allowed.resolve("half");
        Jars.random(folder, 6, 6);
        long enqueued = total("enqueued");
        JobQueue queue = sample.context().getBean(JobQueue.class).on("census");
        List<JarSearch.Unit> units = JarSearch.inFolder(folder.toRealPath());
        queue.runs().open("half", JobRunOptions.defaults());
        queue.runs().add("half", units.subList(0, 3), JarSearch.Unit::id, JarSearch.Unit::work);
        await().until(() -> queue.outputs().progress("half").done() == 3);
        assertThat(sample.get("/census/half").json().get("state").asString()).isEqualTo("running");
        // the history of completed jobs is bounded: they are gone when many more came after them
        queue.admin().purge(JobStatus.COMPLETED);

        assertThat(post(Map.of("folder", folder.toString(), "run_id", "half")).status())
                .isEqualTo(202);

        JsonNode run = awaitCompleted("half");
        assertThat(run.get("done").asInt()).isEqualTo(6);
        assertThat(run.get("report").get("jars").asInt()).isEqualTo(6);
        assertThat(total("enqueued") - enqueued).isEqualTo(6);
    }

    @Test
    void aStartAfterAFailureReadsOnlyThatJarAgain() throws Exception {
        Path folder = allowed.resolve("mended");
        Jars.random(folder, 4, 4);
        Path broken = Files.writeString(folder.resolve("broken.jar"), "this is no jar");
        Map<String, String> form = Map.of("folder", folder.toString(), "run_id", "mended");
        post(form);
        assertThat(awaitCompleted("mended").get("failed").asInt()).isEqualTo(1);
        long enqueued = total("enqueued");
        Jars.write(broken, zip -> Jars.add(zip, "a.txt", new byte[5]));

        assertThat(post(form).status()).isEqualTo(202);

        JsonNode run = awaitCompleted("mended");
        assertThat(run.get("done").asInt()).isEqualTo(5);
        assertThat(run.get("report").get("jars").asInt()).isEqualTo(5);
        assertThat(total("enqueued") - enqueued).as("one jar and one gather").isEqualTo(2);
    }

    @Test
    void twoStartsOfOneRunAtTheSameTimeAreOne() throws Exception {
        Path folder = allowed.resolve("race");
        Jars.random(folder, 8, 8);
        long enqueued = total("enqueued");

        List<HttpResponse<String>> answers = new ArrayList<>();
        List<CompletableFuture<HttpResponse<String>>> requests = IntStream.range(0, 6)
                .mapToObj(i -> CLIENT.sendAsync(
                        form(Map.of("folder", folder.toString(), "run_id", "race")),
                        HttpResponse.BodyHandlers.ofString()))
                .toList();
        requests.forEach(request -> answers.add(request.join()));

        assertThat(answers).extracting(HttpResponse::body).containsOnly("{\"run_id\":\"race\",\"units\":8}");
        assertThat(answers).extracting(HttpResponse::statusCode).containsOnlyOnce(202);
        assertThat(awaitCompleted("race").get("done").asInt()).isEqualTo(8);
        assertThat(total("enqueued") - enqueued).as("eight jars and one gather").isEqualTo(9);
    }

    @Test
    void refusesFoldersThatMayNotOrCannotBeRead() throws Exception {
        Path file = Jars.write(allowed.resolve("refused/a.jar"), zip -> {});

        assertRefused(temp.toString(), "outside the folders");
        assertRefused("/", "outside the folders");
        assertRefused(allowed + "/../..", "outside the folders");
        assertRefused(allowed + "/../allowed-not", "outside the folders");
        assertRefused("relative/folder", "outside the folders");
        assertRefused(allowed + "/gone", "does not exist");
        assertRefused(file.toString(), "is no folder");
        assertRefused("a\0b", "is no path");
        assertRefused("x".repeat(5000), "outside the folders");
    }

    @Test
    @EnabledOnOs(
            value = {OS.LINUX, OS.MAC},
            disabledReason = "needs links")
    void noLinkLeadsOut() throws Exception {
        Path outside = Jars.write(temp.resolve("outside/secret.jar"), zip -> Jars.add(zip, "secret", new byte[1]));
        Path folder = Files.createDirectories(allowed.resolve("links"));
        Files.createSymbolicLink(folder.resolve("link.jar"), outside);
        Files.createSymbolicLink(folder.resolve("folder"), outside.getParent());

        assertRefused(folder.resolve("folder").toString(), "outside the folders");
        post(Map.of("folder", folder.toString(), "run_id", "links"));
        JsonNode run = awaitCompleted("links");

        assertThat(run.get("expected").asInt()).isEqualTo(1);
        assertThat(run.get("failures").get(0).get("reason").asString()).contains("outside the folders");
    }

    @Test
    void aJobThatNamesAnotherPathIsNotTrusted() throws Exception {
        Path outside = Jars.write(temp.resolve("outside/forged.jar"), zip -> {});
        JobQueue queue = sample.context().getBean(JobQueue.class).on("census");

        queue.runs()
                .start(
                        "forged",
                        List.of("path", "scheme"),
                        unit -> unit,
                        unit -> unit.equals("path")
                                ? JobRequest.of(ReadJar.of(outside))
                                : JobRequest.of(ReadJar.KIND, Map.of("file", "http://example.org/a.jar")),
                        JobRunOptions.defaults());
        JsonNode run = awaitCompleted("forged");

        assertThat(run.get("failed").asInt()).isEqualTo(2);
        assertThat(run.get("failures").get(0).get("reason").asString()).contains("outside the folders");
        assertThat(run.get("failures").get(1).get("reason").asString()).contains("no file: URI");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "../x", "ä", "a\nb", "x<y>"})
    void refusesRunIdsThatAreNone(String runId) throws Exception {
        Answer answer = post(Map.of("run_id", runId));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("error").asString()).startsWith("run id must be");
    }

    @Test
    void takesNoRunIdOf129Characters() throws Exception {
        assertThat(post(Map.of("run_id", "x".repeat(129))).status()).isEqualTo(400);
        assertThat(sample.get("/census/" + "x".repeat(129)).status()).isEqualTo(400);
        assertThat(sample.get("/census/" + "x".repeat(128)).status()).isEqualTo(404);
    }

    @Test
    void doesNotFindARunThatWasNeverStarted() throws Exception {
        Answer run = sample.get("/census/nobody");

        assertThat(run.status()).isEqualTo(404);
        assertThat(run.json().get("error").asString()).isEqualTo("there is no run 'nobody'");
        assertThat(sample.get("/census/nobody/outputs").status()).isEqualTo(404);
        assertThat(sample.get("/census/nobody/outputs?limit=1001").status()).isEqualTo(400);
    }

    @Test
    void makesARunIdWhenTheFieldOfTheFormIsEmpty() throws Exception {
        Path folder = Files.createDirectories(allowed.resolve("no id"));

        Answer one = post(Map.of("folder", folder.toString(), "run_id", ""));
        Answer other = post(Map.of("folder", folder.toString(), "run_id", " "));

        assertThat(one.status()).isEqualTo(202);
        assertThat(one.json().get("run_id").asString())
                .matches("\\d{8}-\\d{6}-[0-9a-f]{8}")
                .isNotEqualTo(other.json().get("run_id").asString());
    }

    @Test
    void tellsDepthsAndTotalsOfTheQueue() throws Exception {
        JsonNode queues = sample.get("/queues").json();

        assertThat(queues).hasSize(1);
        assertThat(queues.get(0).get("name").asString()).isEqualTo("census");
        assertThat(queues.get(0).get("depths").propertyNames())
                .containsExactly("pending", "processing", "delayed", "completed", "failed");
        assertThat(queues.get(0).get("totals").propertyNames()).contains("enqueued", "completed", "failed");
    }

    @Test
    void thePageLoadsAndCallsNothingButItsOwnServer() throws Exception {
        HttpResponse<String> page = read("/census.html");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
                .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
                .doesNotContain("unsafe", "http:", "https:", "*");
        assertThat(page.body()).contains("Census of jars").doesNotContain("//", "style=", "onclick", "<script>");
        for (String part : List.of("/census.js", "/sample.css", "/census.css", "/sample.svg")) {
            assertThat(page.body()).contains(part.substring(1));
            assertThat(read(part).statusCode()).as(part).isEqualTo(200);
        }
        assertThat(read("/census.js").body() + read("/page.js").body())
                .doesNotContain("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(");
    }

    @Test
    void pagesOfOtherSitesMayNotStartACensus() throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(sample.url() + "/census"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("run_id=cross-site"));

        assertThat(RunningSample.send(
                                request.header("Sec-Fetch-Site", "cross-site").build())
                        .status())
                .isEqualTo(403);
        assertThat(sample.get("/census/cross-site").status()).isEqualTo(404);
    }

    private static void assertRefused(String folder, String reason) throws Exception {
        Answer answer = post(Map.of("folder", folder));
        assertThat(answer.status()).as(folder).isEqualTo(400);
        assertThat(answer.json().propertyNames()).containsExactly("error");
        assertThat(answer.json().get("error").asString()).contains(reason);
    }

    private static Unzip totals(JsonNode run) {
        JsonNode report = run.get("report");
        assertThat(report.get("classes").asLong() + report.get("resources").asLong())
                .isEqualTo(report.get("files").asLong());
        return new Unzip(
                report.get("files").asLong(),
                report.get("classes").asLong(),
                report.get("bytes").asLong());
    }

    private static List<String> failures(String page) {
        JsonNode failures = sample.get("/census/failing" + page).json().get("failures");
        return failures.valueStream()
                .map(failure -> failure.get("unit").asString())
                .toList();
    }

    private static long total(String name) throws Exception {
        return sample.get("/queues").json().get(0).get("totals").get(name).asLong();
    }

    private static JsonNode awaitCompleted(String runId) {
        return await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(50))
                .until(
                        () -> {
                            Answer answer = sample.get("/census/" + runId);
                            assertThat(answer.status()).isEqualTo(200);
                            JsonNode run = answer.json();
                            assertThat(run.get("report").isNull())
                                    .isEqualTo(run.get("state").asString().equals("running"));
                            return run;
                        },
                        run -> run.get("state").asString().equals("completed"));
    }

    private static Answer post(Map<String, String> fields) throws Exception {
        return RunningSample.send(form(fields));
    }

    private static HttpRequest form(Map<String, String> fields) {
        String body = fields.entrySet().stream()
                .map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        return HttpRequest.newBuilder(URI.create(sample.url() + "/census"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private static HttpResponse<String> read(String path) throws Exception {
        return CLIENT.send(
                HttpRequest.newBuilder(URI.create(sample.url() + path)).build(), HttpResponse.BodyHandlers.ofString());
    }
}
