package io.jobqueue.history;

/**
 * Something that must not be.
 *
 * @param invariant which one is broken, {@code I1} to {@code I18}
 * @param what how it shows
 */
public record Violation(String invariant, String what) {

    @Override
    public String toString() {
        return invariant + ": " + what;
    }
}
