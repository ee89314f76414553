package io.jobqueue.spring;

import io.jobqueue.Schedule;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.Optional;
import org.springframework.scheduling.support.CronExpression;

/**
 * Schedules of cron expressions, as Spring's {@link CronExpression} reads them: six fields that begin with the seconds,
 * or a macro such as {@code @daily}.
 *
 * <h2>Daylight-saving time</h2>
 *
 * <p>When clocks go forward, slots in the skipped hour run once, at the moment of the change. When clocks go back, a
 * slot in the repeated hour runs only the first time, unless the hour field begins with {@code *}: such a schedule runs
 * in both hours. So {@code 0 30 2 * * *} runs once on every day, and {@code 0 0 * * * *} once in every hour.
 *
 * @since 0.1.0
 */
public final class CronSchedule {

    private static final String CRON = "cron ";
    private static final int HOUR = 2;

    /** An arbitrary day, to find out whether an expression has any slots. */
    private static final LocalDateTime START = LocalDateTime.of(2024, 1, 1, 0, 0);

    private CronSchedule() {}

    /**
     * Returns the schedule of a cron expression.
     *
     * @param expression the cron expression, for example {@code 0 0 3 * * *}
     * @param zone the time zone that its fields are in
     * @throws IllegalArgumentException when the expression cannot be read, or has no slot, for example on February 30
     */
    public static Schedule of(String expression, ZoneId zone) {
        CronExpression cron = CronExpression.parse(expression.strip());
        if (cron.next(START) == null) {
            throw new IllegalArgumentException("'%s' has no slot, because no such day exists".formatted(expression));
        }
        String fields = String.join(" ", cron.toString().split("\\s+"));
        boolean repeats = fields.split(" ")[HOUR].startsWith("*");
        return Schedule.of(CRON + fields + " " + zone.getId(), after -> next(cron, zone.getRules(), repeats, after));
    }

    /** Reads the text of a schedule that {@link #of} made; empty when it is of another kind. */
    static Optional<Schedule> read(String text) {
        int end = text.lastIndexOf(' ');
        if (!text.startsWith(CRON) || end <= CRON.length()) {
            return Optional.empty();
        }
        try {
            return Optional.of(of(text.substring(CRON.length(), end), ZoneId.of(text.substring(end + 1))));
        } catch (IllegalArgumentException | DateTimeException ex) {
            return Optional.empty();
        }
    }

    /** Looks for the slot in one span of constant offset after the other. */
    private static Optional<Instant> next(CronExpression cron, ZoneRules rules, boolean repeats, Instant after) {
        Instant at = after;
        ZoneOffset offset = rules.getOffset(at);
        LocalDateTime from = LocalDateTime.ofInstant(at, offset);
        ZoneOffsetTransition last = rules.previousTransition(at.plusNanos(1));
        if (last != null && from.isBefore(firstTime(last, repeats))) {
            from = firstTime(last, repeats).minusNanos(1);
        }
        while (true) {
            LocalDateTime slot = cron.next(from);
            if (slot == null) {
                return Optional.empty();
            }
            ZoneOffsetTransition change = rules.nextTransition(at);
            if (change == null || slot.isBefore(change.getDateTimeBefore())) {
                return Optional.of(slot.toInstant(offset));
            }
            if (change.isGap() && slot.isBefore(change.getDateTimeAfter())) {
                return Optional.of(change.getInstant());
            }
            at = change.getInstant();
            offset = change.getOffsetAfter();
            from = firstTime(change, repeats).minusNanos(1);
        }
    }

    /** The local time with which the slots behind a change of the offset begin. */
    private static LocalDateTime firstTime(ZoneOffsetTransition change, boolean repeats) {
        return change.isOverlap() && !repeats ? change.getDateTimeBefore() : change.getDateTimeAfter();
    }
}
