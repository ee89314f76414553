package io.jobqueue.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.WorkOutputs;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Our runs, whose units any worker on the queue may claim. */
class RunStory extends Story {

    @Row("it ends units of our run: the run ends with what it left, and is gathered")
    @ParameterizedTest
    @EnumSource
    void itEndsUnitsOfOurRun(Dialect dialect) {
        GuideClient guide = guide(dialect);
        JobRuns runs = queue.runs();
        runs.start(
                "run",
                List.of("good", "bad"),
                unit -> unit,
                unit -> Map.of("unit", unit),
                JobRunOptions.of("email").gather(JobRequest.of("report", null)));
        upkeep();
        String channel = "queue:" + QUEUE + ":events";
        await().until(() -> redis.pubsubNumsub(channel).get(channel) == 1);

        GuideClient.Job good = guide.claim().orElseThrow();
        redis.hset("queue:" + QUEUE + ":job:" + list("pending").get(0), "attempts", "2");
        GuideClient.Job bad = guide.claim().orElseThrow();
        assertThat(good.payload()).containsEntry("unit", "good");
        assertThat(guide.complete(good, Map.of("sent", true))).isTrue();
        assertThat(guide.fail(bad, "no such address")).isEqualTo(2);
        pool(1, "report", Map.class, (job, context) -> {
            WorkOutputs<?> outputs = context.outputs(Map.class);
            return Map.of(
                    "outputs",
                    outputs.stream().toList(),
                    "failed",
                    outputs.failures().toList());
        });

        assertThat(runs.await("run", Map.class, Duration.ofSeconds(20)).orElseThrow())
                .isEqualTo(Map.of(
                        "outputs", List.of(Map.of("good", Map.of("sent", true))),
                        "failed", List.of(Map.of("bad", "no such address"))));
        assertThat(runs.find("run").orElseThrow().state()).isEqualTo(JobRun.State.COMPLETED);
        assertThat(queue.stats().repairedTotal()).isZero();
    }
}
