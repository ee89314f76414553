package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.FailureReason.Code;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.UnreadableJsonException;
import java.time.Duration;

/**
 * Decides how to settle a job that a worker cannot handle, because it has no handler for the kind or cannot read the
 * payload. During a rolling deployment a worker of another version may be able to, so the job is handed back. A job
 * that no version can handle becomes a dead letter.
 */
final class UnknownJobs {

    private final Handlers handlers;
    private final Duration unknownFor;
    private final UnknownKinds met;
    private final JobListener listener;

    /**
     * Makes the decisions of one queue.
     *
     * @param unknownFor how long a job is handed back whose kind has no time of its own
     * @param met the unknown kinds of this process
     */
    UnknownJobs(Handlers handlers, Duration unknownFor, UnknownKinds met, JobListener listener) {
        this.handlers = handlers;
        this.unknownFor = unknownFor;
        this.met = met;
        this.listener = listener;
    }

    /** The settlement of a job whose kind has no handler. */
    Settlement kind(Claim claim) {
        String kind = claim.kind();
        if (kind == null) {
            return fail(
                    claim,
                    Code.UNKNOWN_KIND,
                    "the payload is no JSON object that names a kind; enqueue it with a text field 'kind'");
        }
        return handBack(
                claim,
                kind,
                Code.UNKNOWN_KIND,
                "no handler for kind '%s' on queue '%s'; start a worker that has one, and requeue the job if it has failed"
                        .formatted(kind, claim.queue()));
    }

    /**
     * The settlement of a job whose handler cannot read the payload.
     *
     * @param kind the kind of the handler
     */
    Settlement payload(Claim claim, String kind, UnreadableJsonException thrown) {
        String words = "the payload of kind '%s' %s".formatted(kind, thrown.getMessage());
        return thrown.mayFitAnotherVersion()
                ? handBack(
                        claim,
                        kind,
                        Code.BAD_PAYLOAD,
                        words + "; start a worker of the version that wrote it, and requeue the job if it has failed")
                : fail(claim, Code.BAD_PAYLOAD, words);
    }

    private static Settlement fail(Claim claim, Code code, String words) {
        return new Settlement.Fail(claim, new FailureReason(code, words));
    }

    private Settlement handBack(Claim claim, String kind, Code code, String words) {
        FailureReason reason = new FailureReason(code, words);
        Duration time = handlers.unknownFor(kind).orElse(unknownFor);
        if (met.add(claim.queue(), kind)) {
            listener.on(new JobEvent.UnknownKind(claim.queue(), kind, reason, time, handlers.kinds()));
        }
        return new Settlement.Unknown(claim, reason, time);
    }
}
