package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole command on a real server, with few jobs: what it tells, not how fast anything is. */
class BenchmarksTests {

    private static final Sizes TINY =
            new Sizes(2, Duration.ZERO, 520, Duration.ofMillis(20), 10, 20, 100, Duration.ofMinutes(5));

    @Test
    void aRunTellsAllRatiosAsATableAndAsJson(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("figures.json");
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Arguments arguments = new Arguments(TINY, file, null, Set.of(), false, false);

        new Benchmarks(arguments, new PrintStream(printed, true, StandardCharsets.UTF_8)).run();

        JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
        assertThat(json.path("rounds").asInt()).isEqualTo(2);
        for (Ratio ratio : Ratio.ALL) {
            if (ratio.name().matches(".*_(rqueue|redisson).*")) {
                continue; // peers are measured when they are asked for
            }
            assertThat(json.path("ratios").path(ratio.name()).asDouble())
                    .as(ratio.name())
                    .isPositive();
            assertThat(printed.toString(StandardCharsets.UTF_8)).contains(ratio.name());
        }
        assertThat(json.path("idle_ms").path("p50").asDouble()).isPositive();
        assertThat(json.path("idle_ms").path("p99").asDouble())
                .isGreaterThanOrEqualTo(json.path("idle_ms").path("p50").asDouble());
        assertThat(json.path("delayed_ms").path("p99").isNumber()).isTrue();
    }

    @Test
    void costsAreThoseOfTheJobsAlone(@TempDir Path folder) throws Exception {
        Arguments arguments = new Arguments(TINY, null, null, Set.of("drain_c50"), false, false);

        Report report = new Benchmarks(arguments, new PrintStream(new ByteArrayOutputStream())).run();

        assertThat(report.results().subjects())
                .containsExactlyInAnyOrder("ceiling_bulk", "ceiling_drain", "bulk", "drain_c50");
        Round round = report.results().rounds().get(0);
        // an HSET for each job, and for each batch a script, a TIME and an LPUSH
        assertThat(round.costs().get("ceiling_bulk").commands())
                .containsEntry("hset", count(round, "ceiling_bulk", "hset", 520))
                .containsEntry("evalsha", count(round, "ceiling_bulk", "evalsha", 11))
                .containsOnlyKeys("evalsha", "hset", "lpush", "time");
        assertThat(round.costs().get("ceiling_drain").commands())
                .containsEntry("lrem", count(round, "ceiling_drain", "lrem", 520));
    }

    private static Cost.Calls count(Round round, String subject, String command, long expected) {
        return new Cost.Calls(
                expected, round.costs().get(subject).commands().get(command).micros());
    }
}
