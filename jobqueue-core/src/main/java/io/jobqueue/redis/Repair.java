package io.jobqueue.redis;

import io.jobqueue.JobEvent.Damage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One repair, as {@code upkeep/repair.lua} carries it out: only if the job is still in the state in which it was judged and
 * stands where it was seen.
 *
 * @param damage what listeners are told, {@code null} when the sweep will tell it
 * @param act what is done
 * @param place the place concerned, {@code null} when the job stands nowhere
 * @param id the id
 * @param state the state of the job, see {@link AuditedJob#state()}
 * @param fields for {@link Act#MEND}: pairs of a field and its new value, an empty value removes the field
 */
record Repair(@Nullable Damage damage, Act act, @Nullable Place place, String id, String state, List<String> fields) {

    /** What is done to a job. */
    enum Act {
        /** Removes the time to live of a job that has not ended, and sets fields anew. */
        MEND,
        /** Gives a delayed job a due time that is a number. */
        RESCHEDULE,
        /** Takes the id out of the place. */
        TAKE_OUT,
        /** Takes the id out of the place, if it stands in one, and gives it to the sweep. */
        HAND_OVER,
        /** Takes out all copies of the id but one. */
        TAKE_OUT_COPIES,
        /** Sets the status that the place stands for. */
        FOLLOW_PLACE,
        /** Puts the id where the status says. */
        LIST,
        /** Puts an ended job back into its history, at the old end. */
        PUT_BACK,
        /** Lets a cancelled job expire that does not stand in {@code pending} any more. */
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
