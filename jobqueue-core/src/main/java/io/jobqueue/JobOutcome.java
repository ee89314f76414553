package io.jobqueue;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How an attempt ends. A handler returns an outcome instead of a value or an exception, or throws it; see
 * {@link #asException()}.
 *
 * @since 0.1.0
 */
public sealed interface JobOutcome {

    /** The job is done; {@code value} is its result, {@code null} for none. */
    static JobOutcome completed(@Nullable Object value) {
        return new Completed(value);
    }

    /**
     * The attempt failed; the next one, if the job has one left, starts no earlier than after {@code delay}.
     *
     * @param delay from zero to ten years
     * @param reason one sentence for the operator
     */
    static JobOutcome retryIn(Duration delay, String reason) {
        return new RetryIn(delay, reason);
    }

    /**
     * The job is not to be done yet: it waits and is then handed out again. The attempt is given back, so a job may be snoozed
     * any number of times; its last error stays as it is.
     *
     * @param delay how long the job waits, from zero (it joins at the back of the queue at once) to ten years
     * @throws IllegalArgumentException for another delay
     */
    static JobOutcome snooze(Duration delay) {
        return new Snooze(delay);
    }

    /** The job is not needed any more: it ends as failed with this reason and without an alarm. */
    static JobOutcome discard(String reason) {
        return new Discard(reason);
    }

    /** The job cannot succeed: it becomes a dead letter at once, however many attempts are left. */
    static JobOutcome deadLetter(String reason) {
        return new DeadLetter(reason);
    }

    /** This outcome as an exception, which code deep inside a handler can throw. */
    default Thrown asException() {
        return new Thrown(this);
    }

    /**
     * Carries an outcome out of a handler. The engine finds it also as the cause of another exception.
     *
     * @since 0.1.0
     */
    final class Thrown extends JobQueueException {

        private static final long serialVersionUID = 1L;

        private final transient JobOutcome outcome;

        private Thrown(JobOutcome outcome) {
            super(outcome.toString(), null);
            this.outcome = outcome;
        }

        /** The outcome to settle the job with. */
        public JobOutcome outcome() {
            return outcome;
        }
    }

    /** See {@link JobOutcome#completed(Object)}. */
    record Completed(@Nullable Object value) implements JobOutcome {

        @Override
        public String toString() {
            return "Completed";
        }
    }

    /** See {@link JobOutcome#retryIn(Duration, String)}. */
    record RetryIn(Duration delay, String reason) implements JobOutcome {

        /** Refuses a delay that is negative or longer than ten years. */
        public RetryIn {
            checkDelay(delay);
        }
    }

    /** See {@link JobOutcome#snooze(Duration)}. */
    record Snooze(Duration delay) implements JobOutcome {

        /** Refuses a delay that is negative or longer than ten years. */
        public Snooze {
            checkDelay(delay);
        }
    }

    private static void checkDelay(Duration delay) {
        if (delay.isNegative() || delay.compareTo(Duration.ofDays(3660)) > 0) {
            throw new IllegalArgumentException("delay must be from 0 to 10 years, was " + delay);
        }
    }

    /** See {@link JobOutcome#discard(String)}. */
    record Discard(String reason) implements JobOutcome {}

    /** See {@link JobOutcome#deadLetter(String)}. */
    record DeadLetter(String reason) implements JobOutcome {}
}
