package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.FailureReason.Code;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FailureReasonTests {

    @ParameterizedTest
    @EnumSource
    void aStoredReasonIsReadBackAsItWas(Code code) {
        FailureReason reason = new FailureReason(code, "it rained");

        assertThat(FailureReason.read(reason.text())).isEqualTo(reason);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "UNKNOWN_KIND, unknown-kind: x",
                "BAD_PAYLOAD, bad-payload: x",
                "BAD_RESULT, bad-result: x",
                "RESULT_TOO_LARGE, result-too-large: x",
                "BAD_OUTPUT, bad-output: x",
                "TIMED_OUT, timed-out: x",
                "WORKER_DIED, worker-died: x",
                "DISCARDED, discarded: x",
                "CANCELLED, cancelled: x",
                "LOST, lost: x",
                "PURGED, purged: x",
                "HANDLER, java.lang.IllegalStateException: x",
                "HANDLER, worker-died",
                "HANDLER, some-word: x"
            })
    void storedTextsHaveAWordForMachinesInFrontUnlessTheHandlerFailed(Code code, String text) {
        FailureReason read = FailureReason.read(text);

        assertThat(read.code()).isEqualTo(code);
        assertThat(read.text()).isEqualTo(text);
        assertThat(read).hasToString(text);
    }

    @ParameterizedTest
    @EnumSource
    void longWordsAreCutSoThatTheWholeTextFits(Code code) {
        assertThat(new FailureReason(code, "x".repeat(5000)).text()).hasSize(4096);
    }

    @Test
    void halfASurrogatePairBecomesAQuestionMark() {
        assertThat(FailureReason.handler("a\uD83D").text()).isEqualTo("a?");
        assertThat(FailureReason.handler("x".repeat(4095) + "\uD83D\uDE00").text())
                .isEqualTo("x".repeat(4095) + "?");
    }
}
