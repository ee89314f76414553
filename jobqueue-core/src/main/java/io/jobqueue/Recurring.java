package io.jobqueue;

import java.util.Objects;

/**
 * A recurring job: a name, a schedule, and the job that each slot of the schedule enqueues. Each method returns a new,
 * changed value.
 *
 * <pre>{@code
 * Recurring.of("refresh", Schedule.every(Duration.ofMinutes(10)), JobRequest.of("refresh", null))
 *         .missed(Recurring.Missed.SKIP)
 *         .overlap(Recurring.Overlap.ALLOW)
 * }</pre>
 *
 * <p>The job of a slot has the id {@code recurring:<name>:<slot>}, for example
 * {@code recurring:refresh:2026-11-26T03:00:00Z}, and two headers: {@value #NAME_HEADER} with the name, and
 * {@value #SLOT_HEADER} with the slot. Immutable and thread-safe if the payload is.
 *
 * @since 0.1.0
 */
public final class Recurring {

    /** The header that holds the name of the recurring job. */
    public static final String NAME_HEADER = "recurring-name";

    /** The header that holds the slot of the job, as {@link java.time.Instant#toString()} writes it. */
    public static final String SLOT_HEADER = "recurring-slot";

    private static final int MAX_HEADERS = 14;
    private static final int DEFAULT_LIMIT = 100;
    private static final int MAX_LIMIT = 1000;

    private final String name;
    private final Schedule schedule;
    private final JobRequest job;
    private final Missed missed;
    private final int missedLimit;
    private final Overlap overlap;

    private Recurring(String name, Schedule schedule, JobRequest job, Missed missed, int missedLimit, Overlap overlap) {
        this.name = name;
        this.schedule = schedule;
        this.job = job;
        this.missed = missed;
        this.missedLimit = missedLimit;
        this.overlap = overlap;
    }

    /** What happens to slots that passed while no instance of the application was running. */
    public enum Missed {
        /** They are dropped, but the last one runs when it is less than a minute late. */
        SKIP,
        /** One job makes up for all of them: that of the last missed slot. */
        ONCE,
        /** Each of them runs, up to {@link #missedLimit()}; of more than that the oldest are dropped. */
        ALL
    }

    /** What happens to a slot while the job of an earlier slot has not ended. */
    public enum Overlap {
        /** The slot is skipped and counted. */
        SKIP,
        /** The slot's job is enqueued in any case. */
        ALLOW
    }

    /**
     * A recurring job that makes up for missed slots {@linkplain Missed#ONCE once} and never {@linkplain Overlap#SKIP
     * overlaps}.
     *
     * @param name see {@link Names#recurring(String)}; unique on its queue
     * @param schedule when the job is due
     * @param job the job of each slot: kind, payload, headers and max attempts
     * @throws IllegalArgumentException when the name breaks its rule, or the request has an id, a delay, a time, a
     *     unit, an expiry, a deadline, a unique key or a job that follows it
     */
    public static Recurring of(String name, Schedule schedule, JobRequest job) {
        Names.recurring(name);
        if (job.id() != null || job.delay() != null || job.at() != null || job.runId() != null) {
            throw new IllegalArgumentException(
                    "the job of the recurring job '%s' can have no id, delay, time or unit, because each slot has its own id and time"
                            .formatted(name));
        }
        if (job.expiresIn() != null) {
            throw new IllegalArgumentException(
                    "the job of the recurring job '%s' cannot expire; the policy for missed slots says what becomes of late ones"
                            .formatted(name));
        }
        if (job.deadlineIn() != null || job.deadlineAt() != null) {
            throw new IllegalArgumentException(
                    "the job of the recurring job '%s' cannot have a deadline; use maxAttempts and backoff"
                            .formatted(name));
        }
        if (job.unique() != null) {
            throw new IllegalArgumentException(
                    "the job of the recurring job '%s' can have no unique key; overlap SKIP keeps a slot from running beside an earlier one"
                            .formatted(name));
        }
        if (!job.next().isEmpty()) {
            throw new IllegalArgumentException(
                    "no job can follow the job of the recurring job '%s'; let its handler enqueue the job of kind '%s'"
                            .formatted(name, job.next().get(0).kind()));
        }
        if (job.headers().size() > MAX_HEADERS) {
            throw new IllegalArgumentException(
                    "the job of the recurring job '%s' can have at most %s headers, because two are added; it has %s"
                            .formatted(name, MAX_HEADERS, job.headers().size()));
        }
        return new Recurring(
                name, Objects.requireNonNull(schedule, "schedule"), job, Missed.ONCE, DEFAULT_LIMIT, Overlap.SKIP);
    }

    /**
     * Chooses what happens to missed slots; {@link Missed#ONCE} by default.
     *
     * @throws IllegalArgumentException for {@link Missed#ALL} together with {@link Overlap#SKIP}
     */
    public Recurring missed(Missed policy) {
        return checked(new Recurring(name, schedule, job, policy, missedLimit, overlap));
    }

    /**
     * Chooses what happens to missed slots, with a limit.
     *
     * @param policy the policy
     * @param limit the most missed slots that {@link Missed#ALL} runs, 1 to 1000; 100 by default
     * @throws IllegalArgumentException for another limit, or for {@link Missed#ALL} together with {@link Overlap#SKIP}
     */
    public Recurring missed(Missed policy, int limit) {
        if (limit < 1 || limit > MAX_LIMIT) {
            throw new IllegalArgumentException(
                    "the limit of missed slots of the recurring job '%s' must be from 1 to %s, was %s"
                            .formatted(name, MAX_LIMIT, limit));
        }
        return checked(new Recurring(name, schedule, job, policy, limit, overlap));
    }

    /**
     * Chooses what happens while an earlier job has not ended; {@link Overlap#SKIP} by default. Choose
     * {@link Overlap#ALLOW} before {@link Missed#ALL}.
     *
     * @throws IllegalArgumentException for {@link Overlap#SKIP} together with {@link Missed#ALL}
     */
    public Recurring overlap(Overlap policy) {
        return checked(new Recurring(name, schedule, job, missed, missedLimit, policy));
    }

    /** Missed slots that all run are enqueued together, so all but the first would be skipped. */
    private static Recurring checked(Recurring made) {
        if (made.missed == Missed.ALL && made.overlap == Overlap.SKIP) {
            throw new IllegalArgumentException(
                    "the recurring job '%s' cannot run all missed slots and skip overlapping ones, because missed slots are enqueued together; choose overlap ALLOW, or missed ONCE"
                            .formatted(made.name));
        }
        return made;
    }

    /** The name. */
    public String name() {
        return name;
    }

    /** When the job is due. */
    public Schedule schedule() {
        return schedule;
    }

    /** The job of each slot. */
    public JobRequest job() {
        return job;
    }

    /** What happens to missed slots. */
    public Missed missed() {
        return missed;
    }

    /** The most missed slots that {@link Missed#ALL} runs. */
    public int missedLimit() {
        return missedLimit;
    }

    /** What happens while an earlier job has not ended. */
    public Overlap overlap() {
        return overlap;
    }

    @Override
    public String toString() {
        return "Recurring[name=" + name + ", schedule=" + schedule.text() + ", kind=" + job.kind() + "]";
    }
}
