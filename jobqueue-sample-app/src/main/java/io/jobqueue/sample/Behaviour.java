package io.jobqueue.sample;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How simulated workers treat their jobs.
 *
 * @param latency how long the work on a job takes
 * @param failRate the share of attempts that fail, from 0 to 1
 * @param hangRate the share of attempts that are dropped without a word, as by a crash, from 0 to 1; drawn before the
 *     failures
 */
record Behaviour(Duration latency, double failRate, double hangRate) {

    /** What the guide's demo begins with. */
    static final Behaviour USUAL = new Behaviour(Duration.ofMillis(400), 0, 0);

    /** How an attempt is to end. */
    enum Ending {
        COMPLETE,
        FAIL,
        HANG
    }

    Ending draw(RandomGenerator random) {
        double roll = random.nextDouble();
        if (roll < hangRate) {
            return Ending.HANG;
        }
        return roll < hangRate + failRate ? Ending.FAIL : Ending.COMPLETE;
    }
}
