package io.jobqueue.interop;

import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The same with the defaults of the guide and ours, which takes its time. */
@RedisServer
class LongJobTests extends LongJob {

    @Test
    void aJobOfHalfAMinuteIsNotTakenByTheirSweepersAtTheirDefaultOfFiveSeconds() {
        runsBesideTheirSweepers(Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofMillis(1500));
    }
}
