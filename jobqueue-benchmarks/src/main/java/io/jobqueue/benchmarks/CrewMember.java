package io.jobqueue.benchmarks;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * One of several processes that work on the same queue. It is told what to do by a line and answers by a line of numbers:
 *
 * <ul>
 *   <li>{@code work}: starts a pool of 50; answers 0
 *   <li>{@code rest}: stops it; answers how many jobs were completed, and the sum of their numbers
 *   <li>{@code quit}
 * </ul>
 */
final class CrewMember {

    /** The command line that makes a process one, before the port of the server. */
    static final String WORD = "--crew-member";

    private static final int CONCURRENCY = 50;

    private CrewMember() {}

    /** Works for whom standard input tells, until there is no more. */
    static void serve(int port, PrintStream out) {
        LongAdder completed = new LongAdder();
        LongAdder sum = new LongAdder();
        JobListener listener = event -> {
            if (event instanceof JobEvent.Completed) {
                completed.increment();
            }
        };
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
                Product product = new Product(port);
                Product.Workers workers = product.workers(
                        CONCURRENCY,
                        List.of(Product.handler((job, context) -> {
                            sum.add(((NoOp) job.payload()).number());
                            return null;
                        })),
                        listener)) {
            out.println("ready");
            for (String line = in.readLine(); line != null && !line.equals("quit"); line = in.readLine()) {
                switch (line) {
                    case "work" -> {
                        workers.start();
                        out.println(0);
                    }
                    case "rest" -> {
                        workers.close(); // can be started again
                        out.println(completed.sumThenReset() + " " + sum.sumThenReset());
                    }
                    default -> throw new IllegalArgumentException("unknown word " + line);
                }
            }
        } catch (IOException ex) {
            throw new UncheckedIOException("nobody can be listened to", ex);
        }
    }
}
