package io.jobqueue;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When a run is gathered. A run ends in the step that meets its policy, but never before it is sealed.
 *
 * <p>A unit that ends after its run still gets its output or failure, and counts as late.
 *
 * @param share how many of the units must have an output, as a part of 1 that is counted in steps of 0.0001; the run
 *     fails when all units have ended and it is not reached. {@code null} when it is enough that all units have ended
 * @param after how long after it was sealed the run is gathered even if units are missing; {@code null} for never
 * @since 0.1.0
 */
public record GatherPolicy(@Nullable Double share, @Nullable Duration after) {

    private static final Duration LONGEST = Duration.ofDays(3660);

    /** Checks the values. */
    public GatherPolicy {
        if (share != null && !(share >= 0.0001 && share <= 1)) {
            throw new IllegalArgumentException("share must be from 0.0001 to 1, was " + share);
        }
        if (after != null && (after.toMillis() < 1 || after.compareTo(LONGEST) > 0)) {
            throw new IllegalArgumentException("the time to gather after must be from 1 ms to 10 years, was " + after);
        }
    }

    /** Gathers when every unit has an output or has failed for good. The default. */
    public static GatherPolicy allEnded() {
        return new GatherPolicy(null, null);
    }

    /** Gathers when every unit has an output. The run fails, and is not gathered, when all ended and one of them failed. */
    public static GatherPolicy allSucceeded() {
        return share(1);
    }

    /**
     * Gathers as soon as so many units have an output. The run fails, and is not gathered, when all ended without that.
     *
     * @param share a part of 1, for example {@code 0.95}
     */
    public static GatherPolicy share(double share) {
        return new GatherPolicy(share, null);
    }

    /**
     * The same policy with a time limit, counted from when the run is sealed: then it is gathered with what there is.
     *
     * @param time at least 1 ms
     */
    public GatherPolicy orAfter(Duration time) {
        return new GatherPolicy(share, time);
    }
}
