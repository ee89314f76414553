package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JobContext;
import io.jobqueue.JsonText;
import io.jobqueue.Names;
import io.jobqueue.UnreadableJsonException;
import io.jobqueue.WorkOutputs;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a job in this process, from its claim until it is settled. Its handler's thread is interrupted only
 * while the handler runs, never in what the engine does before and after.
 */
final class Attempt implements JobContext {

    /** Why a handler was interrupted. */
    enum Interruption {
        TIMED_OUT,
        LEASE_LOST,
        CANCELLED,
        STOPPED
    }

    /** Renews one claim right away; {@code false} when the job is no longer its own. */
    interface Renewer {
        boolean renew(Attempt attempt, Duration lease);
    }

    /** Longer than any process runs, and short enough for sums of nanoseconds. */
    private static final Duration FOREVER = Duration.ofDays(36_500);

    private final Claim claim;
    private final long madeAt = System.nanoTime();
    private final int maxAttempts;
    private final Duration limit;
    private final Renewer renewer;
    private final JobStore store;
    private final AttemptNotes notes;

    private volatile long endsAt = Long.MAX_VALUE;
    private volatile boolean limited;
    private volatile boolean leaseLost;
    private volatile boolean cancelled;

    // guarded by this
    private @Nullable Thread thread;
    private @Nullable Interruption interruption;
    private long renewedAt;
    private long goodUntil;
    private long startedAt;
    private long interruptedAt;
    private boolean ended;

    /**
     * Makes an attempt.
     *
     * @param claimedAt when the claim was asked for; from then it is good for the visibility timeout of the store
     */
    Attempt(
            Claim claim,
            long claimedAt,
            JobStore store,
            AttemptNotes notes,
            int maxAttempts,
            Duration limit,
            Renewer renewer) {
        this.claim = claim;
        this.renewedAt = claimedAt;
        this.goodUntil = claimedAt + nanos(store.settings().lease().visibilityTimeout());
        this.maxAttempts = maxAttempts;
        this.limit = limit;
        this.renewer = renewer;
        this.store = store;
        this.notes = notes;
    }

    Claim claim() {
        return claim;
    }

    /** When the claim arrived. */
    long madeAt() {
        return madeAt;
    }

    int maxAttempts() {
        return maxAttempts;
    }

    /** How long the handler may run, with the time that it asked for. */
    synchronized Duration allowed() {
        return startedAt == 0 ? limit : Duration.ofNanos(endsAt - startedAt);
    }

    // ---- the handler's side

    /**
     * The handler is about to run on this thread, as the very next step: a process may have been stopped anywhere between
     * its claim and here, for so long that the job has run elsewhere and is done.
     *
     * @return whether it may; not when the claim is over already, or when there is a reason to interrupt it
     */
    synchronized boolean begin() {
        if (isOverLease()) {
            leaseLost = true;
            interrupt(Interruption.LEASE_LOST);
        }
        if (interruption != null) {
            return false;
        }
        thread = Thread.currentThread();
        startedAt = System.nanoTime();
        endsAt = startedAt + nanos(limit);
        limited = true;
        return true;
    }

    /** The handler has returned or thrown; no interrupt reaches the thread from here on, and none is left behind. */
    synchronized void end() {
        thread = null;
        limited = false;
        // clears the flag for the next job on this thread
        Thread.interrupted();
    }

    /** Whether the handler was called. */
    synchronized boolean hasBegun() {
        return startedAt != 0;
    }

    synchronized @Nullable Interruption interruption() {
        return interruption;
    }

