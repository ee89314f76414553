package io.jobqueue.worker;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The lock that must be held to use a field or to call a method. Error Prone recognizes the annotation by its simple
 * name and checks it with {@code -Pgates}.
 */
@Target({ElementType.FIELD, ElementType.METHOD})
@Retention(RetentionPolicy.CLASS)
@interface GuardedBy {

    /** An expression for the lock: {@code this}, or a path to a field. */
    String value();
}
