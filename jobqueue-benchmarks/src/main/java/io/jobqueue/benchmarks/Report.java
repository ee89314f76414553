package io.jobqueue.benchmarks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Figures as people and programs read them: medians, and the range over the rounds.
 *
 * @param machine where they are from
 * @param results what was measured
 */
record Report(Map<String, String> machine, Results results) {

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    // ---- for people

    String table() {
        StringBuilder text = new StringBuilder();
        text.append(machine.entrySet().stream()
                .map(fact -> fact.getKey() + " " + fact.getValue())
                .collect(Collectors.joining(", ")));
        text.append(format(
                "%n%d rounds; median (least - most); what a job costs stands beside%n",
                results.rounds().size()));
        if (!results.subjects().isEmpty()) {
            costs(text);
        }
        if (!results.latencies().isEmpty()) {
            latencies(text);
        }
        results.subjects().stream()
                .filter(subject -> subject.contains("drain") || subject.equals("run"))
                .forEach(subject -> commands(text, subject));
        if (!results.ratios().isEmpty()) {
            ratios(text);
        }
        return text.toString();
    }

    private void costs(StringBuilder text) {
        text.append(format(
                "%n%-22s %9s %21s %9s %9s %9s %9s %10s %10s%n",
                "", "jobs/s", "(least - most)", "Redis us", "commands", "bytes in", "out", "client us", "heap bytes"));
        for (String subject : results.subjects()) {
            Samples rate = results.cost(subject, Metric.JOBS_PER_S);
            text.append(format(
                    "%-22s %,9.0f %21s %9.1f %9.2f %9.0f %9.0f %10.1f %,10.0f%n",
                    subject,
                    rate.median(),
                    format("(%,.0f - %,.0f)", rate.min(), rate.max()),
                    results.cost(subject, Metric.REDIS_US).median(),
                    results.cost(subject, Metric.COMMANDS).median(),
                    results.cost(subject, Metric.BYTES_IN).median(),
                    results.cost(subject, Metric.BYTES_OUT).median(),
                    results.cost(subject, Metric.CLIENT_US).median(),
                    results.cost(subject, Metric.ALLOCATED).median()));
        }
        results.waitingBytes()
                .forEach((subject, bytes) -> text.append(
                        format("%-22s %,9.0f bytes of Redis for a waiting job%n", subject, bytes.median())));
    }

    private void latencies(StringBuilder text) {
        text.append(format("%n%-22s %9s %9s %9s %9s%n", "ms late", "p50", "p90", "p99", "most"));
        results.latencies()
                .forEach((subject, millis) -> text.append(format(
                        "%-22s %9.2f %9.2f %9.2f %9.2f%n",
                        subject, millis.percentile(50), millis.percentile(90), millis.percentile(99), millis.max())));
    }

    /** Where the time of Redis goes: scripts first, whose time contains that of the commands below. */
    private void commands(StringBuilder text, String subject) {
        long jobs = results.jobs(subject);
        text.append(format("%n%-22s %14s %9s%n", "Redis in " + subject, "calls a job", "us a job"));
        results.commands(subject).entrySet().stream()
                .sorted((a, b) ->
                        Long.compare(b.getValue().micros(), a.getValue().micros()))
                .limit(12)
                .forEach(command -> text.append(format(
                        "%22s %14.3f %9.2f%n",
                        command.getKey(),
                        (double) command.getValue().count() / jobs,
                        (double) command.getValue().micros() / jobs)));
    }

    private void ratios(StringBuilder text) {
        text.append(format("%n%-32s %8s %19s  %s%n", "ratios", "median", "(least - most)", "target"));
        results.ratios()
                .forEach((ratio, values) -> text.append(format(
                        "%-32s %8.3f %19s  %s%n",
                        ratio.name(),
                        values.median(),
                        format("(%.3f - %.3f)", values.min(), values.max()),
                        ratio.target())));
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    // ---- for programs

    String json() {
        Map<String, Object> all = new LinkedHashMap<>();
        Map<String, Double> ratios = new LinkedHashMap<>();
        Map<String, Object> ranges = new LinkedHashMap<>();
        results.ratios().forEach((ratio, values) -> {
            ratios.put(ratio.name(), values.median());
            ranges.put(ratio.name(), List.of(values.min(), values.max()));
        });
        all.put("ratios", ratios);
        results.latencies().forEach((subject, millis) -> all.put(subject + "_ms", percentiles(millis)));
        all.put("ratio_ranges", ranges);
        all.put("rounds", results.rounds().size());
        Map<String, Object> costs = new LinkedHashMap<>();
        for (String subject : results.subjects()) {
            Map<String, Object> values = new LinkedHashMap<>();
            for (Metric metric : Metric.values()) {
                values.put(metric.key, spread(results.cost(subject, metric)));
            }
            costs.put(subject, values);
        }
        all.put("costs", costs);
        Map<String, Object> bytes = new LinkedHashMap<>();
        results.waitingBytes().forEach((subject, samples) -> bytes.put(subject, spread(samples)));
        all.put("redis_bytes_per_waiting_job", bytes);
        Map<String, Object> commands = new LinkedHashMap<>();
        results.subjects().forEach(subject -> commands.put(subject, commands(subject)));
        all.put("commands", commands);
        all.put("machine", machine);
        return JSON.writeValueAsString(all);
    }

    private Map<String, Object> commands(String subject) {
        long jobs = results.jobs(subject);
        Map<String, Object> commands = new LinkedHashMap<>();
        results.commands(subject)
                .forEach((command, calls) -> commands.put(
                        command,
                        Map.of(
                                "calls_per_job", (double) calls.count() / jobs,
                                "us_per_job", (double) calls.micros() / jobs)));
        return commands;
    }

    private static Map<String, Double> spread(Samples samples) {
        Map<String, Double> spread = new LinkedHashMap<>();
        spread.put("median", samples.median());
        spread.put("min", samples.min());
        spread.put("max", samples.max());
        return spread;
    }

    private static Map<String, Double> percentiles(Samples millis) {
        Map<String, Double> percentiles = new LinkedHashMap<>();
        percentiles.put("p50", millis.percentile(50));
        percentiles.put("p90", millis.percentile(90));
        percentiles.put("p99", millis.percentile(99));
        percentiles.put("max", millis.max());
        return percentiles;
    }
}
