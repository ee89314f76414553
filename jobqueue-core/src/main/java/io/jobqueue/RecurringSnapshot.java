package io.jobqueue;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A recurring job at one instant, read from Redis.
 *
 * @param queue the queue's name
 * @param name the name of the recurring job
 * @param schedule the {@linkplain Schedule#text() text} of the schedule
 * @param kind the kind of the slots' jobs
 * @param origin where its definition comes from
 * @param state whether its slots run
 * @param since when it was paused or retired; {@code null} when it is active
 * @param missed what happens to missed slots
 * @param overlap what happens while an earlier job has not ended
 * @param nextSlots the next slots, at most five; none while it is paused or retired, or when this application cannot
 *     read the schedule
 * @param last its last job, {@code null} when it had none yet
 * @param enqueued how many jobs it has enqueued, including triggered ones
 * @param skipped how many slots were skipped because an earlier job had not ended
 * @since 0.1.0
 */
public record RecurringSnapshot(
        String queue,
        String name,
        String schedule,
        String kind,
        Origin origin,
        State state,
        @Nullable Instant since,
        Recurring.Missed missed,
        Recurring.Overlap overlap,
        List<Instant> nextSlots,
        @Nullable Last last,
        long enqueued,
        long skipped) {

    /** Copies the list. */
    public RecurringSnapshot {
        nextSlots = List.copyOf(nextSlots);
    }

    /** Where the definition of a recurring job comes from. */
    public enum Origin {
        /** Instances of the application declare it, by code or by properties. */
        DECLARED,
        /** It was {@linkplain RecurringJobs#put put} at run time. */
        RUN_TIME
    }

    /** Whether the slots run. */
    public enum State {
        /** They run. */
        ACTIVE,
        /** An operator paused it. Slots that pass meanwhile are not made up for. */
        PAUSED,
        /** No instance declares it any more. It becomes active again when an instance does. */
        RETIRED
    }

    /**
     * The last job. It stays known when the job itself has left the queue's history.
     *
     * @param id the job's id
     * @param slot its slot; {@code null} when it was triggered
     * @param outcome how it ended
     * @param endedAt when it ended; {@code null} while it has not, and when that is not known
     * @param error why it failed, at most 500 bytes; {@code null} when it did not
     */
    public record Last(
            String id, @Nullable Instant slot, Outcome outcome, @Nullable Instant endedAt, @Nullable String error) {}

    /** How the last job ended. */
    public enum Outcome {
        /** It has not ended. */
        OPEN,
        /** It completed. */
        COMPLETED,
        /** It failed for good. */
        FAILED,
        /** It was gone before its end was seen: purged, or dropped by a retention of less than a second. */
        GONE
    }
}
