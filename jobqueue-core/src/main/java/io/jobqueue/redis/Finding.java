package io.jobqueue.redis;

import org.jspecify.annotations.Nullable;

/**
 * The verdict of the audit on one job.
 *
 * @param suspicion the suspicion to confirm one lease later, {@code null} when there is none
 * @param repair the repair, {@code null} when the job is not damaged or a walk over the lists must prove the damage
 *     first
 */
record Finding(@Nullable Suspicion suspicion, @Nullable Repair repair) {

    /** Nothing is wrong. */
    static final Finding SOUND = new Finding(null, null);

    /** No step of any client leaves this behind, so it is repaired at once. */
    static Finding damaged(Repair repair) {
        return new Finding(null, repair);
    }

    /** It may be on its way between two steps of a guide client. */
    static Finding suspicious(Suspicion suspicion, Repair repair) {
        return new Finding(suspicion, repair);
    }

    /** It depends on lists that are too long to be read at once. */
    static Finding unproven(Suspicion suspicion) {
        return new Finding(suspicion, null);
    }

    boolean isSound() {
        return suspicion == null && repair == null;
    }
}
