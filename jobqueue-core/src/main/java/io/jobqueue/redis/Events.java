package io.jobqueue.redis;

import io.jobqueue.JobEvent;
import io.jobqueue.JobRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Collects the events that the replies of one queue's scripts tell of. */
final class Events {

    private final String queue;
    private final List<JobEvent> all = new ArrayList<>();

    Events(String queue) {
        this.queue = queue;
    }

    /** The events of runs that ended; see {@link #runsEnded(List)}. */
    static List<JobEvent> ofRunsEnded(String queue, List<String> pairs) {
        Events events = new Events(queue);
        events.runsEnded(pairs);
        return events.all();
    }

    List<JobEvent> all() {
        return all;
    }

    void reclaimed(List<String> ids) {
        if (!ids.isEmpty()) {
            all.add(new JobEvent.Reclaimed(queue, ids));
        }
    }

    void workerDied(List<String> ids) {
        if (!ids.isEmpty()) {
            all.add(new JobEvent.WorkerDied(queue, ids));
        }
    }

    void lost(List<String> ids) {
        if (!ids.isEmpty()) {
            all.add(new JobEvent.Lost(queue, ids));
        }
    }

    void repaired(JobEvent.Damage damage, List<String> ids) {
        if (!ids.isEmpty()) {
            all.add(new JobEvent.Repaired(queue, damage, ids));
        }
    }

    void deadLettersDropped(long count) {
        if (count > 0) {
            all.add(new JobEvent.DeadLettersDropped(queue, count));
        }
    }

    /**
     * Runs that ended.
     *
     * @param pairs a run's id and its state, one pair after the other
     */
    void runsEnded(List<String> pairs) {
        for (int i = 0; i < pairs.size(); i += 2) {
            all.add(new JobEvent.RunEnded(
                    queue, pairs.get(i), JobRun.State.valueOf(pairs.get(i + 1).toUpperCase(Locale.ROOT))));
        }
    }

    void runsOverdue(List<String> runs) {
        runs.forEach(run -> all.add(new JobEvent.RunOverdue(queue, run)));
    }
}
