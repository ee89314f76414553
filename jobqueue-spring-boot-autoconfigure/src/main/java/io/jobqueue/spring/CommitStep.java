package io.jobqueue.spring;

import io.jobqueue.Enqueuer;
import io.jobqueue.Enqueuer.Outgoing;
import java.util.List;

/** Decides where jobs wait for the commit of their transaction: in memory ({@link DeferredJobs}) or in an outbox. Thread-safe. */
interface CommitStep {

    /**
     * Keeps jobs until the transaction of this thread ends. A rollback drops what was kept without a further call.
     *
     * @throws RuntimeException when the jobs cannot be kept; the caller of the enqueue gets it
     */
    default void keep(List<Outgoing> jobs) {}

    /** Sends kept jobs whose transaction has committed. Never throws and never waits for Redis. */
    void committed(Enqueuer next, List<Outgoing> jobs);

    /**
     * Forgets jobs that were kept when the transaction of this thread had already committed, which {@link #keep} cannot know. The
     * caller sends them another way.
     */
    default void takeBack(List<Outgoing> jobs) {}

    /** Deals with kept jobs of a transaction that may or may not have committed. */
    void unknown(List<Outgoing> jobs);

    /**
     * Refuses to change a run inside a transaction.
     *
     * @throws IllegalStateException when this step promises that nothing of a transaction that is rolled back reaches Redis
     */
    default void refuseRun(String runId) {}
}
