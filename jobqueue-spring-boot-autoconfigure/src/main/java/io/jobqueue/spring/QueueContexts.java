package io.jobqueue.spring;

import io.jobqueue.QueueSettings;
import io.jobqueue.worker.Handler;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/**
 * The contexts that share queues: the context that created the queues, and its child contexts. Their handlers form one
 * application. A job goes to the queue of its handler, whichever context has the handler, and every worker pool knows
 * the handlers of all contexts.
 *
 * <p>Contexts join and leave while the application runs. Thread-safe.
 */
final class QueueContexts {

    private final String defaultQueue;
    private final Function<String, QueueSettings> defaultSettings;

    /** In the order in which they joined, so that the context that made the queues is the first. */
    private final List<Member> members = new CopyOnWriteArrayList<>();

    /** The queues of kinds whose context has left. Their jobs must not change the queue while nobody handles them. */
    private final Map<String, String> formerRoutes = new ConcurrentHashMap<>();

    /**
     * Starts without any member.
     *
     * @param defaultQueue the queue of kinds that no context routes
     * @param defaultSettings the settings of queues that no context names
     */
    QueueContexts(String defaultQueue, Function<String, QueueSettings> defaultSettings) {
        this.defaultQueue = defaultQueue;
        this.defaultSettings = defaultSettings;
    }

    /** The handlers and the settings of one context. */
    interface Member {

        /** The kinds that the context has handlers for. */
        Set<String> kinds();

        /** The queue that the context's properties or its handler name for a kind. */
        Optional<String> queueOf(String kind);

        /** The queues that the context has handlers on, or that its properties name. */
        Collection<String> queues();

        /** The context's settings of a queue. */
        QueueSettings settings(String queue);

        /**
         * The context's handler of a kind for a pool of another context, if the context runs and works on the queue.
         */
        Optional<Handler> lend(String queue, String kind);
    }

    void join(Member member) {
        if (!members.isEmpty()) {
            // looks for handlers here, before a thread that enqueues in another context has to
            member.kinds();
        }
        members.add(member);
    }

    void leave(Member member) {
        members.remove(member);
        member.kinds().forEach(kind -> member.queueOf(kind).ifPresent(queue -> formerRoutes.put(kind, queue)));
    }

    String defaultQueue() {
        return defaultQueue;
    }

    /** The queue that a kind is routed to. A context that handles the kind has the first say. */
    Optional<String> queueOf(String kind) {
        for (Member member : members) {
            if (member.kinds().contains(kind)) {
                return member.queueOf(kind);
            }
        }
        return members.stream()
                .flatMap(member -> member.queueOf(kind).stream())
                .findFirst()
                .or(() -> Optional.ofNullable(formerRoutes.get(kind)));
    }

    /** The kinds that any context has a handler for. */
    Set<String> kinds() {
        return union(Member::kinds);
    }

    /** The names of the queues of all contexts, the default queue among them. */
    Set<String> queues() {
        Set<String> names = union(Member::queues);
        names.add(defaultQueue);
        return names;
    }

    private Set<String> union(Function<Member, Collection<String>> names) {
        Set<String> union = new TreeSet<>();
        members.forEach(member -> union.addAll(names.apply(member)));
        return union;
    }

    /** The settings of a queue: those of the first context that knows it. */
    QueueSettings settings(String queue) {
        return members.stream()
                .filter(member -> member.queues().contains(queue))
                .findFirst()
                .map(member -> member.settings(queue))
                .orElseGet(() -> defaultSettings.apply(queue));
    }

    /** A handler of another context. */
    Optional<Handler> borrow(Member borrower, String queue, String kind) {
        return members.stream()
                .filter(member -> member != borrower)
                .flatMap(member -> member.lend(queue, kind).stream())
                .findFirst();
    }
}
