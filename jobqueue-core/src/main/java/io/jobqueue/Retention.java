package io.jobqueue;

import java.time.Duration;

/**
 * How much of a history is kept. A job is dropped when it is older than {@code age} or when {@code count} newer jobs
 * are kept; its hash is deleted in the same step.
 *
 * <p>An invalid value throws a {@link SettingException}. Immutable.
 *
 * @param age how long a job is kept after its end, at most ten years; zero keeps none
 * @param count how many jobs are kept; zero keeps none
 * @since 0.1.0
 */
public record Retention(Duration age, int count) {

    private static final Duration LONGEST = Duration.ofDays(3660);

    /** Checks the values. */
    public Retention {
        if (age.isNegative() || age.compareTo(LONGEST) > 0) {
            throw new SettingException("age", "retention age must be from 0 to 10 years, was " + age);
        }
        if (count < 0) {
            throw new SettingException("count", "retention count must not be negative, was " + count);
        }
    }

    /** How many jobs are kept: none when either limit is zero, otherwise {@code count}. */
    public int kept() {
        return age.isZero() ? 0 : count;
    }
}
