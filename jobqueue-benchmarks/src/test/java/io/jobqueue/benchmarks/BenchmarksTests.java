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
            new Sizes(2, Duration.ZERO, 520, Duration.ofMillis(20), 10, 20, 100, 1, Duration.ofMinutes(5));

    @Test
    void aRunTellsAllRatiosAsATableAndAsJson(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("figures.json");
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Arguments arguments = new Arguments(Suite.COMPARISON, TINY, file, null, null, Set.of(), false, false);

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
        Arguments arguments =
                new Arguments(Suite.COMPARISON, TINY, null, null, null, Set.of("drain_c50"), false, false);

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

    @Test
    void growthTellsEachCurveAsATableAsJsonAndAsAPicture(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("growth.json");
        Path picture = folder.resolve("growth.svg");
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Sizes two = new Sizes(1, Duration.ZERO, 300, Duration.ofMillis(200), 1, 1, 1, 2, Duration.ofMinutes(5));
        Arguments arguments = new Arguments(Suite.GROWTH, two, file, picture, null, Set.of(), false, false);

        new Benchmarks(arguments, new PrintStream(printed, true, StandardCharsets.UTF_8)).run();

        JsonNode growth = JsonMapper.shared().readTree(Files.readString(file)).path("growth");
        for (Curve curve : Curve.ALL) {
            JsonNode sizes = growth.path(curve.name()).path("sizes");
            assertThat(sizes.size()).as(curve.name()).isEqualTo(2);
            String second = curve.sizes().get(1).toString();
            assertThat(sizes.path(second).path("redis_us_ratio").path("median").asDouble())
                    .as(curve.name())
                    .isPositive();
            assertThat(growth.path(curve.name()).path("flat").isBoolean()).isTrue();
            assertThat(printed.toString(StandardCharsets.UTF_8)).contains(curve.grows());
            assertThat(picture).content().contains(curve.grows());
        }
    }

    @Test
    void featuresTellWhatEachOfThemAdds(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("features.json");
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Sizes few = new Sizes(1, Duration.ZERO, 400, Duration.ZERO, 1, 1, 1, 1, Duration.ofMinutes(5));
        Arguments arguments = new Arguments(Suite.FEATURES, few, file, null, null, Set.of(), false, false);

        new Benchmarks(arguments, new PrintStream(printed, true, StandardCharsets.UTF_8)).run();

        JsonNode features = JsonMapper.shared().readTree(Files.readString(file)).path("features");
        for (Feature feature : Feature.ALL) {
            assertThat(features.path(feature.name())
                            .path("redis_us_per_job")
                            .path("median")
                            .isNumber())
                    .as(feature.name())
                    .isTrue();
            assertThat(printed.toString(StandardCharsets.UTF_8)).contains(feature.name());
        }
        // what they do, and only they
        assertThat(features.path("delays").path("commands").path("zadd").asDouble())
                .isEqualTo(1);
        assertThat(features.path("events")
                        .path("bytes_out_per_job")
                        .path("median")
                        .asDouble())
                .isGreaterThan(60);
        assertThat(features.path("retries").path("commands").path("publish").asDouble())
                .isEqualTo(1);
        // a slow machine may meet a poll or a heartbeat, but no command for each job
        assertThat(features.path("listener").path("commands").properties())
                .allSatisfy(command -> assertThat(command.getValue().asDouble()).isLessThan(0.1));
    }

    private static Cost.Calls count(Round round, String subject, String command, long expected) {
        return new Cost.Calls(
                expected, round.costs().get(subject).commands().get(command).micros());
    }
}
