package io.jobqueue.worker;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The handlers of one queue, by kind. A kind only selects a handler; it never names a class to load.
 * Thread-safe.
 *
 * @since 0.1.0
 */
public final class Handlers {

    private final Map<String, Handler> byKind;
    private final Function<String, Optional<Handler>> others;
    private final Map<String, Duration> unknownFor;

    private Handlers(
            Map<String, Handler> byKind, Function<String, Optional<Handler>> others, Map<String, Duration> unknownFor) {
        this.byKind = byKind;
        this.others = others;
        this.unknownFor = unknownFor;
    }

    /**
     * Collects handlers.
     *
     * @throws IllegalArgumentException when two are for the same kind
     */
    public static Handlers of(Collection<Handler> handlers) {
        Map<String, Handler> byKind = new TreeMap<>();
        for (Handler handler : handlers) {
            if (byKind.put(handler.kind(), handler) != null) {
                throw new IllegalArgumentException("two handlers for kind '%s'".formatted(handler.kind()));
            }
        }
        return new Handlers(byKind, kind -> Optional.empty(), Map.of());
    }

    /**
     * These handlers, and further ones that may come and go while a pool runs.
     *
     * @param others finds the handler of a kind that none of these handlers is for; asked for each job of such a kind
     */
    public Handlers or(Function<String, Optional<Handler>> others) {
        return new Handlers(byKind, others, unknownFor);
    }

    /**
     * These handlers, and times for kinds whose jobs this worker cannot handle. A kind needs no handler here to have
     * one.
     *
     * @param times by kind how long its jobs are handed back before they become dead letters, from 0 to 100 years. A
     *     kind without a time has that of {@link WorkerSettings#unknownFor()}.
     */
    public Handlers withUnknownFor(Map<String, Duration> times) {
        times.values().forEach(WorkerSettings::checkUnknownFor);
        return new Handlers(byKind, others, Map.copyOf(times));
    }

    /** How long jobs of a kind that this worker cannot handle are handed back, when the kind has a time of its own. */
    Optional<Duration> unknownFor(String kind) {
        return Optional.ofNullable(unknownFor.get(kind));
    }

    /** The handler of a kind. */
    public Optional<Handler> find(@Nullable String kind) {
        if (kind == null) {
            return Optional.empty();
        }
        Handler own = byKind.get(kind);
        return own == null ? others.apply(kind) : Optional.of(own);
    }

    /** The kinds that have a handler, without those of {@link #or further} handlers. */
    public Set<String> kinds() {
        return Set.copyOf(byKind.keySet());
    }
}
