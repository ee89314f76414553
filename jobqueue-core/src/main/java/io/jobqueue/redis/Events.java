package io.jobqueue.redis;

import io.jobqueue.JobEvent;
import io.jobqueue.JobRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Collects the events that the replies of one queue's scripts report. */
final class Events {

    private final String queue;
    private final List<JobEvent> all = new ArrayList<>();

    Events(String queue) {
        this.queue = queue;
    }

    /** The events of runs that ended; see {@link #runsEnded(List)}. */
    static List<JobEvent> ofRunsEnded(String queue, List<String> words) {
        Events events = new Events(queue);
        events.runsEnded(words);
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

    void expired(List<String> ids) {
        if (!ids.isEmpty()) {
            all.add(new JobEvent.Expired(queue, ids));
        }
    }

    void cancelled(List<String> ids) {
        ids.forEach(id -> all.add(new JobEvent.Cancelled(queue, id)));
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
     * @param words four for each run: its id, its state, and the id and kind of the gather job that its end enqueued; the
     *     last two are empty when it enqueued none
     */
    void runsEnded(List<String> words) {
        for (int i = 0; i < words.size(); i += 4) {
            if (!words.get(i + 2).isEmpty()) {
                all.add(new JobEvent.Enqueued(queue, words.get(i + 3), words.get(i + 2)));
            }
            all.add(new JobEvent.RunEnded(
                    queue, words.get(i), JobRun.State.valueOf(words.get(i + 1).toUpperCase(Locale.ROOT))));
        }
    }

    /**
     * Jobs that the completion of another job enqueued.
     *
     * @param words two for each job: its id and its kind
     */
    void followed(List<String> words) {
        for (int i = 0; i < words.size(); i += 2) {
            all.add(new JobEvent.Enqueued(queue, words.get(i + 1), words.get(i)));
        }
    }

    void runsOverdue(List<String> runs) {
        runs.forEach(run -> all.add(new JobEvent.RunOverdue(queue, run)));
    }
}
