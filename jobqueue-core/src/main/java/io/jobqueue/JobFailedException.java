package io.jobqueue;

/**
 * An awaited job ended without success: it is a dead letter, was discarded, or was cancelled. {@link #reason()} says
 * which.
 *
 * @since 0.1.0
 */
public final class JobFailedException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    private final String queue;
    private final String id;
    private final int attempts;
    private final transient FailureReason reason;

    /**
     * Makes the exception.
     *
     * @param queue the name of the job's queue
     * @param id the job's id
     * @param attempts how often the job was claimed
     * @param reason why it failed
     */
    public JobFailedException(String queue, String id, int attempts, FailureReason reason) {
        super("job '%s' of queue '%s' failed (attempts: %s): %s".formatted(id, queue, attempts, reason.text()), null);
        this.queue = queue;
        this.id = id;
        this.attempts = attempts;
        this.reason = reason;
    }

    /** The name of the job's queue. */
    public String queue() {
        return queue;
    }

    /** The job's id. */
    public String id() {
        return id;
    }

    /** How often the job was claimed. */
    public int attempts() {
        return attempts;
    }

    /** Why the job failed. */
    public FailureReason reason() {
        return reason;
    }
}
