package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.QueueSettings;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Claims, settles and renews the jobs of one queue; each operation is atomic. It separates the engine from Redis. Users
 * need it to build a {@link WorkerPool} without Spring; it may change between releases.
 *
 * <p>A future fails when the store cannot be reached or refuses the call as a whole. The caller then cannot know
 * whether the operation took effect. Repeating it is safe, because Redis checks the token of the claim. Thread-safe.
 *
 * @since 0.1.0
 */
public interface JobStore {

    /** The queue's name. */
    String queue();

    /** The queue's settings. */
    QueueSettings settings();

    /** How payloads and results are written. */
    JobCodec codec();

    /**
     * Claims jobs, oldest first, due delayed jobs included. Takes what there is and does not wait.
     *
     * @param max how many at the most, 0 or more; a call with 0 passes a hint on to another worker
     */
    CompletableFuture<Claims> claim(int max);

    /** Ends attempts. Each entry is settled or refused for itself. */
    CompletableFuture<Settled> settle(List<Settlement> batch);

    /**
     * Renews claims.
     *
     * @return what became of each renewal
     */
    CompletableFuture<List<Renewed>> extend(List<Renewal> renewals);

    /**
     * What a claim brought.
     *
     * @param jobs the claims, perhaps none
     * @param more whether jobs are still waiting
     * @param nextDue how long until the next delayed job is due, or {@code null} when there is none
     * @param events further events for the listeners: jobs that have expired, runs that ended with them
     */
    record Claims(List<Claim> jobs, boolean more, @Nullable Duration nextDue, List<JobEvent> events) {

        /** Copies the lists. */
        public Claims {
            jobs = List.copyOf(jobs);
            events = List.copyOf(events);
        }
    }

    /**
     * What became of a batch.
     *
     * @param answers one for each settlement, in order
     * @param events further events for the listeners: runs that ended, dead letters that retention dropped
     */
    record Settled(List<Settlement.Answer> answers, List<JobEvent> events) {

        /** Copies the lists. */
        public Settled {
            answers = List.copyOf(answers);
            events = List.copyOf(events);
        }
    }

    /**
     * The renewal of one claim.
     *
     * @param claim the claim
     * @param lease how long from now it is to be good; an earlier, longer promise stays
     */
    record Renewal(Claim claim, Duration lease) {}

    /** What became of a renewal. */
    enum Renewed {
        /** The claim no longer owned the job; nothing was changed. */
        LOST,
        /** The claim is good for at least the time that was asked for. */
        HELD,
        /**
         * The claim is good, but the job was cancelled, or the run that it is a unit of, or the run that it gathers was opened
         * anew.
         */
        CANCELLED
    }
}
