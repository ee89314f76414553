package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts of the small application in JVMs of their own, on a real server. */
class LaunchPadTests {

    @TempDir
    private static Path folder;

    private static LaunchPad pad;

    @BeforeAll
    static void open() {
        pad = new LaunchPad();
    }

    @AfterAll
    static void close() {
        pad.close();
    }

    @Test
    void aStartWithTheStarterEndsAtTheFirstJob() throws Exception {
        Start start = pad.start(StartUp.small(folder).get(2));

        assertThat(start.seconds(Mark.MAIN)).isPositive();
        assertThat(start.seconds(Mark.MAIN, Mark.STARTED)).isPositive();
        assertThat(start.seconds(Mark.MAIN, Mark.ANSWERED)).isPositive();
        assertThat(start.cpuSeconds()).isPositive();
        assertThat(start.classes()).isGreaterThan(1000);
    }

    @Test
    void aStartWithoutTheStarterEndsWhenRedisHasAnswered() throws Exception {
        Start start = pad.start(StartUp.small(folder).get(1));

        assertThat(start.seconds(Mark.STARTED, Mark.ANSWERED)).isNotNegative();
    }

    @Test
    void anApplicationThatDoesNotStartTellsWhy() throws Exception {
        StartSubject subject = StartUp.small(folder).get(2);

        assertThatIllegalStateException()
                .isThrownBy(() -> pad.start(subject.with("broken", "-Djobqueue.worker.concurrency=0")))
                .withMessageContaining("jobqueue.worker.concurrency");
    }
}
