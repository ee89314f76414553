package io.jobqueue;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An awaited job did not end in time. Only the wait ends: the job continues, and you may await it again.
 *
 * @since 0.1.0
 */
public final class AwaitTimeoutException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    private final String id;
    private final @Nullable JobStatus status;

    /**
     * Makes the exception.
     *
     * @param id the job's id
     * @param timeout how long the caller waited
     * @param status where the job was seen last, or {@code null} when it was not seen
     * @param outage why Redis could not be asked at last, or {@code null} when it could
     */
    public AwaitTimeoutException(
            String id, Duration timeout, @Nullable JobStatus status, @Nullable RedisUnavailableException outage) {
        super(message(id, timeout, status, outage), outage);
        this.id = id;
        this.status = status;
    }

    private static String message(
            String id, Duration timeout, @Nullable JobStatus status, @Nullable RedisUnavailableException outage) {
        String seen = status == null
                ? "it was not seen; a job that waits for the commit of a transaction does not exist yet"
                : "it was last seen " + status.text();
        return "job '%s' had not ended after %s: %s"
                .formatted(id, timeout, outage == null ? seen : seen + ", and Redis cannot be reached now");
    }

    /** The job's id. */
    public String id() {
        return id;
    }

    /** Where the job was seen last; {@code null} when it was not seen, or has a status that is unknown here. */
    public @Nullable JobStatus status() {
        return status;
    }
}
