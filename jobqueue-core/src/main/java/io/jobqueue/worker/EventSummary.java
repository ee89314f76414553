package io.jobqueue.worker;

import io.jobqueue.JobEvent;
import io.jobqueue.JobEvent.Damage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Sums up the events of sweeps and audits for the log: one line for each queue and type, which names the first ten ids.
 * A sweep that returns a hundred thousand jobs is one line, although it causes a thousand events. Not thread-safe.
 */
final class EventSummary {

    private static final Logger log = LoggerFactory.getLogger("io.jobqueue.events");

    private Map<Key, Sum> sums = Map.of(); // there is a summary for every event, and few events are summed up
    private long since;

    /** Events that share a line. */
    private record Key(String queue, Class<?> type, @Nullable Damage damage) {}

    /** The ids that a line names, and how many there are in all. */
    private static final class Sum {

        private final List<String> named = new ArrayList<>(LogText.NAMED);
        private long count;

        void add(List<String> ids) {
            count += ids.size();
            ids.stream().limit(LogText.NAMED - named.size()).forEach(named::add);
        }
    }

    /** Sums up an event; {@code false} when it needs a line of its own. */
    boolean add(JobEvent event) {
        if (event instanceof JobEvent.Reclaimed reclaimed) {
            sum(event, null).add(reclaimed.ids());
        } else if (event instanceof JobEvent.WorkerDied died) {
            sum(event, null).add(died.ids());
        } else if (event instanceof JobEvent.Lost lost) {
            sum(event, null).add(lost.ids());
        } else if (event instanceof JobEvent.RunOverdue overdue) {
            sum(event, null).add(List.of(overdue.runId()));
        } else if (event instanceof JobEvent.Repaired repaired) {
            sum(event, repaired.damage()).add(repaired.ids());
        } else if (event instanceof JobEvent.DeadLettersDropped dropped) {
            sum(event, null).count += dropped.count();
        } else {
            return false;
        }
        return true;
    }

    private Sum sum(JobEvent event, @Nullable Damage damage) {
        if (sums.isEmpty()) {
            since = System.nanoTime();
            sums = new HashMap<>();
        }
        return sums.computeIfAbsent(new Key(event.queue(), event.getClass(), damage), any -> new Sum());
    }

    /** Whether something was summed up for longer than a time. */
    boolean isOlderThan(Duration time) {
        return !sums.isEmpty() && System.nanoTime() - since > time.toNanos();
    }

    /** Writes the lines of what was summed up. */
    void end() {
        if (sums.isEmpty()) {
            return;
        }
        Map<Key, Sum> ended = sums;
        sums = Map.of(); // first, so that a log that cannot be written is not written again
        ended.forEach(
                (key, sum) -> log.atLevel(key.damage() != null && key.damage().isUsual() ? Level.INFO : Level.WARN)
                        .log("Queue {}: {}", key.queue(), line(key, sum)));
    }

    private static String line(Key key, Sum sum) {
        boolean one = sum.count == 1;
        String jobs = LogText.jobs(sum.count);
        String names = LogText.some(sum.named, sum.count);
        if (key.type() == JobEvent.Reclaimed.class) {
            return "put back %s whose lease had expired: %s".formatted(jobs, names);
        }
        if (key.type() == JobEvent.WorkerDied.class) {
            return "%s lost too many workers and %s now: %s"
                    .formatted(jobs, one ? "is a dead letter" : "are dead letters", names);
        }
        if (key.type() == JobEvent.Lost.class) {
            return "%s %s lost, because %s hash or payload is gone from Redis: %s"
                    .formatted(jobs, one ? "is" : "are", one ? "its" : "their", names);
        }
        if (key.type() == JobEvent.RunOverdue.class) {
            return "%s overdue, with no progress for longer than the deadline: %s"
                    .formatted(one ? "1 run is" : sum.count + " runs are", names);
        }
        if (key.type() == JobEvent.DeadLettersDropped.class) {
            return "retention dropped " + (one ? "1 dead letter" : sum.count + " dead letters");
        }
        return "repaired %s that another client or an operator had damaged (%s): %s"
                .formatted(jobs, String.valueOf(key.damage()).toLowerCase(Locale.ROOT), names);
    }
}
