package io.jobqueue.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;

/** Finds the beans of the queue that a context shares with its parent contexts. */
final class ParentContext {

    private ParentContext() {}

    /** The bean of the nearest context above that has one, or {@code null}. */
    static <T> @Nullable T bean(ApplicationContext context, Class<T> type) {
        ApplicationContext parent = context.getParent();
        return parent == null ? null : parent.getBeanProvider(type).getIfAvailable();
    }
}
