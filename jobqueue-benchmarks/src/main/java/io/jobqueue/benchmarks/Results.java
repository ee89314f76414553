package io.jobqueue.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.DoubleBinaryOperator;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The measurements of all rounds. */
record Results(List<Round> rounds) {

    Results {
        rounds = List.copyOf(rounds);
    }

    /** What has costs, in the order in which it was measured. */
    Set<String> subjects() {
        return subjects(Round::costs);
    }

    /** A metric of a subject over the rounds. */
    Samples cost(String subject, Metric metric) {
        return over(round -> round.cost(subject), metric::of);
    }

    /** What a metric of a subject is to that of another, each time in one round; empty when no round measured both. */
    Optional<Samples> compared(String subject, String other, Metric metric, DoubleBinaryOperator how) {
        List<Double> values = new ArrayList<>();
        for (Round round : rounds) {
            Cost cost = round.cost(subject);
            Cost base = round.cost(other);
            if (cost != null && base != null) {
                values.add(how.applyAsDouble(metric.of(cost), metric.of(base)));
            }
        }
        return values.isEmpty() ? Optional.empty() : Optional.of(new Samples(values));
    }

    /** What held up Redis while it worked for a subject, in all rounds. */
    SlowLog slow(String subject) {
        return SlowLog.all(rounds.stream()
                .map(round -> round.cost(subject))
                .filter(Objects::nonNull)
                .map(Cost::slow)
                .toList());
    }

    /** The latencies of each subject, those of all rounds together. */
    Map<String, Samples> latencies() {
        Map<String, Samples> all = new LinkedHashMap<>();
        for (String subject : subjects(Round::latencies)) {
            all.put(
                    subject,
                    Samples.all(rounds.stream()
                            .map(round -> round.latencies().get(subject))
                            .filter(Objects::nonNull)
                            .toList()));
        }
        return all;
    }

    /** The memory that a waiting job takes in Redis. */
    Map<String, Samples> waitingBytes() {
        Map<String, Samples> all = new LinkedHashMap<>();
        for (String subject : subjects(Round::waitingBytes)) {
            all.put(subject, over(round -> round.waitingBytes().get(subject), bytes -> bytes));
        }
        return all;
    }

    /** The ratios over the rounds, each of two things of one round. */
    Map<Ratio, Samples> ratios() {
        Map<Ratio, Samples> all = new LinkedHashMap<>();
        for (Ratio ratio : Ratio.ALL) {
            List<Double> values =
                    rounds.stream().map(ratio.of()).filter(Objects::nonNull).toList();
            if (!values.isEmpty()) {
                all.put(ratio, new Samples(values));
            }
        }
        return all;
    }

    /** What Redis executed for the jobs of a subject, in all rounds. */
    Map<String, Cost.Calls> commands(String subject) {
        Map<String, Cost.Calls> all = new TreeMap<>();
        for (Round round : rounds) {
            Cost cost = round.cost(subject);
            if (cost != null) {
                cost.commands().forEach((command, calls) -> all.merge(command, calls, Cost.Calls::plus));
            }
        }
        return all;
    }

    /** How many jobs of a subject there were in all rounds. */
    long jobs(String subject) {
        return rounds.stream()
                .map(round -> round.cost(subject))
                .filter(Objects::nonNull)
                .mapToLong(Cost::jobs)
                .sum();
    }

    private Set<String> subjects(Function<Round, Map<String, ?>> part) {
        Set<String> names = new LinkedHashSet<>();
        rounds.forEach(round -> names.addAll(part.apply(round).keySet()));
        return names;
    }

    private <T> Samples over(Function<Round, @Nullable T> part, Function<T, Double> value) {
        List<Double> values = new ArrayList<>();
        for (Round round : rounds) {
            T measured = part.apply(round);
            if (measured != null) {
                values.add(value.apply(measured));
            }
        }
        return new Samples(values);
    }
}
