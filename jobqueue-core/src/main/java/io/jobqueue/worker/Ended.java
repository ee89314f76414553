package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import java.time.Duration;

/** An attempt that ended in this process, and how it is to be settled. */
record Ended(Attempt attempt, JobStore.Settlement settlement, Duration took) {

    /** How the error of a job begins that its handler discarded. */
    static final String DISCARDED = "discarded: ";

    /** What listeners hear once the store has answered. */
    JobEvent event(JobStore.Answer answer) {
        Claim claim = settlement.claim();
        if (answer == JobStore.Answer.REFUSED) {
            return new JobEvent.Refused(claim);
        }
        if (answer == JobStore.Answer.FAILED) {
            return failed(claim);
        }
        return switch (settlement.verb()) {
            case COMPLETE -> new JobEvent.Completed(claim, took);
            case RETRY -> new JobEvent.Retried(claim, settlement.text(), settlement.delay(), took);
            case FAIL -> failed(claim);
            case RELEASE -> new JobEvent.Released(claim);
        };
    }

    private JobEvent failed(Claim claim) {
        String error = settlement.verb() == JobStore.Verb.COMPLETE
                ? "bad-output: the key of the run's outputs is not a hash"
                : settlement.text();
        return new JobEvent.Failed(claim, error, error.startsWith(DISCARDED), took);
    }

    /** Roughly what it adds to a call. */
    int size() {
        return settlement.text().length() + settlement.output().length();
    }
}
