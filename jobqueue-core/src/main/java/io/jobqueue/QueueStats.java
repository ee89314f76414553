package io.jobqueue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The figures of a queue at one instant, read in one step. Redis counts the totals over all processes since the queue
 * was first used. They do not include jobs that clients of the public guide end.
 *
 * @param pendingDepth jobs that wait for a worker
 * @param processingDepth jobs that are claimed
 * @param delayedDepth jobs that wait for their time, retries included
 * @param heldDepth jobs that are held because their kind is paused, or that have not started yet since it was resumed
 * @param completedDepth completed jobs that are kept
 * @param failedDepth dead letters that are kept
 * @param enqueuedTotal jobs enqueued
 * @param completedTotal jobs completed
 * @param failedTotal jobs failed for good
 * @param retriedTotal failed attempts that are followed by another
 * @param releasedTotal claims that were handed back without counting the attempt, snoozed jobs included
 * @param unknownTotal claims that were handed back without counting the attempt, because the worker did not know the
 *     kind or could not read the payload
 * @param reclaimedTotal claims that were reclaimed because their lease expired
 * @param lostTotal ids that were removed because their job was missing at two looks, at least one lease apart
 * @param droppedTotal dead letters that retention dropped
 * @param purgedTotal jobs removed by purge
 * @param repairedTotal repairs of damage that other clients did
 * @param oldestWaiting how long the next pending job has waited, or {@code null} when none waits
 * @param pausedSince since when the queue is paused, or {@code null} when it is not; see {@link JobAdmin#pause()}
 * @param pausedBy the process that paused it, as {@code pid@host}, or {@code null}
 * @param pausedKinds the kinds that are paused; see {@link JobAdmin#pauseKind(String)}
 * @param visibility how long a claim is good without a heartbeat
 * @since 0.1.0
 */
public record QueueStats(
        long pendingDepth,
        long processingDepth,
        long delayedDepth,
        long heldDepth,
        long completedDepth,
        long failedDepth,
        long enqueuedTotal,
        long completedTotal,
        long failedTotal,
        long retriedTotal,
        long releasedTotal,
        long unknownTotal,
        long reclaimedTotal,
        long lostTotal,
        long droppedTotal,
        long purgedTotal,
        long repairedTotal,
        @Nullable Duration oldestWaiting,
        @Nullable Instant pausedSince,
        @Nullable String pausedBy,
        List<PausedKind> pausedKinds,
        Duration visibility) {

    /** Copies the list. */
    public QueueStats {
        pausedKinds = List.copyOf(pausedKinds);
    }

    /**
     * A kind that is paused.
     *
     * @param kind the kind
     * @param since since when
     * @param by the process that paused it, as {@code pid@host}
     * @param held how many of its jobs workers have met and hold back. Jobs that no worker has met yet count as pending.
     * @since 0.1.0
     */
    public record PausedKind(String kind, Instant since, String by, long held) {}
}
