package io.jobqueue;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a job or a queue. Listeners receive an event after Redis has confirmed it. The
 * {@code toString} of an event never shows a payload, a result or a token.
 *
 * @since 0.1.0
 */
public sealed interface JobEvent {

    /** The queue's name. */
    String queue();

    /** The job's kind, or {@code null} when it is unknown or the event is about many jobs. */
    default @Nullable String kind() {
        return null;
    }

    /** A job was created by this process. */
    record Enqueued(String queue, String kind, String id) implements JobEvent {}

    /**
     * Jobs whose transaction has ended could not be sent.
     *
     * @param ids the jobs
     * @param reason the class and the message of the failure
     * @param givenUp whether the jobs are lost; otherwise this process sends them again in the background
     */
    record SendFailed(String queue, List<String> ids, String reason, boolean givenUp) implements JobEvent {}

    /** What the events of one attempt have in common. */
    sealed interface OfAttempt extends JobEvent {

        /** The claim of the attempt. */
        Claim claim();

        @Override
        default String queue() {
            return claim().queue();
        }

        @Override
        default @Nullable String kind() {
            return claim().kind();
        }
    }

    /**
     * An attempt starts.
     *
     * @param claim its claim
     */
    record Started(Claim claim) implements OfAttempt {}

    /**
     * A job completed.
     *
     * @param took how long the handler ran
     */
    record Completed(Claim claim, Duration took) implements OfAttempt {}

    /**
     * An attempt failed and the job will be tried again.
     *
     * @param reason why; stored as the job's last error
     * @param delay how long the job waits for the next attempt
     * @param took how long the handler ran
     * @param thrown what the handler threw, with its causes, or {@code null} when it threw nothing
     */
    record Retried(Claim claim, FailureReason reason, Duration delay, Duration took, @Nullable Throwable thrown)
            implements OfAttempt {

        /** A retry without an exception. */
        public Retried(Claim claim, FailureReason reason, Duration delay, Duration took) {
            this(claim, reason, delay, took, null);
        }
    }

    /**
     * A job failed for good: it is a dead letter, or was discarded.
     *
     * @param reason why; stored as the job's last error
     * @param took how long the handler ran
     * @param thrown what the handler threw in its last attempt, with its causes, or {@code null} when it threw nothing
     */
    record Failed(Claim claim, FailureReason reason, Duration took, @Nullable Throwable thrown) implements OfAttempt {

        /** A failure without an exception. */
        public Failed(Claim claim, FailureReason reason, Duration took) {
            this(claim, reason, took, null);
        }

        /** Whether nobody wants the job any more: its handler discarded it, or it was cancelled, or its run. */
        public boolean discarded() {
            return reason.code() == FailureReason.Code.DISCARDED || reason.code() == FailureReason.Code.CANCELLED;
        }
    }

    /** A job was handed back unspent, because its worker stops. */
    record Released(Claim claim) implements OfAttempt {}

    /**
     * A handler snoozed its job: the attempt was given back, and the job waits.
     *
     * @param delay how long the job waits
     * @param took how long the handler ran
     */
    record Snoozed(Claim claim, Duration delay, Duration took) implements OfAttempt {}

    /**
     * A job was handed back unspent, because its worker does not know the kind or cannot read the payload. It waits for
     * a worker of another version.
     *
     * @param reason why; stored as the job's last error
     */
    record Unknown(Claim claim, FailureReason reason) implements OfAttempt {}

    /** The job was taken from its worker, which was silent for longer than its lease; the handler is interrupted. */
    record LeaseLost(Claim claim) implements OfAttempt {}

    /** What an attempt wanted to settle was refused, because the job was no longer its own. */
    record Refused(Claim claim) implements OfAttempt {}

    /** A handler ignored its time limit and the interrupt; the attempt was failed without waiting for it. */
    record Stuck(Claim claim) implements OfAttempt {}

