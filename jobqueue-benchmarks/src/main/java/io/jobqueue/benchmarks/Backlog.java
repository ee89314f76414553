package io.jobqueue.benchmarks;

/**
 * Creates many waiting jobs faster than they could be enqueued: it enqueues one job, and Redis then copies its hash with other
 * numbers. So each copy looks as if the queue had enqueued it, except that the queue's total of enqueued jobs does not
 * count it.
 */
final class Backlog {

    private static final int COPIES_A_CALL = 1000;
    private static final String PENDING = "queue:jobs:pending";
    private static final String JOB = "queue:jobs:job:";

    private final Wire admin;
    private final String copy;

    Backlog(Wire admin) {
        this.admin = admin;
        this.copy = admin.ask("SCRIPT", "LOAD", Ceiling.script("copy.lua"));
    }

    /**
     * Lets so many jobs wait on an empty queue, with the numbers from 0 on.
     *
     * @throws IllegalStateException when other jobs wait there
     */
    void fill(Product product, int jobs) {
        String id = product.queue().enqueue(NoOp.of(0)).id();
        for (int from = 1; from < jobs; from += COPIES_A_CALL) {
            int to = Math.min(jobs, from + COPIES_A_CALL);
            admin.ask("EVALSHA", copy, "2", PENDING, JOB + id, JOB, id, String.valueOf(from), String.valueOf(to));
        }
        long waiting = product.queue().stats().pendingDepth();
        if (waiting != jobs) {
            throw new IllegalStateException("%s jobs should wait, but %s do".formatted(jobs, waiting));
        }
    }
}
