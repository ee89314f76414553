package io.jobqueue.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.redis.ScriptSwap;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.platform.engine.UniqueId;

/**
 * Runs each mutant of each Lua file against the directed tests that run its statement. {@code -Dmutation.files=road/claim}
 * takes the files whose names match a regular expression, {@code -Dmutation.classes=.*Claim.*} takes some test classes, and
 * {@code -Dmutation.tests=30} limits the tests a mutant.
 */
@Tag("soak")
class MutationSoakTests {

    private static final double LEAST_SCORE = 90;

    /** They talk to servers of their own, to none, or read the texts of the scripts. */
    private static final String NOT_DIRECTED =
            ".*\\.(Cluster|Close|FailedConnect|RedisLink|RedisOutage|ScriptSources|Door)Tests";

    private static final List<String> DIRECTED_STORIES = Stream.of(
                    "BadEnd",
                    "BadName",
                    "Cancel",
                    "CancelRunning",
                    "Chain",
                    "DeadLetterNotice",
                    "Deadline",
                    "ErrorHistory",
                    "Expiry",
                    "FullRedis",
                    "MinimalRights",
                    "PausedKind",
                    "Reschedule",
                    "SideCommand",
                    "Snooze",
                    "SpoiledKeys",
                    "StoredPayload")
            .map(story -> "io.jobqueue.stories." + story + "Tests")
            .toList();

    private final Path folder = Path.of("target/mutation");

    private final Set<UniqueId> sound = new HashSet<>();
    private final Set<UniqueId> unsound = new HashSet<>();

    private record Result(int mutants, int killed, int equivalent, int explained) {
        double score() {
            return mutants == equivalent ? 100 : 100.0 * killed / (mutants - equivalent);
        }

        String row(String file) {
            return String.format(
                    Locale.ROOT,
                    "| %s | %d | %d | %d | %d | %.0f %% |",
                    file,
                    mutants,
                    killed,
                    equivalent,
                    explained,
                    Math.floor(score()));
        }
    }

    @Test
    @Timeout(value = 12, unit = TimeUnit.HOURS)
    void aDirectedTestKillsNineOfTenMutantsOfEachScriptAndEachOtherIsExplained() throws IOException {
        Survivors survivors = survivors();
        List<String> rows = new ArrayList<>();
        List<String> unexplained = new ArrayList<>();
        List<String> tooLow = new ArrayList<>();
        Files.createDirectories(folder);
        try (DirectedTests tests = new DirectedTests();
                ScriptSwap scripts = new ScriptSwap()) {
            Coverage coverage = Coverage.measure(
                    tests,
                    scripts,
                    tests.find(
                            "io.jobqueue.redis",
                            System.getProperty("mutation.classes", ".*Tests"),
                            NOT_DIRECTED,
                            DIRECTED_STORIES));
            tell("%d tests run scripts".formatted(coverage.size()));
            tests.expectScriptsThatNeverEnd();
            for (Map.Entry<String, String> each : ScriptSwap.sources().entrySet()) {
                String file = each.getKey();
                if (file.matches(System.getProperty("mutation.files", ".*"))) {
                    List<Mutant> mutants = Mutator.mutantsOf(file, each.getValue());
                    List<Mutant> alive = alive(mutants, tests, scripts, coverage);
                    Result result = new Result(
                            mutants.size(),
                            mutants.size() - alive.size(),
                            (int) alive.stream().filter(survivors::isEquivalent).count(),
                            (int) alive.stream()
                                    .filter(mutant ->
                                            survivors.reason(mutant) != null && !survivors.isEquivalent(mutant))
                                    .count());
                    rows.add(result.row(file));
                    Files.write(folder.resolve("table.md"), rows);
                    tell(result.row(file));
                    if (result.score() < LEAST_SCORE) {
                        tooLow.add(result.row(file));
                    }
                    List<Mutant> open = alive.stream()
                            .filter(mutant -> survivors.reason(mutant) == null)
                            .toList();
                    if (!open.isEmpty()) {
                        unexplained.add("# " + file);
                        open.forEach(mutant -> unexplained.add(mutant.key().toString()));
                    }
                    Files.write(folder.resolve("unexplained.txt"), unexplained);
                }
            }
        }
        assertThat(unexplained).as("survivors that nobody explained").isEmpty();
        assertThat(tooLow).as("files of which too many mutants survive").isEmpty();
    }

    private List<Mutant> alive(List<Mutant> mutants, DirectedTests tests, ScriptSwap scripts, Coverage coverage)
            throws IOException {
        int most = Integer.getInteger("mutation.tests", 150);
        Deque<UniqueId> killers = new ArrayDeque<>(); // the last one first: it often kills the next mutant as well
        List<Mutant> alive = new ArrayList<>();
        for (Mutant mutant : mutants) {
            List<UniqueId> candidates = coverage.testsOf(mutant);
            Set<UniqueId> order = new LinkedHashSet<>(killers);
            order.retainAll(candidates);
            order.removeAll(unsound);
            order.addAll(candidates.subList(0, Math.min(most, candidates.size())));
            put(mutant, scripts);
            UniqueId killer = null;
            for (UniqueId test : order) {
                if (tests.run(test).isPresent() && isSound(test, mutant, tests, scripts)) {
                    killer = test;
                    break;
                }
            }
            if (killer == null) {
                alive.add(mutant);
                tell("SURVIVES %s (%d tests)".formatted(mutant, order.size()));
            } else {
                killers.remove(killer);
                killers.addFirst(killer);
                tell("killed   %s by %s"
                        .formatted(mutant, killer.getLastSegment().getValue()));
            }
        }
        scripts.close();
        return alive;
    }

    private static void put(Mutant mutant, ScriptSwap scripts) {
        scripts.replace((name, source) -> name.equals(mutant.file()) ? mutant.source() : source);
    }

    /** A test that fails with the right scripts as well tells nothing. */
    private boolean isSound(UniqueId test, Mutant mutant, DirectedTests tests, ScriptSwap scripts) throws IOException {
        if (!sound.contains(test) && !unsound.contains(test)) {
            scripts.close();
            boolean succeeds = tests.run(test).isEmpty();
            (succeeds ? sound : unsound).add(test);
            if (!succeeds) {
                tell("fails with the right scripts: " + test);
            }
            put(mutant, scripts);
        }
        return sound.contains(test);
    }

    private void tell(String line) throws IOException {
        Files.writeString(folder.resolve("log.txt"), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    static Survivors survivors() throws IOException {
        try (InputStream in = MutationSoakTests.class.getResourceAsStream("survivors.txt")) {
            return Survivors.parse(new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8));
        }
    }
}
