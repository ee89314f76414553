package io.jobqueue.benchmarks;

import java.util.Collection;
import java.util.List;

/**
 * The commands that blocked Redis, from its own slow log: scripts and single commands, by the clock. A machine that
 * takes the core away from Redis shows here as well.
 *
 * @param entries everything that took {@value #FROM_MS} ms or more
 */
record SlowLog(List<Entry> entries) {

    /** From so many milliseconds on a call is in the log. */
    static final int FROM_MS = 5;

    private static final int MOST_ENTRIES = 10_000;

    SlowLog {
        entries = List.copyOf(entries);
    }

    /**
     * A slow call.
     *
     * @param millis how long it took
     * @param command its name, or the beginning of the script's digest
     */
    record Entry(double millis, String command) {}

    /** Begins a new log. */
    static void begin(Wire admin) {
        admin.ask("CONFIG", "SET", "slowlog-log-slower-than", String.valueOf(FROM_MS * 1000));
        admin.ask("CONFIG", "SET", "slowlog-max-len", String.valueOf(MOST_ENTRIES));
        admin.ask("SLOWLOG", "RESET");
    }

    /** What was slow since then. */
    static SlowLog read(Wire admin) {
        return new SlowLog(admin.askList("SLOWLOG", "GET", String.valueOf(MOST_ENTRIES)).stream()
                .map(entry -> entry((List<?>) entry))
                .toList());
    }

    private static Entry entry(List<?> fields) {
        List<?> words = (List<?>) fields.get(3);
        String name = (String) words.get(0);
        boolean script = name.equalsIgnoreCase("EVALSHA") && words.size() > 1;
        return new Entry(
                Long.parseLong((String) fields.get(2)) / 1000.0,
                script ? "script " + ((String) words.get(1)).substring(0, 8) : name);
    }

    /** All of several together. */
    static SlowLog all(Collection<SlowLog> parts) {
        return new SlowLog(
                parts.stream().flatMap(part -> part.entries().stream()).toList());
    }

    /** How many calls took longer. */
    long above(double millis) {
        return entries.stream().filter(entry -> entry.millis() > millis).count();
    }

    /** How long the longest took, in milliseconds; 0 when nothing was slow. */
    double longest() {
        return entries.stream().mapToDouble(Entry::millis).max().orElse(0);
    }
}
