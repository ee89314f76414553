package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Figures;
import io.jobqueue.guarantees.Proves;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever happens to workers, connections and producers, every enqueued job completes once or becomes a dead letter.
 * {@code -Dconservation.seed} and {@code -Dsoak.seed} repeat an earlier seed.
 */
@RedisServer
class ConservationTests {

    private static final int JOBS = 20_000;

    /** The tapes stay when something was wrong. */
    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    private Path folder;

    @BeforeEach
    void processesAreStopped() {
        assumeThat(System.getProperty("os.name"))
                .as("SIGSTOP is sent by Linux's kill")
                .isEqualTo("Linux");
    }

    @Tag("story")
    @Test
    @Timeout(300)
    @Proves(
            fault = "workers are killed, paused and restarted, connections cut, answers lost, scripts forgotten, Redis"
                    + " paused; handlers throw and run out of time; all of it together, by a seed",
            holds = "every job is done once or is a dead letter; the invariants of `Checker` hold over what all"
                    + " processes wrote down, and over the keys every second")
    void twentyThousandJobsAreConservedWhateverHappensToTheirWorkers(EmbeddedRedis server, Figures figures) {
        long seed = Long.getLong("conservation.seed", System.nanoTime() % 1_000_000);
        Map<String, Long> story = play(server, folder, seed);
        for (String figure : List.of("jobs", "runs", "faults", "reruns by faults", "in flight at faults", "refused")) {
            figures.put(figure, story.get(figure));
        }
    }

    /** The same story again and again, each time with the next seed. */
    @Test
    @Tag("soak")
    @Timeout(value = 7, unit = TimeUnit.DAYS)
    void jobsAreConservedForAsLongAsTheSoakLasts(EmbeddedRedis server) throws IOException {
        Duration time = Duration.parse(System.getProperty("soak.time", "PT10M"));
        long seed = Long.getLong("soak.seed", System.nanoTime() % 1_000_000);
        System.out.printf("Soak for %s from seed %d%n", time, seed);
        long over = System.nanoTime() + time.toNanos();
        for (int round = 0; System.nanoTime() < over; round++) {
            play(server, Files.createDirectory(folder.resolve("round-" + round)), seed + round);
        }
    }

    private static Map<String, Long> play(EmbeddedRedis server, Path folder, long seed) {
        System.out.printf("Conservation with seed %d%n", seed);
        long begin = System.nanoTime();
        Conservation.Verdict verdict;
        try (Conservation story = new Conservation(server, folder, seed, JOBS)) {
            verdict = story.play();
        }
        Map<String, Long> figures = verdict.figures();
        System.out.printf(
                "Conservation with seed %d: %d violations in %d s, %s%n",
                seed,
                verdict.violations().size(),
                Duration.ofNanos(System.nanoTime() - begin).toSeconds(),
                figures);

        assertThat(verdict.violations().stream().limit(30))
                .as("seed %d, %s", seed, figures)
                .isEmpty();
        // else it was no story
        assertThat(figures.get("completed")).isGreaterThan(JOBS * 9L / 10);
        assertThat(figures)
                .allSatisfy((what, count) -> assertThat(count).as(what).isNotNegative());
        assertThat(figures.get("retried")).isGreaterThan(JOBS / 50L);
        assertThat(figures.get("reclaimed")).isPositive();
        assertThat(figures.get("cancelled")).isPositive();
        assertThat(figures.get("reruns by faults")).isLessThanOrEqualTo(figures.get("in flight at faults"));
        return figures;
    }
}
