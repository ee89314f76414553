package io.jobqueue.worker;

import io.jobqueue.JobStatus;
import io.jobqueue.Unique;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The unique keys of an {@link InMemoryJobStore}. The store guards them. */
final class InMemoryUniqueKeys {

    private final Map<String, Held> keys = new HashMap<>();
    private final Map<String, InMemoryJob> jobs;

    /** Creates keys of which the state of {@code jobs} tells whether they are held. */
    InMemoryUniqueKeys(Map<String, InMemoryJob> jobs) {
        this.jobs = jobs;
    }

    /** Who took a key. The job may have ended since. */
    private record Held(String id, Unique unique, long until) {}

    /** Gives a key to a job, unless another job holds the key; returns the id of that job. */
    @Nullable
    String take(@Nullable Unique unique, String id, long now) {
        if (unique == null) {
            return null;
        }
        Held held = keys.get(unique.key());
        if (held != null && isHeld(held, now)) {
            return held.id();
        }
        long until = unique.period() == null ? 0 : now + unique.period().toMillis();
        keys.put(unique.key(), new Held(id, unique, until));
        return null;
    }

    private boolean isHeld(Held held, long now) {
        InMemoryJob job = jobs.get(held.id());
        return switch (held.unique().hold()) {
            case WITHIN -> now < held.until();
            case WHILE_WAITING -> job != null && job.isWaiting();
            case UNTIL_DONE -> job != null && (job.isWaiting() || job.status == JobStatus.PROCESSING);
        };
    }
}
