package io.jobqueue;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * When a failed attempt is tried again: after {@code delay}, then {@code multiplier} times as long after each further
 * failure, up to {@code maxDelay}; plus a random part of up to {@code jitter} of it, so that jobs that failed together
 * do not come back together. Jitter is only ever added.
 *
 * @param maxAttempts how often a job is tried in all, at least 1; 5 by default
 * @param delay the wait after the first failure; zero puts the job straight back; 2 s by default
 * @param multiplier at least 1; 2 by default
 * @param maxDelay the longest wait before jitter, at most ten years; 10 min by default
 * @param jitter from 0 to 1; 0.2 by default
 * @since 0.1.0
 */
public record RetryPolicy(int maxAttempts, Duration delay, double multiplier, Duration maxDelay, double jitter) {

    private static final Duration LONGEST = Duration.ofDays(3660);

    /** Refuses nonsense. */
    public RetryPolicy {
        if (maxAttempts < 1) {
            throw new IllegalArgumentException("max attempts must be at least 1, was " + maxAttempts);
        }
        if (delay.isNegative()) {
            throw new IllegalArgumentException("retry delay must not be negative, was " + delay);
        }
        if (!(multiplier >= 1) || Double.isInfinite(multiplier)) {
            throw new IllegalArgumentException("retry multiplier must be at least 1, was " + multiplier);
        }
        if (maxDelay.compareTo(delay) < 0) {
            throw new IllegalArgumentException(
                    "retry max delay must not be shorter than the delay %s, was %s".formatted(delay, maxDelay));
        }
        if (maxDelay.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("retry max delay must be at most 10 years, was " + maxDelay);
        }
        if (!(jitter >= 0 && jitter <= 1)) {
            throw new IllegalArgumentException("retry jitter must be from 0 to 1, was " + jitter);
        }
    }

    /** The policy of a queue that says nothing else. */
    public static RetryPolicy defaults() {
        return new RetryPolicy(5, Duration.ofSeconds(2), 2, Duration.ofMinutes(10), 0.2);
    }

    /** The same policy with another limit of attempts. */
    public RetryPolicy withMaxAttempts(int attempts) {
        return new RetryPolicy(attempts, delay, multiplier, maxDelay, jitter);
    }

    /**
     * How long to wait after a failed attempt.
     *
     * @param attempt the number of the attempt that failed, from 1
     * @param random where the jitter comes from
     */
    public Duration delayAfter(int attempt, RandomGenerator random) {
        double base = Math.min((double) delay.toMillis() * Math.pow(multiplier, Math.max(0, attempt - 1)), (double)
                maxDelay.toMillis());
        return Duration.ofMillis(Math.round(base + base * jitter * random.nextDouble()));
    }
}
