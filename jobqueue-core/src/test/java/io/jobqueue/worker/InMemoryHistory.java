package io.jobqueue.worker;

import io.jobqueue.Retention;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Objects;

/** The ended jobs of one status in an {@link InMemoryJobStore}, newest first. The store guards it. */
final class InMemoryHistory {

    private final Deque<String> ids = new ArrayDeque<>();
    private final Map<String, InMemoryJob> jobs;

    /** Creates a history that removes jobs from {@code jobs} when its retention ends. */
    InMemoryHistory(Map<String, InMemoryJob> jobs) {
        this.jobs = jobs;
    }

    Deque<String> ids() {
        return ids;
    }

    /** Adds the newest job; returns how many of the oldest it removed. */
    long add(String id, Retention retention) {
        ids.addFirst(id);
        long removed = 0;
        while (ids.size() > retention.kept()) {
            jobs.remove(ids.removeLast());
            removed++;
        }
        return removed;
    }

    /** Removes the jobs that are too old; returns how many. */
    long prune(Retention retention, long now) {
        long removed = 0;
        while (!ids.isEmpty()) {
            InMemoryJob oldest = Objects.requireNonNull(jobs.get(ids.getLast()));
            if (now - oldest.endedAt <= retention.age().toMillis()) {
                break;
            }
            jobs.remove(ids.removeLast());
            removed++;
        }
        return removed;
    }
}
