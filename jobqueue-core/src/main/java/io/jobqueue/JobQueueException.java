package io.jobqueue;

import org.jspecify.annotations.Nullable;

/**
 * The exceptions that the queue itself throws, besides {@link IllegalArgumentException} for wrong use and the Redis
 * client's exceptions for commands that Redis refuses.
 *
 * @since 0.1.0
 */
public class JobQueueException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Makes an exception. */
    protected JobQueueException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
