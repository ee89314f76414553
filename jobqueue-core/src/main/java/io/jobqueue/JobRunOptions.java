package io.jobqueue;

import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The options of a run. Each method returns new, changed options.
 *
 * <pre>{@code
 * JobRunOptions.of("census").gather(new CensusReport("2026-11")).policy(GatherPolicy.share(0.95))
 * }</pre>
 *
 * <p>Immutable and thread-safe if the payload of the gather job is.
 *
 * @since 0.1.0
 */
public final class JobRunOptions {

    private static final JobRunOptions DEFAULTS =
            new JobRunOptions(null, null, null, GatherPolicy.allEnded(), null, null, progress -> {});
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofDays(3660);

    private final @Nullable String kind;
    private final @Nullable Integer maxAttempts;
    private final @Nullable JobRequest gather;
    private final GatherPolicy policy;
    private final @Nullable Duration deadline;
    private final @Nullable Duration retention;
    private final Consumer<? super Progress> onProgress;

    private JobRunOptions(
            @Nullable String kind,
            @Nullable Integer maxAttempts,
            @Nullable JobRequest gather,
            GatherPolicy policy,
            @Nullable Duration deadline,
            @Nullable Duration retention,
            Consumer<? super Progress> onProgress) {
        this.kind = kind;
        this.maxAttempts = maxAttempts;
        this.gather = gather;
        this.policy = policy;
        this.deadline = deadline;
        this.retention = retention;
        this.onProgress = onProgress;
    }

    /** A run whose units name their own kind: their type carries {@link JobKind}, or they are {@link JobRequest}s. */
    public static JobRunOptions defaults() {
        return DEFAULTS;
    }

    /**
     * A run whose units are jobs of one kind.
     *
     * @param kind the kind of the units' jobs, see {@link Names#kind(String)}
     */
    public static JobRunOptions of(String kind) {
        return new JobRunOptions(
                Names.kind(kind),
                null,
                null,
                DEFAULTS.policy,
                DEFAULTS.deadline,
                DEFAULTS.retention,
                DEFAULTS.onProgress);
    }

    /**
     * The job that is enqueued, exactly once, in the step that completes the run. It runs on the queue of the run; its
     * handler can be given {@link WorkOutputs}.
     *
     * @param payload an object whose type carries {@link JobKind}, or a {@link JobRequest} without id, delay and unit
     */
    public JobRunOptions gather(Object payload) {
        JobRequest request = JobRequest.of(payload);
        if (request.id() != null || request.delay() != null || request.at() != null || request.runId() != null) {
            throw new IllegalArgumentException(
                    "the gather job of kind '%s' can have no id, delay or unit of its own".formatted(request.kind()));
        }
        return new JobRunOptions(kind, maxAttempts, request, policy, deadline, retention, onProgress);
    }

    /** When the run is gathered; {@link GatherPolicy#allEnded()} by default. */
    public JobRunOptions policy(GatherPolicy when) {
        return new JobRunOptions(kind, maxAttempts, gather, when, deadline, retention, onProgress);
    }

    /**
     * Limits the attempts of each unit's job.
     *
     * @param attempts at least 1; by default the settings of kind and queue decide
     */
    public JobRunOptions maxAttempts(int attempts) {
        if (attempts < 1) {
            throw new IllegalArgumentException("max attempts must be at least 1, was " + attempts);
        }
        return new JobRunOptions(kind, attempts, gather, policy, deadline, retention, onProgress);
    }

    /**
     * After how long without any sign of life a live run is reported: no unit added, none ended.
     *
     * @param quiet at least 1 s; {@link QueueSettings.Runs#deadline()} by default
     */
    public JobRunOptions deadline(Duration quiet) {
        return new JobRunOptions(kind, maxAttempts, gather, policy, checked("deadline", quiet), retention, onProgress);
    }

    /**
     * How long the run is kept after its end, or that of its gather job.
     *
     * @param time at least 1 s; {@link QueueSettings.WorkOutput#ttl()} by default
     */
    public JobRunOptions retention(Duration time) {
        return new JobRunOptions(kind, maxAttempts, gather, policy, deadline, checked("retention", time), onProgress);
    }

    /**
     * Hears how far a {@code start} has come: once for each round trip, on the thread of the caller.
     *
     * @param listener what it throws ends the call; the units that were added stay
     */
    public JobRunOptions onProgress(Consumer<? super Progress> listener) {
        return new JobRunOptions(kind, maxAttempts, gather, policy, deadline, retention, listener);
    }

    private static Duration checked(String what, Duration time) {
        if (time.compareTo(SHORTEST) < 0 || time.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("%s must be from 1 s to 10 years, was %s".formatted(what, time));
        }
        return time;
    }

    /** The kind of the units' jobs, or {@code null} when the units say it. */
    public @Nullable String kind() {
        return kind;
    }

    /** The limit of attempts of a unit's job, or {@code null} for that of kind and queue. */
    public @Nullable Integer maxAttempts() {
        return maxAttempts;
    }

    /** The gather job, or {@code null} for none. */
    public @Nullable JobRequest gather() {
        return gather;
    }

    /** When the run is gathered. */
    public GatherPolicy policy() {
        return policy;
    }

    /** After how long a quiet run is reported, or {@code null} for the setting of the queue. */
    public @Nullable Duration deadline() {
        return deadline;
    }

    /** How long an ended run is kept, or {@code null} for the setting of the queue. */
    public @Nullable Duration retention() {
        return retention;
    }

    /** Hears how far a {@code start} has come. */
    public Consumer<? super Progress> onProgress() {
        return onProgress;
    }

    @Override
    public String toString() {
        return "JobRunOptions[kind=%s, gather=%s, policy=%s]".formatted(kind, gather, policy);
    }

    /**
     * How far a {@code start} or {@code add} has come.
     *
     * @param units how many units have been handled so far
     * @param created how many of them got a job for the first time
     * @param retried how many of them got a new job, because the old one had failed or was gone
     * @param skipped how many of them have an output already
     * @param alive how many of them were waiting or running already
     * @since 0.1.0
     */
    public record Progress(long units, long created, long retried, long skipped, long alive) {

        /** Nothing yet. */
        public static final Progress NONE = new Progress(0, 0, 0, 0, 0);
    }
}
