package io.jobqueue;

import java.time.Instant;

/**
 * How far a job is, as its handler reported last with {@link JobContext#progress}.
 *
 * @param done how much is done, from 0 to {@code total}
 * @param total how much there is to do, from 0
 * @param note what the handler says about it, perhaps empty
 * @param at when it was reported, by the clock of Redis
 * @since 0.1.0
 */
public record JobProgress(long done, long total, String note, Instant at) {

    /** The share that is done, from 0 to 1; 0 when there is nothing to do. */
    public double share() {
        return total == 0 ? 0 : (double) done / total;
    }
}
