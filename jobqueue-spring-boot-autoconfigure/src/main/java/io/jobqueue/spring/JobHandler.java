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
 *   <li>the {@link io.jobqueue.JobContext}, to ask and say something about the attempt;
 *   <li>{@link io.jobqueue.WorkOutputs WorkOutputs&lt;Report&gt;}: what the units of a run came to, in the handler of its
 *       {@linkplain io.jobqueue.JobRunOptions#gather gather} job.
 * </ul>
 *
 * <p>It may take none of them. A normal return completes the job: a value is written as JSON and becomes the job's result,
 * {@code void} or {@code null} stands for none, and a {@link io.jobqueue.JobOutcome} says how the attempt ends. An
 * exception fails the attempt, which is retried by the policy of its kind. The method must not be private or static,
 * and must return when the work is done: {@code @Async} methods, futures and reactive types are refused.
 *
 * <p>Annotated interface methods, inherited methods and proxied beans are found; the annotation can be used as a
 * meta-annotation. Two methods for the same kind stop the start of the application, also when their queues differ.
 *
 * <p>All texts resolve <code>${…}</code> placeholders. The properties below {@code jobqueue.kinds.<kind>} stand above what
 * the annotation says, and what the enqueued {@link io.jobqueue.JobRequest} says stands above both.
 *
 * @since 0.1.0
 */
@Documented
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Reflective(JobHandlerReflectiveProcessor.class)
public @interface JobHandler {

    /**
     * The kind of job that the method handles, for example {@code "email"}; see {@link io.jobqueue.Names#kind(String)}. May
     * be left out when the payload's type carries {@link io.jobqueue.JobKind}, and must equal it otherwise.
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
