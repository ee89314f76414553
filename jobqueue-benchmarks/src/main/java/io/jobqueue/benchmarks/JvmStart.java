package io.jobqueue.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** An application that starts in a JVM of its own, and the marks that it makes meanwhile. */
final class JvmStart implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int LINES_TOLD = 40;

    private final Process process;
    private final long begunMs;
    private final long deadline = System.nanoTime() + PATIENCE.toNanos();

    // guarded by this
    private final Map<Mark, Long> marks = new EnumMap<>(Mark.class);
    private final Deque<String> lastLines = new ArrayDeque<>();
    private boolean silent;

    private JvmStart(Process process, long begunMs) {
        this.process = process;
        this.begunMs = begunMs;
    }

    /** Starts a command in a folder. */
    static JvmStart of(Path folder, List<String> command) {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        try {
            long begun = System.currentTimeMillis(); // by the clock of the marks and of Redis
            JvmStart start = new JvmStart(builder.start(), begun);
            Thread reader = new Thread(start::read, "jvm-start-output");
            reader.setDaemon(true);
            reader.start();
            return start;
        } catch (IOException ex) {
            throw new UncheckedIOException(command.get(0) + " did not start", ex);
        }
    }

    private void read() {
        try (BufferedReader output = process.inputReader()) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                note(line);
            }
        } catch (IOException ex) {
            note(ex.toString());
        }
        synchronized (this) {
            silent = true;
            notifyAll();
        }
    }

    private synchronized void note(String line) {
        lastLines.add(line);
        if (lastLines.size() > LINES_TOLD) {
            lastLines.remove();
        }
        marks.putAll(Mark.in(line));
        notifyAll();
    }

    /** When the process was started, in milliseconds since 1970. */
    long begunMs() {
        return begunMs;
    }

    synchronized Map<Mark, Long> marks() {
        return Map.copyOf(marks);
    }

    /**
     * Waits for a mark.
     *
     * @throws IllegalStateException as {@link #verifyGoesOn}
     */
    synchronized void await(Mark mark) throws InterruptedException {
        while (!marks.containsKey(mark)) {
            verifyGoesOn();
            TimeUnit.NANOSECONDS.timedWait(this, deadline - System.nanoTime());
        }
    }

    /**
     * Makes sure that waiting for the application has a point.
     *
     * @throws IllegalStateException when it has ended, or takes too long; the message holds what it said last
     */
    synchronized void verifyGoesOn() {
        if (silent || System.nanoTime() - deadline >= 0) {
            throw new IllegalStateException(
                    "the application ended or takes too long:\n" + String.join("\n", lastLines));
        }
    }

    /** CPU time of the whole process until now, in steps of the operating system. */
    long cpuMs() {
        return process.info().totalCpuDuration().map(Duration::toMillis).orElse(0L);
    }

    /** Not by the process itself, which would close its output as well, and that is still written to. */
    void askToEnd() {
        process.toHandle().destroy();
    }

    /**
     * Waits until the process has ended.
     *
     * @throws IllegalStateException when that takes too long
     */
    void awaitEnd() throws InterruptedException {
        if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            verifyGoesOn();
        }
    }

    /** Kills it, if it has not ended; the next one gets the machine for itself. */
    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
