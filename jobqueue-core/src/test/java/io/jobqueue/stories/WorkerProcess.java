package io.jobqueue.stories;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A child JVM that runs {@link WorkerMain}, small and quick to start. It ends with the test at the latest. */
final class WorkerProcess implements AutoCloseable {

    private final Process process;

    private WorkerProcess(Process process) {
        this.process = process;
    }

    static WorkerProcess start(int redisPort, int concurrency) {
        return start(redisPort, concurrency, Map.of());
    }

    static WorkerProcess start(int redisPort, int concurrency, Map<String, String> environment) {
        return start(environment, WorkerMain.class, Integer.toString(redisPort), Integer.toString(concurrency));
    }

    /** Another program than {@link WorkerMain}. */
    static WorkerProcess start(Class<?> main, String... arguments) {
        return start(Map.of(), main, arguments);
    }

    private static WorkerProcess start(Map<String, String> environment, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(new File("target/worker-process.log"));
            builder.environment().putAll(environment);
            return new WorkerProcess(builder.start());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Another signal, by the name that {@code kill} knows. */
    void signal(String name) {
        try {
            int code = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                    .start()
                    .waitFor();
            if (code != 0) {
                throw new IllegalStateException("kill -" + name + " ended with " + code);
            }
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
