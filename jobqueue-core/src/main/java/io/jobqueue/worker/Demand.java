package io.jobqueue.worker;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongConsumer;

/**
 * Decides what one dispatcher does next: which attempts it settles, whether it claims and how many jobs, and when it
 * rests. It only decides and counts; the dispatcher sends.
 *
 * <h2>When to claim</h2>
 *
 * <p>A free slot alone is no reason to claim. A dispatcher looks for jobs when its last claim left some behind, when a
 * job of its own has ended, when the next delayed job is due, once per poll interval, and on a hint. When a hint
 * arrives and no slot is free, the dispatcher claims zero jobs, which passes the hint to another worker.
 *
 * <h2>Locking</h2>
 *
 * <p>The lock of the dispatcher's {@link Loop} guards all state, and every method takes it. A method that creates work
 * or frees slots wakes the loop. Other dispatchers learn about free slots after the lock is released.
 *
 * <p>Thread-safe.
 */
final class Demand {

    private static final int MAX_CLAIMS_A_CALL = 100;

    /**
     * How long a dispatcher rests before it looks for itself. Hints and polls are quicker; this look finds what both
     * missed.
     */
    private static final Duration MAX_REST = Duration.ofMinutes(1);

    private final Loop loop;
    private final WorkerSettings settings;
    private final Duration idle;
    private final Slots.Share share;

    @GuardedBy("loop.lock")
    private final Outbox outbox = new Outbox();

    @GuardedBy("loop.lock")
    private final Pace pace;

    @GuardedBy("loop.lock")
    private boolean claiming = true;

    /** Whether there is a reason to claim when a slot is free. */
    @GuardedBy("loop.lock")
    private boolean look = true;

    /** Whether a hint came. It must be followed, or passed on, also when no slot is free. */
    @GuardedBy("loop.lock")
    private boolean hinted;

    @GuardedBy("loop.lock")
    private boolean hintWanted;

    /** How many jobs the claims that are out may bring. Those slots are taken, but no handler runs in them. */
    @GuardedBy("loop.lock")
    private int asked;

    @GuardedBy("loop.lock")
    private int claimsOut;

    @GuardedBy("loop.lock")
    private long nextLook = System.nanoTime();

    /**
     * When the next delayed job is due, according to the last claim; the end of the longest rest when there is none.
     */
    @GuardedBy("loop.lock")
    private long dueAt = System.nanoTime();

    @GuardedBy("loop.lock")
    private long lastWorkAt = System.nanoTime();

    /**
     * Takes part in the use of slots, until it {@linkplain #leave() leaves}.
     *
     * @param idle how long a dispatcher is idle before it rests
     */
    Demand(Loop loop, Slots slots, WorkerSettings settings, Duration idle) {
        this.loop = loop;
        this.settings = settings;
        this.idle = idle;
        this.share = slots.join(loop::signal);
        this.pace = new Pace(slots.capacity());
    }

    /** What the next exchange is to carry. */
    static final class Order {

        private List<Attempt> batch = List.of();
        private int claims = Exchange.NO_CLAIM;

        private Order() {}

        /** The attempts to settle, perhaps none. */
        List<Attempt> batch() {
            return batch;
        }

        /** How many jobs to claim, or {@link Exchange#NO_CLAIM}. */
        int claims() {
            return claims;
        }
    }

    // ---- exchanges

    /** Takes what the next exchange is to carry. The caller gives all of it back, whatever becomes of the exchange. */
    Order take() {
        Order order = new Order(); // first the memory, so that nothing is lost for want of it
        loop.lock.lock();
        try {
            order.batch = outbox.takeBatch();
            if (wantsToLook()) {
                order.claims = share.take(MAX_CLAIMS_A_CALL, pace.ahead());
                asked += order.claims;
                claimsOut++;
                hinted = false;
                look = false;
            }
            return order;
        } finally {
            loop.lock.unlock();
        }
    }

