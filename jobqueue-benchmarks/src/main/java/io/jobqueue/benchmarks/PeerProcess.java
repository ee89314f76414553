package io.jobqueue.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The JVM of a peer, or another one of our own, which is told what to do by a line of words and answers by a line of
 * numbers.
 */
final class PeerProcess implements AutoCloseable {

    private final String name;
    private final Process process;
    private final BufferedReader in;
    private final Writer out;

    private PeerProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        this.in = process.inputReader();
        this.out = process.outputWriter();
    }

    /** Starts a peer and waits until it is ready. */
    static PeerProcess start(Path jar, String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", jar.toString()));
        Arrays.stream(arguments).filter(argument -> !argument.isEmpty()).forEach(command::add);
        return start(jar.toString(), command);
    }

    /** Starts any program that knows the conversation, and waits until it is ready. */
    static PeerProcess start(String name, List<String> command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            PeerProcess peer = new PeerProcess(name, process);
            String ready = peer.line();
            if (!ready.equals("ready")) {
                peer.close();
                throw new IllegalStateException("%s said '%s' instead of being ready".formatted(name, ready));
            }
            return peer;
        } catch (IOException ex) {
            throw new UncheckedIOException(name + " did not start", ex);
        }
    }

    /**
     * Asks for something and waits for the answer.
     *
     * @throws IllegalStateException when the process ends instead, as it does when it loses or repeats a job
     */
    double[] ask(String command) {
        try {
            out.write(command + "\n");
            out.flush();
            return Arrays.stream(line().split(" "))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
        } catch (IOException ex) {
            throw new UncheckedIOException(name + " could not be asked to " + command, ex);
        }
    }

    private String line() throws IOException {
        String line = in.readLine();
        if (line == null) {
            throw new IllegalStateException(name + " ended; run it by hand to see why");
        }
        return line;
    }

    @Override
    public void close() {
        try {
            out.write("quit\n");
            out.close();
        } catch (IOException ex) {
            process.destroy(); // it does not listen any more
        }
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException ex) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
