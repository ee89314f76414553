package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class SizesTests {

    private final Sizes quick = Sizes.quick();

    @Test
    void aQuickMachineMeasuresEverything() {
        assertThat(quick.fitting(Duration.ofSeconds(10), Duration.ofSeconds(8), 5))
                .isEqualTo(quick);
    }

    @Test
    void aBusyMachineMeasuresLessSoThatItEndsInTime() {
        // 40 s for 4 rounds, of which a whole one would take 50 s
        Sizes fitting = quick.fitting(Duration.ofSeconds(10), Duration.ofSeconds(50), 4);

        assertThat(fitting.jobs()).isEqualTo(quick.jobs() / 5);
        assertThat(fitting.calls()).isEqualTo(quick.calls().dividedBy(5));
        assertThat(fitting.rounds()).isEqualTo(quick.rounds());
    }

    @Test
    void theTimeOfAWholeRoundFollowsFromThatOfAPart() {
        assertThat(quick.whole(quick.small(), Duration.ofSeconds(2))).isEqualTo(Duration.ofSeconds(20));
    }

    @Test
    void somethingIsMeasuredEvenWhenTheTimeIsOver() {
        Sizes fitting = quick.fitting(Duration.ofMinutes(5), Duration.ofSeconds(50), 4);

        assertThat(fitting.jobs()).isPositive();
        assertThat(fitting.idleJobs()).isPositive();
    }
}
