package io.jobqueue;

/**
 * A run will not be gathered: it failed, was cancelled, is unknown, or its gather job failed for good. The message says
 * which.
 *
 * @since 0.1.0
 */
public final class JobRunException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    /** Says what became of the run. */
    public JobRunException(String message) {
        super(message, null);
    }
}
