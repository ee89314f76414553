package io.jobqueue;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * When a failed attempt is retried. The first retry waits for {@code delay}. Each further failure multiplies the wait
 * by {@code multiplier}, up to {@code maxDelay}. A random share of the wait, at most {@code jitter}, is added, so that
 * jobs that failed together are not retried together. Jitter never shortens a wait.
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

    private static final Duration LONGEST = Duration.ofDays(3660);

    /** Checks the values. */
    public RetryPolicy {
        if (maxAttempts < 1) {
            throw new SettingException("maxAttempts", "max attempts must be at least 1, was " + maxAttempts);
        }
        if (delay.isNegative()) {
            throw new SettingException("delay", "retry delay must not be negative, was " + delay);
        }
        if (!(multiplier >= 1) || Double.isInfinite(multiplier)) {
            throw new SettingException("multiplier", "retry multiplier must be at least 1, was " + multiplier);
        }
        if (maxDelay.compareTo(LONGEST) > 0) {
            throw new SettingException("maxDelay", "retry max delay must be at most 10 years, was " + maxDelay);
        }
        if (!(jitter >= 0 && jitter <= 1)) {
            throw new SettingException("jitter", "retry jitter must be from 0 to 1, was " + jitter);
        }
        if (maxDelay.compareTo(delay) < 0) {
            throw new SettingException(
                    "maxDelay",
                    "delay",
                    "retry max delay must not be shorter than the delay %s, was %s".formatted(delay, maxDelay));
        }
    }

    /** The policy of a queue for which nothing else is configured. */
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
