package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ArgumentsTests {

    private static Arguments parse(String... words) {
        return Arguments.parse(Set.of("idle", "run"), words);
    }

    @Test
    void withoutArgumentsEverythingIsMeasuredInFull() {
        assertThat(parse()).isEqualTo(new Arguments(Sizes.full(), null, null, Set.of(), false, false));
        assertThat(parse().wants("idle")).isTrue();
    }

    @Test
    void quickTakesTheSmallSizes() {
        assertThat(parse("--quick", "--json", "out.json"))
                .isEqualTo(new Arguments(Sizes.quick(), Path.of("out.json"), null, Set.of(), false, false));
    }

    @Test
    void theNumberOfRoundsHoldsWhereverItStands() {
        assertThat(parse("--rounds", "3", "--quick").sizes())
                .isEqualTo(parse("--quick", "--rounds", "3").sizes())
                .isEqualTo(Sizes.quick().withRounds(3));
    }

    @Test
    void onlyNamedScenariosAreWanted() {
        Arguments arguments = parse("--only", "idle");
        assertThat(arguments.wants("idle")).isTrue();
        assertThat(arguments.wants("run")).isFalse();
    }

    @Test
    void aScenarioThatDoesNotExistIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse("--only", "idle,drian"))
                .withMessageContaining("'drian'")
                .withMessageContaining("run");
    }

    @Test
    void anUnknownOptionIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> parse("--fast")).withMessage("unknown option '--fast'");
    }

    @Test
    void anOptionWithoutItsValueIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse("--json", "--quick"))
                .withMessage("option '--json' needs a value");
    }

    @Test
    void aNumberThatIsNoneIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse("--rounds", "0"))
                .withMessage("option '--rounds' must be from 1 to 1000, was '0'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse("--rounds", "many"))
                .withMessageContaining("'many'");
    }
}
