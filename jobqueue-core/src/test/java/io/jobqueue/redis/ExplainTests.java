package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobExplanation;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.Unique;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Specifies how the queue explains why a job is where it is. */
class ExplainTests extends TransitionTestBase {

    private JobExplanation explain(String id) {
        return bench.queue.explain(id).orElseThrow();
    }

    @Test
    void aJobThatDoesNotExistIsNotExplained() {
        assertThat(bench.queue.explain("nothing")).isEmpty();
        assertThat(bench.queue.admin().explain("nothing")).isEmpty();
    }

    @Test
    void aWaitingJobKnowsItsPlaceInTheOrderOfClaims() {
        enqueue("first", "second", "third");

        JobExplanation second = explain("second");

        assertThat(second.position()).isEqualTo(2);
        assertThat(second.ofAll()).isEqualTo(3);
        assertThat(second.pausedSince()).isNull();
        assertThat(second.nextAt()).isNull();
        assertThat(second)
                .hasToString("The job of kind 'email' waits, at place 2 of 3; a free worker claims it in that order");
    }

    // the example of docs/features/explain.md
    @Test
    void aJobOfAPausedQueueSaysSinceWhenTheQueueIsPaused() {
        enqueue("first");
        bench.queue.admin().pause();

        JobExplanation first = explain("first");

        assertThat(first.pausedSince()).isEqualTo(bench.queue.stats().pausedSince());
        assertThat(first.sentence())
                .contains(
                        "the queue is paused since " + first.pausedSince() + " by " + first.pausedBy() + ",",
                        "until it is resumed");
    }

    @Test
    void theExplanationOfADelayedJobSaysWhenItIsDue() {
        bench.queue.enqueue(JobRequest.of("email", null)
                .id("later")
                .delay(Duration.ofMinutes(90).plusSeconds(50)));

        JobExplanation later = explain("later");

        assertThat(later.nextAt())
                .isBetween(later.at().plusSeconds(5400), later.at().plusSeconds(5450));
        assertThat(later.position()).isEqualTo(1);
        assertThat(later.sentence()).contains("waits until " + later.nextAt(), "(in 90 min)");
    }

    @Test
    void aRetrySaysWhichAttemptFailedAndWhy() {
        enqueue("again");
        settle(claim(), Verb.RETRY, "mail server is away", Duration.ofMinutes(330));

        JobExplanation again = explain("again");

        assertThat(again.sentence())
                .contains(
                        "after attempt 1 failed at " + again.job().lastErrorAt() + ": mail server is away", "(in 5 h)");
    }

    @Test
    void theExplanationOfAClaimedJobNamesTheEndOfItsLease() {
        bench.queue.enqueue(JobRequest.of("email", null).id("running").maxAttempts(4));
        Claim claim = claim();
        bench.queue.worker().extend(claim, Duration.ofMinutes(1));

        JobExplanation running = explain("running");

        assertThat(running.nextAt()).isAfter(running.at());
        assertThat(running.sentence()).contains("is in attempt 1 of 4", "it ends at " + running.nextAt());
    }

    @Test
    void theExplanationOfAnExpiredLeaseSaysThatTheSweepReturnsTheJob() {
        enqueue("silent");
        claim();
        leaseRunsOut();

        assertThat(explain("silent").sentence()).contains("its lease ended at", "the next sweep gives the job back");
    }

    @Test
    void theExplanationOfADeadLetterNamesTheReasonAndTheRetention() {
        enqueue("dead");
        settle(claim(), Verb.FAIL, "no such address", Duration.ZERO);

        JobExplanation dead = explain("dead");

        assertThat(dead.sentence())
                .contains("is a dead letter after attempt 1 failed", ": no such address; requeue it or discard it");
        assertThat(dead.nextAt()).isAfter(dead.at());
    }

    @Test
    void aCompletedJobSaysWhen() {
        enqueue("done");
        bench.queue.worker().complete(claim(), null);

        JobExplanation done = explain("done");

        assertThat(done.sentence()).contains("was completed at " + done.job().completedAt());
        assertThat(done.position()).isNull();
    }

    @Test
    void aJobNamesTheUniqueKeyThatItHolds() {
        bench.queue.enqueue(JobRequest.of("email", null).id("holder").unique(Unique.untilDone("user:7")));

        assertThat(explain("holder").uniqueKey()).isEqualTo("user:7");
        bench.queue.worker().complete(claim(), null);
        assertThat(explain("holder").uniqueKey()).isNull();
    }

    @Test
    void theExplanationOfAGatherJobNamesTheUnitsItWaitsFor() {
        bench.queue
                .runs()
                .start(
                        "run",
                        List.of("a", "b", "c"),
                        unit -> unit,
                        unit -> Map.of("name", unit),
                        JobRunOptions.of("count").gather(JobRequest.of("sum", null)));
        Claim first = claim();
        bench.queue.worker().complete(first, "out");
        List<String> rest = new ArrayList<>(List.of("a", "b", "c"));
        rest.remove(first.unit().unitId());

        JobExplanation gather = explain(Ids.ofGather("q", "run"));

        assertThat(gather.job()).isNull();
        assertThat(gather.run()).isNotNull().satisfies(run -> {
            assertThat(run.id()).isEqualTo("run");
            assertThat(run.units()).isEqualTo(3);
            assertThat(run.outputs()).isEqualTo(1);
            assertThat(run.outstanding()).containsExactlyInAnyOrderElementsOf(rest);
        });
        assertThat(gather.sentence())
                .contains("The gather job of run 'run' is created when 2 of its 3 units have ended");
    }

    @Test
    void theExplanationOfAUnitShowsTheProgressOfItsRun() {
        bench.queue.runs().start("run", RunFixture.units("u", "v"), RunFixture.Unit::name, RunFixture.COUNT);
        Claim unit = claim();

        assertThat(explain(unit.id()).run()).isNotNull().satisfies(run -> {
            assertThat(run.state()).isEqualTo("sealed");
            assertThat(run.outputs()).isZero();
        });
    }

    @Test
    void theExplanationOfAPendingJobInNoListSaysThatTheAuditPutsItBack() {
        enqueue("lost");
        bench.redis.del("queue:q:pending");

        assertThat(explain("lost").sentence()).contains("but is not in that list; the audit puts it back");
    }

    @Test
    void anExplanationWritesNothingAndIsBoundedInALongQueue() {
        enqueue("deep");
        String[] others = new String[30_000];
        for (int i = 0; i < others.length; i++) {
            others[i] = "x" + i;
        }
        bench.redis.rpush("queue:q:pending", Arrays.copyOfRange(others, 0, 15_000));
        bench.redis.lpush("queue:q:pending", Arrays.copyOfRange(others, 15_000, 30_000));
        long changes = changes();

        JobExplanation deep = explain("deep");

        assertThat(deep.position()).isNull();
        assertThat(deep.sentence()).contains("far from both ends of 30001");
        assertThat(changes()).isEqualTo(changes);
    }

    private long changes() {
        return bench.redis
                .info("persistence")
                .lines()
                .filter(line -> line.startsWith("rdb_changes_since_last_save:"))
                .mapToLong(line ->
                        Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
                .findFirst()
                .orElseThrow();
    }
}
