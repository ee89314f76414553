package io.jobqueue;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a job is in its state, and what happens to it next. All values are of one instant, by the clock of Redis.
 *
 * @param queue the queue's name
 * @param id the job's id
 * @param sentence the explanation in words, for people. Its wording may change.
 * @param at the instant
 * @param job the job, or {@code null} for a gather job that its run has not created yet
 * @param position the job's place among the waiting jobs, 1 for the next one; {@code null} when the job does not wait,
 *     or when more than 10,000 jobs are before it and behind it
 * @param ofAll how many jobs have the job's status; for a job that is held because its kind is paused, how many are held
 * @param pausedSince since when the queue is paused, or {@code null}
 * @param pausedBy the process that paused it, as {@code pid@host}, or {@code null}
 * @param pausedKind the pause of the job's kind, or {@code null} when the kind is not paused
 * @param nextAt when something happens to the job by itself: it becomes due, its lease ends, or the history drops it at
 *     the latest; {@code null} when no such time is known
 * @param uniqueKey the unique key that the job holds, or {@code null}
 * @param run the run that the job is a unit of, or that it gathers; {@code null} when there is none
 * @since 0.1.0
 */
public record JobExplanation(
        String queue,
        String id,
        String sentence,
        Instant at,
        @Nullable JobSnapshot job,
        @Nullable Long position,
        long ofAll,
        @Nullable Instant pausedSince,
        @Nullable String pausedBy,
        QueueStats.@Nullable PausedKind pausedKind,
        @Nullable Instant nextAt,
        @Nullable String uniqueKey,
        @Nullable RunFigures run) {

    /**
     * How far a run is.
     *
     * @param id the run's id
     * @param state its state as Redis holds it: {@code open}, {@code sealed}, {@code completed}, {@code failed} or
     *     {@code cancelled}
     * @param units how many units it has
     * @param outputs how many units have an output
     * @param failures how many units have failed for good
     * @param outstanding up to ten units that have not ended; empty for a run that has ended
     * @since 0.1.0
     */
    public record RunFigures(
            String id, String state, long units, long outputs, long failures, List<String> outstanding) {

        /** Copies the list. */
        public RunFigures {
            outstanding = List.copyOf(outstanding);
        }
    }

    @Override
    public String toString() {
        return sentence;
    }
}
