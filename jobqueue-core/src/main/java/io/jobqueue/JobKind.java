package io.jobqueue;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the kind of job that a payload type belongs to. Redis and clients in other languages see this name and never a
 * class name, so classes can be moved and renamed freely. On an interface or a superclass it applies to all subtypes
 * without their own annotation, see {@link JobRequest#kindOf}.
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

    /**
     * The key of which one job of this kind is waiting or running at a time. By default there is none.
     *
     * <pre>{@code
     * @JobKind(value = "reindex", unique = @JobKind.UniqueBy("shop"))
     * public record Reindex(String shop, boolean full) {}
     * }</pre>
     *
     * <p>The key is the kind and the value, as in {@code reindex:eu-1}. A request with its own {@link Unique} overrides
     * this, and units of a run do not have the key.
     */
    UniqueBy unique() default @UniqueBy("");

    /**
     * Names what of a payload makes its job unique.
     *
     * @since 0.1.0
     */
    @Documented
    @Target({})
    @Retention(RetentionPolicy.RUNTIME)
    @interface UniqueBy {

        /**
         * A record component, or the name of a method without arguments, for example {@code "shop"} or
         * {@code "getShop"}; empty for no key.
         */
        String value();

        /** How long a job holds the key; {@link Unique.Hold#UNTIL_DONE} by default. */
        Unique.Hold hold() default Unique.Hold.UNTIL_DONE;

        /**
         * The period of {@link Unique.Hold#WITHIN} as ISO 8601 writes it, for example {@code "PT5M"}; empty for another
         * hold.
         */
        String within() default "";

        /** Whether the waiting job takes the payload of a further enqueue, see {@link Unique#replace()}. */
        boolean replace() default false;
    }
}
