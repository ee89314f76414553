package io.jobqueue.worker;

import java.util.Arrays;

/**
 * Counts how many jobs a pool works on, for all dispatchers of the pool. It only counts; it has no threads and never
 * waits.
 *
 * <h2>Shares</h2>
 *
 * <p>Each dispatcher holds one {@link Share} and takes slots from it before it claims. A single share may take every
 * slot. When several shares want slots and there are too few, each gets at most its fair part, and the share that was
 * served longest ago goes first. A share that wants no slots leaves its part to the others.
 *
 * <h2>Claiming ahead</h2>
 *
 * <p>A caller may take more slots than the pool has, because it expects some jobs to end before the claim is answered;
 * see {@link Pace#ahead()}.
 *
 * <h2>Handlers that are left behind</h2>
 *
 * <p>A handler that ignores its time limit keeps its thread, but not its slot. At most as many handlers are left behind
 * as the pool has slots; otherwise the number of threads would have no limit.
 *
 * <p>Thread-safe.
 */
final class Slots {

    private final int capacity;
    private volatile Share[] shares = new Share[0]; // replaced under the lock

    @GuardedBy("this")
    private int taken;

    @GuardedBy("this")
    private int leftBehind;

    @GuardedBy("this")
    private long grants;

    /**
     * Makes free slots.
     *
     * @param capacity how many handlers may run at the same time
     */
    Slots(int capacity) {
        this.capacity = capacity;
    }

    int capacity() {
        return capacity;
    }

    /**
     * Adds a share.
     *
     * @param freed called without any lock of this class when slots that the share was refused may be free now
     */
    synchronized Share join(Runnable freed) {
        Share share = new Share(freed);
        Share[] more = Arrays.copyOf(shares, shares.length + 1);
        more[shares.length] = share;
        shares = more;
        return share;
    }

    /** What one dispatcher takes of the slots. */
    final class Share {

        private final Runnable freed;

        /** Whether the share was refused slots and is to be called when some get free. */
        private volatile boolean waiting;

        /** Whether there is more work for the share than it has slots, as its last claim told. */
        private volatile boolean hungry;

        @GuardedBy("Slots.this")
        private int mine;

        @GuardedBy("Slots.this")
        private long servedAt;

        private Share(Runnable freed) {
            this.freed = freed;
        }

        /**
         * How many slots the share holds: its claims that are not answered yet, and its jobs whose handlers are not
         * done.
         */
        int taken() {
            synchronized (Slots.this) {
                return mine;
            }
        }

        /**
         * How many slots the share may take now. A share that may take none competes for the next slots from now on.
         *
         * @param ahead how many more jobs there may be than slots
         */
        int free(int ahead) {
            synchronized (Slots.this) {
                int free = capacity + ahead - taken;
                if (shares.length > 1) {
                    free = fairPart(free, capacity + ahead);
                    waiting = free <= 0;
                }
                return Math.max(0, free);
            }
        }

        private boolean competes() {
            return waiting || hungry;
        }

        /** What of the free slots is this share's, when others want some as well. */
        @GuardedBy("Slots.this")
        private int fairPart(int free, int all) {
            int competing = 1;
            for (Share other : shares) {
                competing += other != this && other.competes() ? 1 : 0;
            }
            if (competing == 1 || free <= 0) {
                return free;
            }
            int fair = (all + competing - 1) / competing;
            int before = 0;
            for (Share other : shares) {
                before += other != this && other.competes() && other.mine < fair && other.servedAt < servedAt ? 1 : 0;
            }
            return Math.min(free - before, fair - mine);
        }

        /**
         * Takes slots for a claim.
         *
         * @param most how many at the most
         * @param ahead how many more jobs there may be than slots
         * @return how many were taken, perhaps none
         */
        int take(int most, int ahead) {
            synchronized (Slots.this) {
                int got = Math.min(most, free(ahead));
                if (got > 0) {
                    mine += got;
                    taken += got;
                    grants++;
                    servedAt = grants;
                }
                return got;
            }
        }

        /**
         * Gives slots back. Allocates nothing.
         *
         * @return whether another share waits for slots; then {@link #tellOthers} is to be called without a lock
         */
        boolean giveBack(int count) {
            synchronized (Slots.this) {
                mine -= count;
                taken -= count;
            }
            return shares.length > 1 && count > 0;
        }

        /** Calls the other shares that wait for slots. */
        void tellOthers() {
            for (Share other : shares) {
                if (other != this && other.waiting) {
                    other.freed.run();
                }
            }
        }

        /**
         * Says whether there is more work for the share than it has slots.
         *
         * @return whether another share may take slots that this one would have got; then {@link #tellOthers} is to be
         *     called without a lock
         */
        boolean hungry(boolean more) {
            boolean full = hungry && !more;
            hungry = more;
            return full && shares.length > 1;
        }

        /** Stops competing until it asks again, because its store does not answer or the dispatcher stops. */
        void withdraw() {
            waiting = false;
            hungry = false;
        }

        /** Removes the share. The slots that it still holds stay taken. */
        void leave() {
            synchronized (Slots.this) {
                shares = Arrays.stream(shares).filter(share -> share != this).toArray(Share[]::new);
            }
        }

        /** Whether a handler may be left behind: not when as many as there are slots are already. */
        boolean mayLeaveBehind() {
            synchronized (Slots.this) {
                return leftBehind < capacity;
            }
        }

        /** Frees the slot of a job whose handler goes on running. */
        void leaveBehind() {
            synchronized (Slots.this) {
                leftBehind++;
                mine--;
                taken--;
            }
        }

        /** A handler that was left behind is done. */
        void cameBack() {
            synchronized (Slots.this) {
                leftBehind--;
            }
        }
    }
}
