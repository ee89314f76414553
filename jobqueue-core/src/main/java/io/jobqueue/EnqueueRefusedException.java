package io.jobqueue;

import java.util.List;

/**
 * An enqueue was refused and changed nothing: none of the jobs of {@link #ids()} was created. The cause says why.
 *
 * <ul>
 *   <li>Redis refused it, for example because its {@code maxmemory} is reached. Workers continue and free memory.
 *   <li>It was never sent, because the connection to Redis is down. The queue reconnects by itself.
 * </ul>
 *
 * <p>Enqueue again later.
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
     * @param ids the ids whose jobs were not created
     * @param cause what the server or its client said
     */
    public EnqueueRefusedException(String queue, List<String> ids, Throwable cause) {
        super(
                "an enqueue on queue '%s' was refused and changed nothing: %s".formatted(queue, cause.getMessage()),
                cause);
        this.ids = List.copyOf(ids);
    }

    /** The ids whose jobs were not created. */
    public List<String> ids() {
        return ids;
    }
}
