package io.jobqueue.worker;

import java.time.Duration;

/**
 * A sign of life of one activity of the engine: a dispatcher, the renewal of leases, a chore of the upkeep.
 *
 * @param name the activity, as log lines name it
 * @param silence how long ago it worked last, while it fails or hangs; at most ten seconds while it waits for work, and
 *     zero while it rests
 * @since 0.1.0
 */
public record Pulse(String name, Duration silence) {

    /** The longest time for which an activity without work waits before it shows again that it lives. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

    /** Whether the activity has missed three times in a row to show that it lives. */
    public boolean isSilent() {
        return silence.compareTo(LONGEST_WAIT.multipliedBy(3)) > 0;
    }
}
