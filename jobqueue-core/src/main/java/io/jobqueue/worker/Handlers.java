package io.jobqueue.worker;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The handlers of one queue, by kind. A kind selects a handler and nothing else: no class is ever loaded by it.
 * Immutable.
 *
 * @since 0.1.0
 */
public final class Handlers {

    private final Map<String, Handler> byKind = new TreeMap<>();

    private Handlers(Collection<Handler> handlers) {
        for (Handler handler : handlers) {
            if (byKind.put(handler.kind(), handler) != null) {
                throw new IllegalArgumentException("two handlers for kind '%s'".formatted(handler.kind()));
            }
        }
    }

    /**
     * Collects handlers.
     *
     * @throws IllegalArgumentException when two are for the same kind
     */
    public static Handlers of(Collection<Handler> handlers) {
        return new Handlers(handlers);
    }

    /** The handler of a kind. */
    public Optional<Handler> find(@Nullable String kind) {
        return kind == null ? Optional.empty() : Optional.ofNullable(byKind.get(kind));
    }

    /** The kinds that have a handler. */
    public Set<String> kinds() {
        return Set.copyOf(byKind.keySet());
    }
}