    void exchangeTook(long nanos, boolean both) {
        loop.lock.lock();
        try {
            pace.exchangeTook(nanos, both);
        } finally {
            loop.lock.unlock();
        }
    }

    void exchangeFailed() {
        loop.lock.lock();
        try {
            pace.exchangeFailed();
        } finally {
            loop.lock.unlock();
        }
    }

    /** So many attempts are settled. */
    void settled(int count) {
        loop.lock.lock();
        try {
            outbox.settled(count);
            loop.signal();
        } finally {
            loop.lock.unlock();
        }
    }

    /** These attempts go out again with the next exchange. Allocates nothing. */
    void notSettled(List<Attempt> batch) {
        loop.lock.lock();
        try {
            outbox.putBack(batch);
        } finally {
            loop.lock.unlock();
        }
    }

    /**
     * A claim is over. The slots of the jobs that it did not bring are free again.
     *
     * @param claims how many jobs it asked for; {@link Exchange#NO_CLAIM} does nothing
     * @param more whether there may be more jobs
     */
    void claimed(int claims, int brought, boolean more) {
        if (claims == Exchange.NO_CLAIM) {
            return;
        }
        boolean othersWait;
        loop.lock.lock();
        try {
            asked -= claims;
            claimsOut--;
            look |= more;
            othersWait = share.giveBack(claims - brought) | share.hungry(more);
            loop.signal();
        } finally {
            loop.lock.unlock();
        }
        if (othersWait) {
            share.tellOthers();
        }
    }

    /**
     * Schedules the next look by the reply of a claim. The time is random, so that the pools of many processes do not
     * look at the same moment.
     */
    void lookAfter(JobStore.Claims claims) {
        Duration nextDue = claims.nextDue();
        long poll = (long) (settings.pollInterval().toNanos()
                * (0.7 + 0.3 * ThreadLocalRandom.current().nextDouble()));
        long due = nextDue == null ? Long.MAX_VALUE : nextDue.toNanos();
        loop.lock.lock();
        try {
            nextLook = System.nanoTime() + Math.min(poll, due);
            dueAt = System.nanoTime() + Math.min(MAX_REST.toNanos(), due);
        } finally {
            loop.lock.unlock();
        }
    }

    /** The store does not answer, so other dispatchers get free slots first. */
    void yieldSlots() {
        share.withdraw();
        share.tellOthers();
    }

    // ---- attempts

    /**
     * Jobs were claimed.
     *
     * @return whether their attempts may begin; {@code false} when the dispatcher stops
     */
    boolean begin(boolean any) {
        loop.lock.lock();
        try {
            lastWorkAt = any ? System.nanoTime() : lastWorkAt;
            return claiming;
        } finally {
            loop.lock.unlock();
        }
    }

    /** An attempt has ended, and its slot is free. Allocates nothing. */
    void ended(Attempt attempt) {
        boolean othersWait;
        loop.lock.lock();
        try {
            if (attempt.hasBegun()) {
                pace.jobTook(attempt.tookNanos());
            }
            lastWorkAt = System.nanoTime();
            look = true;
            outbox.add(attempt);
            othersWait = share.giveBack(1);
            loop.signal();
        } finally {
            loop.lock.unlock();
        }
        if (othersWait) {
            share.tellOthers();
        }
    }

    boolean mayLeaveBehind() {
        return share.mayLeaveBehind();
    }

    /**
     * Ends an attempt whose handler goes on running, and frees its slot.
     *
     * @return {@code false} when the attempt has ended otherwise meanwhile
     */
    boolean leaveBehind(Attempt attempt, Settlement how) {
        loop.lock.lock();
        try {
            if (!attempt.end(how)) {
                return false;
            }
            share.leaveBehind();
            look = true;
            outbox.add(attempt);
            loop.signal();
            return true;
        } finally {
            loop.lock.unlock();
        }
    }

    void tellOthers() {
        share.tellOthers();
    }

    /** A handler that was left behind is done. */
    void cameBack() {
        share.cameBack();
    }

