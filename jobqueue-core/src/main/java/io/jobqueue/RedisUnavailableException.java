package io.jobqueue;

/**
 * Redis could not be reached, did not answer in time, or serves no commands: it loads its data, it is a replica, or a
 * script blocks it. The cause is the exception of the Redis client.
 *
 * <p>A command that was in flight may or may not have been executed. Commands that begin while Redis is known to be
 * away fail at once and are not sent. The queue reconnects by itself and logs when an outage begins and ends, so
 * callers need not log this exception.
 *
 * @since 0.1.0
 */
public final class RedisUnavailableException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param message where Redis is, and the root cause
     * @param cause what the Redis client said
     */
    public RedisUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
