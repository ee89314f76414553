package io.jobqueue.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of the command line after {@value #WORD}.
 *
 * @param sample the packaged sample application
 * @param jdks the JDKs to start it on, the oldest first
 * @param rounds how often everything is started
 */
record StartUpArguments(Path sample, List<Jdk> jdks, int rounds) {

    static final String WORD = "--start-up";

    /**
     * Reads a command line, without its first word.
     *
     * @throws IllegalArgumentException when it says something else than the usage
     */
    static StartUpArguments parse(String... words) {
        Deque<String> left = new ArrayDeque<>(Arrays.asList(words));
        Path sample = file(left.pollFirst());
        List<Jdk> jdks = new ArrayList<>(List.of(Jdk.running()));
        int rounds = 5;
        while (!left.isEmpty()) {
            String word = left.removeFirst();
            switch (word) {
                case "--jdk" -> jdks.add(Jdk.in(Path.of(Arguments.value(word, left))));
                case "--rounds" -> rounds = Arguments.number(word, Arguments.value(word, left));
                default -> throw new IllegalArgumentException("unknown option '%s'".formatted(word));
            }
        }
        jdks.sort((a, b) -> Integer.compare(a.major(), b.major()));
        return new StartUpArguments(sample, List.copyOf(jdks), rounds);
    }

    private static Path file(@Nullable String name) {
        if (name == null || name.startsWith("--")) {
            throw new IllegalArgumentException("'%s' needs the jar of the sample".formatted(WORD));
        }
        Path file = Path.of(name).toAbsolutePath();
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException("%s is not there; package the sample first".formatted(name));
        }
        return file;
    }
}
