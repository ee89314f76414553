package io.jobqueue.redis;

import io.jobqueue.Recurring.Missed;
import io.jobqueue.Schedule;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * The slots of a schedule that are due.
 *
 * @param upTo the latest slot that is due; all slots up to it count as done
 * @param run the slots that enqueue a job, oldest first
 * @param isLate whether slots were missed
 */
record DueSlots(Instant upTo, List<Instant> run, boolean isLate) {

    /** A slot that is later than this was missed. */
    static final Duration TOLERANCE = Duration.ofMinutes(1);

    /**
     * Finds the slots that are due.
     *
     * @param stored what was dealt with before, and what happens to missed slots
     * @param schedule the slots
     * @param now the time, by Redis's clock
     * @return empty when none is due
     */
    static Optional<DueSlots> find(StoredSchedule stored, Schedule schedule, Instant now) {
        int limit = stored.missed() == Missed.ALL ? stored.limit() : 1;
        List<Instant> slots = latest(schedule, stored.after(), now, limit);
        if (slots.isEmpty()) {
            return Optional.empty();
        }
        Instant last = slots.get(slots.size() - 1);
        boolean late = last.plus(TOLERANCE).isBefore(now);
        return Optional.of(new DueSlots(last, late && stored.missed() == Missed.SKIP ? List.of() : slots, late));
    }

    /**
     * The latest slots of a time, oldest first. Looks back over spans that grow, because months of slots may have
     * passed.
     *
     * @param after the slots are later than this
     * @param until and not later than this
     * @param most how many slots are wanted
     */
    static List<Instant> latest(Schedule schedule, Instant after, Instant until, int most) {
        for (Duration span = Duration.ofSeconds(1); ; span = span.multipliedBy(4)) {
            Instant start = until.minus(span);
            boolean isAll = !start.isAfter(after);
            List<Instant> slots = last(schedule, isAll ? after : start, until, most);
            if (isAll || slots.size() == most) {
                return slots;
            }
        }
    }

    private static List<Instant> last(Schedule schedule, Instant after, Instant until, int most) {
        Deque<Instant> slots = new ArrayDeque<>();
        for (Optional<Instant> slot = schedule.next(after);
                slot.isPresent() && !slot.get().isAfter(until);
                slot = schedule.next(slot.get())) {
            slots.add(slot.get());
            if (slots.size() > most) {
                slots.remove();
            }
        }
        return List.copyOf(slots);
    }
}
