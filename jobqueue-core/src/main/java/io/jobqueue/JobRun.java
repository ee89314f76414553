package io.jobqueue;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A run at one instant. Each unit is either done, failed or missing.
 *
 * @param queue the queue's name
 * @param id the run's id
 * @param state whether it accepts units, works or has ended
 * @param expected how many units it has; more may come while it is open
 * @param done how many units have an output
 * @param failed how many units failed for good
 * @param claimed how many units are claimed by workers. A worker may claim short jobs ahead of the ones it runs, so
 *     this is an upper bound of the units that run. Counted page by page when more than 1,000 jobs of the queue are
 *     claimed
 * @param late how many units ended after the run
 * @param started when it was first started
 * @param sealed when it was sealed, or {@code null}
 * @param ended when it ended, or {@code null}
 * @param expires when the sweep may remove it, or {@code null} while it is live or its gather job has not ended
 * @param overdue since when the run is overdue, because nothing happened for too long, or {@code null}; later progress
 *     does not clear it
 * @param gatherJob the id of its gather job, which exists once the run is completed, or {@code null} when it has none
 * @param gather the state of the gather job
 * @param gatherError why the gather job failed, or {@code null}
 * @since 0.1.0
 */
public record JobRun(
        String queue,
        String id,
        State state,
        long expected,
        long done,
        long failed,
        long claimed,
        long late,
        Instant started,
        @Nullable Instant sealed,
        @Nullable Instant ended,
        @Nullable Instant expires,
        @Nullable Instant overdue,
        @Nullable String gatherJob,
        Gather gather,
        @Nullable String gatherError) {

    /** The states of a run. */
    public enum State {
        /** Units may be added; it does not end by itself. */
        OPEN,
        /** All units are known; it ends when its policy is met. */
        SEALED,
        /** Its policy was met, or its time was up; the gather job was enqueued. */
        COMPLETED,
        /** All units have ended, but its policy was not met; it is not gathered. */
        FAILED,
        /** It was cancelled; it is not gathered. */
        CANCELLED;

        /** Whether the run has ended. */
        public boolean isEnd() {
            return this != OPEN && this != SEALED;
        }
    }

    /** What can become of a gather job. */
    public enum Gather {
        /** The run has none, or is not completed. */
        NONE,
        /** It was enqueued and has not ended. */
        WAITING,
        /** It completed. */
        COMPLETED,
        /** It failed for good. */
        FAILED
    }

    /** How many units have neither an output nor a failure. */
    public long missing() {
        return Math.max(0, expected - done - failed);
    }

    /** Whether it has ended, its gather job included. */
    public boolean isThrough() {
        return state.isEnd() && gather != Gather.WAITING;
    }
}
