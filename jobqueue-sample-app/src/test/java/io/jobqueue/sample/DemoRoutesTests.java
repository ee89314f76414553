package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.sample.RunningSample.Answer;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.TestAbortedException;
import org.springframework.data.redis.core.StringRedisTemplate;
import tools.jackson.databind.JsonNode;

/** The routes of the guide's demo servers: their parameters, ranges, answers, and the ids on the page. */
@Timeout(120)
class DemoRoutesTests {

    private static final List<String> STATS = List.of(
            "enqueued_total",
            "completed_total",
            "failed_total",
            "reclaimed_total",
            "pending_depth",
            "processing_depth",
            "completed_depth",
            "failed_depth",
            "visibility_ms",
            "workers_running",
            "worker_processed_total",
            "work_latency_ms",
            "fail_rate",
            "hang_rate");

    private static final List<String> JOB =
            List.of("id", "status", "attempts", "payload", "result", "last_error", "lease_age_ms", "lease_left_ms");

    private static EmbeddedRedis redis;
    private static RunningSample sample;

    @BeforeAll
    static void start() {
        redis = RunningSample.redis();
        // short, so that the story told with curl waits little for a sweep
        sample = RunningSample.on(redis, "--visibility-ms=1000");
    }

    @AfterAll
    static void stop() {
        RunningSample.stop(redis, sample);
    }

