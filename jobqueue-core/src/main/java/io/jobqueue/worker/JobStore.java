package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JsonText;
import io.jobqueue.QueueSettings;
import io.jobqueue.WorkOutputs;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The transitions of one queue's jobs, each of them atomic: the seam between the engine and Redis. Users need it to
 * build a {@link WorkerPool} without Spring; it may change between releases.
 *
 * <p>A future fails when the store cannot be reached or refuses the call as a whole; whether the transition happened is
 * then unknown, and only the token decides. Thread-safe.
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
     * Looks at a bounded part of the claimed jobs and takes back those whose lease is over; drops what retention does
     * not keep. After a time without sweeps it holds back for one lease, so that living workers can renew first.
     *
     * @param period how often the store is swept; three of them without a sweep are a gap
     */
    CompletableFuture<Sweep> sweep(Duration period);

    /**
     * Looks after runs: what other clients ended of them, what is due, what is overdue. A store without runs has nothing
     * to look after.
     *
     * @return what is to be told
     */
    default CompletableFuture<List<JobEvent>> tend() {
        return CompletableFuture.completedFuture(List.of());
    }

    /** Says that nobody tends any more, so that nothing is listened to for it. Does not wait. */
    default void stopTending() {}

    /**
     * Looks at a bounded part of all that is kept, and puts right what foreign hands did to it. A store that nobody else
     * can reach has nothing to put right.
     *
     * @param pace how long the store is left alone between two looks, whoever takes them; a look before its time does
     *     nothing
     */
    default CompletableFuture<Audit> audit(Duration pace) {
        return CompletableFuture.completedFuture(new Audit(List.of(), 0, false));
    }

    /**
     * Waits for a hint that jobs may be waiting. A hint goes to one waiting worker of all processes.
     *
     * @param timeout how long to wait at the most
     * @return completes with {@code true} on a hint, with {@code false} when the time is over
     */
    CompletableFuture<Boolean> hint(Duration timeout);

    /** Gives up waiting for a hint, if anybody waits. */
    void stopHints();

    /**
     * Writes what the unit of a claimed job has so far.
     *
     * @return {@code false} when the job is no longer the claim's; nothing was written then
     */
    default CompletableFuture<Boolean> putEarly(Claim claim, String output) {
        throw new UnsupportedOperationException("this store keeps no outputs");
    }

    /** What a step of a claimed job came to, if it was done. */
    default CompletableFuture<Optional<JsonText>> step(Claim claim, String name) {
        throw new UnsupportedOperationException("this store keeps no steps");
    }

    /**
     * Remembers what a step of a claimed job came to.
     *
     * @return {@code false} when the job is no longer the claim's; nothing was written then
     */
    default CompletableFuture<Boolean> putStep(Claim claim, String name, String value) {
        throw new UnsupportedOperationException("this store keeps no steps");
    }

    /** The outputs of a run. */
    default WorkOutputs<?> outputs(String runId, Type type) {
        throw new UnsupportedOperationException("this store keeps no outputs");
    }

    /**
     * What a claim brought.
     *
     * @param jobs the claims, perhaps none
     * @param more whether jobs are still waiting
     * @param nextDue how long until the next delayed job is due, or {@code null} when there is none
     * @param lost ids that were taken out because their job was gone
     * @param runs runs that ended, because jobs that were taken out were units of theirs
     */
    record Claims(
            List<Claim> jobs,
            boolean more,
            @Nullable Duration nextDue,
            List<String> lost,
            List<JobEvent.RunEnded> runs) {

        /** Copies the lists. */
        public Claims {
            jobs = List.copyOf(jobs);
            lost = List.copyOf(lost);
            runs = List.copyOf(runs);
        }

        /** A claim that ended no run. */
        public Claims(List<Claim> jobs, boolean more, @Nullable Duration nextDue, List<String> lost) {
            this(jobs, more, nextDue, lost, List.of());
        }

        /** Tells a listener what the claim found besides jobs. */
        public void tell(String queue, JobListener listener) {
            if (!lost.isEmpty()) {
                listener.on(new JobEvent.Lost(queue, lost));
            }
            runs.forEach(listener::on);
        }
    }

    /** How an attempt is to end. */
    enum Verb {
        /** Done, with a result. */
        COMPLETE,
        /** Failed; to be tried again after a delay, unless it was the last attempt. */
        RETRY,
        /** Failed for good. */
        FAIL,
        /** Handed back unspent. */
        RELEASE
    }

    /**
     * The end of one attempt.
     *
     * @param claim the attempt's claim
     * @param verb how it ends
     * @param text the result as a JSON object, or the error
     * @param output the output of a unit or a gather as plain JSON; empty when the job is neither, or the verb is not
     *     COMPLETE
     * @param delay how long a retry waits; zero puts the job straight back
     * @param maxAttempts the limit of attempts by the settings of kind and queue; the job's own stands above it
     */
    record Settlement(Claim claim, Verb verb, String text, String output, Duration delay, int maxAttempts) {

        private static final int REASON_LENGTH = 4096;

        /** How the error of a job begins that its handler discarded. */
        static final String DISCARDED = "discarded: ";

        /** The error of a job whose run was cancelled. */
        static final String CANCELLED = "cancelled: its run was cancelled";

        /** The error of a gather job whose run was opened anew. */
        static final String SUPERSEDED = "cancelled: its run was opened anew";

        /**
         * Why an attempt failed, as its job keeps it: the first 4,096 characters, with a question mark for each half of a
         * surrogate pair, because the driver writes no valid UTF-8 for those.
         */
        public static String reason(String words) {
            String kept = words.length() > REASON_LENGTH ? words.substring(0, REASON_LENGTH) : words;
            return new String(kept.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        }

        /**
         * What listeners hear once the store has answered.
         *
         * @param took how long the handler ran, zero when nobody knows
         */
        public JobEvent event(Answer answer, Duration took) {
            if (answer == Answer.REFUSED) {
                return new JobEvent.Refused(claim);
            }
            if (answer == Answer.FAILED) {
                return failed(took);
            }
            return switch (verb) {
                case COMPLETE -> new JobEvent.Completed(claim, took);
                case RETRY -> new JobEvent.Retried(claim, text, delay, took);
                case FAIL -> failed(took);
                case RELEASE -> new JobEvent.Released(claim);
            };
        }

        private JobEvent failed(Duration took) {
            String error =
                    switch (verb) {
                        case COMPLETE ->
                            "bad-output: the run did not accept the output; the job's last error tells why";
                        case RELEASE -> claim.gathers() == null ? CANCELLED : SUPERSEDED;
                        case RETRY, FAIL -> text;
                    };
            boolean unwanted = error.startsWith(DISCARDED) || error.equals(CANCELLED) || error.equals(SUPERSEDED);
            return new JobEvent.Failed(claim, error, unwanted, took);
        }
    }

    /** What became of one settlement. */
    enum Answer {
        /** The job was no longer the claim's; nothing was changed. */
        REFUSED,
        /** Settled as asked. */
        DONE,
        /** This very settlement had been made before; nothing was changed. */
        ALREADY,
        /** A retry or a completion that became a final failure. */
        FAILED
    }

    /**
     * What became of a batch.
     *
     * @param answers one for each settlement, in order
     * @param dropped how many dead letters retention dropped
     * @param runs runs that ended with it
     */
    record Settled(List<Answer> answers, long dropped, List<JobEvent.RunEnded> runs) {

        /** Copies the lists. */
        public Settled {
            answers = List.copyOf(answers);
            runs = List.copyOf(runs);
        }

        /** A settlement that ended no run. */
        public Settled(List<Answer> answers, long dropped) {
            this(answers, dropped, List.of());
        }

        /** Tells a listener what happened besides the answers. */
        public void tell(String queue, JobListener listener) {
            runs.forEach(listener::on);
            if (dropped > 0) {
                listener.on(new JobEvent.DeadLettersDropped(queue, dropped));
            }
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
        /** The job was no longer the claim's; nothing was changed. */
        LOST,
        /** The claim is good for as long as was asked. */
        HELD,
        /** The claim is good, but the run that the job is a unit of was cancelled, or the run that it gathers opened anew. */
        CANCELLED
    }

    /**
     * What one sweep did.
     *
     * @param reclaimed ids put back
     * @param died ids made dead letters, because they lost too many workers
     * @param lost ids taken out because their job was gone
     * @param dropped how many dead letters retention dropped
     * @param more whether the pass goes on with the next call
     * @param runs runs that ended with it
     * @param misplaced ids taken out because their job had ended already
     */
    record Sweep(
            List<String> reclaimed,
            List<String> died,
            List<String> lost,
            long dropped,
            boolean more,
            List<JobEvent.RunEnded> runs,
            List<String> misplaced) {

        /** Copies the lists. */
        public Sweep {
            reclaimed = List.copyOf(reclaimed);
            died = List.copyOf(died);
            lost = List.copyOf(lost);
            runs = List.copyOf(runs);
            misplaced = List.copyOf(misplaced);
        }

        /** A sweep that had to do with no run, and with no foreign hand. */
        public Sweep(List<String> reclaimed, List<String> died, List<String> lost, long dropped, boolean more) {
            this(reclaimed, died, lost, dropped, more, List.of(), List.of());
        }

        /** Tells a listener what the sweep did. */
        public void tell(String queue, JobListener listener) {
            if (!reclaimed.isEmpty()) {
                listener.on(new JobEvent.Reclaimed(queue, reclaimed));
            }
            if (!died.isEmpty()) {
                listener.on(new JobEvent.WorkerDied(queue, died));
            }
            if (!lost.isEmpty()) {
                listener.on(new JobEvent.Lost(queue, lost));
            }
            if (!misplaced.isEmpty()) {
                listener.on(new JobEvent.Repaired(queue, JobEvent.Damage.MISPLACED, misplaced));
            }
            if (dropped > 0) {
                listener.on(new JobEvent.DeadLettersDropped(queue, dropped));
            }
            runs.forEach(listener::on);
        }
    }

    /**
     * What one look of the audit put right.
     *
     * @param repaired what was damaged
     * @param dropped how many dead letters were deleted that stood in no list and that retention would not keep
     * @param more whether there is more to do at once
     */
    record Audit(List<JobEvent.Repaired> repaired, long dropped, boolean more) {

        /** Copies the list. */
        public Audit {
            repaired = List.copyOf(repaired);
        }

        /** Tells a listener what the audit did. */
        public void tell(String queue, JobListener listener) {
            repaired.forEach(listener::on);
            if (dropped > 0) {
                listener.on(new JobEvent.DeadLettersDropped(queue, dropped));
            }
        }
    }
}
