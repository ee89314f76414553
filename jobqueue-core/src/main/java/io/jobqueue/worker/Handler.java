package io.jobqueue.worker;

import io.jobqueue.Names;
import io.jobqueue.RetryPolicy;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Set;

/**
 * The handler of one kind, with its retries and its time limit.
 *
 * @param kind the kind
 * @param payloadType the type that the payload is read into
 * @param resultType the declared type of the handler's result, with its generics, which decides how the result is
 *     written; {@code Object.class} to use the type of the value
 * @param retry when failed attempts are tried again
 * @param timeLimit how long one attempt may run before it is interrupted
 * @param nonRetryable exceptions after which the job is not retried, including their subclasses; they also count as the
 *     cause of another exception
 * @param function the work
 * @since 0.1.0
 */
public record Handler(
        String kind,
        Type payloadType,
        Type resultType,
        RetryPolicy retry,
        Duration timeLimit,
        Set<Class<? extends Throwable>> nonRetryable,
        JobFunction function) {

    /** A handler whose results are written by the type of their values. */
    public Handler(
            String kind,
            Type payloadType,
            RetryPolicy retry,
            Duration timeLimit,
            Set<Class<? extends Throwable>> nonRetryable,
            JobFunction function) {
        this(kind, payloadType, Object.class, retry, timeLimit, nonRetryable, function);
    }

    /** Refuses a time limit that is not positive, and a name that no kind can have. */
    public Handler {
        Names.kind(kind);
        if (timeLimit.isNegative() || timeLimit.isZero()) {
            throw new IllegalArgumentException(
                    "the time limit of kind '%s' must be positive, was %s".formatted(kind, timeLimit));
        }
        nonRetryable = Set.copyOf(nonRetryable);
    }
}
