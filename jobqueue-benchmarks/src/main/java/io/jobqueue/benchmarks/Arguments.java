package io.jobqueue.benchmarks;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the command line asks for.
 *
 * @param sizes how much is measured
 * @param json where the figures go as JSON; {@code null} for nowhere
 * @param server the redis-server to start; {@code null} for the one that is carried
 * @param only the scenarios to play; empty for all
 * @param peers whether other queues are measured beside
 * @param help whether only the usage is wanted
 */
record Arguments(
        Sizes sizes, @Nullable Path json, @Nullable Path server, Set<String> only, boolean peers, boolean help) {

    static final String USAGE =
            """
            java -jar jobqueue-benchmarks.jar [options]
              --quick          ends within a minute; figures are rougher
              --rounds N       how many rounds are measured (5)
              --only A,B       plays these scenarios: %s
              --json FILE      writes all figures as JSON
              --redis-server F starts this redis-server instead of the one that is carried
              --peers          measures other queues beside, see docs/performance.md
              --help           shows this
            """;

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException when it says something else than the usage
     */
    static Arguments parse(Set<String> scenarios, String... words) {
        Deque<String> left = new ArrayDeque<>(Arrays.asList(words));
        Sizes sizes = Sizes.full();
        Integer rounds = null;
        Path json = null;
        Path server = null;
        Set<String> only = new TreeSet<>();
        boolean peers = false;
        boolean help = false;
        while (!left.isEmpty()) {
            String word = left.removeFirst();
            switch (word) {
                case "--quick" -> sizes = Sizes.quick();
                case "--rounds" -> rounds = number(word, value(word, left));
                case "--json" -> json = Path.of(value(word, left));
                case "--redis-server" -> server = Path.of(value(word, left));
                case "--only" -> only.addAll(Arrays.asList(value(word, left).split(",")));
                case "--peers" -> peers = true;
                case "--help", "-h" -> help = true;
                default -> throw new IllegalArgumentException("unknown option '%s'".formatted(word));
            }
        }
        for (String name : only) {
            if (!scenarios.contains(name)) {
                throw new IllegalArgumentException("no scenario '%s'; there are %s".formatted(name, scenarios));
            }
        }
        return new Arguments(
                rounds == null ? sizes : sizes.withRounds(rounds), json, server, Set.copyOf(only), peers, help);
    }

    boolean wants(String scenario) {
        return only.isEmpty() || only.contains(scenario);
    }

    private static String value(String option, Deque<String> left) {
        String value = left.pollFirst();
        if (value == null || value.startsWith("--")) {
            throw new IllegalArgumentException("option '%s' needs a value".formatted(option));
        }
        return value;
    }

    private static int number(String option, String value) {
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
