package io.jobqueue.worker;

import io.jobqueue.JobEvent;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One piece of upkeep of one queue, done again and again in rounds: the sweep of expired claims, the upkeep of runs, the
 * audit. {@link Upkeep} runs the chores of a process and never has two rounds of one chore out at a time.
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

    /** Gives up what the chore holds between rounds, a subscription for example. Rounds may be asked for again later. */
    void stop();

    /**
     * What one round did.
     *
     * @param events what listeners are to hear, in order
     * @param pause how long to wait before the next round; zero when there is more to do at once
     */
    record Round(List<JobEvent> events, Duration pause) {

        /** Copies the list. */
        public Round {
            events = List.copyOf(events);
        }
    }
}
