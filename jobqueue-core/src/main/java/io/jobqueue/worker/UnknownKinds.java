package io.jobqueue.worker;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The kinds of which this process has handed back jobs, because their queue's worker has no handler for them or cannot
 * read their payloads. Other applications and clients choose the names of kinds, so only the first {@value #MOST} kinds
 * are kept. Thread-safe.
 */
final class UnknownKinds {

    private static final int MOST = 1000;

    private final Set<Met> met = ConcurrentHashMap.newKeySet();

    private record Met(String queue, String kind) {}

    /** Keeps a kind; returns whether it is the first time for this kind and queue. */
    boolean add(String queue, String kind) {
        return met.size() < MOST && met.add(new Met(queue, kind));
    }

    /** The kinds of a queue. */
    Set<String> of(String queue) {
        return met.stream()
                .filter(each -> each.queue().equals(queue))
                .map(Met::kind)
                .collect(Collectors.toUnmodifiableSet());
    }
}
