package io.jobqueue;

/**
 * Carries a {@link JobOutcome} out of a handler. Made by {@link JobOutcome#asException()}; the engine unwraps it, also
 * as the cause of another exception.
 *
 * @since 0.1.0
 */
public final class JobOutcomeException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    private final transient JobOutcome outcome;

    JobOutcomeException(JobOutcome outcome) {
        super(outcome.toString(), null);
        this.outcome = outcome;
    }

    /** The outcome to settle the job with. */
    public JobOutcome outcome() {
        return outcome;
    }
}
