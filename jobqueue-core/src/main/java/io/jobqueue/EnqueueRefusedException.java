package io.jobqueue;

import java.util.List;

/**
 * Redis refused an enqueue and changed nothing, as it does when its {@code maxmemory} is reached. Workers go on and
 * make room; enqueue again later.
 *
 * @since 0.1.0
 */
public final class EnqueueRefusedException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> ids;

    /**
     * Makes the exception.
     *
     * @param queue the queue's name
     * @param ids the ids that were refused
     * @param cause what the server said
     */
    public EnqueueRefusedException(String queue, List<String> ids, Throwable cause) {
        super(
                "Redis refused an enqueue on queue '%s' and changed nothing: %s".formatted(queue, cause.getMessage()),
                cause);
        this.ids = List.copyOf(ids);
    }

    /** The ids whose jobs were not created. */
    public List<String> ids() {
        return ids;
    }
}
