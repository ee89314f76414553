package io.jobqueue;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One instant of a queue, read in one step. Totals are counted by Redis, over all processes, since the queue was
 * first used; jobs that the guide's clients end are not in them.
 *
 * @param pendingDepth jobs that wait for a worker
 * @param processingDepth jobs that are claimed
 * @param delayedDepth jobs that wait for their time, retries included
 * @param completedDepth completed jobs that are kept
 * @param failedDepth dead letters that are kept
 * @param enqueuedTotal jobs enqueued
 * @param completedTotal jobs completed
 * @param failedTotal jobs failed for good
 * @param retriedTotal failed attempts that were given another
 * @param releasedTotal claims handed back unspent
 * @param reclaimedTotal claims taken away because the worker was silent for longer than its lease
 * @param lostTotal ids whose job was gone when its turn came
 * @param droppedTotal dead letters that retention dropped
 * @param purgedTotal jobs removed by purge
 * @param repairedTotal traces of foreign hands that were put right
 * @param oldestWaiting how long the next pending job has waited, or {@code null} when none waits
 * @param visibility how long a claim is good without a heartbeat
 * @since 0.1.0
 */
public record QueueStats(
        long pendingDepth,
        long processingDepth,
        long delayedDepth,
        long completedDepth,
        long failedDepth,
        long enqueuedTotal,
        long completedTotal,
        long failedTotal,
        long retriedTotal,
        long releasedTotal,
        long reclaimedTotal,
        long lostTotal,
        long droppedTotal,
        long purgedTotal,
        long repairedTotal,
        @Nullable Duration oldestWaiting,
        Duration visibility) {}
