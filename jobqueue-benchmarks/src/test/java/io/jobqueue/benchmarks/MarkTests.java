package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MarkTests {

    @Test
    void aMarkIsALineOfItsOwn() {
        assertThat(Mark.in("mark answered 1700000000123")).isEqualTo(Map.of(Mark.ANSWERED, 1_700_000_000_123L));
        assertThat(Mark.in("a mark answered 1700000000123")).isEmpty();
    }

    @Test
    void whatSpringBootLogsTellsWhenItStartedAndWhenMainBegan() {
        String line =
                "2026-11-22T04:44:50.316Z  INFO 29369 --- [sample] [main] io.jobqueue.sample.SampleApplication     : Started SampleApplication in 2.25 seconds (process running for 2.8)";

        assertThat(Mark.in(line))
                .isEqualTo(Map.of(
                        Mark.STARTED,
                        Instant.parse("2026-11-22T04:44:50.316Z").toEpochMilli(),
                        Mark.MAIN,
                        Instant.parse("2026-11-22T04:44:48.066Z").toEpochMilli()));
    }

    @Test
    void otherLinesOfALogHoldNone() {
        assertThat(Mark.in("2026-11-22T04:44:44.992Z  INFO 29369 --- [main] o.a.c.StandardService : Starting service"))
                .isEmpty();
    }
}