    @BeforeEach
    void reset() {
        sample.post("/reset");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            GET  | /stats             | STATS
            GET  | /jobs              | pending processing completed failed
            POST | /enqueue           | enqueued stats
            POST | /workers/start     | STATS
            POST | /workers/stop      | STATS
            POST | /workers/configure | STATS
            POST | /reclaim           | reclaimed stats
            POST | /reset             | stats
            """)
    void answersInTheShapeOfTheGuide(String method, String path, String names) {
        Answer answer = sample.send(method, path);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.type()).isEqualTo("application/json");
        List<String> expected = names.equals("STATS") ? STATS : List.of(names.split(" "));
        assertThat(answer.json().propertyNames()).containsExactlyElementsOf(expected);
        if (expected.contains("stats")) {
            assertThat(answer.json().get("stats").propertyNames()).containsExactlyElementsOf(STATS);
        }
        JsonNode stats = names.equals("STATS") ? answer.json() : sample.stats();
        assertThat(STATS)
                .allSatisfy(name -> assertThat(stats.get(name).isNumber()).isTrue());
    }

    @Test
    void theDefaultsAreThoseOfTheGuide() {
        assertThat(sample.post("/enqueue").json().get("enqueued")).hasSize(1);
        assertThat(sample.get("/jobs")
                        .json()
                        .get("pending")
                        .get(0)
                        .get("payload")
                        .toString())
                .isEqualTo("{\"kind\":\"email\",\"recipient\":\"user@example.com\",\"n\":1}");

        JsonNode stats = sample.post("/workers/start").json();

        assertThat(stats.get("workers_running").asInt()).isEqualTo(2);
        assertThat(stats.get("work_latency_ms").asInt()).isEqualTo(400);
        assertThat(stats.get("fail_rate").asDouble()).isZero();
        assertThat(stats.get("hang_rate").asDouble()).isZero();
    }

    @Test
    void aFieldThatIsEmptyIsLeftOut() {
        Answer answer = sample.post("/enqueue", "kind", "", "recipient", "", "count", "");

        assertThat(answer.json().get("enqueued")).hasSize(1);
        assertThat(sample.get("/jobs").text()).contains("user@example.com", "\"email\"");
        assertThat(sample.post("/workers/start", "size", "", "fail_rate", " ").status())
                .isEqualTo(200);
    }

    @Test
    void aJobIsShownWithAllThatTheGuideShows() {
        sample.post("/enqueue", "kind", "webhook", "recipient", "a \"b\" <c> ü", "count", 3);

        JsonNode pending = sample.get("/jobs").json().get("pending");

        assertThat(pending).hasSize(3);
        assertThat(pending.get(0).propertyNames()).containsExactlyElementsOf(JOB);
        assertThat(pending.get(0).get("id").asString()).matches("[0-9a-f]{16,}");
        assertThat(pending.get(0).get("status").asString()).isEqualTo("pending");
        assertThat(pending.get(0).get("attempts").isInt()).isTrue();
        assertThat(pending.get(0).get("result").isNull()).isTrue();
        assertThat(pending.get(0).get("last_error").isNull()).isTrue();
        assertThat(pending.get(0).get("payload").get("recipient").asString()).isEqualTo("a \"b\" <c> ü");
        // the oldest first
        assertThat(StreamSupport.stream(pending.spliterator(), false)
                        .map(job -> job.get("payload").get("n").asInt()))
                .containsExactly(1, 2, 3);
    }

    @Test
    void aClaimedJobShowsTheAgeOfItsLeaseAndThatItHasExpired() {
        sample.post("/enqueue");
        assertThat(job("pending").get("lease_age_ms").isNull()).isTrue();
        assertThat(job("pending").get("lease_left_ms").isNull()).isTrue();

        sample.post("/workers/start", "size", 1, "work_latency_ms", 0, "hang_rate", 1);
        await().until(() -> sample.number("processing_depth") == 1);

        JsonNode claimed = job("processing");
        assertThat(claimed.get("lease_age_ms").asLong()).isBetween(0L, 60_000L);
        assertThat(claimed.get("lease_age_ms").asLong()
                        + claimed.get("lease_left_ms").asLong())
                .isEqualTo(1000);
        await().until(() -> job("processing").get("lease_left_ms").asLong() < 0);
        assertThat(job("processing").get("lease_age_ms").asLong()).isGreaterThan(1000);

        // expired, but claimed until a sweep
        sample.post("/workers/stop");
        assertThat(sample.post("/reclaim").json().get("reclaimed")).hasSize(1);
        assertThat(job("pending").get("lease_left_ms").isNull()).isTrue();
    }

    @Test
    void aWorkerThatIsAliveKeepsItsLeaseYoung() {
        sample.post("/enqueue");
        sample.post("/workers/start", "size", 1, "work_latency_ms", 1_000_000);
        await().until(() -> sample.number("processing_depth") == 1);
        long begin = System.nanoTime();

        await().until(() -> {
            assertThat(job("processing").get("lease_left_ms").asLong()).isPositive();
            return System.nanoTime() - begin > 2_000_000_000L;
        });
    }

    @Test
    void aJobThatIsTriedAgainShowsItsEarlierError() {
        sample.post("/enqueue");
        sample.post("/workers/start", "size", 1, "work_latency_ms", 1500, "fail_rate", 1);
        await().until(() -> sample.number("processing_depth") == 1);
        sample.post("/workers/configure", "work_latency_ms", 1_000_000);
        await().until(() -> sample.get("/jobs")
                .json()
                .get("processing")
                .valueStream()
                .anyMatch(job -> job.get("attempts").asInt() == 2));

        assertThat(job("processing").get("last_error").asString()).isEqualTo("worker-1 simulated failure");
    }

    private static JsonNode job(String list) {
        return sample.get("/jobs").json().get(list).get(0);
    }

    @Test
    void aCompletedJobEchoesItsPayload() {
        sample.post("/enqueue", "kind", "invoice", "recipient", "r");
        sample.post("/workers/start", "size", 1, "work_latency_ms", 0);
        await().until(() -> sample.number("completed_depth") == 1);

        JsonNode job = sample.get("/jobs").json().get("completed").get(0);

        assertThat(job.propertyNames()).containsExactlyElementsOf(JOB);
        assertThat(job.get("result").toString())
                .isEqualTo("{\"worker\":\"worker-1\",\"echo\":" + job.get("payload") + ",\"attempts\":1}");
    }

    @Test
    void damagedJobsDoNotBreakTheList() {
        sample.post("/enqueue");
        String id = sample.get("/jobs").json().get("pending").get(0).get("id").asString();
        StringRedisTemplate foreign = sample.context().getBean(StringRedisTemplate.class);
        foreign.<String, String>opsForHash().put("queue:jobs:job:" + id, "payload", "[1,2");
        foreign.<String, String>opsForHash().put("queue:jobs:job:" + id, "status", "odd");

        JsonNode job = sample.get("/jobs").json().get("pending").get(0);

        assertThat(job.get("status").asString()).isEqualTo("unknown");
        assertThat(job.get("payload").toString()).isEqualTo("{}");
    }

    @Test
    void ofThoseThatEndedTheNewestTenAreListedAndAllAreCounted() {
        sample.post("/enqueue", "count", 13);
        sample.post("/workers/start", "size", 1, "work_latency_ms", 0);
        await().until(() -> sample.number("completed_total") == 13);

        JsonNode completed = sample.get("/jobs").json().get("completed");

        assertThat(completed).hasSize(10);
        assertThat(completed.get(0).get("payload").get("n").asInt()).isEqualTo(13);
        assertThat(sample.number("completed_depth")).isEqualTo(13);
    }

    @Test
    void allThatWaitAreListed() {
        for (int i = 0; i < 9; i++) {
            sample.post("/enqueue", "count", 50);
        }

        JsonNode pending = sample.get("/jobs").json().get("pending");

        assertThat(StreamSupport.stream(pending.spliterator(), false)
                        .map(job -> job.get("id").asString()))
                .hasSize(450)
                .doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource({
        "/enqueue, count, 1, 50",
        "/workers/start, size, 0, 8",
        "/workers/start, work_latency_ms, 0, 1000000",
        "/workers/configure, work_latency_ms, 0, 1000000"
    })
    void wholeNumbersKeepTheirRange(String path, String name, int from, int to) {
        for (int good : List.of(from, from + 1, to - 1, to)) {
            assertThat(sample.post(path, name, good).status())
                    .as("%s %d", name, good)
                    .isEqualTo(200);
        }
        for (Object bad : List.of(from - 1, to + 1, "x", "1.5", "0x1", "1e1", "99999999999999999999", "--1", "１")) {
            assertThat(sample.post(path, name, bad)).as("%s %s", name, bad).satisfies(answer -> {
                assertThat(answer.status()).isEqualTo(400);
                assertThat(answer.type()).isEqualTo("application/json");
                assertThat(answer.json().propertyNames()).containsExactly("error");
                assertThat(answer.json().get("error").asString())
                        .isEqualTo("%s must be a whole number from %d to %d, was '%s'".formatted(name, from, to, bad));
            });
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/workers/start, fail_rate",
        "/workers/start, hang_rate",
        "/workers/configure, fail_rate",
        "/workers/configure, hang_rate"
    })
    void ratesKeepTheirRange(String path, String name) {
        for (String good : List.of("0", "0.0", "-0", "+0.05", ".5", "1", "1.0", "1.", "5e-1")) {
            assertThat(sample.post(path, name, good).status())
                    .as("%s %s", name, good)
                    .isEqualTo(200);
        }
        for (String bad : List.of("-0.01", "1.01", "NaN", "Infinity", "x", "0.5f", "0x1p-1", "0,5", "1e9")) {
            assertThat(sample.post(path, name, bad)).as("%s %s", name, bad).satisfies(answer -> {
                assertThat(answer.status()).isEqualTo(400);
                assertThat(answer.json().get("error").asString())
                        .isEqualTo("%s must be a number from 0 to 1, was '%s'".formatted(name, bad));
            });
        }
    }

    @Test
    void textsKeepTheirRange() {
        assertThat(sample.post("/enqueue", "kind", "x".repeat(128)).status()).isEqualTo(200);
        assertThat(sample.post("/enqueue", "kind", "x".repeat(129))
                        .json()
                        .get("error")
                        .asString())
                .startsWith("kind must be 1 to 128 characters");
        assertThat(sample.post("/enqueue", "kind", "a\nb").status()).isEqualTo(400);
        assertThat(sample.post("/enqueue", "recipient", "x".repeat(256)).status())
                .isEqualTo(200);
        assertThat(sample.post("/enqueue", "recipient", "x".repeat(257))
                        .json()
                        .get("error")
                        .asString())
                .isEqualTo("recipient must be at most 256 characters, was 257");
    }

    @Test
    void aRequestThatIsRefusedChangesNothing() {
        sample.post("/workers/configure", "work_latency_ms", 7, "fail_rate", 0.25, "hang_rate", 0.5);

        assertThat(sample.post("/workers/configure", "work_latency_ms", 9, "fail_rate", 2)
                        .status())
                .isEqualTo(400);
        assertThat(sample.post("/workers/start", "size", 3, "hang_rate", "x").status())
                .isEqualTo(400);
        assertThat(sample.post("/enqueue", "kind", "sms", "count", 0).status()).isEqualTo(400);

        JsonNode stats = sample.stats();
        assertThat(stats.get("work_latency_ms").asInt()).isEqualTo(7);
        assertThat(stats.get("fail_rate").asDouble()).isEqualTo(0.25);
        assertThat(stats.get("hang_rate").asDouble()).isEqualTo(0.5);
        assertThat(stats.get("workers_running").asInt()).isZero();
        assertThat(stats.get("pending_depth").asInt()).isZero();
    }

    @Test
    void configureChangesOnlyWhatItSays() {
        sample.post("/workers/start", "size", 1, "work_latency_ms", 30, "fail_rate", 0.1, "hang_rate", 0.2);

        JsonNode stats = sample.post("/workers/configure", "fail_rate", 0.3).json();

        assertThat(stats.get("work_latency_ms").asInt()).isEqualTo(30);
        assertThat(stats.get("fail_rate").asDouble()).isEqualTo(0.3);
        assertThat(stats.get("hang_rate").asDouble()).isEqualTo(0.2);
        assertThat(stats.get("workers_running").asInt()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /nothing, 404",
        "POST, /nothing, 404",
        "GET, /workers, 404",
        "POST, /workers/restart, 404",
        "GET, /demo.html, 404",
        "GET, /enqueue, 405",
        "GET, /workers/start, 405",
        "GET, /workers/stop, 405",
        "GET, /workers/configure, 405",
        "GET, /reclaim, 405",
        "GET, /reset, 405",
        "POST, /stats, 405",
        "POST, /jobs, 405",
        "PUT, /enqueue, 405",
        "DELETE, /reset, 405",
        "POST, /index.html, 405"
    })
    void knowsNoOtherRoutesAndMethods(String method, String path, int status) {
        Answer answer = sample.send(method, path);

        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.text())
                .isEqualTo("{\"error\":\"%s\"}".formatted(status == 404 ? "Not Found" : "Method Not Allowed"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/html", "text/plain", "image/png", "application/xml"})
    void answersJsonWhateverTheClientAccepts(String accept) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(sample.url() + "/stats"))
                .header("Accept", accept)
                .build();

        assertThat(RunningSample.send(request).json().propertyNames()).containsExactlyElementsOf(STATS);
    }

    @Test
    void pagesOfOtherSitesMayDoNothing() {
        HttpRequest request = HttpRequest.newBuilder(URI.create(sample.url() + "/enqueue"))
                .header("Sec-Fetch-Site", "cross-site")
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();

        assertThat(RunningSample.send(request).status()).isEqualTo(403);
        assertThat(sample.number("pending_depth")).isZero();
    }

    @Test
    void thePageHasTheElementsOfTheGuide() {
        String page = sample.get("/").text();

        assertThat(sample.get("/index.html").text()).isEqualTo(page);
        assertThat(page)
                .contains("<title>Redis Job Queue Demo</title>", "<h1>Redis Job Queue Demo</h1>")
                .doesNotContain("//", "style=", "onclick", "<script>");
        assertThat(ids(page))
                .contains(
                        "job-kind",
                        "job-recipient",
                        "job-count",
                        "enqueue-button",
                        "worker-size",
                        "work-latency",
                        "fail-rate",
                        "hang-rate",
                        "start-button",
                        "stop-button",
                        "reclaim-button",
                        "reset-button",
                        "stats-view",
                        "pending-count",
                        "processing-count",
                        "completed-count",
                        "failed-count",
                        "pending-list",
                        "processing-list",
                        "completed-list",
                        "failed-list",
                        "status")
                .contains("job-worker", "mail-counts", "expired-count", "reset-dialog")
                .doesNotHaveDuplicates();
        assertThat(page.split("class=\"primary\"", -1)).as("one primary action").hasSize(2);
        for (String status : List.of("pending", "processing", "completed", "failed")) {
            assertThat(page).contains("<span id=\"%s-count\" class=\"badge %s\">".formatted(status, status));
        }
        assertThat(page).contains("href=\"census.html\"");
        assertThat(sample.get("/census.html").text()).contains("href=\"./\"");
    }

    @Test
    void theResourcesOfThePageExistAndAreSafe() {
        for (String part : List.of("/sample.css", "/demo.css", "/sample.svg", "/demo.js", "/page.js")) {
            assertThat(sample.get(part).status()).as(part).isEqualTo(200);
        }
        assertThat(sample.get("/demo.js").text() + sample.get("/page.js").text())
                .contains("REFRESH_MS = 800", "badge ${job.status}")
                .doesNotContain("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write");
    }

    /** A click on the button only opens the dialog, whose first choice keeps the jobs. */
    @Test
    void thePageAsksBeforeItResetsTheQueue() {
        assertThat(sample.get("/").text())
                .containsSubsequence("<dialog id=\"reset-dialog\"", "value=\"keep\" autofocus", "value=\"reset\"");
        assertThat(sample.get("/demo.js").text().split("'reset', form\\(\\)", -1))
                .as("one place that resets")
                .hasSize(2);
        assertThat(sample.get("/demo.js").text())
                .contains("if (event.target.returnValue === 'reset') act($('reset-button'), 'reset', form()");
    }

    @Test
    void theSweepIsSwitchedOnAndOff() {
        assertThat(sample.get("/sweep").text()).isEqualTo("{\"enabled\":false,\"switchable\":true}");

        assertThat(sample.post("/sweep", "enabled", true).text()).contains("\"enabled\":true");
        assertThat(sample.post("/sweep", "enabled", true).text()).contains("\"enabled\":true");
        assertThat(sample.get("/sweep").text()).contains("\"enabled\":true");
        assertThat(sample.post("/sweep", "enabled", false).text()).contains("\"enabled\":false");

        assertThat(sample.post("/sweep", "enabled", "on").json().get("error").asString())
                .isEqualTo("enabled must be true or false, was 'on'");
        assertThat(sample.post("/sweep").status()).isEqualTo(400);
    }

    /** The script speaks the guide's words only; it would run against any of its servers. */
    @Test
    void aScriptThatWasWrittenForTheGuideRunsUnchanged() throws Exception {
        Path script =
                new File(DemoRoutesTests.class.getResource("/guide-demo.sh").toURI()).toPath();
        needs("bash", "curl");

        Process process = new ProcessBuilder("bash", script.toString(), sample.url())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes());

        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).isEqualTo("the guide's demo works\n");
    }

    private static void needs(String... tools) throws InterruptedException {
        for (String tool : tools) {
            try {
                new ProcessBuilder(tool, "--version")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor();
            } catch (IOException ex) {
                throw new TestAbortedException("skipped: there is no " + tool);
            }
        }
    }

    private static List<String> ids(String page) {
        return new ArrayList<>(Pattern.compile(" id=\"([^\"]+)\"")
                .matcher(page)
                .results()
                .map((MatchResult id) -> id.group(1))
                .toList());
    }
}
