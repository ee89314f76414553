package io.jobqueue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A job to be enqueued. Each method returns a new, changed request.
 *
 * <pre>{@code
 * JobRequest.of(new SendEmail("a@b.c", "welcome")).delay(Duration.ofMinutes(5)).id("welcome-42").maxAttempts(3)
 * }</pre>
 *
 * <p>Immutable and thread-safe if the payload is.
 *
 * @since 0.1.0
 */
public final class JobRequest {

    private static final int MAX_HEADERS = 16;
    private static final int MAX_NEXT = 20;
    private static final Duration MAX_DELAY = Duration.ofDays(3660);

    private final String kind;
    private final @Nullable Object payload;
    private final @Nullable String id;
    private final @Nullable Duration delay;
    private final @Nullable Instant at;
    private final @Nullable Integer maxAttempts;
    private final Map<String, String> headers;
    private final @Nullable String runId;
    private final @Nullable String unitId;
    private final @Nullable Unique unique;
    private final @Nullable Boolean afterCommit;
    private final @Nullable Duration expiresIn;
    private final @Nullable Duration deadlineIn;
    private final @Nullable Instant deadlineAt;
    private final List<JobRequest> next;

    private JobRequest(Draft draft) {
        this.kind = draft.kind;
        this.payload = draft.payload;
        this.id = draft.id;
        this.delay = draft.delay;
        this.at = draft.at;
        this.maxAttempts = draft.maxAttempts;
        this.headers = draft.headers;
        this.runId = draft.runId;
        this.unitId = draft.unitId;
        this.unique = draft.unique;
        this.afterCommit = draft.afterCommit;
        this.expiresIn = draft.expiresIn;
        this.deadlineIn = draft.deadlineIn;
        this.deadlineAt = draft.deadlineAt;
        this.next = draft.next;
    }

    /** The parts of a request that is being made. */
    private static final class Draft {
        private final String kind;
        private final @Nullable Object payload;
        private @Nullable String id;
        private @Nullable Duration delay;
        private @Nullable Instant at;
        private @Nullable Integer maxAttempts;
        private Map<String, String> headers = Map.of();
        private @Nullable String runId;
        private @Nullable String unitId;
        private @Nullable Unique unique;
        private @Nullable Boolean afterCommit;
        private @Nullable Duration expiresIn;
        private @Nullable Duration deadlineIn;
        private @Nullable Instant deadlineAt;
        private List<JobRequest> next = List.of();

        Draft(String kind, @Nullable Object payload) {
            this.kind = kind;
            this.payload = payload;
        }

        Draft(JobRequest request) {
            this(request.kind, request.payload);
            id = request.id;
            delay = request.delay;
            at = request.at;
            maxAttempts = request.maxAttempts;
            headers = request.headers;
            runId = request.runId;
            unitId = request.unitId;
            unique = request.unique;
            afterCommit = request.afterCommit;
            expiresIn = request.expiresIn;
            deadlineIn = request.deadlineIn;
            deadlineAt = request.deadlineAt;
            next = request.next;
        }
    }

