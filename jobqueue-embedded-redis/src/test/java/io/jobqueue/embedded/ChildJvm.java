package io.jobqueue.embedded;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another JVM with the class path of the tests and a temp folder of its own. */
final class ChildJvm implements AutoCloseable {

    private final Process process;
    private final BufferedReader output;

    private ChildJvm(Process process) {
        this.process = process;
        this.output = process.inputReader();
    }

    static ChildJvm start(Path tempFolder, Class<?> main, String... args) throws IOException {
        return start(List.of(), tempFolder, main, args);
    }

    /** By another command, for example {@code setsid}. */
    static ChildJvm start(List<String> by, Path tempFolder, Class<?> main, String... args) throws IOException {
        List<String> command = new ArrayList<>(by);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-Djava.io.tmpdir=" + tempFolder,
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(args));
        return new ChildJvm(
                new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** Reads on to a line that begins so, and answers the rest of that line. */
    String await(String prefix) throws IOException {
        StringBuilder printed = new StringBuilder();
        String line;
        while ((line = output.readLine()) != null) {
            if (line.startsWith(prefix)) {
                return line.substring(prefix.length());
            }
            printed.append(line).append('\n');
        }
        throw new AssertionError("the child JVM ended without printing '" + prefix + "':\n" + printed);
    }

    String remainingOutput() {
        StringBuilder rest = new StringBuilder();
        output.lines().forEach(line -> rest.append(line).append('\n'));
        return rest.toString();
    }

    long pid() {
        return process.pid();
    }

    /** Ends its standard input. */
    void closeInput() throws IOException {
        process.getOutputStream().close();
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly();
    }

    /** SIGTERM. */
    void terminate() {
        process.toHandle().destroy();
    }

    void awaitExit() throws InterruptedException {
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            throw new AssertionError("the child JVM does not end");
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
