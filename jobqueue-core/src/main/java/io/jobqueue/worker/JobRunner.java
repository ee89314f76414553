package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.FailureReason.Code;
import io.jobqueue.Job;
import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobOutcome;
import io.jobqueue.QueueSettings;
import io.jobqueue.Redactor;
import io.jobqueue.RetryPolicy;
import io.jobqueue.RunPart;
import io.jobqueue.TooLargeException;
import io.jobqueue.UnreadableJsonException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Runs one attempt and decides how it is settled. Only this class turns an exception of a handler into a settlement.
 */
final class JobRunner {

    private final Handlers handlers;
    private final QueueSettings settings;
    private final JobCodec codec;
    private final JobListener listener;
    private final UnknownJobs unknown;
    private final ErrorTexts texts;

    JobRunner(
            Handlers handlers,
            QueueSettings settings,
            JobCodec codec,
            JobListener listener,
            UnknownJobs unknown,
            Redactor redactor) {
        this.handlers = handlers;
        this.settings = settings;
        this.codec = codec;
        this.listener = listener;
        this.unknown = unknown;
        this.texts = new ErrorTexts(redactor, settings.errors().maxSize());
    }

    /** The limit of the attempts of a claimed job, by its kind's policy, or else the queue's. */
    int maxAttempts(Claim claim) {
        return claim.maxAttempts(retry(claim));
    }

    Optional<Handler> handler(Claim claim) {
        return handlers.find(claim.kind());
    }

    private RetryPolicy retry(Claim claim) {
        return handler(claim).map(Handler::retry).orElse(settings.retry());
    }

    /** Runs the attempt. Throws nothing, so that every attempt has an end. */
    Settlement run(Attempt attempt) {
        try {
            return attempted(attempt);
        } catch (Throwable ex) {
            return attempt.broken();
        }
    }

    private Settlement attempted(Attempt attempt) {
        Claim claim = attempt.claim();
        Optional<Handler> handler = handler(claim);
        if (handler.isEmpty()) {
            return unknown.kind(claim);
        }
        if (claim.attempt() > attempt.maxAttempts()) {
            // the last attempt's worker died, or the limit was lowered meanwhile
            return fail(
                    claim,
                    Code.WORKER_DIED,
                    "attempt %s would be over the limit of %s".formatted(claim.attempt(), attempt.maxAttempts()));
        }
        if (claim.runPart() instanceof RunPart.Invalid) {
            return fail(claim, Code.BAD_PAYLOAD, "run_id and unit_id must both be there and be valid");
        }
        Map<String, String> before = MDC.getCopyOfContextMap();
        MDC.put("job", claim.queue() + "/" + claim.id());
        MDC.put("jobKind", handler.get().kind());
        MDC.put("jobAttempt", String.valueOf(claim.attempt()));
        try {
            return handled(attempt, handler.get());
        } finally {
            // removes the keys of the handler, and keeps those of the thread
            if (before == null) {
                MDC.clear();
            } else {
                MDC.setContextMap(before);
            }
        }
    }

    private Settlement handled(Attempt attempt, Handler handler) {
        Claim claim = attempt.claim();
        boolean returned = false;
        try {
            Object payload = claim.payload().as(handler.payloadType());
            listener.on(new JobEvent.Started(claim));
            Job<?> job =
                    new Job<>(claim.id(), handler.kind(), payload, claim.attempt(), claim.fence(), claim.headers());
            Object value;
            if (!attempt.begin()) {
                return release(claim);
            }
            try {
                value = handler.function().handle(job, attempt);
            } finally {
                attempt.handlerDone();
            }
            returned = true;
            JobOutcome outcome = value instanceof JobOutcome said ? said : JobOutcome.completed(value);
            return settlement(attempt, handler, outcome, null);
        } catch (Throwable ex) {
            return returned ? badResult(attempt, ex) : failure(attempt, handler, ex);
        }
    }

