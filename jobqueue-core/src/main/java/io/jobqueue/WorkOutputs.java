package io.jobqueue;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the units of one run came to, for the handler that gathers them. Read from Redis when asked, page by page where it
 * may be much; units that end late may or may not appear. Thread-safe.
 *
 * @param <T> what an output is read into
 * @since 0.1.0
 */
public interface WorkOutputs<T> {

    /** The run. No round trip. */
    String runId();

    /** How many units have an output, those that ended with nothing included. */
    long size();

    /**
     * Reads one output; empty when there is none, or nothing.
     *
     * @throws UnreadableJsonException when it does not fit the type
     */
    Optional<T> get(String unitId);

    /**
     * Reads all outputs by unit, page by page while the stream is consumed; those that are nothing are left out. Needs no
     * closing.
     *
     * @throws UnreadableJsonException while consumed, when one does not fit the type; the message names the unit
     */
    Stream<Map.Entry<String, T>> stream();

    /** The failed units and why they failed, page by page while the stream is consumed. Needs no closing. */
    Stream<Map.Entry<String, String>> failures();

    /** The units that have neither an output nor a failure, page by page while the stream is consumed. */
    Stream<String> missing();

    /** The units that ended after the run had, page by page while the stream is consumed. */
    Stream<String> late();
}
