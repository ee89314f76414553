package io.jobqueue.worker;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Informs the engine that an idle queue has work: through the hints that producers push, and through a cheap poll of
 * many queues at once. Also informs it that a running job was cancelled. One object serves all queues of a process. Users need it to build an {@link Engine} without
 * Spring; it may change between releases.
 *
 * <p>Thread-safe. No method blocks.
 *
 * @since 0.1.0
 */
public interface Signals {

    /**
     * Sets the receiver of hints. The engine calls this method once, before all others.
     *
     * @param hinted receives the name of the queue of each hint, on any thread; must be quick and must not block
     */
    void hear(Consumer<String> hinted);

    /**
     * Asks for the next hint of a queue. The receiver gets one hint; for the next one the engine asks again. Each hint
     * reaches at most one worker of all processes. While Redis cannot be reached no hints arrive; {@link #unannounced}
     * then fails.
     */
    void want(String queue);

    /** Stops waiting for the hint of a queue. A hint that is on its way goes to another worker. */
    void ignore(String queue);

    /** Hears of cancels of running jobs of one queue. Called on any thread; must be quick and must not block. */
    interface CancelListener {

        /** A job was cancelled; perhaps one that this process does not work on. */
        void cancelled(String id);

        /** Cancels may have been missed, because they were announced before the listener was heard. */
        void missed();
    }

    /**
     * Begins to hear cancels of running jobs, unless the listener hears them already. A broken connection ends the hearing, so
     * the engine calls this again from time to time. A cancel that is not heard is told by the next renewal of the claim.
     */
    void hearCancels(String queue, CancelListener listener);

    /** Hears no cancels any more. */
    void ignoreCancels(String queue, CancelListener listener);

    /**
     * Looks for work that no hint announced; for example, producers of the public guide push no hints.
     *
     * @param queues the queues to look at
     * @return those that may have work that their last claim did not report; fails when Redis cannot be reached
     */
    CompletableFuture<Set<String>> unannounced(Collection<String> queues);
}
