package io.jobqueue.worker;

import java.time.Duration;

/**
 * How long the engine waits in several situations.
 *
 * @param timedOut for a handler that was interrupted because of its time limit
 * @param stopped for handlers that were interrupted because of a stop, and then for the last settlements
 * @param calls for the calls that are out when a loop stops; longer than the store takes to give up on one
 * @param idle for the next job, before a dispatcher with nothing to do gives up its thread
 */
record Patience(Duration timedOut, Duration stopped, Duration calls, Duration idle) {

    static final Patience USUAL =
            new Patience(Duration.ofSeconds(5), Duration.ofSeconds(2), Duration.ofSeconds(6), Duration.ofSeconds(2));
}
