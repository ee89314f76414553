package io.jobqueue.guarantees;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Says which promise a test proves. When the test succeeds, a row for the table of {@code docs/guarantees.md} is written
 * to {@code target/guarantees}; a {@link Figures} parameter lets the test put what it measured into the row.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ProvesExtension.class)
public @interface Proves {

    /** What goes wrong. */
    String fault();

    /** What holds nevertheless. */
    String holds();
}
