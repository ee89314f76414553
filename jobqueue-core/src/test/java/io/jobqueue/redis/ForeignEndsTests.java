package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ForeignEndsTests {

    private final ForeignEnds ends = new ForeignEnds();

    @Test
    void readsMessagesOfOtherClientsInAnyJsonFormat() {
        ends.hear("{\"id\":\"a\",\"status\":\"completed\"}");
        ends.hear("{\"id\": \"b\", \"status\": \"failed\"}");
        ends.hear("{\"status\":\"completed\",\"id\":\"c\"}");
        ends.hear("{\"id\":\"d\",\"status\":\"retry\"}");
        ends.hear("no message");

        assertThat(ends.take()).containsExactly("a", "b", "c");
        assertThat(ends.take()).isEmpty();
    }

    @Test
    void ignoresMessagesOfOurOwnScripts() {
        ends.hear("{\"id\":\"a\",\"status\":\"completed\",\"by\":\"jobqueue\"}");

        assertThat(ends.take()).isEmpty();
    }
}
