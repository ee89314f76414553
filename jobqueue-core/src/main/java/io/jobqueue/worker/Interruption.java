package io.jobqueue.worker;

/** Why a handler was interrupted. */
enum Interruption {
    TIMED_OUT,
    LEASE_LOST,
    CANCELLED,
    STOPPED;

    /** Whether a handler that goes on after another interruption is interrupted again for this reason. */
    boolean mayFollow(Interruption other) {
        return (other == LEASE_LOST || other == CANCELLED) && this != LEASE_LOST && this != other;
    }
}
