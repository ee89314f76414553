package io.jobqueue.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Calls a method of any bean for each job that becomes a dead letter: to tell somebody, or to undo what the job began.
 *
 * <pre>{@code
 * @OnDeadLetter
 * void notSent(SendEmail mail, JobSnapshot job) {
 *     alerts.send(mail.recipient() + ": " + job.lastError());
 * }
 * }</pre>
 *
 * <p>The call is a job of its own, a {@link io.jobqueue.DeadLetterNotice}, which is enqueued once for each failure, also when
 * the process that saw the failure dies. So the method is a handler as {@link JobHandler} describes it: it takes the payload
 * of the dead letter, is called at least once, and is retried when it throws. It may take the dead letter as a
 * {@link io.jobqueue.JobSnapshot} too; then it is not called when the dead letter was discarded meanwhile. It is called for
 * dead letters on the queue of their kind, about a second after the failure. Dead letters that are older than the first such
 * method of a queue are left alone, and so are jobs that were discarded or cancelled.
 *
 * @since 0.1.0
 */
@Documented
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@JobHandler
public @interface OnDeadLetter {

    /**
     * The kind of the dead letters, or {@code *} for all kinds of the default queue that no other method is for. May be left
     * out when the payload's type carries {@link io.jobqueue.JobKind}. Resolves <code>${…}</code> placeholders.
     */
    String value() default "";
}
