package io.jobqueue.interop;

import io.jobqueue.QueueSettings;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A long job and sweepers of the guide, with the default times of both sides. Takes half a minute. */
@RedisServer
class LongJobTests extends LongJob {

    @Override
    QueueSettings settings() {
        return QueueSettings.defaults();
    }

    @Tag("story")
    @Test
    @Proves(
            fault = "sweepers of nine guide clients, at 5 s, beside a job of ours that runs for 30 s",
            holds = "none takes it")
    void aJobOfHalfAMinuteIsNotTakenByTheirSweepersAtTheirDefaultOfFiveSeconds() {
        runsBesideTheirSweepers(Duration.ofSeconds(5), Duration.ofSeconds(30));
    }
}
