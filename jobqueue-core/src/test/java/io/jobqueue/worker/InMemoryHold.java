package io.jobqueue.worker;

/** The time for which the sweep of an {@link InMemoryJobStore} leaves claims alone after a gap between sweeps. */
final class InMemoryHold {

    private long lastSweep = Long.MIN_VALUE;
    private long left;

    /**
     * Whether a sweep may take claims away.
     *
     * @param period the time between two sweeps
     * @param lease how long a hold lasts
     */
    boolean isOver(long now, long period, long lease) {
        boolean first = lastSweep == Long.MIN_VALUE;
        long patience = 3 * period;
        if (left == 0 && (first || now - lastSweep > patience)) {
            left = lease;
        } else if (!first) {
            left = Math.max(0, left - Math.min(now - lastSweep, patience));
        }
        lastSweep = now;
        return left == 0;
    }
}
