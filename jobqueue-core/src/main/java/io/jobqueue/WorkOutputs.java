package io.jobqueue;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The outputs and failures of one run's units, for the handler of the gather job. Each method reads from Redis when it
 * is called; streams read page by page. Units that end after the run may or may not appear. Thread-safe.
 *
 * @param <T> the type of an output
 * @since 0.1.0
 */
public interface WorkOutputs<T> {

    /** The run. No round trip. */
    String runId();

    /** How many units have an output, including those whose handler returned nothing. */
    long size();

    /**
     * Reads one output; empty when the unit has none or its handler returned nothing.
     *
     * @throws UnreadableJsonException when it does not fit the type
     */
    Optional<T> get(String unitId);

    /**
     * Reads all outputs by unit, page by page while the stream is consumed; units whose handler returned nothing are
     * left out. The stream needs no closing.
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
