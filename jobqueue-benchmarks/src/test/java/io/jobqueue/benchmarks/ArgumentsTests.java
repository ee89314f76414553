package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ArgumentsTests {

    @Test
    void withoutArgumentsEverythingIsMeasuredInFull() {
        assertThat(Arguments.parse())
                .isEqualTo(new Arguments(Suite.COMPARISON, Sizes.full(), null, null, null, Set.of(), false, false));
        assertThat(Arguments.parse().wants("idle")).isTrue();
    }

    @Test
    void quickTakesTheSmallSizes() {
        assertThat(Arguments.parse("--quick", "--json", "out.json"))
                .isEqualTo(new Arguments(
                        Suite.COMPARISON, Sizes.quick(), Path.of("out.json"), null, null, Set.of(), false, false));
    }

    @Test
    void theNumberOfRoundsHoldsWhereverItStands() {
        assertThat(Arguments.parse("--rounds", "3", "--quick").sizes())
                .isEqualTo(Arguments.parse("--quick", "--rounds", "3").sizes())
                .isEqualTo(Sizes.quick().withRounds(3));
    }

    @Test
    void onlyNamedScenariosAreWanted() {
        Arguments arguments = Arguments.parse("--only", "idle");
        assertThat(arguments.wants("idle")).isTrue();
        assertThat(arguments.wants("run")).isFalse();
    }

    @Test
    void aScenarioThatDoesNotExistIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Arguments.parse("--only", "idle,drian"))
                .withMessageContaining("'drian'")
                .withMessageContaining("run");
    }

    @Test
    void anUnknownOptionIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Arguments.parse("--fast"))
                .withMessage("unknown option '--fast'");
    }

    @Test
    void anOptionWithoutItsValueIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Arguments.parse("--json", "--quick"))
                .withMessage("option '--json' needs a value");
    }

    @Test
    void aNumberThatIsNoneIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Arguments.parse("--rounds", "0"))
                .withMessage("option '--rounds' must be from 1 to 1000, was '0'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Arguments.parse("--rounds", "many"))
                .withMessageContaining("'many'");
    }

    @Test
    void growthAndFeaturesHaveScenariosAndSizesOfTheirOwn() {
        assertThat(Arguments.parse("--growth", "--only", "waiting", "--svg", "growth.svg"))
                .isEqualTo(new Arguments(
                        Suite.GROWTH,
                        Sizes.growth(),
                        null,
                        Path.of("growth.svg"),
                        null,
                        Set.of("waiting"),
                        false,
                        false));
        assertThat(Arguments.parse("--quick", "--features").sizes()).isEqualTo(Sizes.quickFeatures());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Arguments.parse("--features", "--only", "waiting"))
                .withMessageContaining("'waiting'");
    }

    @Test
    void whatTheChosenMeasurementDoesNotHaveIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Arguments.parse("--svg", "growth.svg"))
                .withMessageContaining("'--growth'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Arguments.parse("--peers", "--growth"))
                .withMessageContaining("'--peers'");
    }

    @Test
    void theUsageNamesAllScenarios() {
        assertThat(Arguments.usage()).contains("drain_c50", "in_flight", "heartbeats");
    }
}
