package io.jobqueue;

import java.util.concurrent.ThreadFactory;

/** The threads that handlers of tests run on: virtual ones when the build says so, as in an application of Boot. */
public final class HandlerThreads {

    private HandlerThreads() {}

    /** A factory of such threads. */
    public static ThreadFactory factory() {
        return Boolean.getBoolean("spring.threads.virtual.enabled") ? virtual() : Thread::new;
    }

    /** Found by name, because the code is compiled for Java 17. */
    private static ThreadFactory virtual() {
        try {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            return (ThreadFactory) Class.forName("java.lang.Thread$Builder")
                    .getMethod("factory")
                    .invoke(builder);
        } catch (ReflectiveOperationException ex) {
            throw new IllegalStateException("virtual threads need JDK 21 or newer", ex);
        }
    }
}
