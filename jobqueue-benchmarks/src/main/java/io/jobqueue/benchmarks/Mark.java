package io.jobqueue.benchmarks;

import java.time.OffsetDateTime;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A mark that an application prints in a line of its output while it starts; times are milliseconds since 1970. */
enum Mark {

    /** When its {@code main} began. */
    MAIN,

    /** When all of it had started. */
    STARTED,

    /** When Redis had given it something. */
    ANSWERED,

    /** How many classes it had loaded by then. */
    CLASSES;

    private static final Pattern LINE = Pattern.compile("mark (\\w+) (\\d+)");

    /** What Spring Boot logs, with the time that {@code run} has taken. */
    private static final Pattern LOG =
            Pattern.compile("(\\S+) +INFO .*: Started \\w+ in ([0-9.]+) seconds \\(process running for .*");

    void print(long value) {
        System.out.println("mark " + name().toLowerCase(Locale.ROOT) + " " + value);
    }

    /** The marks that a line holds, perhaps none. */
    static Map<Mark, Long> in(String line) {
        Matcher own = LINE.matcher(line);
        if (own.matches()) {
            return Map.of(valueOf(own.group(1).toUpperCase(Locale.ROOT)), Long.parseLong(own.group(2)));
        }
        Matcher log = LOG.matcher(line);
        if (log.matches()) {
            long started = OffsetDateTime.parse(log.group(1)).toInstant().toEpochMilli();
            return Map.of(STARTED, started, MAIN, started - Math.round(Double.parseDouble(log.group(2)) * 1000));
        }
        return Map.of();
    }
}
