package io.jobqueue.spring;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties of one kind of job, below {@code jobqueue.kinds.<kind>}. A property that is not set falls back to the
 * annotation of the handler, then to the queue of the kind.
 *
 * @param queue Queue that the kind is routed to.
 * @param maxAttempts Number of attempts that a job of the kind has in all, at least 1.
 * @param timeout Time that one attempt may run before it is interrupted.
 * @param unknownFor Time that a job of the kind is handed back when this application cannot handle it. Needs no
 *     handler.
 * @param retry Waits between attempts.
 */
record KindProperties(
        @Nullable String queue,
        @Nullable Integer maxAttempts,
        @Nullable Duration timeout,
        @Nullable Duration unknownFor,
        @DefaultValue JobQueueProperties.Backoff retry) {}
