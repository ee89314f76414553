package io.jobqueue.benchmarks;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of the command line.
 *
 * @param suite what is measured
 * @param sizes how much of it
 * @param json where the figures go as JSON; {@code null} for nowhere
 * @param svg where curves of growth are drawn; {@code null} for nowhere
 * @param server the redis-server to start; {@code null} for the one that is carried
 * @param only the scenarios to play; empty for all
 * @param peers whether other queues are measured beside
 * @param help whether only the usage is wanted
 */
record Arguments(
        Suite suite,
        Sizes sizes,
        @Nullable Path json,
        @Nullable Path svg,
        @Nullable Path server,
        Set<String> only,
        boolean peers,
        boolean help) {

    private static final String USAGE =
            """
            java -jar jobqueue-benchmarks.jar [options]
              --growth         measures what a job costs while something around it grows, beside no baseline
              --features       measures what each feature costs, beside the same without it
              --quick          ends within a minute or two; figures are rougher
              --rounds N       how many rounds are measured (5)
              --only A,B       plays these scenarios: %s;
                               with --growth %s;
                               with --features %s
              --json FILE      writes all figures as JSON
              --svg FILE       draws the curves of growth
              --redis-server F starts this redis-server instead of the one that is carried
              --peers          measures other queues beside, see docs/performance.md
              --help           shows this
            java -jar jobqueue-benchmarks.jar --start-up SAMPLE.jar [options]
              measures how applications start instead
              --jdk HOME       starts the sample on this JDK too
              --rounds N       how many rounds are measured (5), if they fit into four minutes
            """;

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException when it says something else than the usage
     */
    static Arguments parse(String... words) {
        Deque<String> left = new ArrayDeque<>(Arrays.asList(words));
        Suite suite = Suite.COMPARISON;
        boolean quick = false;
        Integer rounds = null;
        Path json = null;
        Path svg = null;
        Path server = null;
        Set<String> only = new TreeSet<>();
        boolean peers = false;
        boolean help = false;
        while (!left.isEmpty()) {
            String word = left.removeFirst();
            switch (word) {
                case "--growth" -> suite = Suite.GROWTH;
                case "--features" -> suite = Suite.FEATURES;
                case "--quick" -> quick = true;
                case "--rounds" -> rounds = number(word, value(word, left));
                case "--json" -> json = Path.of(value(word, left));
                case "--svg" -> svg = Path.of(value(word, left));
                case "--redis-server" -> server = Path.of(value(word, left));
                case "--only" -> only.addAll(Arrays.asList(value(word, left).split(",")));
                case "--peers" -> peers = true;
                case "--help", "-h" -> help = true;
                default -> throw new IllegalArgumentException("unknown option '%s'".formatted(word));
            }
        }
        Set<String> scenarios = suite.scenarios().keySet();
        for (String name : only) {
            if (!scenarios.contains(name)) {
                throw new IllegalArgumentException("no scenario '%s'; there are %s".formatted(name, scenarios));
            }
        }
        if (svg != null && suite != Suite.GROWTH) {
            throw new IllegalArgumentException("option '--svg' draws what '--growth' measures");
        }
        if (peers && suite != Suite.COMPARISON) {
            throw new IllegalArgumentException("option '--peers' goes neither with '--growth' nor with '--features'");
        }
        Sizes sizes = quick ? suite.quick() : suite.full();
        return new Arguments(
                suite,
                rounds == null ? sizes : sizes.withRounds(rounds),
                json,
                svg,
                server,
                Set.copyOf(only),
                peers,
                help);
    }

    /** How the command is used. */
    static String usage() {
        return USAGE.formatted(Arrays.stream(Suite.values())
                .map(suite -> String.join(", ", suite.scenarios().keySet()))
                .toArray());
    }

    boolean wants(String scenario) {
        return only.isEmpty() || only.contains(scenario);
    }

    static String value(String option, Deque<String> left) {
        String value = left.pollFirst();
        if (value == null || value.startsWith("--")) {
            throw new IllegalArgumentException("option '%s' needs a value".formatted(option));
        }
        return value;
    }

    static int number(String option, String value) {
        try {
            int number = Integer.parseInt(value);
            if (number >= 1 && number <= 1000) {
                return number;
            }
        } catch (NumberFormatException ex) {
            // told below, with what was given
        }
        throw new IllegalArgumentException("option '%s' must be from 1 to 1000, was '%s'".formatted(option, value));
    }
}
