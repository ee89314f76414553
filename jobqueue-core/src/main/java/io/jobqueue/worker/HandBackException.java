package io.jobqueue.worker;

import org.jspecify.annotations.Nullable;

/**
 * A {@link JobFunction} throws this exception when it cannot work, because its part of the application is stopping.
 * The job returns to the head of its queue, and the attempt does not count.
 *
 * @since 0.1.0
 */
public final class HandBackException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message why the work cannot be done
     * @param cause what the work threw when it was interrupted, or {@code null} if it had not begun
     */
    public HandBackException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
