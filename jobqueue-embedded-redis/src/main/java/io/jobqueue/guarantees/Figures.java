package io.jobqueue.guarantees;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/** What a test measured, for people. */
public final class Figures {

    private final Map<String, String> figures = new LinkedHashMap<>();

    /** A number of things. */
    public void put(String name, long number) {
        figures.put(name, String.format(Locale.ROOT, "%,d", number));
    }

    /** A time, in seconds. */
    public void put(String name, Duration time) {
        figures.put(name, String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1000.0));
    }

    @Override
    public String toString() {
        StringJoiner all = new StringJoiner(", ");
        figures.forEach((name, figure) -> all.add(name + " " + figure));
        return all.toString();
    }
}
