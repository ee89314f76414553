package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplesTests {

    private final Samples hundred =
            new Samples(IntStream.rangeClosed(1, 100).mapToObj(n -> 101.0 - n).toList());

    @Test
    void theMedianIsTheMiddleOne() {
        assertThat(Samples.of(9, 1, 5).median()).isEqualTo(5);
    }

    @Test
    void theMedianOfAnEvenNumberIsTheMeanOfTheTwoInTheMiddle() {
        assertThat(Samples.of(8, 1, 2, 4).median()).isEqualTo(3);
    }

    @Test
    void aPercentileIsASampleThatSoManyDoNotExceed() {
        assertThat(hundred.percentile(50)).isEqualTo(50);
        assertThat(hundred.percentile(99)).isEqualTo(99);
        assertThat(hundred.percentile(99.5)).isEqualTo(100);
        assertThat(hundred.percentile(100)).isEqualTo(hundred.max());
        assertThat(hundred.percentile(0.1)).isEqualTo(hundred.min());
    }

    @Test
    void oneSampleIsItsOwnMedianPercentileAndRange() {
        Samples one = Samples.of(7);
        assertThat(List.of(one.median(), one.percentile(50), one.percentile(99), one.min(), one.max()))
                .containsOnly(7.0);
    }

    @Test
    void samplesOfSeveralRoundsAreSortedTogether() {
        assertThat(Samples.all(List.of(Samples.of(5, 1), Samples.of(3))).sorted())
                .containsExactly(1.0, 3.0, 5.0);
    }

    @Test
    void nothingHasNoMedian() {
        assertThatIllegalArgumentException().isThrownBy(() -> Samples.of()).withMessage("no samples");
    }

    @Test
    void aPercentOutsideOfTheScaleIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> hundred.percentile(101))
                .withMessageContaining("101");
    }
}
