package io.jobqueue.sample;

/** A request that will not be served; the message says why, for whoever sent it. */
final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
        super(message);
    }
}
