package io.jobqueue.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.aot.hint.annotation.Reflective;

/**
 * Makes a method of any bean the handler of one kind of job. The application then runs a pool of workers for the queue
 * that the kind is routed to.
 *
 * <pre>{@code
 * @Component
 * class Mailer {
 *
 *     @JobHandler("email")
 *     Receipt send(SendEmail mail, JobContext context) { … }
 * }
 * }</pre>
 *
 * <p>The method takes, in any order and each at most once:
 *
 * <ul>
 *   <li>the payload: a record, bean or map that the job's JSON object is read into, generic types included; or
 *       {@link io.jobqueue.Job Job&lt;SendEmail&gt;}, which is the payload with id, attempt, fence and headers;
 *   <li>the {@link io.jobqueue.JobContext} of the attempt;
 *   <li>{@link io.jobqueue.WorkOutputs WorkOutputs&lt;Report&gt;}: the outputs of the units of a run, in the handler of
 *       its {@linkplain io.jobqueue.JobRunOptions#gather gather} job.
 * </ul>
 *
 * <p>It may take none of them. A normal return completes the job. The returned value is written as JSON and becomes the
 * job's result; {@code void} and {@code null} mean no result. A returned {@link io.jobqueue.JobOutcome} decides how the
 * attempt ends. An exception fails the attempt, which is retried by the policy of its kind. The method must not be
 * private or static, and must return when the work is done: {@code @Async} methods, futures and reactive types are
 * refused.
 *
 * <p>The annotation also works on interface methods, inherited methods and proxied beans, and as a meta-annotation. The
 * application does not start if two methods handle the same kind, even on different queues.
 *
 * <p>All texts resolve <code>${…}</code> placeholders. The properties below {@code jobqueue.kinds.<kind>} override the
 * annotation, and the enqueued {@link io.jobqueue.JobRequest} overrides both.
 *
 * @since 0.1.0
 */
@Documented
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Reflective(JobHandlerReflectiveProcessor.class)
public @interface JobHandler {

    /**
     * The kind of job that the method handles, for example {@code "email"}; see {@link io.jobqueue.Names#kind(String)}.
     * May be left out when the payload's type carries {@link io.jobqueue.JobKind}, and must equal it otherwise.
     */
    String value() default "";

    /** The queue that the kind is routed to; {@code jobqueue.default-queue} when empty. */
    String queue() default "";

    /** How often a job is tried in all, at least 1; {@code jobqueue.retry.max-attempts} of the queue when empty. */
    String maxAttempts() default "";

    /**
     * How long one attempt may run before it is interrupted, for example {@code "30s"} or {@code "PT5M"}; a bare number
     * is in milliseconds. {@code jobqueue.worker.max-run-time} of the queue when empty.
     */
    String timeout() default "";

    /**
     * Exceptions, subclasses and causes included, after which the job becomes a dead letter at once, because trying
     * again would not help.
     */
    Class<? extends Throwable>[] noRetryFor() default {};
}
