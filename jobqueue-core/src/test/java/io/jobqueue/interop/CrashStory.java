package io.jobqueue.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A worker of one side dies, and the other side sweeps. */
class CrashStory extends Story {

    private void ourSideTakesOver(String id) {
        upkeep();
        pool();
        await().atMost(Duration.ofSeconds(20)).until(() -> list("completed").contains(id));
        assertThat(job(id)).containsEntry("status", "completed");
    }

    @Row("its worker dies between pop and stamp: our sweep returns the job after one lease")
    @ParameterizedTest
    @EnumSource
    void itsWorkerDiesUnstamped(Dialect dialect) {
        GuideClient guide = guide(dialect);
        String id = guide.enqueue("{\"kind\":\"email\"}");
        age(id, Duration.ofMinutes(5));
        assertThat(guide.pop()).isEqualTo(id);
        assertThat(queue.worker().reclaimStuck()).isEmpty(); // it may be alive

        ourSideTakesOver(id);
    }

    @Row("its worker dies with a claim: our sweep returns the job after one lease")
    @ParameterizedTest
    @EnumSource
    void itsWorkerDiesWithAClaim(Dialect dialect) {
        GuideClient guide = guide(dialect);
        queue.enqueue(JobRequest.of("email", null).id("ours"));
        GuideClient.Job claimed = guide.claim().orElseThrow();
        assertThat(queue.worker().reclaimStuck()).isEmpty();

        ourSideTakesOver("ours");

        assertThat(guide.complete(claimed, Map.of())).isFalse(); // it was not dead after all
        assertThat(list("completed")).containsExactly("ours");
    }

    @Row("our worker dies: its sweep returns the job, and what the dead one says late is refused")
    @ParameterizedTest
    @EnumSource
    void ourWorkerDies(Dialect dialect) {
        GuideClient guide = guide(dialect, Duration.ofMillis(100));
        queue.enqueue(JobRequest.of("email", null).id("ours"));
        Claim claim = queue.worker().claim(Duration.ZERO).orElseThrow();
        assertThat(guide.reclaim()).isEmpty();

        await().pollInterval(Duration.ofMillis(20)).until(() -> guide.reclaim().equals(List.of("ours")));
        GuideClient.Job taken = guide.claim().orElseThrow();

        assertThat(queue.worker().complete(claim, "late")).isFalse();
        assertThat(queue.worker().extend(claim, LEASE)).isFalse();
        assertThat(guide.complete(taken, Map.of("by", "guide"))).isTrue();
        assertThat(job("ours")).containsEntry("result", dialect.spelling.write(Map.of("by", "guide")));
        assertThat(list("completed")).containsExactly("ours");
    }
}
