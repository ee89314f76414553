package io.jobqueue.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

@Timeout(60)
class EmbeddedRedisTests {

    @BeforeAll
    static void needsABinary() {
        if (!EmbeddedRedis.isSupported()) {
            throw new TestAbortedException("no redis-server is carried for this platform");
        }
    }

    @Test
    void runsASentinelThatTellsWhereItsMasterIs() throws Exception {
        try (EmbeddedRedis master = EmbeddedRedis.start();
                EmbeddedRedis sentinel = EmbeddedRedis.startSentinel("mymaster", master.port());
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), sentinel.port())) {
            socket.getOutputStream()
                    .write("SENTINEL GET-MASTER-ADDR-BY-NAME mymaster\r\n".getBytes(StandardCharsets.US_ASCII));

            String answer = "*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%d"
                    .formatted(String.valueOf(master.port()).length(), master.port());
            assertThat(new String(socket.getInputStream().readNBytes(answer.length()), StandardCharsets.US_ASCII))
                    .isEqualTo(answer);
        }
    }

    @Test
    void runsACopyOfAnotherServer() {
        try (EmbeddedRedis carried = EmbeddedRedis.start()) {
            Path program = Path.of(ProcessHandle.of(carried.pid())
                    .orElseThrow()
                    .info()
                    .command()
                    .orElseThrow());

            EmbeddedRedis other = EmbeddedRedis.startOther(program);

            assertThat(other.port()).isNotEqualTo(carried.port());
            assertThat(ProcessHandle.of(other.pid())
                            .orElseThrow()
                            .info()
                            .command()
                            .orElseThrow())
                    .isNotEqualTo(program.toString());
            other.close();
            assertThat(program).exists();
        }
    }

    @Test
    void answersAsSoonAsItIsStarted() throws IOException {
        try (EmbeddedRedis redis = EmbeddedRedis.start()) {
            assertThat(ask(redis, "PING")).isEqualTo("+PONG");
            assertThat(redis.uri()).isEqualTo("redis://127.0.0.1:" + redis.port());
            assertThat(process(redis).isAlive()).isTrue();
        }
    }

    @Test
    void isOfTheVersionThatTheBuildAskedFor() throws IOException {
        String asked = System.getProperty(EmbeddedRedis.VERSION_PROPERTY, "7.0.15");
        try (EmbeddedRedis redis = EmbeddedRedis.start()) {
            String version = "string.match(redis.call('INFO', 'server'), 'redis_version:(%S+)')";
            assertThat(ask(redis, "EVAL \"return {ok=" + version + "}\" 0")).startsWith("+" + asked);
        }
    }

    @Test
    void serversDoNotMeetEachOther() throws IOException {
        try (EmbeddedRedis one = EmbeddedRedis.start();
                EmbeddedRedis other = EmbeddedRedis.start()) {
            assertThat(ask(one, "SET key one")).isEqualTo("+OK");

            assertThat(ask(other, "EXISTS key")).isEqualTo(":0");
        }
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc/net/tcp")
    void listensOnTheLoopbackInterfaceOnly() throws IOException {
        try (EmbeddedRedis redis = EmbeddedRedis.start()) {
            assertThat(listeningAddresses(redis.port())).containsExactly("0100007F");
        }
    }

    @Test
    void takesFurtherFlags() throws IOException {
        try (EmbeddedRedis redis = EmbeddedRedis.start("--maxmemory", "64mb", "--requirepass", "open sesame")) {
            assertThat(ask(redis, "PING")).startsWith("-NOAUTH");
            assertThat(ask(redis, "AUTH \"open sesame\"")).isEqualTo("+OK");
        }
    }

    @Test
    void leavesNoProcessAndNoFolderWhenClosed() {
        EmbeddedRedis redis = EmbeddedRedis.start();
        ProcessHandle server = process(redis);
        Path folder = folder(server);
        assertThat(folder).isDirectory();

        redis.close();

        assertThat(server.isAlive()).isFalse();
        assertThat(folder).doesNotExist();
        assertThatCode(redis::close).doesNotThrowAnyException();
    }

    @Test
    void comesBackOnThePortOnWhichItWasKilled() throws IOException {
        EmbeddedRedis killed = EmbeddedRedis.start();
        ProcessHandle server = process(killed);
        Path folder = folder(server);
        ask(killed, "SET key value");

        killed.kill();

        assertThat(server.isAlive()).isFalse();
        assertThat(folder).doesNotExist();
        assertThatCode(() -> new Socket(InetAddress.getLoopbackAddress(), killed.port()).close())
                .isInstanceOf(ConnectException.class);
        try (EmbeddedRedis again = EmbeddedRedis.startOn(killed.port())) {
            assertThat(ask(again, "EXISTS key")).isEqualTo(":0");
        }
    }

    @Test
    void saysWhatTheServerPrintedAboutAFlagThatItDoesNotKnow() {
        assertThatIllegalStateException()
                .isThrownBy(() -> EmbeddedRedis.start("--no-such-flag", "x"))
                .withMessageContaining("FATAL CONFIG FILE ERROR")
                .withMessageContaining("no-such-flag");
    }

    @Test
    void saysWhatTheServerPrintedAboutATakenPort() {
        try (EmbeddedRedis redis = EmbeddedRedis.start()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> EmbeddedRedis.startOn(redis.port()))
                    .withMessageContaining("Failed listening on port " + redis.port());
        }
    }

    @Test
    void leavesNoFolderWhenItDoesNotStart(@TempDir Path temp) throws Exception {
        try (ChildJvm child = ChildJvm.start(temp, Child.class, "--no-such-flag", "x")) {
            child.awaitExit();

            assertThat(child.remainingOutput()).contains("no-such-flag");
            assertThat(temp).isEmptyDirectory();
        }
    }

    @Test
    void endsWithAJvmThatIsKilled(@TempDir Path temp) throws Exception {
        try (ChildJvm child = ChildJvm.start(temp, Child.class)) {
            ProcessHandle server =
                    ProcessHandle.of(Long.parseLong(child.await("pid "))).orElseThrow();
            ProcessHandle guardian = server.parent().orElseThrow();
            assertThat(folder(server)).startsWith(temp.toRealPath());

            child.kill();

            server.onExit().get(20, TimeUnit.SECONDS);
            guardian.onExit().get(20, TimeUnit.SECONDS);
            assertThat(temp).isEmptyDirectory();
        }
    }

    @Test
    void endsWithAJvmThatIsTerminated(@TempDir Path temp) throws Exception {
        try (ChildJvm child = ChildJvm.start(temp, Child.class)) {
            ProcessHandle server =
                    ProcessHandle.of(Long.parseLong(child.await("pid "))).orElseThrow();
            ProcessHandle guardian = server.parent().orElseThrow();

            child.terminate();
            child.closeInput();

            assertThat(child.remainingOutput()).isEqualTo("stopping\nstopped\n");
            server.onExit().get(20, TimeUnit.SECONDS);
            guardian.onExit().get(20, TimeUnit.SECONDS);
            assertThat(temp).isEmptyDirectory();
        }
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "needs setsid")
    void outlivesCtrlCUntilTheJvmHasStopped(@TempDir Path temp) throws Exception {
        assumeThat(ignoresInterrupts())
                .as("a JVM heeds SIGINT, unless it was started in the background of a shell")
                .isFalse();
        // a terminal sends Ctrl-C and Ctrl-\\ to the whole process group of the JVM, and hangs up on it
        try (ChildJvm child = ChildJvm.start(List.of("setsid"), temp, Child.class)) {
            int port = Integer.parseInt(child.await("port "));
            ProcessHandle server =
                    ProcessHandle.of(Long.parseLong(child.await("pid "))).orElseThrow();
            ProcessHandle guardian = server.parent().orElseThrow();

            signalGroup("INT", child.pid());
            child.await("stopping");
            signalGroup("QUIT", child.pid());
            signalGroup("HUP", child.pid());

            assertThat(ask(port, "PING")).isEqualTo("+PONG");
            child.closeInput();
            server.onExit().get(20, TimeUnit.SECONDS);
            guardian.onExit().get(20, TimeUnit.SECONDS);
            assertThat(temp).isEmptyDirectory();
        }
    }

    /** The second bit of the mask is signal 2. */
    private static boolean ignoresInterrupts() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "stops a process by SIGSTOP")
    void endsWithTheJvmEvenWhenItHangs(@TempDir Path temp) throws Exception {
        try (ChildJvm child = ChildJvm.start(temp, Child.class)) {
            ProcessHandle server =
                    ProcessHandle.of(Long.parseLong(child.await("pid "))).orElseThrow();
            ProcessHandle guardian = server.parent().orElseThrow();
            signal("STOP", server.pid());

            child.kill();

            server.onExit().get(20, TimeUnit.SECONDS);
            guardian.onExit().get(20, TimeUnit.SECONDS);
            assertThat(temp).isEmptyDirectory();
        }
    }

    private static void signalGroup(String signal, long group) throws Exception {
        signal(signal, -group);
    }

    private static void signal(String signal, long pid) throws Exception {
        Process kill = new ProcessBuilder("/bin/sh", "-c", "kill -s " + signal + " -- " + pid)
                .inheritIO()
                .start();
        assertThat(kill.waitFor()).isZero();
    }

    private static ProcessHandle process(EmbeddedRedis redis) {
        return ProcessHandle.of(redis.pid()).orElseThrow();
    }

    private static Path folder(ProcessHandle server) {
        return Objects.requireNonNull(
                Path.of(server.info().command().orElseThrow()).getParent());
    }

    /** One connection, one inline command for each call, the first line of the answer. */
    private static String ask(EmbeddedRedis redis, String command) throws IOException {
        return ask(redis.port(), command);
    }

    private static String ask(int port, String command) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write((command + "\r\nQUIT\r\n").getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return answer.lines().findFirst().orElse("");
        }
    }

    /** The hexadecimal addresses of the sockets that listen on a port. */
    private static List<String> listeningAddresses(int port) throws IOException {
        String end = ":%04X".formatted(port);
        try (Stream<String> v4 = Files.lines(Path.of("/proc/net/tcp"));
                Stream<String> v6 = Files.lines(Path.of("/proc/net/tcp6"))) {
            return Stream.concat(v4, v6)
                    .map(line -> line.strip().split("\\s+"))
                    .filter(columns -> columns[1].endsWith(end) && columns[3].equals("0A"))
                    .map(columns -> columns[1].substring(0, columns[1].length() - end.length()))
                    .toList();
        }
    }
}