    synchronized Duration took() {
        return startedAt == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - startedAt);
    }

    // ---- the engine's side

    /**
     * Decides who settles the attempt: whoever calls first, its own thread or the engine that leaves it behind.
     *
     * @return whether the caller is the first
     */
    synchronized boolean claimEnding() {
        if (ended) {
            return false;
        }
        ended = true;
        return true;
    }

    /** Interrupts the handler. Who lost its lease and goes on all the same is interrupted again for another reason. */
    synchronized void interrupt(Interruption why) {
        if (interruption == null || (interruption == Interruption.LEASE_LOST && why != Interruption.LEASE_LOST)) {
            interruption = why;
            interruptedAt = System.nanoTime();
            if (thread != null) {
                thread.interrupt();
            }
        }
    }

    /**
     * The claim is no longer good.
     *
     * @return whether that is news to anybody: not when the attempt has ended, for then the answer to its settlement
     *     tells, and the claim may be gone just because it is settled
     */
    synchronized boolean loseLease() {
        boolean news = !leaseLost && !ended;
        leaseLost = true;
        interrupt(Interruption.LEASE_LOST);
        return news;
    }

    void cancel() {
        cancelled = true;
        interrupt(Interruption.CANCELLED);
    }

    boolean isOverLimit() {
        return limited && System.nanoTime() - endsAt >= 0;
    }

    /** Whether the handler was interrupted for its time limit and has gone on for longer than the grace. */
    synchronized boolean isStuck(Duration grace) {
        return interruption == Interruption.TIMED_OUT
                && !ended
                && thread != null
                && System.nanoTime() - interruptedAt >= grace.toNanos();
    }

    /** The claim is good for at least {@code lease} after {@code sentAt}; a longer promise stays. */
    synchronized void renewed(long sentAt, Duration lease) {
        renewedAt = sentAt;
        long until = sentAt + nanos(lease);
        if (until - goodUntil > 0) {
            goodUntil = until;
        }
    }

    synchronized boolean isDue(Duration heartbeat) {
        return !leaseLost && System.nanoTime() - renewedAt >= heartbeat.toNanos();
    }

    /** Whether the last promise is over, so that the job may be running elsewhere. */
    synchronized boolean isOverLease() {
        return System.nanoTime() - goodUntil > 0;
    }

    private static long nanos(Duration time) {
        return (time.compareTo(FOREVER) > 0 ? FOREVER : time).toNanos();
    }

    // ---- JobContext

    @Override
    public String id() {
        return claim.id();
    }

    @Override
    public String kind() {
        return String.valueOf(claim.kind());
    }

    @Override
    public int attempt() {
        return claim.attempt();
    }

    @Override
    public boolean lastAttempt() {
        return claim.attempt() >= maxAttempts;
    }

    @Override
    public long fence() {
        return claim.fence();
    }

    @Override
    public Map<String, String> headers() {
        return claim.headers();
    }

    @Override
    public boolean extend(Duration duration) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException("duration must be positive, was " + duration);
        }
        if (duration.compareTo(Duration.ofDays(7)) > 0) {
            throw new IllegalArgumentException("duration must be at most 7 days, was " + duration);
        }
        if (leaseLost || !renewer.renew(this, duration)) {
            return false;
        }
        long later = System.nanoTime() + nanos(duration);
        if (later - endsAt > 0) {
            endsAt = later;
        }
        return true;
    }

    @Override
    public boolean isLeaseLost() {
        return leaseLost;
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }

    @Override
    public boolean output(Object output) {
        if (claim.unit() == null) {
            throw new IllegalStateException("job %s/%s is no unit of a run, so it has no output but its result"
                    .formatted(claim.queue(), claim.id()));
        }
        String json = store.codec().output(output, store.settings().result().maxSize());
        return !leaseLost && waitFor(notes.putOutput(claim, json));
    }

    @Override
    public <T> T step(String name, Class<T> type, Callable<? extends T> work) throws Exception {
        Names.step(name);
        Optional<JsonText> done = waitFor(notes.findStep(claim, name));
        if (done.isPresent()) {
            try {
                return done.get().as(type);
            } catch (UnreadableJsonException ex) {
                throw ex.of("what step '" + name + "' came to");
            }
        }
        T value = work.call();
        if (value == null) {
            throw new IllegalArgumentException("step '%s' returned null".formatted(name));
        }
        String json = store.codec().output(value, store.settings().result().maxSize());
        if (!waitFor(notes.putStep(claim, name, json))) {
            throw new IllegalStateException(
                    "step '%s' cannot be remembered, because job %s/%s is no longer this worker's"
                            .formatted(name, claim.queue(), claim.id()));
        }
        return value;
    }

    @Override
    @SuppressWarnings("unchecked") // the type is what outputs are read into
    public <T> WorkOutputs<T> outputs(Class<T> type) {
        return (WorkOutputs<T>) outputs((Type) type);
    }

    @Override
    public WorkOutputs<?> outputs(Type type) {
        String run = claim.gathers();
        if (run == null) {
            throw new IllegalStateException("job %s/%s gathers no run".formatted(claim.queue(), claim.id()));
        }
        return notes.outputs(run, type);
    }

    /** The store's own failure is what the handler sees. */
    private static <T> T waitFor(CompletableFuture<T> answer) {
        try {
            return answer.join();
        } catch (CompletionException ex) {
            throw ex.getCause() instanceof RuntimeException cause ? cause : ex;
        }
    }
}
