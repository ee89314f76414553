package io.jobqueue.redis;

/** Listens to a channel by {@link Subscriptions}. Called on a thread of the Redis client, which it must not block. */
@FunctionalInterface
interface ChannelListener {

    /** A message was published. */
    void message(String message);

    /**
     * Redis has confirmed the subscription. Messages that were published before may not have arrived, so this is the time to
     * look. Called again when the driver has restored a broken connection.
     */
    default void subscribed() {}

    /** The listener hears nothing any more, because the connection broke, was not opened, or was closed by a stop. */
    default void lost() {}
}
