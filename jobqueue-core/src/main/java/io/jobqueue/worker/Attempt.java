package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JobContext;
import java.time.Duration;
import java.util.Map;
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
        STOPPED
    }

    /** Renews one claim right away; {@code false} when the job is no longer its own. */
    interface Renewer {
        boolean renew(Attempt attempt, Duration lease);
    }

    private final Claim claim;
    private final int maxAttempts;
    private final Duration limit;
    private final Renewer renewer;

    private volatile long renewedAt;
    private volatile long endsAt = Long.MAX_VALUE;
    private volatile boolean limited;
    private volatile boolean leaseLost;

    // guarded by this
    private @Nullable Thread thread;
    private @Nullable Interruption interruption;
    private long startedAt;
    private long interruptedAt;
    private boolean ended;

    Attempt(Claim claim, long claimedAt, int maxAttempts, Duration limit, Renewer renewer) {
        this.claim = claim;
        this.renewedAt = claimedAt;
        this.maxAttempts = maxAttempts;
        this.limit = limit;
        this.renewer = renewer;
    }

    Claim claim() {
        return claim;
    }

    int maxAttempts() {
        return maxAttempts;
    }

    Duration limit() {
        return limit;
    }

    // ---- the handler's side

    /** The handler is about to run on this thread. */
    synchronized void begin() {
        thread = Thread.currentThread();
        startedAt = System.nanoTime();
        endsAt = startedAt + limit.toNanos();
        limited = true;
        if (interruption != null) {
            thread.interrupt();
        }
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

    synchronized void interrupt(Interruption why) {
        if (interruption == null) {
            interruption = why;
            interruptedAt = System.nanoTime();
            if (thread != null) {
                thread.interrupt();
            }
        }
    }

    void loseLease() {
        leaseLost = true;
        interrupt(Interruption.LEASE_LOST);
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

    void renewed(long sentAt) {
        renewedAt = sentAt;
    }

    /** How long ago the claim was certainly good. */
    Duration silence() {
        return Duration.ofNanos(System.nanoTime() - renewedAt);
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
        if (leaseLost || !renewer.renew(this, duration)) {
            return false;
        }
        endsAt = System.nanoTime() + duration.toNanos();
        return true;
    }

    @Override
    public boolean isLeaseLost() {
        return leaseLost;
    }
}