    /**
     * The settlement that a handler asked for.
     *
     * @param thrown why the handler asked for it: the cause of the exception that carried the outcome, or what wrapped
     *     that exception; {@code null} when there is none
     */
    private Settlement settlement(Attempt attempt, Handler handler, JobOutcome outcome, @Nullable Throwable thrown) {
        Claim claim = attempt.claim();
        if (outcome instanceof JobOutcome.Completed completed) {
            JobCodec.Result result = codec.result(
                    completed.value(), handler.resultType(), settings.result().maxSize());
            return new Settlement.Complete(claim, result.object(), claim.hasOutput() ? result.output() : "");
        }
        if (outcome instanceof JobOutcome.RetryIn again) {
            return new Settlement.Retry(
                    claim,
                    FailureReason.handler(texts.redacted(again.reason())),
                    again.delay(),
                    attempt.maxAttempts(),
                    cause(thrown));
        }
        if (outcome instanceof JobOutcome.Snooze snooze) {
            return new Settlement.Snooze(claim, snooze.delay());
        }
        if (outcome instanceof JobOutcome.Discard discard) {
            return fail(claim, Code.DISCARDED, texts.redacted(discard.reason()), thrown);
        }
        return fail(claim, Code.HANDLER, texts.redacted(((JobOutcome.DeadLetter) outcome).reason()), thrown);
    }

    private Settlement failure(Attempt attempt, Handler handler, Throwable thrown) {
        Claim claim = attempt.claim();
        if (thrown instanceof UnreadableJsonException unreadable && !attempt.hasBegun()) {
            return unknown.payload(claim, handler.kind(), unreadable);
        }
        JobOutcome.Thrown said =
                ErrorTexts.find(thrown, Set.of(JobOutcome.Thrown.class)) instanceof JobOutcome.Thrown found
                        ? found
                        : null;
        if (said != null) {
            try {
                return settlement(attempt, handler, said.outcome(), thrown == said ? ErrorTexts.causeOf(said) : thrown);
            } catch (Throwable ex) {
                return badResult(attempt, ex);
            }
        }
        if (thrown instanceof HandBackException) {
            return release(claim);
        }
        if (attempt.interruption() == Interruption.TIMED_OUT) {
            return timedOut(attempt, thrown);
        }
        if (attempt.interruption() != null || attempt.isCancelled()) {
            // After a lost lease this is refused, unless nobody took the job and only Redis was away. After a cancel it
            // becomes a failure, unless the run was started again meanwhile.
            return release(claim);
        }
        String error = texts.words(thrown);
        return ErrorTexts.find(thrown, handler.nonRetryable()) == null
                ? retry(attempt, Code.HANDLER, error, thrown)
                : fail(claim, Code.HANDLER, error, thrown);
    }

    /**
     * The failed attempt of a handler that was, or had to be, stopped by its time limit.
     *
     * @param thrown what the handler threw when it was interrupted, or {@code null} when it ignores the interrupt
     */
    Settlement timedOut(Attempt attempt, @Nullable Throwable thrown) {
        return retry(attempt, Code.TIMED_OUT, "ran longer than " + attempt.allowed(), thrown);
    }

    static Settlement release(Claim claim) {
        return new Settlement.Release(claim);
    }

    private Settlement.@Nullable Cause cause(@Nullable Throwable thrown) {
        return thrown == null ? null : texts.cause(thrown);
    }

    private Settlement retry(Attempt attempt, Code code, String words, @Nullable Throwable thrown) {
        Claim claim = attempt.claim();
        Duration delay = claim.backoff(retry(claim)).delayAfter(claim.attempt(), ThreadLocalRandom.current());
        return new Settlement.Retry(claim, new FailureReason(code, words), delay, attempt.maxAttempts(), cause(thrown));
    }

    private Settlement fail(Claim claim, Code code, String words) {
        return fail(claim, code, words, null);
    }

    private Settlement fail(Claim claim, Code code, String words, @Nullable Throwable thrown) {
        return new Settlement.Fail(claim, new FailureReason(code, words), cause(thrown));
    }

    /**
     * The work is done, and doing it again would not make its result writable, unless there was no memory to write it.
     */
    private Settlement badResult(Attempt attempt, Throwable thrown) {
        Code code = thrown instanceof TooLargeException ? Code.RESULT_TOO_LARGE : Code.BAD_RESULT;
        String words = thrown instanceof IllegalArgumentException
                ? texts.redacted(String.valueOf(thrown.getMessage()))
                : texts.words(thrown);
        return ErrorTexts.find(thrown, Set.of(OutOfMemoryError.class)) == null
                ? fail(attempt.claim(), code, words, thrown)
                : retry(attempt, code, words, thrown);
    }
}
