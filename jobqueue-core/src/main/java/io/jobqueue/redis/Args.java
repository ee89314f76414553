package io.jobqueue.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Writes the arguments of scripts: texts unchanged, whole numbers as digits, durations in milliseconds. */
final class Args {

    private Args() {}

    /** A list that can grow. */
    static List<String> of(Object... values) {
        List<String> args = new ArrayList<>(values.length);
        for (Object value : values) {
            args.add(text(value));
        }
        return args;
    }

    private static String text(Object value) {
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof Duration duration) {
            return Long.toString(duration.toMillis());
        }
        if (value instanceof Integer || value instanceof Long) {
            return value.toString();
        }
        throw new IllegalArgumentException(
                "no text, number or duration: " + value.getClass().getName());
    }
}
