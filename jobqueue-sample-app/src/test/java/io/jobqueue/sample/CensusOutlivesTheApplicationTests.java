package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.embedded.EmbeddedRedis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.BufferedReader;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A census on a Redis that outlives the application. */
@Timeout(400)
@EnabledOnOs(
        value = {OS.LINUX, OS.MAC},
        disabledReason = "needs links and SIGKILL")
class CensusOutlivesTheApplicationTests {

    private static final JsonMapper JSON = new JsonMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final int JARS = 300;

    @TempDir
    Path temp;

    private RedisCommands<String, String> commands;

    @BeforeAll
    static void needsABinary() {
        if (!EmbeddedRedis.isSupported()) {
            throw new TestAbortedException("no redis-server is carried for this platform");
        }
    }

    @Test
    void surviveTwoKillsAndReadsOnlyJarsThatHaveNoOutputYet() throws Exception {
        Path folder = jars();
        Unzip expected = new Unzip(0, 0, 0);
        for (JarSearch.Unit unit : JarSearch.inFolder(folder.toRealPath())) {
            expected = expected.plus(Unzip.count(unit.work().path()));
        }
        RedisClient client = null;
        try (EmbeddedRedis redis = EmbeddedRedis.start()) {
            client = RedisClient.create(redis.uri());
            commands = client.connect().sync();

            Map<String, String> read = new HashMap<>();
            try (Application application = new Application(redis, folder)) {
                assertThat(application.start("big").statusCode()).isEqualTo(202);
                awaitOutputs(60);
                application.kill();
            }
            read.putAll(claims());
            try (Application application = new Application(redis, folder)) {
                assertThat(application.start("big").statusCode()).isEqualTo(200);
                awaitOutputs(160);
                application.kill();
            }
            read.putAll(claims());
            assertThat(read).hasSizeBetween(160, JARS - 1);

            try (Application application = new Application(redis, folder)) {
                assertThat(application.start("big").statusCode()).isEqualTo(200);
                JsonNode run = application.awaitCompleted("big");

                assertThat(run.get("done").asInt()).isEqualTo(JARS);
                assertThat(run.get("failed").asInt()).isZero();
                assertThat(run.get("report").get("jars").asInt()).isEqualTo(JARS);
                assertThat(new Unzip(
                                run.get("report").get("files").asLong(),
                                run.get("report").get("classes").asLong(),
                                run.get("report").get("bytes").asLong()))
                        .isEqualTo(expected);
            }
            assertThat(claims()).as("no jar with an output was claimed again").containsAllEntriesOf(read);
            // One claim for each jar, one for the gather, and one more for each claim that came back to the queue.
            // A kill interrupts more jars than there are slots when the pool had claimed ahead.
            assertThat(total("retried")).isZero();
            assertThat(total("claims")).isEqualTo(JARS + 1 + total("reclaimed") + total("released"));
        } finally {
            if (client != null) {
                client.shutdown();
            }
        }
    }

    private long total(String name) {
        String total = commands.hget("queue:census:meta", name + "_total");
        return total == null ? 0 : Long.parseLong(total);
    }

    /** Large enough to be killed in the midst of; many are links to one file, which makes them no smaller to read. */
    private Path jars() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("jars"));
        Random random = new Random(1);
        for (int i = 0; i < JARS; i++) {
            Path jar = folder.resolve("jar-%03d.jar".formatted(i));
            if (i < 20) {
                byte[] data = new byte[1_000_000 + i];
                random.nextBytes(data);
                Jars.write(jar, zip -> Jars.stored(zip, "data", data));
            } else {
                Files.createLink(jar, folder.resolve("jar-%03d.jar".formatted(i % 20)));
            }
        }
        return folder;
    }

    private void awaitOutputs(int jars) {
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(2))
                .until(() -> commands.hlen("queue:census:outputs:big") >= jars);
    }

    /** The number of the claim by which each jar that has an output was read. */
    private Map<String, String> claims() {
        Map<String, String> units = commands.hgetall("queue:census:units:big");
        Map<String, String> claims = new HashMap<>();
        commands.hkeys("queue:census:outputs:big")
                .forEach(unit -> claims.put(unit, commands.hget("queue:census:job:" + units.get(unit), "fence")));
        return claims;
    }

    /** The application in a process of its own. */
    private final class Application implements AutoCloseable {

        static final int CONCURRENCY = 2;

        private final Process process;
        private final String url;
        private final Path folder;

        Application(EmbeddedRedis redis, Path folder) throws IOException {
            this.folder = folder;
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-Djava.io.tmpdir=" + Files.createDirectories(temp.resolve("tmp")),
                    "-cp",
                    System.getProperty("java.class.path"),
                    SampleApplication.class.getName(),
                    "--port",
                    "0",
                    "--redis-host=127.0.0.1",
                    "--redis-port=" + redis.port(),
                    "--sample.allowed-roots=" + temp,
                    "--jobqueue.queues.census.worker.concurrency=" + CONCURRENCY,
                    "--jobqueue.lease.visibility-timeout=2s",
                    "--jobqueue.lease.heartbeat=500ms"));
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().keySet().removeIf(name -> name.startsWith("SPRING_"));
            process = builder.start();
            url = awaitUrl(process.inputReader());
        }

        private static final String GREETING = "The guide's demo is at ";

        private String awaitUrl(BufferedReader output) throws IOException {
            StringBuilder printed = new StringBuilder();
            String line;
            while ((line = output.readLine()) != null) {
                printed.append(line).append('\n');
                int at = line.indexOf(GREETING);
                if (at >= 0) {
                    Thread drain = new Thread(() -> output.lines().forEach(more -> {}), "drain");
                    drain.setDaemon(true);
                    drain.start();
                    return line.substring(at + GREETING.length()).strip();
                }
            }
            throw new AssertionError("the application ended without its greeting:\n" + printed);
        }

        HttpResponse<String> start(String runId) throws Exception {
            String form = "run_id=" + runId + "&folder=" + URLEncoder.encode(folder.toString(), StandardCharsets.UTF_8);
            return CLIENT.send(
                    HttpRequest.newBuilder(URI.create(url + "census"))
                            .header("Content-Type", "application/x-www-form-urlencoded")
                            .POST(HttpRequest.BodyPublishers.ofString(form))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }

        JsonNode awaitCompleted(String runId) {
            return await().atMost(Duration.ofSeconds(150))
                    .until(
                            () -> JSON.readTree(CLIENT.send(
                                            HttpRequest.newBuilder(URI.create(url + "census/" + runId))
                                                    .build(),
                                            HttpResponse.BodyHandlers.ofString())
                                    .body()),
                            run -> run.get("state").asString().equals("completed"));
        }

        /** SIGKILL. */
        void kill() throws InterruptedException {
            process.destroyForcibly();
            process.waitFor();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
