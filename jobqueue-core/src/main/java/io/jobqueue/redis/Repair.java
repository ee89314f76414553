package io.jobqueue.redis;

import io.jobqueue.JobEvent.Damage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One repair by {@code upkeep/repair.lua}. The script carries it out only if the job has the same state and place as
 * when it was judged.
 *
 * @param damage the damage that listeners receive, {@code null} when the sweep will report it
 * @param act what to do
 * @param place the place of the job, {@code null} when it is in none
 * @param id the id
 * @param state the state of the job, see {@link AuditedJob#state()}
 * @param fields for {@link Act#MEND}: pairs of a field and its new value, an empty value removes the field
 */
record Repair(@Nullable Damage damage, Act act, @Nullable Place place, String id, String state, List<String> fields) {

    /** What is done to a job. */
    enum Act {
        /** Removes the time to live of a job that has not ended, and sets fields again. */
        MEND,
        /** Gives a delayed job a due time that is a number. */
        RESCHEDULE,
        /** Takes the id out of the place. */
        TAKE_OUT,
        /** Removes the id from its place, if it has one, and passes it to the sweep. */
        HAND_OVER,
        /** Takes out all copies of the id but one. */
        TAKE_OUT_COPIES,
        /** Sets the status that belongs to the place. */
        FOLLOW_PLACE,
        /** Puts the id where the status says. */
        LIST,
        /** Puts an ended job back into its history, at the old end. */
        PUT_BACK,
        /** Lets a cancelled job expire that is no longer in {@code pending}. */
        LET_EXPIRE,
        /** Deletes the key. */
        DELETE
    }

    Repair {
        fields = List.copyOf(fields);
    }

    static Repair of(@Nullable Damage damage, Act act, @Nullable Place place, AuditedJob job) {
        return new Repair(damage, act, place, job.id(), job.state(), List.of());
    }
}
