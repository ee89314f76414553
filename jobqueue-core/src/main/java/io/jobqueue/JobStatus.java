package io.jobqueue;

import java.util.Locale;
import java.util.Optional;

/**
 * Where a job is. In Redis the status is the lower-case name, as the clients of the public Redis job-queue guide write
 * it.
 *
 * @since 0.1.0
 */
public enum JobStatus {
    /** Waits for its due time: a delayed job, or a retry that waits out its backoff. */
    SCHEDULED,
    /** Waits for a worker. */
    PENDING,
    /** Claimed by a worker. */
    PROCESSING,
    /** Ended well; kept as history. */
    COMPLETED,
    /** Ended for good without success: a dead letter. */
    FAILED;

    /** The text of the status in Redis, for example {@code "pending"}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads the text of Redis.
     *
     * @param text the status as stored
     * @return the status, or empty when the text names none
     */
    public static Optional<JobStatus> of(String text) {
        for (JobStatus status : values()) {
            if (status.text().equals(text)) {
                return Optional.of(status);
            }
        }
        return Optional.empty();
    }
}
