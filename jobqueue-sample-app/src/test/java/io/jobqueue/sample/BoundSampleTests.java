package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.SelfSignedCertificate;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
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
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The application as it is, with nothing but a service binding, in a JVM of its own: a census on a redis-server that
 * wants TLS, by a certificate that nobody else trusts, and a password.
 */
@Timeout(180)
class BoundSampleTests {

    private static final String PASSWORD = "c4nary-open-sesame";
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @TempDir
    static Path temp;

    private static SelfSignedCertificate certificate;
    private static EmbeddedRedis redis;

    @BeforeAll
    static void start() throws IOException {
        if (!EmbeddedRedis.isSupported()) {
            throw new TestAbortedException("no redis-server is carried for this platform");
        }
        certificate = SelfSignedCertificate.in(temp);
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        redis = EmbeddedRedis.startOn(port, certificate.flags(port, PASSWORD));
        Jars.random(temp.resolve("jars"), 12, 5);
    }

    @AfterAll
    static void stop() {
        if (redis != null) {
            redis.close();
        }
    }

    @Test
    void vcapServicesInTheEnvironmentAreEnough() throws Exception {
        assertThatACensusRuns("VCAP_SERVICES", Map.of("VCAP_SERVICES", vcapServices()));
    }

    @Test
    void aBlockInYamlIsEnough() throws Exception {
        Path folder = Files.createDirectories(temp.resolve("yaml/config"));
        Files.writeString(
                folder.resolve("application.yml"),
                """
                vcap:
                  services:
                    rediscloud:
                      - name: work
                        label: rediscloud
                        plan: 30mb
                        tags: [cache]
                        credentials:
                          hostname: 127.0.0.1
                          tls_port: %d
                          password: %s
                          ca_certificate: |
                %s
                """
                        .formatted(redis.port(), PASSWORD, certificate.pem().indent(12)));

        assertThatACensusRuns("vcap.services", Map.of(), "--spring.config.additional-location=" + folder.toUri());
    }

    @Test
    void theArticlesJsonIsEnough() throws Exception {
        Path file = Files.writeString(temp.resolve("appsettings.json"), "{\"vcap:services\":" + vcapServices() + "}");

        assertThatACensusRuns("vcap.services", Map.of(), "--spring.config.import=file:" + file + "[.yml]");
    }

    @Test
    void aServiceBindingRootIsEnough() throws Exception {
        Path binding = Files.createDirectories(temp.resolve("bindings/work"));
        Files.writeString(binding.resolve("type"), "redis\n");
        Files.writeString(binding.resolve("uri"), "rediss://127.0.0.1:" + redis.port() + "\n");
        Files.writeString(binding.resolve("username"), "default\n");
        Files.writeString(binding.resolve("password"), PASSWORD + "\n");
        Files.writeString(binding.resolve("certificates"), certificate.pem());

        assertThatACensusRuns(
                "SERVICE_BINDING_ROOT",
                Map.of("SERVICE_BINDING_ROOT", temp.resolve("bindings").toString()));
    }

    private static String vcapServices() {
        return """
               {"rediscloud": [{"name": "work", "label": "rediscloud", "plan": "30mb", "tags": [], "credentials":
                 {"hostname": "127.0.0.1", "tls_port": "%d", "password": "%s", "ca": "%s"}}]}"""
                .formatted(redis.port(), PASSWORD, certificate.pem().replace("\n", "\\n"));
    }

    private static void assertThatACensusRuns(String source, Map<String, String> variables, String... arguments)
            throws Exception {
        Process application = start(variables, arguments);
        try {
            StringBuilder printed = new StringBuilder();
            String url = awaitUrl(application.inputReader(), printed);
            String run =
                    "bound-" + source.toLowerCase().replaceAll("\\W", "-") + "-" + arguments.length + printed.length();
            HttpResponse<String> started = CLIENT.send(
                    HttpRequest.newBuilder(URI.create(url + "census"))
                            .header("Content-Type", "application/x-www-form-urlencoded")
                            .POST(HttpRequest.BodyPublishers.ofString("run_id=" + run + "&folder="
                                    + URLEncoder.encode(temp.resolve("jars").toString(), StandardCharsets.UTF_8)))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(started.statusCode()).as(started.body()).isEqualTo(202);

            JsonNode done = Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> read(url + "census/" + run), answer -> !answer.get("report")
                            .isNull());

            assertThat(done.get("report").get("jars").asInt()).isEqualTo(12);
            application.toHandle().destroy();
            application.inputReader().lines().forEach(line -> printed.append(line)
                    .append('\n'));
            assertThat(printed.toString())
                    .contains("Redis at 127.0.0.1:" + redis.port() + ", TLS on: the service 'work' (")
                    .contains(") of " + source)
                    .contains("Redis is 127.0.0.1:" + redis.port()
                            + ": configured by 'spring.data.redis.host' (the service 'work'")
                    .doesNotContain("c4nary");
        } finally {
            application.destroyForcibly();
        }
    }

    private static JsonNode read(String url) throws Exception {
        return JsonMapper.shared()
                .readTree(CLIENT.send(
                                HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString())
                        .body());
    }

    private static Process start(Map<String, String> variables, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + temp,
                "-cp",
                System.getProperty("java.class.path"),
                SampleApplication.class.getName(),
                "--port",
                "0"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .keySet()
                .removeIf(
                        name -> name.startsWith("SPRING_") || name.startsWith("VCAP_") || name.startsWith("SERVICE_"));
        builder.environment().putAll(variables);
        return builder.start();
    }

    private static String awaitUrl(BufferedReader output, StringBuilder printed) throws IOException {
        String url = "";
        String line;
        while ((line = output.readLine()) != null) {
            printed.append(line).append('\n');
            int at = line.indexOf("The guide's demo is at ");
            if (at >= 0) {
                url = line.substring(at + "The guide's demo is at ".length()).strip();
            }
            if (line.contains("Redis is ")) {
                return url;
            }
        }
        throw new AssertionError("the application ended before it was ready:\n" + printed);
    }
}
