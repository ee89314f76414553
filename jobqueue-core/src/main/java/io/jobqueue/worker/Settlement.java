package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobEvent;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one attempt is to end. The store answers each settlement with an {@link Answer}.
 *
 * @since 0.1.0
 */
public sealed interface Settlement {

    /** The attempt's claim. */
    Claim claim();

    /** Roughly how many characters the settlement adds to a call of the store. */
    default int size() {
        return 0;
    }

    /**
     * The event that listeners hear once the store has answered.
     *
     * @param took how long the handler ran, zero when nobody knows
     */
    JobEvent event(Answer answer, Duration took);

    /**
     * What a handler threw.
     *
     * @param throwable for listeners
     * @param details class, message and stack trace as one line of JSON, for the store
     */
    record Cause(Throwable throwable, String details) {

        static @Nullable Throwable thrown(@Nullable Cause cause) {
            return cause == null ? null : cause.throwable;
        }

        static int size(@Nullable Cause cause) {
            return cause == null ? 0 : cause.details.length();
        }
    }

    /** What became of one settlement. */
    enum Answer {
        /** The job was no longer the claim's; nothing was changed. */
        REFUSED,
        /** Settled as asked. */
        DONE,
        /** This very settlement had been made before; nothing was changed. */
        ALREADY,
        /** A retry, a completion or a hand-back that became a final failure. */
        FAILED,
        /** The attempt did not complete and its job was cancelled, so the job failed for good. */
        CANCELLED
    }

    /**
     * The job is done.
     *
     * @param result the result as a JSON object
     * @param output what a unit or a gather produced, as plain JSON; empty when {@link Claim#hasOutput()} is false
     */
    record Complete(Claim claim, String result, String output) implements Settlement {

        @Override
        public int size() {
            return result.length() + output.length();
        }

        @Override
        public JobEvent event(Answer answer, Duration took) {
            return switch (answer) {
                case REFUSED -> new JobEvent.Refused(claim);
                case DONE, ALREADY -> new JobEvent.Completed(claim, took);
                case FAILED ->
                    new JobEvent.Failed(
                            claim,
                            new FailureReason(
                                    FailureReason.Code.BAD_OUTPUT,
                                    "the run did not accept the output; the job's last error tells why"),
                            took);
                case CANCELLED -> cancelled(claim, took);
            };
        }
    }

    /**
     * The attempt failed. The job is tried again after a delay, unless this was its last attempt.
     *
     * @param reason why it failed
     * @param delay how long the job waits; zero puts it straight back
     * @param maxAttempts the limit of attempts by the settings of kind and queue; the job's own limit stands above it
     * @param cause what the handler threw; {@code null} when it threw nothing
     */
    record Retry(Claim claim, FailureReason reason, Duration delay, int maxAttempts, @Nullable Cause cause)
            implements Settlement {

        /** A retry without an exception. */
        public Retry(Claim claim, FailureReason reason, Duration delay, int maxAttempts) {
            this(claim, reason, delay, maxAttempts, null);
        }

        @Override
        public int size() {
            return reason.words().length() + Cause.size(cause);
        }

        @Override
        public JobEvent event(Answer answer, Duration took) {
            return switch (answer) {
                case REFUSED -> new JobEvent.Refused(claim);
                case DONE, ALREADY -> new JobEvent.Retried(claim, reason, delay, took, Cause.thrown(cause));
                case FAILED -> new JobEvent.Failed(claim, finalReason(), took, Cause.thrown(cause));
                case CANCELLED -> cancelled(claim, took);
            };
        }

        /** A job with attempts left fails only because its deadline has passed. */
        private FailureReason finalReason() {
            return claim.deadline() != null && claim.attempt() < maxAttempts
                    ? new FailureReason(FailureReason.Code.DEADLINE_PASSED, reason.text())
                    : reason;
        }
    }

    /**
     * The job failed for good.
     *
     * @param reason why it failed
     * @param cause what the handler threw; {@code null} when it threw nothing
     */
    record Fail(Claim claim, FailureReason reason, @Nullable Cause cause) implements Settlement {

        /** A failure without an exception. */
        public Fail(Claim claim, FailureReason reason) {
            this(claim, reason, null);
        }

        @Override
        public int size() {
            return reason.words().length() + Cause.size(cause);
        }

        @Override
        public JobEvent event(Answer answer, Duration took) {
            return switch (answer) {
                case REFUSED -> new JobEvent.Refused(claim);
                case DONE, ALREADY, FAILED -> new JobEvent.Failed(claim, reason, took, Cause.thrown(cause));
                case CANCELLED -> cancelled(claim, took);
            };
        }
    }

    /**
     * The job waits for a while, and the attempt does not count.
     *
     * @param delay how long the job waits; zero puts it to the back of its queue
     */
    record Snooze(Claim claim, Duration delay) implements Settlement {

        @Override
        public JobEvent event(Answer answer, Duration took) {
            return switch (answer) {
                case REFUSED -> new JobEvent.Refused(claim);
                case DONE, ALREADY -> new JobEvent.Snoozed(claim, delay, took);
                case FAILED -> runCancelled(claim, took);
                case CANCELLED -> cancelled(claim, took);
            };
        }
    }

    /**
     * This worker does not know the job's kind, or cannot read its payload. The job is handed back for a worker of
     * another version, and the attempt does not count. The job waits a second at a time at first, later a minute. It
     * becomes a dead letter when it has been unknown for too long, counted from the first worker that handed it back.
     *
     * @param reason why this worker cannot handle the job
     * @param unknownFor how long the job may be unknown; zero makes it a dead letter at once
     */
    record Unknown(Claim claim, FailureReason reason, Duration unknownFor) implements Settlement {

        @Override
        public int size() {
            return reason.words().length();
        }

        @Override
        public JobEvent event(Answer answer, Duration took) {
            return switch (answer) {
                case REFUSED -> new JobEvent.Refused(claim);
                case DONE, ALREADY -> new JobEvent.Unknown(claim, reason);
                case FAILED -> new JobEvent.Failed(claim, reason, took);
                case CANCELLED -> cancelled(claim, took);
            };
        }
    }

    /** The job is handed back to the head of its queue, and the attempt does not count. */
    record Release(Claim claim) implements Settlement {

        @Override
        public JobEvent event(Answer answer, Duration took) {
            return switch (answer) {
                case REFUSED -> new JobEvent.Refused(claim);
                case DONE, ALREADY -> new JobEvent.Released(claim);
                case FAILED -> runCancelled(claim, took);
                case CANCELLED -> cancelled(claim, took);
            };
        }
    }

    /** The event of an attempt that did not complete and whose job was cancelled. */
    private static JobEvent cancelled(Claim claim, Duration took) {
        return cancelled(claim, "the job was cancelled", took);
    }

    /** The event of an attempt that was to be given back, and whose run does not want the job any more. */
    private static JobEvent runCancelled(Claim claim, Duration took) {
        String words = claim.gathers() == null ? "its run was cancelled" : "its run was opened anew";
        return cancelled(claim, words, took);
    }

    private static JobEvent cancelled(Claim claim, String words, Duration took) {
        return new JobEvent.Failed(claim, new FailureReason(FailureReason.Code.CANCELLED, words), took);
    }
}
