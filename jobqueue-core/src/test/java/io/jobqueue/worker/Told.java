package io.jobqueue.worker;

import io.jobqueue.JobEvent;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;

/** The events that a listener received, by type of event. */
public record Told(List<JobEvent> events) {

    /** What a claim says besides its jobs. */
    public static Told by(JobStore.Claims claims) {
        return new Told(claims.events());
    }

    /** What a settlement says besides its answers. */
    public static Told by(JobStore.Settled settled) {
        return new Told(settled.events());
    }

    /** One round of a chore. */
    public static Told by(Chore chore) {
        return new Told(chore.round().join().events());
    }

    private <T extends JobEvent> List<String> ids(Class<T> type, Function<T, Collection<String>> ids) {
        return all(type).stream().flatMap(event -> ids.apply(event).stream()).toList();
    }

    public <T extends JobEvent> List<T> all(Class<T> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    public List<String> reclaimed() {
        return ids(JobEvent.Reclaimed.class, JobEvent.Reclaimed::ids);
    }

    public List<String> died() {
        return ids(JobEvent.WorkerDied.class, JobEvent.WorkerDied::ids);
    }

    public List<String> lost() {
        return ids(JobEvent.Lost.class, JobEvent.Lost::ids);
    }

    public List<JobEvent.Repaired> repaired() {
        return all(JobEvent.Repaired.class);
    }

    /** How many dead letters retention dropped. */
    public long dropped() {
        return all(JobEvent.DeadLettersDropped.class).stream()
                .mapToLong(JobEvent.DeadLettersDropped::count)
                .sum();
    }
}
