package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobCodec;
import io.jobqueue.JobContext;
import io.jobqueue.QueueSettings;
import io.jobqueue.WorkOutputs;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt of a job in this process, from its claim until it is settled. It is also the {@link JobContext} of its
 * handler.
 *
 * <p>The engine interrupts the handler's thread only while the handler runs, never while the engine's own code runs
 * before and after it. A new attempt already holds one settlement, {@link #broken()}, so that it can end even when no
 * memory is left.
 */
final class Attempt implements JobContext {

    /** The dispatcher that claimed the attempt. */
    interface Owner {

        /** The queue's settings. */
        QueueSettings settings();

        /** Writes outputs and steps as JSON. */
        JobCodec codec();

        /** Stores outputs, steps, progress and log lines. */
        AttemptNotes notes();

        /** Runs the attempt on this thread and ends it. */
        void work(Attempt attempt);

        /** Ends an attempt whose handler does not run. The job is handed back, and the attempt does not count. */
        void handBack(Attempt attempt);

        /**
         * Fails an attempt whose handler ignores its time limit and the interrupt. The handler keeps its thread; the
         * pool continues with another one.
         */
        void leaveBehind(Attempt attempt);

        /** Renews the claim at once; {@code false} when the claim no longer owns the job. */
        boolean renew(Attempt attempt, Duration lease);
    }

    /** Longer than any process runs, and short enough for sums of nanoseconds. */
    private static final Duration FOREVER = Duration.ofDays(36_500);

    private static final Logger log = LoggerFactory.getLogger(Attempt.class);

    private static final Duration BETWEEN_REPORTS = Duration.ofMillis(500);
    private static final int MOST_OF_NOTE = 200;
    private static final int MOST_OF_LINE = 1000;
    private static final Pattern LINE_BREAKS = Pattern.compile("\\R");

    private static final FailureReason BROKEN = FailureReason.handler("the worker could not tell what happened");

    private final Claim claim;
    private final Owner owner;
    private final int maxAttempts;
    private final Duration limit;
    private final long madeAt = System.nanoTime();
    private final Settlement broken;

    /**
     * The next attempt in the queue of the crew, and later in the outbox. The lock of the one that holds the attempt
     * guards it.
     */
    @Nullable
    Attempt next;

    private volatile long endsAt = Long.MAX_VALUE;
    private volatile boolean limited;
    private volatile boolean leaseLost;
    private volatile boolean cancelled;
    private volatile long cancelledAt;

    /** The crew's thread that has the attempt; {@code null} before one takes it. */
    private volatile @Nullable Thread worker;

    @GuardedBy("this")
    private @Nullable Thread interruptible; // the handler's thread while the handler runs

    @GuardedBy("this")
    private @Nullable Interruption interruption;

    @GuardedBy("this")
    private long renewedAt;

    @GuardedBy("this")
    private long goodUntil;

    @GuardedBy("this")
    private long renewAfter; // a renewal that was sent before is not enough

    @GuardedBy("this")
    private long startedAt;

    @GuardedBy("this")
    private long interruptedAt;

    /** Whether the handler reported its progress, and when it did last. */
    @GuardedBy("this")
    private boolean reported;

    @GuardedBy("this")
    private long reportedAt;

    @GuardedBy("this")
    private @Nullable Settlement settlement;

    @GuardedBy("this")
    private long tookNanos;

    /**
     * Makes an attempt.
     *
     * @param claimedAt when the claim was asked for; from then it is good for the queue's visibility timeout
     * @param maxAttempts the limit of the job's attempts
     * @param limit how long the handler may run
     */
    Attempt(Claim claim, long claimedAt, Owner owner, int maxAttempts, Duration limit) {
        this.claim = claim;
        this.owner = owner;
        this.maxAttempts = maxAttempts;
        this.limit = limit;
        this.renewedAt = claimedAt;
        this.renewAfter = claimedAt;
        this.goodUntil = claimedAt + nanos(owner.settings().lease().visibilityTimeout());
        this.broken =
                new Settlement.Retry(claim, BROKEN, owner.settings().retry().delay(), maxAttempts);
    }

    Claim claim() {
        return claim;
    }

    Owner owner() {
        return owner;
    }

    /** When the claim arrived. */
    long madeAt() {
        return madeAt;
    }

    int maxAttempts() {
        return maxAttempts;
    }

    /** The settlement of an attempt when there is no memory to make another. */
    Settlement broken() {
        return broken;
    }

    /** How long the handler may run, with the time that it asked for. */
    synchronized Duration allowed() {
        return startedAt == 0 ? limit : Duration.ofNanos(endsAt - startedAt);
    }

    /** The crew's thread that calls has the attempt from now on. */
    void takenBy(Thread thread) {
        worker = thread;
    }

    /** Whether the thread that had the attempt died before it could end it. */
    boolean isOrphaned() {
        Thread thread = worker;
        return thread != null && !thread.isAlive() && !hasEnded();
    }

    // ---- the handler's side

    /**
     * The handler is about to run on this thread, as the very next step: a process may have been stopped anywhere
     * between its claim and here, for so long that the job has run elsewhere and is done.
     *
     * @return whether it may; not when the claim is over already, or when there is a reason to interrupt it
     */
    synchronized boolean begin() {
        if (isOverLease()) {
            leaseLost = true;
            interrupt(Interruption.LEASE_LOST);
        }
        if (cancelled) {
            interrupt(Interruption.CANCELLED);
        }
        if (interruption != null) {
            return false;
        }
        interruptible = Thread.currentThread();
        startedAt = System.nanoTime();
        endsAt = startedAt + nanos(limit);
        limited = true;
        return true;
    }

    /** The handler has returned or thrown; no interrupt reaches the thread from here on, and none is left behind. */
    synchronized void handlerDone() {
        interruptible = null;
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

    // ---- the engine's side

    /**
     * Ends the attempt. Only the first end counts: the handler's own, or that of a thread that goes on without it.
     * Allocates nothing.
     *
     * @return whether this is the first
     */
    synchronized boolean end(Settlement how) {
        if (settlement != null) {
            return false;
        }
        settlement = how;
        tookNanos = startedAt == 0 ? 0 : System.nanoTime() - startedAt;
        return true;
    }

    private synchronized boolean hasEnded() {
        return settlement != null;
    }

    /** How the attempt ended. */
    synchronized Settlement settlement() {
        return Objects.requireNonNull(settlement, "the attempt has not ended");
    }

    /** How long the handler ran until the attempt ended, in nanoseconds; 0 when it did not run. */
    synchronized long tookNanos() {
        return tookNanos;
    }

    /**
     * Interrupts the handler, unless it was interrupted before. A handler that goes on after it lost its lease or its job was
     * cancelled is interrupted again for another reason.
     */
    synchronized void interrupt(Interruption why) {
        if (interruption == null || why.mayFollow(interruption)) {
            interruption = why;
            interruptedAt = System.nanoTime();
            if (interruptible != null) {
                interruptible.interrupt();
            }
        }
    }

    /**
     * The claim is no longer good.
     *
     * @return whether to report the loss. It is {@code false} after the first call, and when the attempt has ended:
     *     then the answer to its settlement reports the loss, and the claim may only be gone because it is settled
     */
    synchronized boolean loseLease() {
        boolean news = !leaseLost && settlement == null;
        leaseLost = true;
        interrupt(Interruption.LEASE_LOST);
        return news;
    }

    /** The job was cancelled. The handler can see that at once, and is interrupted after the grace. */
    void cancel() {
        if (!cancelled) {
            cancelledAt = System.nanoTime();
            cancelled = true;
        }
    }

    boolean isCancelledFor(Duration grace) {
        return cancelled && System.nanoTime() - cancelledAt >= grace.toNanos();
    }

    boolean isOverLimit() {
        return limited && System.nanoTime() - endsAt >= 0;
    }

    /** Whether the handler was interrupted for its time limit and has gone on for longer than the grace. */
    synchronized boolean isStuck(Duration grace) {
        return interruption == Interruption.TIMED_OUT
                && settlement == null
                && interruptible != null
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

    /** The next renewal is due at once: its answer may say that the job was cancelled. */
    synchronized void renewSoon() {
        renewAfter = System.nanoTime();
    }

    synchronized boolean isDue(Duration heartbeat) {
        return !leaseLost && (renewAfter - renewedAt > 0 || System.nanoTime() - renewedAt >= heartbeat.toNanos());
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
        if (leaseLost || !owner.renew(this, duration)) {
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
    public void progress(long done, long total, String note) {
        if (done < 0 || done > total) {
            throw new IllegalArgumentException("done must be from 0 to total, was %s of %s".formatted(done, total));
        }
        long now = System.nanoTime();
        synchronized (this) {
            if (reported && done < total && now - reportedAt < BETWEEN_REPORTS.toNanos()) {
                return;
            }
            reported = true;
            reportedAt = now;
        }
        note(() -> owner.notes().putProgress(claim, done, total, oneLine(note, MOST_OF_NOTE)));
    }

    @Override
    public void log(String line) {
        note(() -> owner.notes().putLogLine(claim, oneLine(line, MOST_OF_LINE)));
    }

    /** Writes a note without waiting. The handler goes on even if the write fails. */
    private void note(Supplier<CompletableFuture<Boolean>> write) {
        if (leaseLost) {
            return;
        }
        write.get().whenComplete((written, failure) -> {
            if (failure != null) {
                log.debug("A note of job {}/{} could not be written", claim.queue(), claim.id(), failure);
            }
        });
    }

    private static String oneLine(String text, int most) {
        String line = LINE_BREAKS.matcher(text).replaceAll(" ");
        if (line.length() <= most) {
            return line;
        }
        return line.substring(0, Character.isHighSurrogate(line.charAt(most - 1)) ? most - 1 : most);
    }

    @Override
    public boolean output(Object output) {
        return data().output(output, leaseLost);
    }

    @Override
    public <T> T step(String name, Class<T> type, Callable<? extends T> work) throws Exception {
        return data().step(name, type, work);
    }

    @Override
    public <T> @Nullable T previous(Class<T> type) {
        return data().previous(type);
    }

    @Override
    @SuppressWarnings("unchecked") // the type is what outputs are read into
    public <T> WorkOutputs<T> outputs(Class<T> type) {
        return (WorkOutputs<T>) outputs((Type) type);
    }

    @Override
    public WorkOutputs<?> outputs(Type type) {
        return data().outputs(type);
    }

    private AttemptData data() {
        return new AttemptData(
                claim, owner.notes(), owner.codec(), owner.settings().result().maxSize());
    }
}
