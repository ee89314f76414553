package io.jobqueue;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/**
 * When a recurring job is due. The instants at which it is due are its slots. A schedule is a pure function of time:
 * every instance of an application must compute the same slots, because the slot is part of the id of the slot's job.
 *
 * <p>{@link #every(Duration)} creates fixed periods, {@code CronSchedule} of the Spring module creates schedules of
 * cron expressions, and {@link #of} any other schedule. Immutable and thread-safe if the function is.
 *
 * @since 0.1.0
 */
public final class Schedule {

    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofDays(366);
    private static final int MAX_TEXT = 200;

    private final String text;
    private final Function<Instant, Optional<Instant>> next;

    private Schedule(String text, Function<Instant, Optional<Instant>> next) {
        this.text = text;
        this.next = next;
    }

    /**
     * A fixed period. The slots are the multiples of the period since 1970-01-01T00:00:00Z, so that they are the same
     * for every instance and after every restart: {@code every(10 minutes)} is due at :00, :10, :20 and so on.
     *
     * @param period from 1 second to 366 days, in whole milliseconds
     * @throws IllegalArgumentException when the period is outside these limits
     */
    public static Schedule every(Duration period) {
        if (period.compareTo(SHORTEST) < 0 || period.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("the period of a schedule must be from 1 s to 366 days, was " + period);
        }
        if (period.getNano() % 1_000_000 != 0) {
            throw new IllegalArgumentException("the period of a schedule must be whole milliseconds, was " + period);
        }
        long millis = period.toMillis();
        return new Schedule(
                "every " + period,
                after -> Optional.of(Instant.ofEpochMilli((Math.floorDiv(after.toEpochMilli(), millis) + 1) * millis)));
    }

    /**
     * A schedule from a function.
     *
     * @param text see {@link #text()}; 1 to 200 characters without control characters
     * @param next see {@link #next(Instant)}
     * @throws IllegalArgumentException when the text breaks the rule
     */
    public static Schedule of(String text, Function<Instant, Optional<Instant>> next) {
        if (text.isBlank() || text.length() > MAX_TEXT || text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "the text of a schedule must be 1 to %s characters without control characters, was '%s'"
                            .formatted(MAX_TEXT, Names.printable(text)));
        }
        return new Schedule(text, next);
    }

    /**
     * The first slot after an instant.
     *
     * @param after the slot is later than this
     * @return the slot, in whole milliseconds; empty when the schedule has come to its end
     * @throws IllegalStateException when the function of the schedule gives no later slot
     */
    public Optional<Instant> next(Instant after) {
        Optional<Instant> slot = next.apply(after);
        slot.filter(found -> !found.isAfter(after) || found.getNano() % 1_000_000 != 0)
                .ifPresent(found -> {
                    throw new IllegalStateException(
                            "the schedule '%s' says that the next slot after %s is %s; let its function return a later instant of whole milliseconds"
                                    .formatted(text, after, found));
                });
        return slot;
    }

    /**
     * The schedule as one line, for example {@code every PT10M}. Two schedules with the same text must have the same
     * slots. Redis keeps the text, so that other instances can read the schedule from it.
     */
    public String text() {
        return text;
    }

    @Override
    public String toString() {
        return text;
    }
}
