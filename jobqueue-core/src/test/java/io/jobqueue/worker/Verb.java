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
    SNOOZE,
    UNKNOWN;

    private static final Duration UNKNOWN_FOR = Duration.ofHours(1);

    /** A completion without a result, a retry at once, a job that may be unknown for an hour, and so on. */
    public Settlement of(Claim claim) {
        return of(claim, this == COMPLETE ? "{}" : "it rained", "", Duration.ZERO, 5);
    }

    /**
     * A settlement of this verb, which takes from the arguments what it needs.
     *
     * @param text the result, or the words of a handler's failure
     * @param delay how long a retry waits
     */
    public Settlement of(Claim claim, String text, String output, Duration delay, int maxAttempts) {
        return switch (this) {
            case COMPLETE -> new Settlement.Complete(claim, text, output);
            case RETRY -> new Settlement.Retry(claim, FailureReason.handler(text), delay, maxAttempts);
            case FAIL -> new Settlement.Fail(claim, FailureReason.handler(text));
            case RELEASE -> new Settlement.Release(claim);
            case SNOOZE -> new Settlement.Snooze(claim, delay);
            case UNKNOWN -> new Settlement.Unknown(claim, FailureReason.handler(text), UNKNOWN_FOR);
        };
    }

    /** The verb of a settlement. */
    public static Verb of(Settlement settlement) {
        return valueOf(settlement.getClass().getSimpleName().toUpperCase(Locale.ROOT));
    }

    /**
     * How long a settlement lets its job wait at least; zero for all but retries, snoozes and unknown jobs. An unknown job waits
     * a second, until the hour is over for which it may be unknown; no story lasts so long.
     */
    public static Duration delay(Settlement settlement) {
        if (settlement instanceof Settlement.Snooze snooze) {
            return snooze.delay();
        }
        if (settlement instanceof Settlement.Unknown) {
            return Duration.ofSeconds(1);
        }
        return settlement instanceof Settlement.Retry retry ? retry.delay() : Duration.ZERO;
    }
}
