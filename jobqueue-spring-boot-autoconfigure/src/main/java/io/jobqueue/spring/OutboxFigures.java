package io.jobqueue.spring;

/**
 * How many jobs wait in the outbox, as they were counted within the last seconds. Reading a figure makes no query.
 *
 * <p>Available as a bean where {@code jobqueue.outbox.enabled} is set. Thread-safe.
 *
 * @since 0.1.0
 */
public interface OutboxFigures {

    /** Jobs that wait to be sent, of all instances; {@code NaN} before the first count. */
    double pending();

    /** Jobs that can never be sent as they are stored; {@code NaN} before the first count. */
    double refused();
}
