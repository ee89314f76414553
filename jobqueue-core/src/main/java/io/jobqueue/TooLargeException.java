package io.jobqueue;

/**
 * A payload, result or work output is larger than its queue allows.
 *
 * @since 0.1.0
 */
public final class TooLargeException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    TooLargeException(String what, int bytes, int limit) {
        super("the %s has %s bytes, the limit is %s; keep large data elsewhere and pass its address, or raise the limit"
                .formatted(what, bytes, limit));
    }
}
