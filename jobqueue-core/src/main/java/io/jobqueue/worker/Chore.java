package io.jobqueue.worker;

import io.jobqueue.JobEvent;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One recurring task of the upkeep of one queue, for example the sweep, the upkeep of runs, or the audit. It works in
 * rounds. {@link Upkeep} runs the chores of a process, and never runs two rounds of one chore at the same time.
 *
 * @since 0.1.0
 */
public interface Chore {

    /** The queue's name. */
    String queue();

    /** What the chore does, in one or two words for log lines: {@code sweep}. */
    String name();

    /**
     * Does one round. Does not block.
     *
     * @return what the round did; fails when the store cannot be reached or refuses the call
     */
    CompletableFuture<Round> round();

    /**
     * Releases what the chore holds between rounds, for example a subscription. {@link #round} may be called again
     * later.
     */
    void stop();

    /**
     * What one round did.
     *
     * @param events the events for the listeners, in order
     * @param pause how long to wait before the next round; zero when there is more to do at once
     */
    record Round(List<JobEvent> events, Duration pause) {

        /** Copies the list. */
        public Round {
            events = List.copyOf(events);
        }
    }
}
