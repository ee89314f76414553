package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import org.junit.jupiter.api.Test;

@RedisServer
class SlowLogTests {

    private static final String BUSY = "for i = 1, %s do end return 1";

    @Test
    void aScriptThatHoldsUpRedisIsInTheLogAndOneThatDoesNotIsNot(EmbeddedRedis redis) {
        try (Wire admin = new Wire(redis.port())) {
            String slow = admin.ask("SCRIPT", "LOAD", BUSY.formatted("20000000"));
            String quick = admin.ask("SCRIPT", "LOAD", BUSY.formatted("1"));
            SlowLog.begin(admin);
            admin.ask("EVALSHA", slow, "0");
            admin.ask("EVALSHA", quick, "0");

            SlowLog log = SlowLog.read(admin);

            assertThat(log.entries()).extracting(SlowLog.Entry::command).contains("script " + slow.substring(0, 8));
            assertThat(log.longest()).isGreaterThan(10);
            assertThat(log.above(10)).isPositive();
        }
    }

    @Test
    void aLogBeginsAnew(EmbeddedRedis redis) {
        try (Wire admin = new Wire(redis.port())) {
            SlowLog.begin(admin);
            admin.ask("EVAL", BUSY.formatted("20000000"), "0");

            SlowLog.begin(admin);

            assertThat(SlowLog.read(admin).above(15)).isZero();
        }
    }
}
