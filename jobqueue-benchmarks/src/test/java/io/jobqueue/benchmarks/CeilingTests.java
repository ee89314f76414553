package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The baseline has to be honest: it leaves what the guide's clients leave, and notices what is not right. */
@RedisServer
class CeilingTests {

    private static final String JOB = "queue:ceiling:job:";

    private Wire wire;
    private Ceiling ceiling;

    @BeforeEach
    void connect(EmbeddedRedis redis) {
        wire = new Wire(redis.port());
        ceiling = new Ceiling(wire);
    }

    @AfterEach
    void disconnect() {
        wire.close();
    }

    @Test
    void aWaitingJobHasTheFieldsOfTheGuide() {
        ceiling.play(ceiling.filling(120));

        assertThat(wire.ask("LLEN", "queue:ceiling:pending")).isEqualTo("120");
        assertThat(wire.ask("HLEN", JOB + "0000000000000077")).isEqualTo("6");
        assertThat(wire.ask("HGET", JOB + "0000000000000077", "status")).isEqualTo("pending");
        assertThat(wire.ask("HGET", JOB + "0000000000000077", "payload"))
                .startsWith("{\"kind\":\"noop\",\"number\":119,")
                .hasSizeBetween(90, 110);
    }

    @Test
    void aDrainedQueueKeepsItsHistoryAndNothingElse() {
        ceiling.play(ceiling.filling(1130));
        ceiling.play(ceiling.draining(1130));

        ceiling.verifyDrained(1130);
        assertThat(wire.ask("LLEN", "queue:ceiling:completed")).isEqualTo("1000");
        assertThat(wire.ask("DBSIZE")).isEqualTo("1001");
        String last = JOB + "0000000000000469";
        assertThat(wire.ask("HGET", last, "status")).isEqualTo("completed");
        assertThat(wire.ask("HGET", last, "attempts")).isEqualTo("1");
        assertThat(wire.ask("HGET", last, "result")).isEqualTo("{}");
        assertThat(wire.ask("HGET", last, "claim_token")).hasSize(16);
    }

    @Test
    void whoCountsWaitingJobsNoticesOneTooFew() {
        ceiling.play(List.of(ceiling.enqueueing(0), ceiling.enqueueing(1)));

        ceiling.verifyWaiting(2);
        assertThatIllegalStateException()
                .isThrownBy(() -> ceiling.verifyWaiting(3))
                .withMessageContaining("2 jobs wait instead of 3");
    }

    @Test
    void aLostJobIsNoticed() {
        ceiling.play(ceiling.filling(100));
        wire.ask("RPOP", "queue:ceiling:pending");

        assertThatIllegalStateException()
                .isThrownBy(() -> ceiling.play(ceiling.draining(100)))
                .withMessageContaining("Redis answered otherwise");
    }

    @Test
    void whatRedisRefusesIsTold() {
        wire.ask("SET", "queue:ceiling:pending", "no list");

        assertThatIllegalStateException()
                .isThrownBy(() -> ceiling.play(ceiling.filling(1)))
                .withMessageContaining("WRONGTYPE");
    }
}
