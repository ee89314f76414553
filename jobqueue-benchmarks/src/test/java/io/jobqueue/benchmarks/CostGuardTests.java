package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The guard of what a job costs. Counts do not depend on the machine, and of what does, the best of several short rounds
 * beside the ceiling counts. What is allowed stands in {@link Limit}.
 */
class CostGuardTests {

    private static final Sizes SHORT =
            new Sizes(5, Duration.ofSeconds(8), 10_000, Duration.ofMillis(200), 1, 1, 5_000, 1, Duration.ofMinutes(1));

    private static Results results;
    private static String table;

    @BeforeAll
    static void measure() throws Exception {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Arguments arguments = new Arguments(
                Suite.COMPARISON, SHORT, null, null, null, Set.of("enqueue_1", "drain_c50", "run"), false, false);
        results = new Benchmarks(arguments, new PrintStream(printed, true, StandardCharsets.UTF_8))
                .run()
                .results();
        table = printed.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @MethodSource("costs")
    void aJobCostsNoMoreThanItsLimit(Limit limit) {
        Samples cost = results.cost(limit.subject(), limit.metric());

        assertThat(cost.min()).as(table).isLessThanOrEqualTo(limit.most());
    }

    static Iterable<Limit> costs() {
        return Limit.COSTS;
    }

    @Test
    void featuresThatAreNotUsedRunNoCommandForAJob() {
        for (String subject : List.of("bulk", "drain_c50")) {
            double half = results.jobs(subject) / 2.0;
            assertThat(results.commands(subject).entrySet())
                    .as(table)
                    .filteredOn(command -> command.getValue().count() > half)
                    .extracting(Map.Entry::getKey)
                    .isSubsetOf(Limit.COMMANDS);
        }
    }

    @Test
    void redisSpendsNoMoreTimeThanALimitedMultipleOfTheCeiling() {
        assertThat(ratio("redis_cpu_to_ceiling").min())
                .as(table)
                .isLessThanOrEqualTo(Limit.REDIS_CPU_TO_CEILING * Limit.SLACK);
        assertThat(ratio("script_us_to_ceiling").min())
                .as(table)
                .isLessThanOrEqualTo(Limit.SCRIPTS_TO_CEILING * Limit.SLACK);
    }

    @Test
    void drainingReachesThirtyFivePercentOfTheCeiling() {
        assertThat(ratio("drain_c50_to_ceiling").max()).as(table).isGreaterThanOrEqualTo(Limit.DRAIN_TO_CEILING);
    }

    private static Samples ratio(String name) {
        return results.ratios().entrySet().stream()
                .filter(ratio -> ratio.getKey().name().equals(name))
                .findFirst()
                .orElseThrow()
                .getValue();
    }
}
