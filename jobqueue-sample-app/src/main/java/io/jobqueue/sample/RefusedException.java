package io.jobqueue.sample;

/** A request is refused; the message tells the caller why. */
final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
        super(message);
    }
}
