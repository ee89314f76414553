package io.jobqueue.spring;

import io.jobqueue.Recurring;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Runs a method of any bean repeatedly, as a job. However many instances the application has, each slot of the schedule
 * runs once.
 *
 * <pre>{@code
 * @RecurringJob(cron = "0 0 3 * * *", zone = "Europe/Berlin")
 * void nightly() { … }
 *
 * @RecurringJob(every = "10m")
 * void refresh(JobContext context) { … context.headers().get(Recurring.SLOT_HEADER) … }
 * }</pre>
 *
 * <p>The method is a handler as {@link JobHandler} describes it, for a kind with the name of the recurring job. If the
 * method also has {@code @JobHandler("kind")}, it handles that kind, which producers can enqueue as well. The jobs of
 * slots have no payload, so a payload type must be readable from an empty object.
 *
 * <p>All texts resolve <code>${…}</code> placeholders. The properties below {@code jobqueue.recurring.<name>} override
 * the annotation. The application does not start if two methods have the same name, if an expression cannot be read, or
 * if a zone is unknown.
 *
 * @since 0.1.0
 */
@Documented
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@JobHandler
public @interface RecurringJob {

    /** The name, see {@link io.jobqueue.Names#recurring(String)}; that of the method when empty. */
    String name() default "";

    /**
     * When the job is due, as a cron expression of six fields: second, minute, hour, day of month, month, day of week;
     * or a macro such as {@code @daily}. {@code -} declares no recurring job. Either this or {@link #every()} is set.
     */
    String cron() default "";

    /**
     * The time between two slots, from 1 second to 366 days, for example {@code "10m"} or {@code "PT10M"}; a bare
     * number is in milliseconds. The slots are the multiples of the period since 1970 in UTC: {@code 10m} is due at
     * :00, :10 and so on.
     */
    String every() default "";

    /** The time zone of the cron expression, for example {@code "Europe/Berlin"}; {@code UTC} when empty. */
    String zone() default "";

    /** What happens to slots that passed while no instance was running. */
    Recurring.Missed missed() default Recurring.Missed.ONCE;

    /** The most missed slots that {@link Recurring.Missed#ALL} runs, 1 to 1000. */
    int missedLimit() default 100;

    /** What happens to a slot while the job of an earlier slot has not ended. */
    Recurring.Overlap overlap() default Recurring.Overlap.SKIP;
}
