package io.jobqueue;

/**
 * No job has the awaited id: the job was never enqueued, was removed, or its retention is over. The message
 * names the id.
 *
 * @since 0.1.0
 */
public final class JobNotFoundException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    private final String id;

    /**
     * Makes the exception.
     *
     * @param id the job's id
     * @param message what is known about the absence
     */
    public JobNotFoundException(String id, String message) {
        super(message, null);
        this.id = id;
    }

    /** The id of which there is no job. */
    public String id() {
        return id;
    }
}
