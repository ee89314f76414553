package io.jobqueue.worker;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for work on behalf of all dispatchers of a process, with one thread.
 *
 * <h2>Hints</h2>
 *
 * <p>A dispatcher with a free slot and nothing to do asks for the next hint of its queue. The watch passes that hint to
 * the dispatcher.
 *
 * <h2>Resting dispatchers</h2>
 *
 * <p>A dispatcher that was idle for a while rests: it has no thread. The watch wakes it when its next delayed job is
 * due, on a hint, and when the poll finds work that no hint announced. One poll looks at all resting queues at once, so
 * that a hundred idle queues cost as much as one.
 *
 * <p>Thread-safe.
 */
final class Watch {

    private static final Logger log = LoggerFactory.getLogger(Watch.class);

    private static final Duration MAX_WAIT = Duration.ofSeconds(10);

    private final Signals signals;
    private final List<Member> members = new CopyOnWriteArrayList<>();

    @GuardedBy("this")
    private @Nullable Loop loop; // there is one while there are members

    // only the loop's thread
    private final Outage outage = new Outage("The look at idle queues", Outage.LONGEST_PAUSE);
    private @Nullable CompletableFuture<Set<String>> poll;
    private long pollAt = System.nanoTime();

    private volatile boolean news;

    Watch(Signals signals) {
        this.signals = signals;
        signals.hear(this::hinted);
    }

    /** What the watch does for a dispatcher. */
    interface Sleeper {

        /** A hint came for the queue. */
        void hinted();

        /** There may be work on the queue. */
        void look();
    }

    /** One dispatcher that the watch knows. */
    final class Member {

        private static final long AWAKE = Long.MAX_VALUE;

        private final String queue;
        private final long pollNanos;
        private final Sleeper sleeper;
        private volatile long wakeAt;
        private volatile boolean resting;
        private volatile boolean wantsHint;

        private Member(String queue, Duration pollInterval, Sleeper sleeper) {
            this.queue = queue;
            this.pollNanos = pollInterval.toNanos();
            this.sleeper = sleeper;
        }

        /** Asks for the next hint. */
        void wantHint() {
            wantsHint = true;
            signals.want(queue);
        }

        /**
         * The dispatcher rests from now on.
         *
         * @param until when to wake it at the latest
         */
        void rest(long until) {
            wakeAt = until;
            resting = true;
            wake();
        }

        /** The dispatcher is awake. */
        void rise() {
            resting = false;
        }

        /** The dispatcher needs no watch any more. */
        void leave() {
            Watch.this.leave(this);
        }
    }

    /**
     * Adds a dispatcher that is awake.
     *
     * @param pollInterval how often its queue is looked at while it rests
     */
    synchronized Member join(String queue, Duration pollInterval, Sleeper sleeper) {
        Member member = new Member(queue, pollInterval, sleeper);
        members.add(member);
        if (loop == null) {
            // not a daemon: an application that only works on jobs is to live on while it has none
            loop = new Loop("jobqueue-watch", false, this::turn);
            loop.start();
        }
        return member;
    }

    synchronized List<Pulse> pulses() {
        return loop == null ? List.of() : List.of(loop.pulse(), outage.pulse());
    }

    private void leave(Member member) {
        Loop last = null;
        synchronized (this) {
            members.remove(member);
            if (members.stream().noneMatch(other -> other.queue.equals(member.queue))) {
                ignore(member.queue);
            }
            if (members.isEmpty()) {
                last = loop;
                loop = null;
            }
        }
        if (last != null) {
            last.stop(Duration.ofSeconds(1));
        }
    }

    /** A stop goes on whatever this throws. */
    private void ignore(String queue) {
        try {
            signals.ignore(queue);
        } catch (RuntimeException | Error ex) {
            log.warn("Queue {}: hints may still arrive after the stop", queue, ex);
        }
    }

    private void hinted(String queue) {
        for (Member member : members) {
            if (member.wantsHint && member.queue.equals(queue)) {
                member.wantsHint = false;
                member.sleeper.hinted();
                return;
            }
        }
    }

    private synchronized void wake() {
        Loop watching = loop;
        if (watching != null) {
            news = true;
            watching.signal();
        }
    }

    // ---- the loop

    private void turn() throws InterruptedException {
        news = false;
        long next = System.nanoTime() + MAX_WAIT.toNanos();
        long pollNanos = MAX_WAIT.toNanos();
        List<String> resting = new ArrayList<>();
        for (Member member : members) {
            if (!member.resting) {
                continue;
            }
            if (member.wakeAt - System.nanoTime() <= 0) {
                member.sleeper.look();
            } else {
                resting.add(member.queue);
                next = earlier(next, member.wakeAt);
                pollNanos = Math.min(pollNanos, member.pollNanos);
            }
        }
        if (!resting.isEmpty()) {
            next = earlier(next, poll(resting, pollNanos));
        }
        await(next);
    }

    private static long earlier(long one, long other) {
        return other - one < 0 ? other : one;
    }

    /**
     * Begins a poll when one is due, or takes the answer of the one that is out.
     *
     * @return when to come back
     */
    private long poll(List<String> resting, long pollNanos) {
        CompletableFuture<Set<String>> out = poll;
        if (out != null && out.isDone()) {
            poll = null;
            try {
                Set<String> found = out.join();
                outage.recovered();
                members.stream()
                        .filter(member -> member.resting && found.contains(member.queue))
                        .forEach(member -> member.sleeper.look());
            } catch (RuntimeException ex) {
                pollAt = System.nanoTime() + outage.failed(ex);
            }
        } else if (out == null) {
            // queues that began to rest a moment ago may poll more often than those before
            pollAt = earlier(pollAt, System.nanoTime() + pollNanos);
            if (pollAt - System.nanoTime() <= 0) {
                pollAt = System.nanoTime() + jittered(pollNanos);
                CompletableFuture<Set<String>> asked = ask(resting);
                poll = asked;
                asked.whenComplete((found, failure) -> wake());
            }
        }
        return pollAt;
    }

    /** Random, so that processes that started together do not poll at the same moment. */
    private static long jittered(long nanos) {
        return (long) (nanos * (0.7 + 0.3 * ThreadLocalRandom.current().nextDouble()));
    }

    private CompletableFuture<Set<String>> ask(List<String> queues) {
        try {
            return signals.unannounced(queues);
        } catch (RuntimeException | Error ex) {
            return CompletableFuture.failedFuture(ex);
        }
    }

    private void await(long until) throws InterruptedException {
        Loop self;
        synchronized (this) {
            self = loop;
        }
        if (self == null) {
            return;
        }
        self.lock.lock();
        try {
            if (!news) {
                self.await(until - System.nanoTime());
            }
        } finally {
            self.lock.unlock();
        }
    }
}
