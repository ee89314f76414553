package io.jobqueue;

import org.jspecify.annotations.Nullable;

/**
 * The role of a job in a run. A job outside runs has none.
 *
 * @since 0.1.0
 */
public sealed interface RunPart {

    /**
     * The job does one unit of a run; its result is the unit's output.
     *
     * @param runId the run
     * @param unitId the unit
     */
    record Unit(String runId, String unitId) implements RunPart {}

    /**
     * The job gathers the outputs of a run whose units have all ended.
     *
     * @param runId the run
     */
    record Gather(String runId) implements RunPart {}

    /**
     * The payload of another producer names only one of run and unit, or uses characters that {@link Names} does not
     * allow. Workers fail the job as {@link FailureReason.Code#BAD_PAYLOAD}.
     *
     * @param runId the run as the payload names it, or {@code null}
     * @param unitId the unit as the payload names it, or {@code null}
     */
    record Invalid(@Nullable String runId, @Nullable String unitId) implements RunPart {}

    /**
     * The part of a job whose fields say this.
     *
     * @param runId the run that the job is a unit of, or {@code null}
     * @param unitId the unit, or {@code null}
     * @param gathers the run that the job gathers, or {@code null}
     * @return the part, or {@code null} when the job belongs to no run
     */
    static @Nullable RunPart of(@Nullable String runId, @Nullable String unitId, @Nullable String gathers) {
        if (gathers != null) {
            return new Gather(gathers);
        }
        if (runId == null && unitId == null) {
            return null;
        }
        return runId != null && unitId != null && Names.isRun(runId) && Names.isUnit(unitId)
                ? new Unit(runId, unitId)
                : new Invalid(runId, unitId);
    }

    /** Whether a completion of the job writes an output. */
    default boolean hasOutput() {
        return !(this instanceof Invalid);
    }
}
