package io.jobqueue;

import java.util.List;

/**
 * The reply to an enqueue was lost: the job may or may not have been created. Enqueueing again with the same id is
 * safe, because an enqueue of an id that exists changes nothing.
 *
 * <pre>{@code
 * catch (EnqueueUncertainException ex) {
 *     jobs.enqueue(JobRequest.of(payload).id(ex.ids().get(0)));
 * }
 * }</pre>
 *
 * @since 0.1.0
 */
public final class EnqueueUncertainException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> ids;

    /**
     * Makes the exception.
     *
     * @param queue the queue's name
     * @param ids the ids that were on their way
     * @param cause what the Redis client said
     */
    public EnqueueUncertainException(String queue, List<String> ids, Throwable cause) {
        super(
                "no answer to an enqueue on queue '%s'; enqueue again with the same id to be sure: %s"
                        .formatted(queue, ids.size() == 1 ? ids.get(0) : ids.size() + " ids, see ids()"),
                cause);
        this.ids = List.copyOf(ids);
    }

    /** The ids whose jobs may have been created or not, in the order of the request. */
    public List<String> ids() {
        return ids;
    }
}
