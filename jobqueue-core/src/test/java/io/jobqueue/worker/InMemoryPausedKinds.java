package io.jobqueue.worker;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The paused kinds of an {@link InMemoryJobStore}, and the jobs that are held because of them. Not thread-safe. */
final class InMemoryPausedKinds {

    private final Set<String> kinds = new HashSet<>();
    private final Deque<String> held = new ArrayDeque<>(); // the first is the next

    void pause(String kind) {
        kinds.add(kind);
    }

    void resume(String kind) {
        kinds.remove(kind);
    }

    /** Holds a job that a claim has met if its kind is paused; returns whether it does. */
    boolean holds(@Nullable InMemoryJob job) {
        boolean holds = isPaused(job);
        if (job != null && holds) {
            held.addLast(job.id);
        }
        return holds;
    }

    /** Takes the oldest held job whose kind is paused no more. */
    @Nullable
    String next(Map<String, InMemoryJob> jobs) {
        for (String id : List.copyOf(held)) {
            if (!isPaused(jobs.get(id))) {
                held.remove(id);
                return id;
            }
        }
        return null;
    }

    /** Forgets a job that was cancelled or rescheduled. */
    void remove(String id) {
        held.remove(id);
    }

    private boolean isPaused(@Nullable InMemoryJob job) {
        return job != null && kinds.contains(String.valueOf(job.kind));
    }
}
