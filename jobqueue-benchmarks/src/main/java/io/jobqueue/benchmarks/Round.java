package io.jobqueue.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The measurements of one round of all scenarios. A scenario plays a baseline and the queue one after the other, so
 * that other load of the machine affects both, and each ratio comes from one round.
 */
final class Round {

    private final Map<String, Cost> costs = new LinkedHashMap<>();
    private final Map<String, Samples> latencies = new LinkedHashMap<>();
    private final Map<String, Double> waitingBytes = new LinkedHashMap<>();

    /** Notes what the jobs of a subject cost. */
    void cost(String subject, Cost cost) {
        costs.put(subject, cost);
    }

    /** Notes how late the jobs of a subject started, in milliseconds. */
    void latencies(String subject, Samples millis) {
        latencies.put(subject, millis);
    }

    /** Notes how many bytes of Redis a waiting job of a subject takes. */
    void waitingBytes(String subject, double bytes) {
        waitingBytes.put(subject, bytes);
    }

    @Nullable
    Cost cost(String subject) {
        return costs.get(subject);
    }

    Map<String, Cost> costs() {
        return costs;
    }

    Map<String, Samples> latencies() {
        return latencies;
    }

    Map<String, Double> waitingBytes() {
        return waitingBytes;
    }
}
