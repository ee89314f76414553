package io.jobqueue.worker;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The outputs and failures of the units in an {@link InMemoryJobStore}, by {@code run/unit}. The store guards them. */
final class InMemoryOutputs {

    private final Map<String, String> outputs = new HashMap<>();
    private final Map<String, String> failures = new HashMap<>();

    @Nullable
    String output(String unit) {
        return outputs.get(unit);
    }

    @Nullable
    String failure(String unit) {
        return failures.get(unit);
    }

    /** A handler writes the output before its unit has ended. */
    void put(String unit, String output) {
        outputs.put(unit, output);
    }

    /** The unit has completed; an output that is there stays. An empty name belongs to no unit. */
    void completed(String unit, String output) {
        if (!unit.isEmpty()) {
            outputs.putIfAbsent(unit, output);
            failures.remove(unit);
        }
    }

    /** The unit has failed, unless it has an output. */
    void failed(String unit, String reason) {
        if (!unit.isEmpty() && !outputs.containsKey(unit)) {
            failures.put(unit, reason);
        }
    }
}
