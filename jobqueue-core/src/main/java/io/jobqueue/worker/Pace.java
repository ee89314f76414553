package io.jobqueue.worker;

/**
 * Measures how long recent jobs and exchanges with the store took, and derives how many jobs a dispatcher may claim
 * before they can start. Not thread-safe; the dispatcher's lock guards it.
 */
final class Pace {

    /** How many measurements the averages are made of. */
    private static final int OF_LATE = 8;

    /**
     * How many jobs may wait in the process, however short they are. A pool of more than 50 slots may keep twice its
     * slots.
     */
    private static final int MOST = 100;

    private static final long UNKNOWN = Long.MAX_VALUE;

    private final int slots;
    private long job = UNKNOWN;
    private long exchange;
    private boolean answered; // something was settled and something claimed, and no exchange has failed since

    Pace(int slots) {
        this.slots = slots;
    }

    void jobTook(long nanos) {
        job = job == UNKNOWN ? nanos : job + (nanos - job) / OF_LATE;
    }

    /** Jobs have become longer or shorter; measure again. */
    void forgetJobs() {
        job = UNKNOWN;
    }

    /**
     * An exchange was answered.
     *
     * @param both whether it settled and claimed; only such a one shows that the store does both
     */
    void exchangeTook(long nanos, boolean both) {
        exchange += (nanos - exchange) / OF_LATE;
        answered |= both;
    }

    void exchangeFailed() {
        answered = false;
    }

    /**
     * How many jobs the pool is expected to do during one exchange, at most {@value #MOST} or twice its slots. None as
     * long as no job is known, or the store does not answer, so that no outcomes pile up.
     */
    int ahead() {
        return answered ? (int) Math.min((double) slots * exchange / job, Math.max(MOST, 2.0 * slots)) : 0;
    }

    /** Whether jobs are so short that the store and the pool would wait for each other by turns. */
    boolean isHasty() {
        return ahead() >= slots;
    }
}
