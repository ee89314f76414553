package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.embedded.EmbeddedRedis;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

/** What the application says when it starts, and what it leaves behind when it ends, however it ends. */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class ApplicationStartTests {

    @BeforeAll
    static void needsABinary() {
        if (!EmbeddedRedis.isSupported()) {
            throw new TestAbortedException("no redis-server is carried for this platform");
        }
    }

    @Test
    void tellsOnceWhereItIsAndWhichRedisItUsesButNoPassword(CapturedOutput output) {
        try (EmbeddedRedis redis = EmbeddedRedis.start("--requirepass", "open-sesame")) {
            String address = "127.0.0.1:" + redis.port();
            try (ConfigurableApplicationContext application = SampleApplication.start(
                    CommandLine.parse("--port", "0", "--spring.data.redis.url=redis://:open-sesame@" + address))) {
                String port = application.getEnvironment().getProperty("local.server.port");

                assertThat(output)
                        .containsOnlyOnce("The guide's demo is at http://127.0.0.1:" + port + "/")
                        .containsOnlyOnce("The census is at http://127.0.0.1:" + port + "/census.html");
                assertThat(output.getOut().lines())
                        .containsSubsequence(
                                "Redis job-queue demo server listening on http://127.0.0.1:" + port,
                                "Using Redis at " + address,
                                "Visibility timeout: 5000 ms");
                assertThat(output)
                        .containsOnlyOnce("Redis is " + address + ": configured by 'spring.data.redis.url' (")
                        .doesNotContain("open-sesame");
            }
        }
    }

    @Test
    void leavesNothingBehindWhenItIsKilled(@TempDir Path temp) throws Exception {
        Process application = startWithOwnRedis(temp);
        try {
            awaitOwnRedis(application, temp);
            List<ProcessHandle> family = application.descendants().toList();
            assertThat(family).isNotEmpty();

            application.destroyForcibly();

            awaitEndOf(family);
            assertNoRedisFolder(temp);
        } finally {
            application.destroyForcibly();
        }
    }

    @Test
    void leavesNothingBehindAndStaysCalmWhenItIsTerminated(@TempDir Path temp) throws Exception {
        Process application = startWithOwnRedis(temp);
        try {
            BufferedReader output = awaitOwnRedis(application, temp);
            List<ProcessHandle> family = application.descendants().toList();

            application.toHandle().destroy();

            String last = String.join("\n", output.lines().toList());
            assertThat(application.waitFor()).isEqualTo(128 + 15);
            assertThat(last).doesNotContain("WARN", "ERROR", "Exception", "reconnect");
            awaitEndOf(family);
            assertNoRedisFolder(temp);
        } finally {
            application.destroyForcibly();
        }
    }

    @Test
    void saysThatItsPortIsTakenAndLeavesNothingBehind(@TempDir Path temp) throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Process application = startWithOwnRedis(temp, "--port", String.valueOf(taken.getLocalPort()));
            try {
                String output =
                        String.join("\n", application.inputReader().lines().toList());

                assertThat(application.waitFor()).isEqualTo(1);
                assertThat(output)
                        .contains("Port " + taken.getLocalPort() + " was already in use")
                        .doesNotContain("reconnect");
                assertNoRedisFolder(temp);
            } finally {
                application.destroyForcibly();
            }
        }
    }

    @Test
    void endsWithAMessageWhenArgumentsAreWrong(@TempDir Path temp) throws Exception {
        Process application = startWithOwnRedis(temp, "--port");

        assertThat(application.inputReader().lines()).containsExactly("--port needs a value, as in --port 8080");
        assertThat(application.waitFor()).isEqualTo(2);
    }

    private static Process startWithOwnRedis(Path temp, String... arguments) throws IOException {
        try (Socket socket = new Socket("localhost", 6379)) {
            throw new TestAbortedException("skipped: something listens at localhost:6379, so no server is started");
        } catch (IOException ex) {
            // nobody is there: the application will start a server of its own
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + temp,
                "-cp",
                System.getProperty("java.class.path"),
                SampleApplication.class.getName()));
        command.addAll(arguments.length == 0 ? List.of("--port", "0") : List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("SPRING_"));
        return builder.start();
    }

    private static BufferedReader awaitOwnRedis(Process application, Path temp) throws IOException {
        BufferedReader output = application.inputReader();
        StringBuilder printed = new StringBuilder();
        String line;
        while ((line = output.readLine()) != null) {
            printed.append(line).append('\n');
            if (line.contains("Redis is 127.0.0.1:")) {
                assertThat(line).contains("started by this application");
                try (Stream<Path> files = Files.list(temp)) {
                    assertThat(files).anyMatch(ApplicationStartTests::isRedisFolder);
                }
                return output;
            }
        }
        throw new AssertionError("the application ended before it was ready:\n" + printed);
    }

    private static void awaitEndOf(List<ProcessHandle> processes) throws Exception {
        for (ProcessHandle process : processes) {
            process.onExit().get(20, TimeUnit.SECONDS);
        }
    }

    private static void assertNoRedisFolder(Path temp) throws IOException {
        try (Stream<Path> files = Files.list(temp)) {
            assertThat(files).noneMatch(ApplicationStartTests::isRedisFolder);
        }
    }

    private static boolean isRedisFolder(Path path) {
        return path.getFileName().toString().startsWith("jobqueue-redis-");
    }
}
