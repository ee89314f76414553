package io.jobqueue;

import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How long a failed attempt waits before it is retried. The first retry waits for {@code delay}. Each further failure
 * multiplies the wait by {@code multiplier}, up to {@code maxDelay}. A random share of the wait, at most {@code jitter}, is
 * added, so that jobs that failed together are not retried together. Jitter never shortens a wait.
 *
 * <p>A value that is not allowed is refused with a {@link SettingException}. Immutable.
 *
 * @param delay the wait after the first failure; zero makes the job claimable at once
 * @param multiplier the growth of the wait, at least 1
 * @param maxDelay the longest wait before jitter, at least {@code delay} and at most ten years
 * @param jitter the largest random share that is added, from 0 to 1
 * @since 0.1.0
 */
public record Backoff(Duration delay, double multiplier, Duration maxDelay, double jitter) {

    /** The header with which the backoff of a request travels: milliseconds, multiplier, milliseconds, jitter. */
    static final String HEADER = "backoff";

    private static final Pattern TEXT = Pattern.compile("(\\d{1,15}) (\\S{1,24}) (\\d{1,15}) (\\S{1,24})");

    private static final Duration LONGEST = Duration.ofDays(3660);

    /** Checks the values. */
    public Backoff {
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

    /** The same wait after every failure, without jitter. */
    public static Backoff fixed(Duration delay) {
        return new Backoff(delay, 1, delay, 0);
    }

    /** A wait that doubles with each failure up to a limit, and to which at most a fifth is added at random. */
    public static Backoff exponential(Duration delay, Duration maxDelay) {
        return new Backoff(delay, 2, maxDelay, 0.2);
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

    /** The value of the header. */
    String text() {
        return "%s %s %s %s".formatted(delay.toMillis(), multiplier, maxDelay.toMillis(), jitter);
    }

    /** Reads the value of the header; empty when it is absent or another hand wrote something else there. */
    static Optional<Backoff> read(@Nullable String text) {
        Matcher parts = TEXT.matcher(text == null ? "" : text);
        if (!parts.matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Backoff(
                    Duration.ofMillis(Long.parseLong(parts.group(1))),
                    Double.parseDouble(parts.group(2)),
                    Duration.ofMillis(Long.parseLong(parts.group(3))),
                    Double.parseDouble(parts.group(4))));
        } catch (IllegalArgumentException ex) {
            return Optional.empty();
        }
    }
}
