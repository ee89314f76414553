package io.jobqueue.embedded;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives the test methods and constructors of a class a running {@link EmbeddedRedis} as parameter, empty at the start
 * of each test. Classes with the same flags share one server, which ends with the JVM.
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RedisServerExtension.class)
public @interface RedisServer {

    /** Further arguments of redis-server. */
    String[] value() default {};
}
