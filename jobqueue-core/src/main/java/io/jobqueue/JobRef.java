package io.jobqueue;

/**
 * The result of an enqueue.
 *
 * @param queue the name of the queue that holds the job
 * @param id the job's id
 * @param state whether this call created the job
 * @since 0.1.0
 */
public record JobRef(String queue, String id, State state) {

    /** What the enqueue did. */
    public enum State {
        /** The job is new. */
        CREATED,
        /** A job of this id existed; nothing was changed. */
        EXISTING,
        /**
         * The job does not exist yet and will be created later, as the gather job of a run is, or a job that waits for
         * the commit of its transaction.
         */
        DEFERRED
    }

    /** Whether this call created the job. */
    public boolean isCreated() {
        return state == State.CREATED;
    }
}
