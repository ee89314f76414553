package io.jobqueue;

import java.util.Map;

/**
 * A job, as its handler receives it.
 *
 * @param id the job's id
 * @param kind the job's kind
 * @param payload the payload, read into the type that the handler asks for
 * @param attempt the number of this attempt, from 1; {@code id} and {@code attempt} together are a good idempotency key
 * @param fence a number that grows with every claim on the queue
 * @param headers the headers, perhaps none
 * @param <T> the payload's type
 * @since 0.1.0
 */
public record Job<T>(String id, String kind, T payload, int attempt, long fence, Map<String, String> headers) {

    @Override
    public String toString() {
        return "Job[%s, kind=%s, attempt=%s]".formatted(id, kind, attempt);
    }
}
