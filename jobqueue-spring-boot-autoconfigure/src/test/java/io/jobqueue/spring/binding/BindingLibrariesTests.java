package io.jobqueue.spring.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.jobqueue.embedded.EmbeddedRedis;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Libraries that read the same bindings do not get in the way. They read the real environment only, so each test has a
 * JVM of its own; the build copies them, because on the class path they would be part of every test.
 */
@Timeout(180)
class BindingLibrariesTests {

    private static final Path LIBRARIES = Path.of("target", "binding-libraries");

    @TempDir
    static Path folder;

    private static TlsRedis redis;

    @BeforeAll
    static void start() throws IOException {
        assumeThat(EmbeddedRedis.isSupported()).isTrue();
        assumeThat(LIBRARIES).as("copied by the build").isDirectory();
        redis = TlsRedis.start(folder);
    }

    @AfterAll
    static void stop() {
        if (redis != null) {
            redis.close();
        }
    }

    @Test
    void javaCfenvMapsNothingTwice() throws Exception {
        String output = run("java-cfenv", Map.of("VCAP_SERVICES", redis.vcapServices()));

        assertThat(output)
                .contains("source RedisCfEnvProcessor")
                .contains("Redis at 127.0.0.1:" + redis.port()
                        + ", TLS on: the service 'work' (p.redis) of VCAP_SERVICES")
                .contains("mapped host by jobqueueServiceBinding", "the job is completed")
                .doesNotContain("by RedisCfEnvProcessor", "c4nary");
    }

    @Test
    void anExplicitAddressLeavesJavaCfenvToItself() throws Exception {
        try (EmbeddedRedis own = EmbeddedRedis.start()) {
            String output = run(
                    "java-cfenv",
                    Map.of(
                            "VCAP_SERVICES",
                            "{\"postgresql\":[{\"name\":\"db\",\"credentials\":{\"uri\":\"postgres://h/db\"}}]}"),
                    "--spring.data.redis.url=redis://127.0.0.1:" + own.port());

            assertThat(output).contains("configured by 'spring.data.redis.url'", "the job is completed");
        }
    }

    @Test
    void springCloudBindingsMapNothingTwice() throws Exception {
        String output = run("spring-cloud-bindings", Map.of("SERVICE_BINDING_ROOT", root("plain", Map.of())));

        assertThat(output)
                .contains("Redis at 127.0.0.1:" + redis.port()
                        + ", TLS on: the service 'work' (redis) of SERVICE_BINDING_ROOT")
                .contains("source kubernetesServiceBindingSpecific")
                .contains("mapped host by jobqueueServiceBinding", "the job is completed")
                .doesNotContain("by kubernetesServiceBindingSpecific", "c4nary");
    }

    /** Their URL would come before every host, and their {@code ssl} stops Spring Boot 4. */
    @Test
    void theirUrlAndTheirSslEntryDoNoHarm() throws Exception {
        String uri = "rediss://127.0.0.1:" + redis.port();
        String output = run(
                "spring-cloud-bindings",
                Map.of("SERVICE_BINDING_ROOT", root("trap", Map.of("ssl", "true", "url", uri, "client-name", "me"))));

        assertThat(output).contains("the job is completed").doesNotContain("mapped url", "mapped ssl by", "c4nary");
    }

    @Test
    void theirSslEntryStopsAnApplicationThatSwitchesTheBindingOff() throws Exception {
        String output = run(
                "spring-cloud-bindings",
                Map.of("SERVICE_BINDING_ROOT", root("off", Map.of("ssl", "true"))),
                "--jobqueue.service-binding.enabled=false");

        assertThat(output)
                .contains("APPLICATION FAILED TO START", "spring.data.redis.ssl")
                .doesNotContain("completed");
    }

    private static String root(String name, Map<String, String> more) throws IOException {
        Path root = folder.resolve(name);
        Path binding = Files.createDirectories(root.resolve("work"));
        Map<String, String> entries = new HashMap<>(Map.of(
                "type",
                "redis",
                "host",
                "127.0.0.1",
                "port",
                String.valueOf(redis.port()),
                "username",
                "default",
                "password",
                TlsRedis.PASSWORD,
                "certificates",
                redis.pem()));
        entries.putAll(more);
        for (Map.Entry<String, String> entry : entries.entrySet()) {
            Files.writeString(binding.resolve(entry.getKey()), entry.getValue());
        }
        return root.toString();
    }

    private static String run(String library, Map<String, String> variables, String... arguments) throws Exception {
        String own = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Dfile.encoding=UTF-8",
                "-cp",
                own + File.pathSeparator + jars(library),
                BoundChild.class.getName(),
                "--spring.docker.compose.enabled=false",
                "--logging.level.io.pivotal=info",
                "--spring.data.redis.repositories.enabled=false"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("SPRING_") || name.startsWith("VCAP_"));
        builder.environment().putAll(variables);
        Process process = builder.start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return output;
        } finally {
            process.destroyForcibly();
        }
    }

    private static String jars(String library) throws IOException {
        try (Stream<Path> jars = Files.list(LIBRARIES)) {
            return jars.filter(jar -> jar.getFileName().toString().startsWith(library)
                            || (library.equals("java-cfenv")
                                    && jar.getFileName().toString().matches("(java-util|json-io)-.*")))
                    .map(jar -> jar.toAbsolutePath().toString())
                    .collect(Collectors.joining(File.pathSeparator));
        }
    }
}
