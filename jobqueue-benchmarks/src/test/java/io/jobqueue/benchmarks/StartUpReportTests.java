package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class StartUpReportTests {

    private static Start start(long main, long started, long answered, long cpu, long classes) {
        return new Start(
                1_000,
                Map.of(
                        Mark.MAIN, 1_000 + main,
                        Mark.STARTED, 1_000 + main + started,
                        Mark.ANSWERED, 1_000 + main + answered,
                        Mark.CLASSES, classes),
                cpu);
    }

    @Test
    void tellsMediansAndRangesAndTheStartersShareWithinARound() {
        StartUpReport report = new StartUpReport();
        report.sample("JDK 17", start(100, 900, 1000, 3000, 0));
        report.sample("JDK 17", start(300, 900, 1200, 5000, 0));
        report.sample("JDK 17", start(200, 900, 1600, 4000, 0));
        for (int round = 0; round < 3; round++) {
            long slow = round * 1000L; // a busy machine in later rounds
            report.small(StartUpReport.UNUSED, start(100, 500 + slow, 500 + slow, 1000, 0));
            report.small(StartUpReport.USED, start(100, 500 + slow, 600 + slow, 1500, 7000));
            report.small(StartUpReport.STARTER, start(100, 550 + slow, 680 + slow, 1600, 7300 + round));
        }

        assertThat(report.tables())
                .contains("| JDK 17 | 1.50 (1.10 - 1.80) | 0.20 | 1.20 (1.00 - 1.60) | 4.00 (3.00 - 5.00) |")
                .contains("| Redis, not used | 1.50 (0.50 - 2.50) |  | 1.00 (1.00 - 1.00) |  |")
                .contains("| 0.05 (0.05 - 0.05) | 0.08 (0.08 - 0.08) | 0.10 (0.10 - 0.10) | 301 (300 - 302) |");
    }
}
