package io.jobqueue.spring;

import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ThreadLocalAccessor;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A value of the current thread that Micrometer's context propagation knows. */
final class ThreadContext implements CarriedContext.Value {

    private final ThreadLocalAccessor<Object> accessor;

    private ThreadContext(ThreadLocalAccessor<Object> accessor) {
        this.accessor = accessor;
    }

    /**
     * Finds the value of a key.
     *
     * @throws JobQueueStartException when no accessor with that key is registered
     */
    @SuppressWarnings("unchecked")
    static ThreadContext of(String key) {
        ContextRegistry registry = ContextRegistry.getInstance();
        Optional<ThreadLocalAccessor<?>> accessor = registry.getThreadLocalAccessors().stream()
                .filter(each -> key.equals(each.key()))
                .findFirst();
        return new ThreadContext((ThreadLocalAccessor<Object>) accessor.orElseThrow(() -> unknown(key, registry)));
    }

    private static JobQueueStartException unknown(String key, ContextRegistry registry) {
        Set<String> known = registry.getThreadLocalAccessors().stream()
                .map(each -> String.valueOf(each.key()))
                .collect(Collectors.toCollection(TreeSet::new));
        return new JobQueueStartException(
                "The property jobqueue.context-keys names '%s', but no ThreadLocalAccessor with that key is registered. Registered are %s."
                        .formatted(key, known),
                "Register a ThreadLocalAccessor for '%s' with Micrometer's ContextRegistry, or remove the key."
                        .formatted(key));
    }

    @Override
    public String header() {
        return "context." + accessor.key();
    }

    @Override
    public @Nullable Object read() {
        return accessor.getValue();
    }

    @Override
    public Runnable write(String value) {
        Object before = accessor.getValue();
        accessor.setValue(value);
        return () -> {
            if (before == null) {
                accessor.restore();
            } else {
                accessor.restore(before);
            }
        };
    }
}
