package io.jobqueue.benchmarks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The report of the figures, as text and as JSON: medians, and the range over the rounds.
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
                .filter(subject -> subject.contains("drain") || subject.equals("run") || subject.equals("nothing"))
                .forEach(subject -> commands(text, subject));
        if (!results.ratios().isEmpty()) {
            ratios(text);
        }
        growth().forEach(growth -> growth(text, growth));
        if (!features().isEmpty()) {
            features(text);
        }
        return text.toString();
    }

    /** The curves of growth that were measured. */
    List<Growth> growth() {
        return Growth.of(results);
    }

    /** The features that were measured. */
    private List<Feature> features() {
        return Feature.ALL.stream()
                .filter(feature -> results.subjects().contains(feature.name()))
                .toList();
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

    private static void growth(StringBuilder text, Growth growth) {
        text.append(format(
                "%n%-38s %9s %8s %19s %10s %8s %16s %21s%n",
                growth.curve().grows(),
                "Redis us",
                "ratio",
                "(least - most)",
                "jobs/s",
                "time x",
                "late ms p50, p99",
                "calls > 5, 10 ms, most"));
        for (Growth.Step step : growth.steps()) {
            Samples late = step.late();
            SlowLog slow = step.slow();
            text.append(format(
                    "%,38d %9.1f %8.2f %19s %,10.0f %8.2f %16s %21s%n",
                    step.size(),
                    step.redis().median(),
                    step.redisRatio().median(),
                    format(
                            "(%.2f - %.2f)",
                            step.redisRatio().min(), step.redisRatio().max()),
                    step.rate().median(),
                    step.timeRatio().median(),
                    late == null ? "" : format("%.1f, %.1f", late.percentile(50), late.percentile(99)),
                    format(
                            "%d, %d, %s",
                            slow.above(SlowLog.FROM_MS),
                            slow.above(2 * SlowLog.FROM_MS),
                            slow.entries().isEmpty() ? "-" : format("%.1f", slow.longest()))));
        }
        text.append(format(
                "%s: %s%n",
                growth.isFlat() ? "flat within " + Curve.FLAT : "NOT flat within " + Curve.FLAT,
                format(
                        "at most %.2f times the Redis CPU time of the smallest size, at %,d",
                        growth.dearest().redisRatio().median(), growth.dearest().size())));
    }

    private void features(StringBuilder text) {
        text.append(format("%n%-16s", "features"));
        for (String name : List.of("Redis us", "commands", "bytes in", "out", "client us", "heap bytes")) {
            text.append(format(" %9s %9s", name, "more"));
        }
        text.append(format("  commands%n"));
        for (Feature feature : features()) {
            text.append(format("%-16s", feature.name()));
            for (Metric metric : Feature.METRICS) {
                int digits = metric == Metric.COMMANDS ? 2 : metric == Metric.ALLOCATED ? 0 : 1;
                text.append(format(
                        " %,9." + digits + "f %+,9." + digits + "f",
                        results.cost(feature.name(), metric).median(),
                        feature.difference(results, metric).median()));
            }
            text.append("  ")
                    .append(feature.commandsOnTop(results).entrySet().stream()
                            .map(command -> format("%s %+.2f", command.getKey(), command.getValue()))
                            .collect(Collectors.joining(", ")))
                    .append('\n');
        }
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
        if (!growth().isEmpty()) {
            all.put("growth", growthOfAll());
        }
        if (!features().isEmpty()) {
            all.put("features", differences());
        }
        all.put("machine", machine);
        return JSON.writeValueAsString(all);
    }

    private Map<String, Object> growthOfAll() {
        Map<String, Object> curves = new LinkedHashMap<>();
        for (Growth growth : growth()) {
            Map<String, Object> steps = new LinkedHashMap<>();
            for (Growth.Step step : growth.steps()) {
                Map<String, Object> values = new LinkedHashMap<>();
                values.put("redis_us_per_job", spread(step.redis()));
                values.put("redis_us_ratio", spread(step.redisRatio()));
                values.put("jobs_per_s", spread(step.rate()));
                values.put("time_ratio", spread(step.timeRatio()));
                values.put("calls_above_5_ms", step.slow().above(SlowLog.FROM_MS));
                values.put("calls_above_10_ms", step.slow().above(2 * SlowLog.FROM_MS));
                values.put("longest_call_ms", step.slow().longest());
                steps.put(String.valueOf(step.size()), values);
            }
            Map<String, Object> curve = new LinkedHashMap<>();
            curve.put("flat", growth.isFlat());
            curve.put("sizes", steps);
            curves.put(growth.curve().name(), curve);
        }
        return curves;
    }

    private Map<String, Object> differences() {
        Map<String, Object> features = new LinkedHashMap<>();
        for (Feature feature : features()) {
            Map<String, Object> values = new LinkedHashMap<>();
            for (Metric metric : Feature.METRICS) {
                values.put(metric.key, spread(feature.difference(results, metric)));
            }
            values.put("commands", feature.commandsOnTop(results));
            features.put(feature.name(), values);
        }
        return features;
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
