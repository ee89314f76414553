package io.jobqueue;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the kind of job that a payload type stands for. The name is what Redis and the clients in other languages
 * see, so that classes can be moved and renamed freely; it is never a class name. On an interface or a superclass it
 * counts for all types below that carry none of their own, see {@link JobRequest#kindOf}.
 *
 * <pre>{@code
 * @JobKind("email")
 * public record SendEmail(String recipient, String template) {}
 * }</pre>
 *
 * @since 0.1.0
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface JobKind {

    /**
     * The kind, for example {@code "email"}: 1 to 128 characters, not blank, without control characters; see
     * {@link Names#kind(String)}. Every letter counts, blanks at both ends as well.
     */
    String value();
}
