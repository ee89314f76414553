package io.jobqueue.interop;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Our job runs for many times the visibility timeout of the guide's sweepers. */
class HeartbeatStory extends LongJob {

    @Row("our job runs for five times its visibility timeout, and its sweeper never takes it")
    @Test
    void ourHeartbeatHoldsAgainstTheirSweepers() {
        runsBesideTheirSweepers(Duration.ofMillis(500), Duration.ofMillis(2500));
    }
}
