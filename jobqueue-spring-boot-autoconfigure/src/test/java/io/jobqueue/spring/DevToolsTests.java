package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Restarts by devtools. They need the main thread of a JVM and devtools on its class path, so the JVM is another one. */
@RedisServer
@Timeout(120)
class DevToolsTests {

    private static final Path DEVTOOLS = Path.of("target", "devtools");
    private static final Pattern TIME = Pattern.compile("restarted within (\\d+) ms");

    private final EmbeddedRedis redis;

    DevToolsTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @Test
    void aRestartWhileAJobRunsDoesNotWaitForTheWholeDrainTime() throws Exception {
        String output = run();

        assertThat(output).contains("drain 1s");
        Matcher time = TIME.matcher(output);
        assertThat(time.find()).isTrue();
        assertThat(Long.parseLong(time.group(1))).isLessThan(15_000);
    }

    @Test
    void anApplicationThatSetsTheDrainTimeKeepsItsOwn() throws Exception {
        assertThat(run("--jobqueue.shutdown.drain=200ms")).contains("drain 200ms");
    }

    private String run(String... arguments) throws Exception {
        assumeThat(DEVTOOLS).as("copied by the build").isDirectory();
        String own = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Dfile.encoding=UTF-8",
                "-cp",
                own + File.pathSeparator + jar(),
                RestartedChild.class.getName(),
                "--spring.docker.compose.enabled=false",
                "--spring.data.redis.host=127.0.0.1",
                "--spring.data.redis.port=" + redis.port()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(output).isZero();
            return output;
        } finally {
            process.destroyForcibly();
        }
    }

    private static String jar() throws Exception {
        try (Stream<Path> jars = Files.list(DEVTOOLS)) {
            return jars.findFirst().orElseThrow().toAbsolutePath().toString();
        }
    }
}
