package io.jobqueue.benchmarks;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One measured start of an application.
 *
 * @param begunMs when its process was started, in milliseconds since 1970
 * @param marks what it has come to
 * @param cpuMs the CPU time of the process until then
 */
record Start(long begunMs, Map<Mark, Long> marks, long cpuMs) {

    Start {
        marks = Map.copyOf(marks);
    }

    /** Seconds from the start of the process to a mark. */
    double seconds(Mark to) {
        return (at(to) - begunMs) / 1e3;
    }

    /** Seconds from one mark to another. */
    double seconds(Mark from, Mark to) {
        return (at(to) - at(from)) / 1e3;
    }

    double cpuSeconds() {
        return cpuMs / 1e3;
    }

    double classes() {
        return at(Mark.CLASSES);
    }

    boolean has(Mark mark) {
        return marks.containsKey(mark);
    }

    private long at(Mark mark) {
        @Nullable Long value = marks.get(mark);
        if (value == null) {
            throw new IllegalStateException("there is no mark '%s'".formatted(mark));
        }
        return value;
    }
}
