package io.jobqueue;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How often a job is tried, and how long a failed attempt waits; {@link Backoff} tells how the wait grows.
 *
 * <p>An invalid value throws a {@link SettingException}. Immutable.
 *
 * @param maxAttempts how many attempts a job has in all, at least 1; 5 by default
 * @param delay the wait after the first failure; zero makes the job claimable at once; 2 s by default
 * @param multiplier the growth of the wait, at least 1; 2 by default
 * @param maxDelay the longest wait before jitter, at least {@code delay} and at most ten years; 10 min by default
 * @param jitter the largest random share that is added, from 0 to 1; 0.2 by default
 * @since 0.1.0
 */
public record RetryPolicy(int maxAttempts, Duration delay, double multiplier, Duration maxDelay, double jitter) {

    /** Checks the values. */
    public RetryPolicy {
        if (maxAttempts < 1) {
            throw new SettingException("maxAttempts", "max attempts must be at least 1, was " + maxAttempts);
        }
        var unused = new Backoff(delay, multiplier, maxDelay, jitter); // checks them
    }

    /** The policy of a queue for which nothing else is configured. */
    public static RetryPolicy defaults() {
        return new RetryPolicy(5, Duration.ofSeconds(2), 2, Duration.ofMinutes(10), 0.2);
    }

    /** The same policy with another limit of attempts. */
    public RetryPolicy withMaxAttempts(int attempts) {
        return new RetryPolicy(attempts, delay, multiplier, maxDelay, jitter);
    }

    /** How long a failed attempt waits. */
    public Backoff backoff() {
        return new Backoff(delay, multiplier, maxDelay, jitter);
    }

    /**
     * How long to wait after a failed attempt.
     *
     * @param attempt the number of the attempt that failed, from 1
     * @param random where the jitter comes from
     */
    public Duration delayAfter(int attempt, RandomGenerator random) {
        return backoff().delayAfter(attempt, random);
    }
}
