package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import java.time.Duration;
import java.util.Locale;

/** The ways to settle an attempt, for tests that go through all of them. */
public enum Verb {
    COMPLETE,
    RETRY,
    FAIL,
    RELEASE,
    SNOOZE;

    /** A completion without a result, a retry at once, and so on. */
    public Settlement of(Claim claim) {
        return of(claim, this == COMPLETE ? "{}" : "it rained", "", Duration.ZERO, 5);
    }

    /**
     * A settlement of this verb, which takes from the arguments what it needs.
     *
     * @param text the result, or the words of a handler's failure
     */
    public Settlement of(Claim claim, String text, String output, Duration delay, int maxAttempts) {
        return switch (this) {
            case COMPLETE -> new Settlement.Complete(claim, text, output);
            case RETRY -> new Settlement.Retry(claim, FailureReason.handler(text), delay, maxAttempts);
            case FAIL -> new Settlement.Fail(claim, FailureReason.handler(text));
            case RELEASE -> new Settlement.Release(claim);
            case SNOOZE -> new Settlement.Snooze(claim, delay);
        };
    }

    /** The verb of a settlement. */
    public static Verb of(Settlement settlement) {
        return valueOf(settlement.getClass().getSimpleName().toUpperCase(Locale.ROOT));
    }

    /** How long a settlement lets its job wait; zero for all but retries and snoozes. */
    public static Duration delay(Settlement settlement) {
        if (settlement instanceof Settlement.Snooze snooze) {
            return snooze.delay();
        }
        return settlement instanceof Settlement.Retry retry ? retry.delay() : Duration.ZERO;
    }
}
