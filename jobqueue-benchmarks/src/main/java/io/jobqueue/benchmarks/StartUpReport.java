package io.jobqueue.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The report of measured starts: medians in seconds, and the range over the rounds. */
final class StartUpReport {

    /** The small application without the starter. */
    static final String UNUSED = "Redis, not used";

    /** The same, which asks Redis once. */
    static final String USED = "Redis, used once";

    /** The same with the starter. */
    static final String STARTER = "the starter, one job";

    private final Map<String, List<Start>> sample = new LinkedHashMap<>();
    private final Map<String, List<Start>> small = new LinkedHashMap<>();

    void sample(String name, Start start) {
        sample.computeIfAbsent(name, any -> new ArrayList<>()).add(start);
    }

    /** Notes a start of the small application, each of the three once a round. */
    void small(String name, Start start) {
        small.computeIfAbsent(name, any -> new ArrayList<>()).add(start);
    }

    /** Tables in Markdown. */
    String tables() {
        StringBuilder text = new StringBuilder();
        text.append("| the sample on | first job claimed | of it before `main` | after `main` | CPU until then |\n");
        text.append("|---|---|---|---|---|\n");
        sample.forEach((name, starts) -> row(
                text,
                name,
                spread(starts, start -> start.seconds(Mark.ANSWERED)),
                median(starts, start -> start.seconds(Mark.MAIN)),
                spread(starts, start -> start.seconds(Mark.MAIN, Mark.ANSWERED)),
                spread(starts, Start::cpuSeconds)));
        text.append("\n| a small application with | started after `main` | first answer of Redis | CPU | classes |\n");
        text.append("|---|---|---|---|---|\n");
        small.forEach((name, starts) -> row(
                text,
                name,
                spread(starts, start -> start.seconds(Mark.MAIN, Mark.STARTED)),
                name.equals(UNUSED) ? "" : spread(starts, start -> start.seconds(Mark.MAIN, Mark.ANSWERED)),
                spread(starts, Start::cpuSeconds),
                name.equals(UNUSED)
                        ? ""
                        : format("%,.0f", samples(starts, Start::classes).median())));
        row(
                text,
                "so the starter adds, to using Redis once",
                share(start -> start.seconds(Mark.MAIN, Mark.STARTED), "%.2f"),
                share(start -> start.seconds(Mark.MAIN, Mark.ANSWERED), "%.2f"),
                share(Start::cpuSeconds, "%.2f"),
                share(Start::classes, "%.0f"));
        return text.toString();
    }

    /** The difference of two starts of one round. */
    private String share(ToDoubleFunction<Start> value, String pattern) {
        List<Start> with = small.getOrDefault(STARTER, List.of());
        List<Start> without = small.getOrDefault(USED, List.of());
        List<Double> differences = new ArrayList<>();
        for (int round = 0; round < with.size(); round++) {
            differences.add(value.applyAsDouble(with.get(round)) - value.applyAsDouble(without.get(round)));
        }
        return spread(new Samples(differences), pattern);
    }

    private static void row(StringBuilder text, String... cells) {
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private static Samples samples(List<Start> starts, ToDoubleFunction<Start> value) {
        return new Samples(starts.stream().map(value::applyAsDouble).toList());
    }

    private static String median(List<Start> starts, ToDoubleFunction<Start> value) {
        return format("%.2f", samples(starts, value).median());
    }

    private static String spread(List<Start> starts, ToDoubleFunction<Start> value) {
        return spread(samples(starts, value), "%.2f");
    }

    private static String spread(Samples samples, String pattern) {
        return format(pattern + " (" + pattern + " - " + pattern + ")", samples.median(), samples.min(), samples.max());
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