    /**
     * A worker of this process met the first job of a kind that it does not know, or whose payload it cannot read. Told
     * once for each kind and queue.
     *
     * @param kind the kind; it may be any text, because other applications and clients choose it
     * @param reason why the worker cannot handle the job
     * @param unknownFor how long jobs of the kind are handed back before they become dead letters
     * @param knownKinds the kinds that have a handler on the queue
     */
    record UnknownKind(String queue, String kind, FailureReason reason, Duration unknownFor, Set<String> knownKinds)
            implements JobEvent {

        /** Copies the kinds. */
        public UnknownKind {
            knownKinds = Set.copyOf(knownKinds);
        }
    }

    /** A sweep put jobs back whose workers were silent for longer than their lease. */
    record Reclaimed(String queue, List<String> ids) implements JobEvent {}

    /** A sweep made dead letters of jobs that lost too many workers. */
    record WorkerDied(String queue, List<String> ids) implements JobEvent {}

    /** Jobs ended because no worker had started them in time; see {@link JobRequest#expiresIn}. */
    record Expired(String queue, List<String> ids) implements JobEvent {

        /** Copies the ids. */
        public Expired {
            ids = List.copyOf(ids);
        }
    }

    /** A job that waited was cancelled; see {@link JobQueue#cancel}. A cancelled attempt is told as {@link Failed}. */
    record Cancelled(String queue, String id) implements JobEvent {}

    /**
     * The sweep removed ids whose hash or payload was missing at two looks, at least one lease apart. An eviction or another
     * client deleted it.
     */
    record Lost(String queue, List<String> ids) implements JobEvent {}

    /**
     * A run ended by a step of this process. Told at most once, and by no other process: put work that must happen at
     * the end of a run into its gather job.
     *
     * @param runId the run
     * @param state how it ended
     */
    record RunEnded(String queue, String runId, JobRun.State state) implements JobEvent {}

    /** A live run was quiet for longer than its deadline; found by a sweep. */
    record RunOverdue(String queue, String runId) implements JobEvent {}

    /**
     * The audit or a sweep repaired damage by other clients.
     *
     * @param damage what was wrong
     * @param ids the jobs concerned
     */
    record Repaired(String queue, Damage damage, List<String> ids) implements JobEvent {}

    /** The kinds of damage that other clients do to a queue. */
    enum Damage {
        /** A job stood in no list. It was put back where its status says. */
        UNLISTED,
        /** An id stood in a list that was not its job's. It was taken out of it. */
        MISPLACED,
        /** An id was in a list more than once. Now it is there once. */
        DOUBLED,
        /** A status agreed with no list. It was set to the status of the list that contains the job. */
        STATUS,
        /** A job that has not ended would have expired. The time to live was removed. */
        EXPIRING,
        /** Fields had invalid numbers or a wrong id. They were set again or removed. */
        FIELDS,
        /** What stood in no list and was no job. It was deleted. */
        REMAINS,
        /**
         * An ended job stood in no history; guide clients cut histories to 50. It was put back, or deleted when
         * retention would not keep it.
         */
        TRIMMED,
        /** An id in a history had no job; those that guide clients end expire there. It was removed. */
        HISTORY;

        /** Whether clients of the public guide leave this behind whenever they end jobs. */
        public boolean isUsual() {
            return this == TRIMMED || this == HISTORY;
        }
    }

    /** This process paused the queue for all workers. */
    record Paused(String queue) implements JobEvent {}

    /** This process resumed the queue. */
    record Resumed(String queue) implements JobEvent {}

    /** This process paused a kind of the queue for all workers. */
    record KindPaused(String queue, String kind) implements JobEvent {}

    /** This process resumed a kind of the queue. */
    record KindResumed(String queue, String kind) implements JobEvent {}

    /** Retention dropped dead letters. */
    record DeadLettersDropped(String queue, long count) implements JobEvent {}
}
