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

        private static final Duration LONGEST = Duration.ofDays(3660);

        /** Refuses nonsense. */
        public RetryIn {
            if (delay.isNegative() || delay.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException("delay must be from 0 to 10 years, was " + delay);
            }
        }
    }

    /** See {@link JobOutcome#discard(String)}. */
    record Discard(String reason) implements JobOutcome {}

    /** See {@link JobOutcome#deadLetter(String)}. */
    record DeadLetter(String reason) implements JobOutcome {}
}
