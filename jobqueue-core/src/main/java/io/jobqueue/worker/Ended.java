package io.jobqueue.worker;

import java.time.Duration;

/** An attempt that ended in this process, and how it is to be settled. */
record Ended(Attempt attempt, JobStore.Settlement settlement, Duration took) {

    /** Roughly what it adds to a call. */
    int size() {
        return settlement.text().length() + settlement.output().length();
    }
}