    /** This request with a change. */
    private JobRequest with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return new JobRequest(draft);
    }

    /**
     * A job whose payload type names the kind.
     *
     * @param payload an object whose type carries {@link JobKind}, see {@link #kindOf}; it is written as a JSON object
     * @throws IllegalArgumentException when the type carries no kind, or inherits two
     */
    public static JobRequest of(Object payload) {
        if (payload instanceof JobRequest request) {
            return request;
        }
        if (payload == null) {
            throw new IllegalArgumentException(
                    "the payload is null, which names no kind; use JobRequest.of(kind, null) for a job without payload");
        }
        String kind = kindOf(payload.getClass())
                .orElseThrow(() -> new IllegalArgumentException(
                        "%s has no @JobKind; annotate it, or name the kind with JobRequest.of(kind, payload)"
                                .formatted(payload.getClass().getName())));
        return of(kind, payload);
    }

    /**
     * The kind that a type carries: by its own {@link JobKind}, else by that of its superclasses and interfaces. So a
     * kind on a sealed interface counts for all its records.
     *
     * @throws IllegalArgumentException when the type inherits two kinds
     */
    public static Optional<String> kindOf(Class<?> type) {
        JobKind own = type.getAnnotation(JobKind.class);
        if (own != null) {
            return Optional.of(own.value());
        }
        Set<String> inherited = new TreeSet<>();
        if (type.getSuperclass() != null) {
            kindOf(type.getSuperclass()).ifPresent(inherited::add);
        }
        for (Class<?> implemented : type.getInterfaces()) {
            kindOf(implemented).ifPresent(inherited::add);
        }
        if (inherited.size() > 1) {
            throw new IllegalArgumentException("%s inherits the kinds %s; annotate %s itself with @JobKind"
                    .formatted(type.getName(), inherited, type.getName()));
        }
        return inherited.stream().findFirst();
    }

    /**
     * A job of a kind named here.
     *
     * @param kind the kind, for example {@code "email"}
     * @param payload a record, bean, map or {@link JsonText} that is written as a JSON object; {@code null} for none
     * @throws IllegalArgumentException when the kind breaks the rule of {@link Names#kind(String)}
     */
    public static JobRequest of(String kind, @Nullable Object payload) {
        if (kind == null) {
            throw new IllegalArgumentException("the kind is null; name one, as in JobRequest.of(\"email\", payload)");
        }
        Draft draft = new Draft(Names.kind(kind), payload);
        if (payload != null) {
            draft.unique = UniqueKeys.of(kind, payload);
        }
        return new JobRequest(draft);
    }

    /**
     * Chooses the job's id. An enqueue of an id that exists changes nothing and answers {@code EXISTING}, as long as
     * the job or its history is kept; so the id is an idempotency key. Without it the queue makes one.
     *
     * @param id the id, see {@link Names#id(String)}
     */
    public JobRequest id(String id) {
        String valid = Names.id(id);
        return with(draft -> draft.id = valid);
    }

    /**
     * Delays the job, by the clock of Redis. Replaces an earlier {@code delay} or {@code at}.
     *
     * @param delay from zero (at once) to ten years
     */
    public JobRequest delay(Duration delay) {
        if (delay.isNegative() || delay.compareTo(MAX_DELAY) > 0) {
            throw new IllegalArgumentException("delay must be from 0 to 10 years, was " + delay);
        }
        return with(draft -> {
            draft.delay = delay;
            draft.at = null;
        });
    }

    /**
     * Delays the job until an instant, by the clock of Redis; an instant in the past means at once.
     * Replaces an earlier {@code delay} or {@code at}.
     *
     * @param instant from 1970 to the year 9999
     */
    public JobRequest at(Instant instant) {
        checkTime("at", instant);
        return with(draft -> {
            draft.delay = null;
            draft.at = instant;
        });
    }

    /**
     * Lets the job end when no worker starts it in time: it becomes a dead letter with the reason
     * {@link FailureReason.Code#EXPIRED}, and its handler is not called. The time begins when the job is due, which is
     * at once without a {@code delay} or {@code at}, and is measured by the clock of Redis. A job that a worker has
     * claimed once does not expire any more. Without it a job waits for ever.
     *
     * @param time from 1 ms to ten years
     */
    public JobRequest expiresIn(Duration time) {
        if (time.compareTo(Duration.ofMillis(1)) < 0 || time.compareTo(MAX_DELAY) > 0) {
            throw new IllegalArgumentException(
                    "expiresIn must be from 1 ms to 10 years, was %s; leave it out for a job that does not expire"
                            .formatted(time));
        }
        return with(draft -> draft.expiresIn = time);
    }

    /**
     * Retries the job for so long, however often it fails: the limits of attempts of kind and queue do not count. The time
     * begins when the job is due, which is at once without a {@code delay} or {@code at}, and Redis measures it. The wait before
     * the last retry is cut, so that this retry is due at the deadline. An attempt that fails after the deadline makes the
     * job a dead letter with the reason {@link FailureReason.Code#DEADLINE_PASSED}.
     *
     * <p>The deadline limits retries. It does not stop a running attempt, nor keep a first attempt from starting late: for that
     * there is {@link #expiresIn}. A {@link #maxAttempts} of the same request counts as well; the job ends with the limit that
     * it meets first. Replaces an earlier deadline.
     *
     * @param time from 1 ms to ten years
     */
    public JobRequest deadline(Duration time) {
        if (time.compareTo(Duration.ofMillis(1)) < 0 || time.compareTo(MAX_DELAY) > 0) {
            throw new IllegalArgumentException(
                    "deadline must be from 1 ms to 10 years, was %s; leave it out for a job whose attempts are counted"
                            .formatted(time));
        }
        return with(draft -> {
            draft.deadlineIn = time;
            draft.deadlineAt = null;
        });
    }

    /**
     * Retries the job until an instant by the clock of Redis; see {@link #deadline(Duration)}. After an instant in the past
     * the job has one attempt. Replaces an earlier deadline.
     *
     * @param instant from 1970 to the year 9999
     */
    public JobRequest deadline(Instant instant) {
        checkTime("deadline", instant);
        return with(draft -> {
            draft.deadlineIn = null;
            draft.deadlineAt = instant;
        });
    }

    /**
     * Chooses how long failed attempts of this job wait; overrides the settings of its kind and queue on every worker. It
     * travels in the header {@code backoff}.
     */
    public JobRequest backoff(Backoff backoff) {
        return header(Backoff.HEADER, backoff.text());
    }

    private static void checkTime(String what, Instant instant) {
        if (instant.isBefore(Instant.EPOCH) || instant.isAfter(Instant.parse("9999-12-31T00:00:00Z"))) {
            throw new IllegalArgumentException(what + " must be an instant from 1970 to 9999, was " + instant);
        }
    }

    /**
     * Limits the attempts of this job; overrides the settings of its kind and queue.
     *
     * @param attempts at least 1
     */
    public JobRequest maxAttempts(int attempts) {
        if (attempts < 1) {
            throw new IllegalArgumentException("max attempts must be at least 1, was " + attempts);
        }
        return with(draft -> draft.maxAttempts = attempts);
    }

    /**
     * Adds a header, which the handler finds in {@link JobContext#headers()}.
     *
     * @param name name and value together at most 256 bytes of UTF-8; at most 16 headers
     */
    public JobRequest header(String name, String value) {
        Names.checkHeader(name, value);
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        if (more.size() > MAX_HEADERS) {
            throw new IllegalArgumentException("a job carries at most %s headers".formatted(MAX_HEADERS));
        }
        return with(draft -> draft.headers = Map.copyOf(more));
    }

    /**
     * Adds a tag, by which people find the job: {@link JobSnapshot#tags} shows it, and {@link DeadLetterFilter#tag}
     * selects by it. Tags travel in the header {@code tags}, so handlers see them, and a guide client may read
     * them.
     *
     * @param tag see {@link Names#tag(String)}; all tags of a job together take at most 252 bytes
     */
    public JobRequest tag(String tag) {
        return header(Tags.HEADER, Tags.add(headers.get(Tags.HEADER), Names.tag(tag)));
    }

    /**
     * Gives the job a key that at most one job of its queue holds at a time; see {@link Unique}.
     *
     * @throws IllegalStateException for a unit of a run, which is unique by its run and unit
     */
    public JobRequest unique(Unique unique) {
        if (runId != null) {
            throw new IllegalStateException(
                    "the unit '%s' of run '%s' is unique by its id, so it cannot have the unique key '%s'"
                            .formatted(Names.printable(String.valueOf(unitId)), runId, Names.printable(unique.key())));
        }
        return with(draft -> draft.unique = unique);
    }

    /**
     * Makes the job a unit of a run: what its handler returns becomes the unit's field in the run's output hash, in the
     * step that completes the job, and its final failure becomes the unit's failure. Unless an {@link #id} is chosen,
     * the job's id derives from queue, run and unit, so that adding a unit twice is one job, as long as the job or its
     * history is kept. A further job of the unit does not replace the output that was accepted first. A unique key that
     * the kind gives to its jobs does not count for a unit.
     *
     * @param runId the run, see {@link Names#run(String)}
     * @param unitId the unit, see {@link Names#unit(String)}
     * @throws IllegalStateException when another job {@linkplain #then follows} this one
     */
    public JobRequest unit(String runId, String unitId) {
        String run = Names.run(runId);
        String unit = Names.unit(unitId);
        if (!next.isEmpty()) {
            throw new IllegalStateException("a job that another one follows cannot be the unit '%s' of run '%s'"
                    .formatted(Names.printable(unit), run));
        }
        return with(draft -> {
            draft.runId = run;
            draft.unitId = unit;
            draft.unique = null;
        });
    }

    /**
     * Chooses whether the job waits for the commit of the Spring transaction that surrounds the enqueue. Stands above
     * the setting {@code jobqueue.after-commit}. Without a transaction, or without Spring, the job is sent at once.
     *
     * @param wait {@code true} to send the job after the commit and to drop it on rollback; {@code false} to send it at
     *     once, whatever becomes of the transaction
     */
    public JobRequest afterCommit(boolean wait) {
        return with(draft -> draft.afterCommit = wait);
    }

    /**
     * Chains a job to this one: the step that completes this job, or the last one chained to it, enqueues the next job, whose
     * handler reads the result of the job before by {@link JobContext#previous}. A job that fails, is cancelled or expires does
     * not start the next one; a dead letter that is requeued and completes does. The delay, expiry and deadline of a next job
     * begin when the job before has completed.
     *
     * @param job a request, or a payload as for {@link #of(Object)}; it brings along what is chained to it
     * @throws IllegalArgumentException when the next job is a unit of a run, has a unique key that replaces, or is the 21st
     * @throws IllegalStateException for a unit of a run; the gather job of its run comes after all units
     */
    public JobRequest then(Object job) {
        if (runId != null) {
            throw new IllegalStateException(
                    "no job can follow the unit '%s' of run '%s'; the gather job of its run does"
                            .formatted(Names.printable(String.valueOf(unitId)), runId));
        }
        JobRequest request = of(job);
        if (request.runId != null) {
            throw new IllegalArgumentException(
                    "the unit '%s' of run '%s' cannot follow another job; add it with runs().add()"
                            .formatted(Names.printable(String.valueOf(request.unitId)), request.runId));
        }
        if (request.unique != null && request.unique.replaces()) {
            throw new IllegalArgumentException(
                    "the unique key '%s' of a job that follows another cannot replace a waiting job; leave out replace()"
                            .formatted(Names.printable(request.unique.key())));
        }
        List<JobRequest> chain = new ArrayList<>(next);
        chain.add(request.with(draft -> draft.next = List.of()));
        chain.addAll(request.next);
        if (chain.size() > MAX_NEXT) {
            throw new IllegalArgumentException(
                    "at most %s jobs can follow a job, not %s; let the last one enqueue the rest"
                            .formatted(MAX_NEXT, chain.size()));
        }
        return with(draft -> draft.next = List.copyOf(chain));
    }

    /** The kind. */
    public String kind() {
        return kind;
    }

    /** The payload, or {@code null} for none. */
    public @Nullable Object payload() {
        return payload;
    }

    /** The chosen id, or {@code null}. */
    public @Nullable String id() {
        return id;
    }

    /** The delay, or {@code null}. */
    public @Nullable Duration delay() {
        return delay;
    }

    /** The due instant, or {@code null}. */
    public @Nullable Instant at() {
        return at;
    }

    /** How long after its time the job may be started, or {@code null} when it does not expire. */
    public @Nullable Duration expiresIn() {
        return expiresIn;
    }

    /** For how long the job is retried, or {@code null}. */
    public @Nullable Duration deadlineIn() {
        return deadlineIn;
    }

    /** Until when the job is retried, or {@code null}. */
    public @Nullable Instant deadlineAt() {
        return deadlineAt;
    }

    /** The job's own backoff, or {@code null} for that of the kind or queue. */
    public @Nullable Backoff backoff() {
        return Backoff.read(headers.get(Backoff.HEADER)).orElse(null);
    }

    /** The limit of attempts, or {@code null} for that of the kind or queue. */
    public @Nullable Integer maxAttempts() {
        return maxAttempts;
    }

    /** The headers, perhaps none. */
    public Map<String, String> headers() {
        return headers;
    }

    /** The run this job is a unit of, or {@code null}. */
    public @Nullable String runId() {
        return runId;
    }

    /** The unit of the run, or {@code null}. */
    public @Nullable String unitId() {
        return unitId;
    }

    /** The unique key, or {@code null}. */
    public @Nullable Unique unique() {
        return unique;
    }

    /**
     * Whether the job waits for the commit of its transaction, or {@code null} for what the application's setting says.
     */
    public @Nullable Boolean afterCommit() {
        return afterCommit;
    }

    /** The jobs that follow one after the other, see {@link #then}; perhaps none. */
    public List<JobRequest> next() {
        return next;
    }

    @Override
    public String toString() {
        return "JobRequest[kind=" + kind + ", id=" + id + "]";
    }
}
