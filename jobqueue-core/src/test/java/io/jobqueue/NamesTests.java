package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTests {

    @ParameterizedTest
    @ValueSource(strings = {"jobs", "a", "A-1_b.c", "0", "mail.eu"})
    void aQueueNameOfLettersDigitsAndMarksIsAllowed(String name) {
        assertThat(Names.queue(name)).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", " ", "a:b", "{jobs}", "a b", "-a", ".a", "_a", "ä", "a\n", "a\u0000", "..", "a*", "a/b"})
    void aQueueNameThatCouldLeaveItsPlaceInAKeyIsRefused(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Names.queue(name))
                .withMessageStartingWith("queue name must be")
                .withMessageNotContaining("\n")
                .withMessageNotContaining("\u0000");
    }

    @Test
    void lengthsCountToTheLast() {
        assertThat(Names.queue("a".repeat(64))).hasSize(64);
        assertThat(Names.id("a".repeat(128))).hasSize(128);
        assertThat(Names.unit("ä".repeat(128))).hasSize(128);
        assertThatIllegalArgumentException().isThrownBy(() -> Names.queue("a".repeat(65)));
        assertThatIllegalArgumentException().isThrownBy(() -> Names.id("a".repeat(129)));
        assertThatIllegalArgumentException().isThrownBy(() -> Names.unit("ä".repeat(129)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Names.id("x".repeat(10_000)))
                .satisfies(ex -> assertThat(ex.getMessage()).hasSizeLessThan(250));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "dir/file ä.jar", "{x}", "a:b", "日本", "'\"\\"})
    void aUnitIdIsDataOfTheUser(String id) {
        assertThat(Names.unit(id)).isEqualTo(id);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a\nb", "a\u0000", "\u007f", "\ud83d"})
    void aUnitIdThatIsNoTextIsRefused(String id) {
        assertThatIllegalArgumentException().isThrownBy(() -> Names.unit(id)).withMessageStartingWith("unit id");
    }

    static Stream<UnaryOperator<String>> rules() {
        return Stream.of(Names::queue, Names::keyPrefix, Names::id, Names::run, Names::unit, Names::step, Names::kind);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void nullIsRefusedInWords(UnaryOperator<String> rule) {
        assertThatIllegalArgumentException().isThrownBy(() -> rule.apply(null)).withMessageEndingWith(", was null");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", "a\nb", "\ud83d"})
    void aKindThatIsNoTextIsRefused(String kind) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JobRequest.of(kind, null))
                .withMessageStartingWith("kind");
    }
}