    /** Jobs have become longer than expected, or there are no threads for them. */
    void forgetPaceOfJobs() {
        loop.lock.lock();
        try {
            pace.forgetJobs();
        } finally {
            loop.lock.unlock();
        }
    }

    // ---- looks

    /** A hint came. */
    void hinted() {
        loop.lock.lock();
        try {
            hinted = true;
            hintWanted = false;
            loop.signal();
        } finally {
            loop.lock.unlock();
        }
    }

    /** There may be jobs. */
    void look() {
        loop.lock.lock();
        try {
            look = true;
            loop.signal();
        } finally {
            loop.lock.unlock();
        }
    }

    /** Whether the next hint is to be asked for now. The caller asks for it, or says {@link #noHintComes()}. */
    boolean takeWishForHint() {
        loop.lock.lock();
        try {
            boolean wanted = claiming && !hintWanted && share.free(pace.ahead()) > 0;
            hintWanted |= wanted;
            return wanted;
        } finally {
            loop.lock.unlock();
        }
    }

    void noHintComes() {
        loop.lock.lock();
        try {
            hintWanted = false;
        } finally {
            loop.lock.unlock();
        }
    }

    /** Whether there is something to settle or a reason to claim. */
    boolean hasWork() {
        loop.lock.lock();
        try {
            return !outbox.isEmpty() || wantsToLook();
        } finally {
            loop.lock.unlock();
        }
    }

    /** Whether the crew has so much work ahead that the next exchange is to be sent before the last one is answered. */
    boolean isHasty() {
        loop.lock.lock();
        try {
            return pace.isHasty() && hasWork();
        } finally {
            loop.lock.unlock();
        }
    }

    @GuardedBy("loop.lock")
    private boolean wantsToLook() {
        return claiming
                && (hinted || (look && share.free(pace.ahead()) > 0))
                && outbox.unsettled() <= settings.concurrency() + pace.ahead();
    }

    /**
     * Waits for a signal or for the time of the next look. Returns at once when there is work.
     *
     * @param most the longest wait (ns)
     * @param restUntil called when the dispatcher may rest, with the time when its next job is due; the loop rests then
     * @return {@code false} when the dispatcher rests
     */
    boolean await(long most, LongConsumer restUntil) throws InterruptedException {
        loop.lock.lock();
        try {
            if (hasWork()) {
                return true;
            }
            if (mayRest()) {
                restUntil.accept(dueAt);
                loop.rest();
                return false;
            }
            boolean mayClaim = claiming && share.free(pace.ahead()) > 0;
            loop.await(mayClaim ? Math.min(most, nextLook - System.nanoTime()) : most);
            look |= nextLook - System.nanoTime() <= 0;
            return true;
        } finally {
            loop.lock.unlock();
        }
    }

    @GuardedBy("loop.lock")
    private boolean mayRest() {
        return claiming
                && share.taken() == 0
                && outbox.unsettled() == 0
                && claimsOut == 0
                && System.nanoTime() - lastWorkAt >= idle.toNanos();
    }

    // ---- the stop

    /** Claims no more. */
    void stopClaiming() {
        loop.lock.lock();
        try {
            claiming = false;
        } finally {
            loop.lock.unlock();
        }
        loop.hurry();
        share.withdraw();
    }

    /** Waits until no handler runs; {@code false} when some still do. */
    boolean awaitHandlers(long deadline) {
        return awaitEnd(deadline, false);
    }

    /** Waits until every attempt is settled and no claim is in flight; {@code false} when the time is over before. */
    boolean awaitSettlements(long deadline) {
        return awaitEnd(deadline, true);
    }

    private boolean awaitEnd(long deadline, boolean settledToo) {
        loop.lock.lock();
        try {
            while (share.taken() > asked || (settledToo && (outbox.unsettled() > 0 || claimsOut > 0))) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                loop.await(left);
            }
            return true;
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            loop.lock.unlock();
        }
    }

    /** Takes part in the use of slots no more. */
    void leave() {
        share.leave();
    }
}
