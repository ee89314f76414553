package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GrowthTests {

    private static final SlowLog QUICK = new SlowLog(List.of());

    /** A round in which a job of each size of the first curve costs Redis so much. */
    private static Round round(double... micros) {
        Curve curve = Curve.ALL.get(0);
        Round round = new Round();
        for (int i = 0; i < micros.length; i++) {
            round.cost(
                    curve.subject(curve.sizes().get(i)),
                    new Cost(1000, 2, micros[i] / 1000, 0, 0, 0, 0, Map.of(), i == 1 ? slow(7, 12) : QUICK));
        }
        return round;
    }

    private static SlowLog slow(double... millis) {
        return new SlowLog(Arrays.stream(millis)
                .mapToObj(each -> new SlowLog.Entry(each, "KEYS"))
                .toList());
    }

    private static Growth growth(Round... rounds) {
        return Growth.of(new Results(List.of(rounds))).get(0);
    }

    @Test
    void sizesAreComparedWithTheSmallestOfTheirOwnRound() {
        // the second round was twice as slow
        Growth growth = growth(round(10, 11), round(20, 24));

        assertThat(growth.steps().get(1).redisRatio().sorted()).containsExactly(1.1, 1.2);
        assertThat(growth.steps().get(0).redisRatio().max()).isEqualTo(1);
    }

    @Test
    void aCurveIsFlatUpToAFifthMoreThanTheSmallest() {
        assertThat(growth(round(10, 11.9)).isFlat()).isTrue();
        assertThat(growth(round(10, 7, 3)).isFlat()).isTrue();
        assertThat(growth(round(10, 12.1, 11)).isFlat()).isFalse();
        assertThat(growth(round(10, 12.1, 11)).dearest().size()).isEqualTo(10_000);
    }

    @Test
    void callsThatHeldUpRedisAreCountedOverAllRounds() {
        Growth growth = growth(round(10, 10), round(10, 10));

        assertThat(growth.steps().get(1).slow().above(5)).isEqualTo(4);
        assertThat(growth.steps().get(1).slow().above(10)).isEqualTo(2);
        assertThat(growth.steps().get(1).slow().longest()).isEqualTo(12);
        assertThat(growth.steps().get(0).slow().longest()).isZero();
    }

    @Test
    void aCurveThatWasNotPlayedIsNotTold() {
        assertThat(Growth.of(new Results(List.of(round(10))))).hasSize(1);
        assertThat(Growth.of(new Results(List.of(new Round())))).isEmpty();
    }
}
