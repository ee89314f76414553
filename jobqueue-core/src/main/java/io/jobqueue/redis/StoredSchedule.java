package io.jobqueue.redis;

import io.jobqueue.Recurring;
import io.jobqueue.RecurringSnapshot.Origin;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A recurring job as Redis stores it.
 *
 * @param after slots up to this one are done
 * @param paused since when it is paused, if it is
 * @param retired since when it is retired, if it is
 * @param last its last job, if it had one
 */
record StoredSchedule(
        String name,
        String text,
        String kind,
        Origin origin,
        Recurring.Missed missed,
        int limit,
        Recurring.Overlap overlap,
        Instant after,
        @Nullable Instant paused,
        @Nullable Instant retired,
        @Nullable LastJob last,
        long enqueued,
        long skipped) {

    /**
     * The last job.
     *
     * @param slot its slot, if it has one
     * @param open whether its end has not been seen yet
     * @param outcome how it ended, empty while it is open
     */
    record LastJob(
            String id,
            @Nullable Instant slot,
            boolean open,
            String outcome,
            @Nullable Instant ended,
            @Nullable String error) {}

    static StoredSchedule read(Reply reply) {
        String name = reply.text();
        String text = reply.text();
        String kind = reply.text();
        Origin origin = reply.text().equals("code") ? Origin.DECLARED : Origin.RUN_TIME;
        Recurring.Missed missed = constant(Recurring.Missed.class, reply.text(), Recurring.Missed.ONCE);
        int limit = Math.max(1, Reply.count(reply.text()));
        Recurring.Overlap overlap = constant(Recurring.Overlap.class, reply.text(), Recurring.Overlap.SKIP);
        Instant after = Instant.ofEpochMilli(Reply.wholeNumber(reply.text()));
        Instant paused = reply.instantOrNull();
        Instant retired = reply.instantOrNull();
        String id = reply.text();
        String slot = reply.text();
        boolean open = reply.text().equals("1");
        String outcome = reply.text();
        Instant ended = reply.instantOrNull();
        String error = reply.text();
        LastJob last = id.isEmpty()
                ? null
                : new LastJob(id, instant(slot), open, outcome, ended, error.isEmpty() ? null : error);
        return new StoredSchedule(
                name,
                text,
                kind,
                origin,
                missed,
                limit,
                overlap,
                after,
                paused,
                retired,
                last,
                Reply.wholeNumber(reply.text()),
                Reply.wholeNumber(reply.text()));
    }

    /** A slot as a script wrote it; {@code null} when it is none. */
    private static @Nullable Instant instant(String slot) {
        try {
            return slot.isEmpty() ? null : Instant.parse(slot);
        } catch (DateTimeParseException ex) {
            return null; // another client has damaged it
        }
    }

    private static <E extends Enum<E>> E constant(Class<E> type, String name, E otherwise) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().toLowerCase(Locale.ROOT).equals(name)) {
                return constant;
            }
        }
        return otherwise;
    }

    /** Whether its slots run. */
    boolean isActive() {
        return paused == null && retired == null;
    }
}
