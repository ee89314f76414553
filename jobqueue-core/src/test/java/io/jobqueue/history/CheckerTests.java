package io.jobqueue.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.history.History.Claimed;
import io.jobqueue.history.History.Claiming;
import io.jobqueue.history.History.Damage;
import io.jobqueue.history.History.End;
import io.jobqueue.history.History.Enqueue;
import io.jobqueue.history.History.Run;
import io.jobqueue.history.History.Span;
import io.jobqueue.history.History.Sweep;
import io.jobqueue.history.History.Told;
import io.jobqueue.history.History.Touch;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Correct histories of one job, in which the checker must find no violation. Times are milliseconds. */
class CheckerTests {

    private static final long MS = 1_000_000;
    private static final long LEASE = 1000;
    private static final long NO_ANSWER = -1;

    private final List<Claiming> claimings = new ArrayList<>();
    private final List<Run> runs = new ArrayList<>();
    private final List<End> ends = new ArrayList<>();
    private final List<Sweep> sweeps = new ArrayList<>();
    private final List<Damage> damages = new ArrayList<>();
    private final List<Touch> touches = new ArrayList<>();

    @Test
    void aRetryThatRunsBeforeItsTimeIsNamed() {
        attempt(1, "one", 10, 20);
        end("one", 1, Verb.RETRY, 500, 20, 25);
        attempt(2, "two", 100, 110);
        end("two", 2, Verb.COMPLETE, 0, 110, 115);

        assertThat(violations()).singleElement().hasToString("I14: job job ran 420 ms early");
    }

    @Test
    void theRetryOfAZombieWithoutAnAnswerIsNothingThatTheNextAttemptHadToWaitFor() {
        attempt(1, "one", 10, 2500);
        reclaimed(1100);
        attempt(2, "two", 1150, 1160);
        end("two", 2, Verb.COMPLETE, 0, 1160, 1165);
        end("one", 1, Verb.RETRY, 200, 2500, NO_ANSWER);

        assertThat(violations()).isEmpty();
    }

    @Test
    void aRetryThatNeverCameToRedisIsNothingThatTheNextAttemptHadToWaitFor() {
        attempt(1, "one", 10, 900);
        end("one", 1, Verb.RETRY, 5000, 900, NO_ANSWER);
        reclaimed(1100);
        attempt(2, "two", 1150, 1160);
        end("two", 2, Verb.COMPLETE, 0, 1160, 1165);

        assertThat(violations()).isEmpty();
    }

    @Test
    void aRepairOfAJobThatAForeignHandTouchedIsNoViolation() {
        touches.add(new Touch("job", 1 * MS));
        damages.add(new Damage("audit", "UNLISTED", List.of("job"), 2 * MS));

        assertThat(violations()).isEmpty();
    }

    @Test
    void aRepairOfAJobThatNobodyTouchedIsNamed() {
        damages.add(new Damage("audit", "UNLISTED", List.of("job"), 2 * MS));
        touches.add(new Touch("job", 3 * MS));

        assertThat(violations())
                .singleElement()
                .hasToString("I18: audit found job job UNLISTED, and no foreign hand had touched it");
    }

    @Test
    void aJobThatWasCalledLostAndIsThereAtTheEndIsNamed() {
        touches.add(new Touch("job", 1 * MS));
        damages.add(new Damage("sweep", Tape.LOST, List.of("job"), 2 * MS));

        assertThat(violations()).singleElement().hasToString("I18: sweep called job job lost, and it was there later");
    }

    /** Each attempt is that of another process. */
    private void attempt(int number, String token, long from, long to) {
        Span call = span("worker." + number, from - 2, from - 1);
        claimings.add(new Claiming(call, 1, List.of(new Claimed(call, LEASE * MS, "job", token, number, number))));
        runs.add(new Run(call.process(), "job", number, number, from * MS, to * MS));
    }

    private void end(String token, int number, Verb verb, long delay, long from, long to) {
        @Nullable Answer answer = to == NO_ANSWER ? null : Answer.DONE;
        ends.add(new End(span("worker." + number, from, to), "job", token, verb, delay * MS, answer));
    }

    private void reclaimed(long at) {
        sweeps.add(new Sweep(span("sweep", at, at + 1), List.of("job"), List.of()));
    }

    private static Span span(String process, long from, long to) {
        return new Span(process, from * MS, to == NO_ANSWER ? History.NEVER : to * MS);
    }

    private List<Violation> violations() {
        Enqueue enqueue = new Enqueue(span("producer", 1, 2), "job", 4, 0, null, Told.CREATED);
        History history = new History(
                List.of(enqueue),
                claimings,
                ends,
                List.of(),
                sweeps,
                List.of(),
                List.of(),
                List.of(),
                damages,
                touches,
                runs,
                List.of());
        Snapshot snapshot = new Snapshot(
                Map.of(
                        "pending", List.of(),
                        "delayed", List.of(),
                        "processing", List.of(),
                        "completed", List.of(new Snapshot.Held("job", "completed", true)),
                        "failed", List.of()),
                Map.of(
                        "enqueued",
                        1L,
                        "completed",
                        1L,
                        "failed",
                        0L,
                        "retried",
                        0L,
                        "released",
                        0L,
                        "reclaimed",
                        0L,
                        "lost",
                        0L,
                        "purged",
                        0L,
                        "cancelled",
                        0L),
                List.of(),
                Map.of(),
                Map.of(),
                List.of());
        return Checker.check(history, snapshot);
    }
}
