package io.jobqueue.benchmarks;

import io.jobqueue.benchmarks.Wire.Exchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The most that Redis can do for a queue of this layout: the guide's lists, hash fields, tokens and events by the leanest
 * scripts, 50 jobs each, from a driver that has nothing else to do. Ids follow from numbers and jobs come in their order,
 * so all requests and all replies are bytes that are known beforehand, several can be on their way, and a lost, repeated
 * or misplaced job shows in a reply.
 */
final class Ceiling {

    /** How many jobs a script handles. */
    static final int BATCH = 50;

    /** How many scripts are on their way; more brings nothing. */
    private static final int WINDOW = 8;

    private static final int HISTORY = 1000; // as the queue's own default
    private static final String RESULT = "{}"; // what the queue stores when a handler returns nothing
    private static final String QUEUE = "queue:ceiling:";
    private static final String PENDING = QUEUE + "pending";
    private static final String PROCESSING = QUEUE + "processing";
    private static final String COMPLETED = QUEUE + "completed";
    private static final String EVENTS = QUEUE + "events";
    private static final String WAKE = QUEUE + "wake";
    private static final String JOB = QUEUE + "job:";

    private final Wire wire;
    private final String enqueue;
    private final String turn;

    /** Teaches the server the scripts. */
    Ceiling(Wire wire) {
        this.wire = wire;
        this.enqueue = wire.ask("SCRIPT", "LOAD", script("enqueue.lua"));
        this.turn = wire.ask("SCRIPT", "LOAD", script("turn.lua"));
    }

    /** Exchanges that enqueue a number of jobs. */
    List<Exchange> filling(int jobs) {
        List<Exchange> exchanges = new ArrayList<>();
        for (int from = 0; from < jobs; from += BATCH) {
            exchanges.add(enqueueing(from, Math.min(from + BATCH, jobs)));
        }
        return exchanges;
    }

    /** Exchanges that claim and complete them; each turn completes what the turn before it claimed. */
    List<Exchange> draining(int jobs) {
        List<Exchange> exchanges = new ArrayList<>();
        for (int from = 0; from < jobs + BATCH; from += BATCH) {
            exchanges.add(turning(
                    Math.max(0, from - BATCH),
                    Math.min(from, jobs),
                    Math.min(from, jobs),
                    Math.min(from + BATCH, jobs)));
        }
        return exchanges;
    }

    /** Plays exchanges as fast as Redis goes. */
    void play(List<Exchange> exchanges) {
        wire.play(exchanges, WINDOW);
    }

    /** An exchange that enqueues the jobs of some numbers. */
    private Exchange enqueueing(int from, int to) {
        List<String> words = new ArrayList<>(List.of("EVALSHA", enqueue, "1", PENDING, JOB));
        for (int number = from; number < to; number++) {
            words.add(id(number));
            words.add(NoOp.of(number).json());
        }
        return new Exchange(Wire.request(words.toArray(String[]::new)), number(to - from));
    }

    /** An exchange that completes the jobs of some numbers, and claims those of the next. */
    private Exchange turning(int completeFrom, int completeTo, int claimFrom, int claimTo) {
        List<String> words =
                new ArrayList<>(List.of("EVALSHA", turn, "4", PENDING, PROCESSING, COMPLETED, EVENTS, JOB));
        words.add(Integer.toString(claimTo - claimFrom));
        words.add(id(claimFrom));
        words.add(id(completeFrom));
        words.add(Integer.toString(HISTORY));
        for (int number = completeFrom; number < completeTo; number++) {
            words.add(id(number));
            words.add(RESULT);
        }
        StringBuilder reply = new StringBuilder("*" + (1 + 3 * (claimTo - claimFrom)) + "\r\n");
        reply.append(':').append(completeTo - completeFrom).append("\r\n");
        for (int number = claimFrom; number < claimTo; number++) {
            Wire.bulk(reply, id(number));
            Wire.bulk(reply, NoOp.of(number).json());
            reply.append(":1\r\n");
        }
        return new Exchange(
                Wire.request(words.toArray(String[]::new)), reply.toString().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Fails unless so many jobs wait.
     *
     * @throws IllegalStateException when it is otherwise
     */
    void verifyWaiting(int jobs) {
        String waiting = wire.ask("LLEN", PENDING);
        if (!waiting.equals(Integer.toString(jobs))) {
            throw new IllegalStateException("at the ceiling %s jobs wait instead of %s".formatted(waiting, jobs));
        }
    }

    /**
     * Fails unless so many jobs were completed and nothing is left.
     *
     * @throws IllegalStateException when it is otherwise
     */
    void verifyDrained(int jobs) {
        String state = "pending %s, processing %s, completed %s"
                .formatted(wire.ask("LLEN", PENDING), wire.ask("LLEN", PROCESSING), wire.ask("LLEN", COMPLETED));
        String expected = "pending 0, processing 0, completed " + Math.min(jobs, HISTORY);
        if (!state.equals(expected)) {
            throw new IllegalStateException("the ceiling ended with %s instead of %s".formatted(state, expected));
        }
    }

    /** Enqueues one job. */
    Exchange enqueueing(int number) {
        return enqueueing(number, number + 1);
    }

    /** Enqueues one job and wakes who waits for it. */
    Exchange announcing(int number) {
        Exchange enqueueing = enqueueing(number);
        return new Exchange(
                join(enqueueing.request(), Wire.request("LPUSH", WAKE, "1")), join(enqueueing.reply(), number(1)));
    }

    /** Waits for that. */
    Exchange waiting() {
        return new Exchange(
                Wire.request("BRPOP", WAKE, "10"),
                ("*2\r\n$" + WAKE.length() + "\r\n" + WAKE + "\r\n$1\r\n1\r\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Claims one job. */
    Exchange claiming(int number) {
        return turning(number, number, number, number + 1);
    }

    /** Completes one job. */
    Exchange completing(int number) {
        return turning(number, number + 1, number + 1, number + 1);
    }

    private static String id(int number) {
        return HexFormat.of().toHexDigits((long) number);
    }

    private static byte[] number(int value) {
        return (":" + value + "\r\n").getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] both = new byte[first.length + second.length];
        System.arraycopy(first, 0, both, 0, first.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** The text of a script of this package. */
    static String script(String name) {
        try (InputStream in = Ceiling.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the script " + name + " is missing from the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException ex) {
            throw new UncheckedIOException("cannot read the script " + name, ex);
        }
    }
}
