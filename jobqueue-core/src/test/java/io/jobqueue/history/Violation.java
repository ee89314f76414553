package io.jobqueue.history;

/**
 * A violation of an invariant.
 *
 * @param invariant the invariant, {@code I1} to {@code I20}
 * @param what the evidence
 */
public record Violation(String invariant, String what) {

    @Override
    public String toString() {
        return invariant + ": " + what;
    }
}
