package io.jobqueue.embedded;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * One running redis-server that listens on the loopback interface only and keeps nothing on disk unless its flags say so.
 * It is 7.0.15, or what the system property {@value #VERSION_PROPERTY} asks for, as far as the class path carries it.
 *
 * <p>The server cannot outlive this JVM: it is the child of a shell whose standard input is a pipe that the JVM holds.
 * When the JVM ends, also by SIGKILL, the pipe closes and the shell stops the server and removes its folder.
 *
 * <p>Safe for use by several threads.
 */
public final class EmbeddedRedis implements AutoCloseable {

    /** Which server to run: {@code 7.0.15}, or {@code 6.2} where its carrier is on the class path. */
    public static final String VERSION_PROPERTY = "embedded-redis.version";

    /** The names of the carried files, up to system and machine. The files of 6.2 are not all of one build. */
    private static final Map<String, List<String>> BUILDS =
            Map.of("7.0.15", List.of("7.0.15"), "6.2", List.of("6.2.6-v5", "6.2.7"));

    /**
     * {@code $0} is the server, {@code $@} its arguments. The server must not inherit the pipe, else it would hold it
     * open itself; what watches the pipe must not inherit the output, else the output would not end with the server.
     *
     * <p>What a terminal sends to all its processes, as Ctrl-C does, is meant for the JVM alone, which stops the server
     * once nobody needs it any more: the shell is deaf to it, and the server, which is not, gets a session or process
     * group of its own. The shell also goes on when nobody is left to read what it says. A server that does not stop
     * is killed, but only while the shell still waits for it: later its process id may be another's.
     */
    private static final String GUARDIAN =
            """
            trap '' INT HUP QUIT PIPE
            exec 3<&0
            if command -v setsid >/dev/null; then
                setsid "$0" "$@" 3<&- &
            elif command -v perl >/dev/null; then
                perl -e 'setpgrp; exec @ARGV' "$0" "$@" 3<&- &
            else
                "$0" "$@" 3<&- &
            fi
            server=$!
            trap 'kill $server 2>/dev/null' TERM
            echo "server pid $server"
            {
                cat <&3
                kill $server
                tries=0
                while kill -0 $$ && [ $tries -lt 50 ]; do
                    sleep 0.1 || sleep 1
                    tries=$((tries + 1))
                done
                kill -0 $$ && kill -9 $server
            } >/dev/null 2>&1 &
            exec 3<&-
            while kill -0 $server 2>/dev/null; do
                wait $server
            done
            rm -rf "${0%/*}"
            """;

    private final Process guardian;
    private final long serverPid;
    private final int port;

    private EmbeddedRedis(Process guardian, long serverPid, int port) {
        this.guardian = guardian;
        this.serverPid = serverPid;
        this.port = port;
    }

    /** Whether the carried binaries include one for this machine (Linux and macOS on x86-64 and ARM). */
    public static boolean isSupported() {
        return binary().isPresent();
    }

    /**
     * Starts a server on a free loopback port and returns once it accepts connections.
     *
     * @param flags further arguments of redis-server, for example {@code "--maxmemory", "64mb"}
     * @throws IllegalStateException when this platform has no binary, or the server ends before it is ready; the
     *     message holds what it printed
     */
    public static EmbeddedRedis start(String... flags) {
        return startOn(Arrays.asList(flags).contains("--cluster-enabled") ? freePortWithBus() : freePort(), flags);
    }

    /**
     * Starts a server on a given loopback port, for example to bring back one that was killed.
     *
     * @param port the port to listen on
     * @param flags further arguments of redis-server
     * @throws IllegalStateException as {@link #start(String...)}
     */
    public static EmbeddedRedis startOn(int port, String... flags) {
        try (InputStream in = carried()) {
            return launch(in, port, flags);
        } catch (IOException ex) {
            throw new UncheckedIOException("the embedded redis-server did not start", ex);
        }
    }

    /**
     * Starts a Sentinel on a free loopback port. It watches one master and decides alone.
     *
     * @param master the name of the master
     * @param masterPort the loopback port of the master
     * @param settings further lines of its configuration, for example
     *     {@code "sentinel down-after-milliseconds mymaster 500"}
     * @throws IllegalStateException as {@link #start(String...)}
     */
    public static EmbeddedRedis startSentinel(String master, int masterPort, String... settings) {
        try (InputStream in = carried()) {
            int port = freePort();
            Path executable = executable(in);
            List<String> lines =
                    new ArrayList<>(List.of("sentinel monitor %s 127.0.0.1 %s 1".formatted(master, masterPort)));
            Collections.addAll(lines, settings);
            Path configuration = Files.write(executable.resolveSibling("sentinel.conf"), lines);
            List<String> arguments = List.of(
                    configuration.toString(), "--sentinel", "--port", String.valueOf(port), "--bind", "127.0.0.1");
            return launch(executable, port, arguments, "+monitor master " + master);
        } catch (IOException ex) {
            throw new UncheckedIOException("the embedded Sentinel did not start", ex);
        }
    }

    private static InputStream carried() {
        String binary = binary().orElseThrow(
                        () -> new IllegalStateException("no redis-server " + version() + " is carried for "
                                + System.getProperty("os.name") + " on " + System.getProperty("os.arch")
                                + "; run one yourself and set 'spring.data.redis.url'"));
        return Objects.requireNonNull(EmbeddedRedis.class.getResourceAsStream(binary), binary);
    }

    /**
     * Starts another redis-server than those that are carried, for example that of a distribution.
     *
     * @param program its executable file, of which a copy runs
     * @param flags further arguments of redis-server
     * @throws UncheckedIOException when the file cannot be read or run
     * @throws IllegalStateException when it ends before it is ready; the message holds what it printed
     */
    public static EmbeddedRedis startOther(Path program, String... flags) {
        try (InputStream in = Files.newInputStream(program)) {
            return launch(in, freePort(), flags);
        } catch (IOException ex) {
            throw new UncheckedIOException(program + " did not start", ex);
        }
    }

    private static EmbeddedRedis launch(InputStream program, int port, String... flags) throws IOException {
        Path executable = executable(program);
        List<String> arguments = new ArrayList<>(List.of("--port", String.valueOf(port), "--bind", "127.0.0.1"));
        Collections.addAll(arguments, "--save", "", "--appendonly", "no", "--daemonize", "no");
        Collections.addAll(arguments, "--dir", String.valueOf(executable.getParent()));
        Collections.addAll(arguments, flags);
        return launch(executable, port, arguments, "Ready to accept connections");
    }

    /** A copy in a folder of its own, which goes with the server. */
    private static Path executable(InputStream program) throws IOException {
        Path folder = Files.createTempDirectory("jobqueue-redis-");
        Path executable = folder.resolve("redis-server");
        Files.copy(program, executable, StandardCopyOption.REPLACE_EXISTING);
        if (!executable.toFile().setExecutable(true, true)) {
            throw new IllegalStateException("cannot make " + executable + " executable");
        }
        return executable;
    }

    /** Starts a server and returns once it prints that it is ready. */
    private static EmbeddedRedis launch(Path executable, int port, List<String> arguments, String whenReady)
            throws IOException {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", GUARDIAN, executable.toString()));
        command.addAll(arguments);
        Process guardian = new ProcessBuilder(command).redirectErrorStream(true).start();
        BufferedReader output = guardian.inputReader();
        StringBuilder printed = new StringBuilder();
        long pid = -1;
        boolean ready = false;
        String line;
        while ((line = output.readLine()) != null) {
            printed.append(line).append('\n');
            if (line.startsWith("server pid ")) {
                pid = Long.parseLong(line.substring("server pid ".length()));
            }
            ready |= line.contains(whenReady);
            // on a busy machine the server can be faster than the shell
            if (ready && pid > 0) {
                drain(output);
                return new EmbeddedRedis(guardian, pid, port);
            }
        }
        guardian.getOutputStream().close();
        throw new IllegalStateException("redis-server ended before it was ready:\n" + printed);
    }

    /** A full pipe would stop the server. */
    private static void drain(BufferedReader output) {
        Thread thread = new Thread(
                () -> {
                    try {
                        String line;
                        do {
                            line = output.readLine();
                        } while (line != null);
                    } catch (IOException ex) {
                        return; // closed with the server
                    }
                },
                "embedded-redis-output");
        thread.setDaemon(true);
        thread.start();
    }

    /** The loopback port the server listens on. */
    public int port() {
        return port;
    }

    /** The address as a URI without password, {@code redis://127.0.0.1:port}. */
    public String uri() {
        return "redis://127.0.0.1:" + port;
    }

    /** The process id of redis-server itself. */
    public long pid() {
        return serverPid;
    }

    /** Ends the server as a power cut of its process would (SIGKILL), and waits until it is gone. */
    public void kill() {
        ProcessHandle.of(serverPid).ifPresent(server -> {
            server.destroyForcibly();
            server.onExit().join();
        });
        close();
    }

    /** Stops the server and removes its folder; returns when both are done. A second call does nothing. */
    @Override
    public void close() {
        guardian.destroy();
        try {
            if (!guardian.waitFor(10, TimeUnit.SECONDS)) {
                ProcessHandle.of(serverPid).ifPresent(ProcessHandle::destroyForcibly);
                guardian.waitFor(5, TimeUnit.SECONDS);
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private static Optional<String> binary() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String system = os.contains("linux") ? "linux" : os.contains("mac") ? "darwin" : "none";
        String machine =
                switch (arch) {
                    case "amd64", "x86_64" -> "amd64";
                    case "aarch64", "arm64" -> "arm64";
                    default -> arch;
                };
        return BUILDS.getOrDefault(version(), List.of()).stream()
                .map(build -> "/redis-server-" + build + "-" + system + "-" + machine)
                .filter(resource -> EmbeddedRedis.class.getResource(resource) != null)
                .findFirst();
    }

    private static String version() {
        return System.getProperty(VERSION_PROPERTY, "7.0.15");
    }

    /** A node of a cluster also listens 10,000 ports above its own. */
    private static int freePortWithBus() {
        return IntStream.generate(() -> ThreadLocalRandom.current().nextInt(20_000, 32_000))
                .filter(port -> isFree(port) && isFree(port + 10_000))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException ex) {
            return false;
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException ex) {
            throw new UncheckedIOException("no free loopback port", ex);
        }
    }
}
