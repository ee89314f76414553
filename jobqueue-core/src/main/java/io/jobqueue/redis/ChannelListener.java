package io.jobqueue.redis;

/**
 * Receives the messages of a channel from {@link Subscriptions}, on a thread of the Redis client, which it must not
 * block.
 */
@FunctionalInterface
interface ChannelListener {

    /** A message was published. */
    void message(String message);

    /**
     * Redis has confirmed the subscription. Messages that were published before may not have arrived, so this is the
     * time to look. Called again when the driver has restored a broken connection.
     */
    default void subscribed() {}

    /**
     * The listener receives no more messages, because the connection broke, was not opened, or was closed by a stop.
     */
    default void lost() {}
}
