package io.jobqueue.worker;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Renews the claims of all pools of a process and enforces the time limits of their handlers, with one thread.
 *
 * <ul>
 *   <li>It renews claims that are older than a heartbeat, many in one call. It does not wait for the replies, so a slow
 *       or failing queue does not delay the others.
 *   <li>It interrupts a handler that has lost its claim or exceeded its time limit. If the handler ignores the time
 *       limit and the interrupt, its attempt fails and the handler is left behind.
 *   <li>It interrupts a handler whose job was cancelled, after a grace. The reply to a renewal says that a job was
 *       cancelled; a message about a cancel only brings the next renewal forward.
 *   <li>It hands back an attempt whose thread died; nothing works on that job any more.
 * </ul>
 *
 * <p>It renews the claim of an attempt until the attempt is settled, even while the attempt waits for Redis to come
 * back.
 *
 * <p>Thread-safe.
 */
final class LeaseKeeper {

    private static final Duration LONGEST_TICK = Duration.ofMillis(200);
    private static final Duration IDLE_TICK = Duration.ofSeconds(10);
    private static final int RENEWALS_A_CALL = 200;

    /** A queue whose jobs are all shorter than this never listens for cancels. */
    private static final Duration WORTH_LISTENING = Duration.ofMillis(300);

    private static final Duration BETWEEN_TRIES_TO_LISTEN = Duration.ofSeconds(1);

    private final Signals signals;
    private final JobListener listener;
    private final Patience patience;
    private final List<Member> members = new CopyOnWriteArrayList<>();

    @GuardedBy("this")
    private @Nullable Loop loop; // there is one while there are members

    private volatile boolean news;

    LeaseKeeper(Signals signals, JobListener listener, Patience patience) {
        this.signals = signals;
        this.listener = listener;
        this.patience = patience;
    }

    /**
     * Adds a dispatcher, which has no attempts yet.
     *
     * @param cancelGrace how long a handler may go on after its job was cancelled
     */
    synchronized Member join(JobStore store, Duration cancelGrace) {
        Member member = new Member(store, cancelGrace);
        members.add(member);
        if (loop == null) {
            loop = new Loop("jobqueue-lease", true, this::turn);
            loop.start();
        }
        return member;
    }

    synchronized List<Pulse> pulses() {
        List<Pulse> all = new ArrayList<>();
        if (loop != null) {
            all.add(loop.pulse());
        }
        members.forEach(member -> all.add(member.outage.pulse()));
        return all;
    }

    private void leave(Member member) {
        Loop last = null;
        synchronized (this) {
            members.remove(member);
            if (members.isEmpty()) {
                last = loop;
                loop = null;
            }
        }
        if (last != null) {
            last.stop(patience.calls());
        }
    }

    private void turn() throws InterruptedException {
        news = false;
        long nanos = IDLE_TICK.toNanos();
        for (Member member : members) {
            nanos = Math.min(nanos, member.lookOnce());
        }
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
                self.await(nanos);
            }
        } finally {
            self.lock.unlock();
        }
    }

    private synchronized void wake() {
        Loop keeping = loop;
        if (keeping != null) {
            news = true;
            keeping.signal();
        }
    }

    /** The renewals of one call that is out. */
    private record Call(List<Attempt> due, long sentAt, CompletableFuture<List<JobStore.Renewed>> answers) {}

    /** The attempts of one dispatcher. */
    final class Member implements Signals.CancelListener {

        private final JobStore store;
        private final Duration heartbeat;
        private final Duration lease;
        private final Duration cancelGrace;
        private final long tickNanos;
        private final Set<Attempt> attempts = ConcurrentHashMap.newKeySet();

        // only the loop's thread
        private final Outage outage;
        private List<Call> out = List.of();
        private long nextTry = System.nanoTime();
        private boolean failing;
        private long listenAt = System.nanoTime();

        private Member(JobStore store, Duration cancelGrace) {
            this.store = store;
            this.cancelGrace = cancelGrace;
            this.heartbeat = store.settings().lease().heartbeat();
            this.lease = store.settings().lease().visibilityTimeout();
            Duration half = heartbeat.dividedBy(2);
            this.tickNanos = (half.compareTo(LONGEST_TICK) < 0 ? half : LONGEST_TICK).toNanos();
            // after an outage claims must be renewed before another worker may take them
            this.outage = new Outage("The renewal of leases of queue " + store.queue(), heartbeat);
        }

        void add(List<Attempt> more) {
            boolean first = attempts.isEmpty();
            attempts.addAll(more);
            if (first) {
                wake();
            }
        }

        /** Allocates nothing. */
        void remove(Attempt attempt) {
            attempts.remove(attempt);
        }

        void interruptAll(Interruption why) {
            attempts.forEach(attempt -> attempt.interrupt(why));
        }

        List<Attempt> attempts() {
            return List.copyOf(attempts);
        }

        void leave() {
            LeaseKeeper.this.leave(this);
            signals.ignoreCancels(store.queue(), this);
        }

        // ---- cancels

        @Override
        public void cancelled(String id) {
            renewSoon(attempts.stream()
                    .filter(attempt -> attempt.claim().id().equals(id))
                    .toList());
        }

        @Override
        public void missed() {
            renewSoon(attempts());
        }

        private void renewSoon(List<Attempt> some) {
            some.forEach(Attempt::renewSoon);
            if (!some.isEmpty()) {
                wake();
            }
        }

        private void listenForCancels() {
            long now = System.nanoTime();
            if (now - listenAt >= 0
                    && attempts.stream().anyMatch(attempt -> now - attempt.madeAt() > WORTH_LISTENING.toNanos())) {
                listenAt = now + BETWEEN_TRIES_TO_LISTEN.toNanos();
                signals.hearCancels(store.queue(), this);
            }
        }

        // ---- the loop's looks

        /** One look, which must not keep the other members from theirs, whatever it throws. */
        private long lookOnce() {
            try {
                return look();
            } catch (Throwable ex) {
                outage.failed(ex);
                return tickNanos;
            }
        }

        /** Looks after the attempts; returns how long until the next look, in nanoseconds. */
        private long look() {
            if (attempts.isEmpty() && out.isEmpty() && !failing) {
                return IDLE_TICK.toNanos();
            }
            attempts.forEach(this::lookAfter);
            if (!out.isEmpty()) {
                takeAnswers();
            }
            if (out.isEmpty() && System.nanoTime() - nextTry >= 0) {
                renewDue();
            }
            listenForCancels();
            return tickNanos;
        }

        private void lookAfter(Attempt attempt) {
            if (attempt.isOrphaned()) {
                attempt.owner().handBack(attempt);
            }
            if (attempt.isOverLimit()) {
                attempt.interrupt(Interruption.TIMED_OUT);
            }
            if (attempt.isCancelledFor(cancelGrace)) {
                attempt.interrupt(Interruption.CANCELLED);
            }
            if (attempt.isStuck(patience.timedOut())) {
                attempt.owner().leaveBehind(attempt);
            }
        }

        private void renewDue() {
            List<Attempt> due = attempts.stream()
                    .filter(attempt -> attempt.isDue(heartbeat))
                    .toList();
            List<Call> calls = new ArrayList<>();
            if (due.isEmpty() && failing) {
                calls.add(call(due)); // asks for nothing, to learn whether the store answers again
            }
            for (int from = 0; from < due.size(); from += RENEWALS_A_CALL) {
                calls.add(call(due.subList(from, Math.min(from + RENEWALS_A_CALL, due.size()))));
            }
            out = calls;
            calls.forEach(call -> call.answers().whenComplete((answers, failure) -> wake()));
        }

        private Call call(List<Attempt> due) {
            long sentAt = System.nanoTime();
            return new Call(due, sentAt, extend(due, lease));
        }

        private CompletableFuture<List<JobStore.Renewed>> extend(List<Attempt> due, Duration time) {
            try {
                return store.extend(due.stream()
                        .map(attempt -> new JobStore.Renewal(attempt.claim(), time))
                        .toList());
            } catch (RuntimeException | Error ex) {
                return CompletableFuture.failedFuture(ex);
            }
        }

        private void takeAnswers() {
            if (!out.stream().allMatch(call -> call.answers().isDone())) {
                return;
            }
            List<Call> calls = out;
            out = List.of();
            Throwable failure = null;
            for (Call call : calls) {
                try {
                    renewed(call, call.answers().join());
                } catch (RuntimeException ex) {
                    failure = ex;
                }
            }
            failing = failure != null;
            if (failure == null) {
                outage.recovered();
            } else {
                nextTry = System.nanoTime() + outage.failed(failure);
                // past its lease a job may be running elsewhere, so its handler had better stop
                attempts.stream().filter(Attempt::isOverLease).forEach(this::lose);
            }
        }

        private void renewed(Call call, List<JobStore.Renewed> answers) {
            for (int i = 0; i < answers.size(); i++) {
                renewed(call.due().get(i), answers.get(i), call.sentAt(), lease);
            }
        }

        private void renewed(Attempt attempt, JobStore.Renewed answer, long sentAt, Duration time) {
            if (answer == JobStore.Renewed.LOST) {
                lose(attempt);
                return;
            }
            attempt.renewed(sentAt, time);
            if (answer == JobStore.Renewed.CANCELLED) {
                attempt.cancel();
            }
        }

        private void lose(Attempt attempt) {
            if (attempt.loseLease()) {
                listener.on(new JobEvent.LeaseLost(attempt.claim()));
            }
        }

        /** Renews one claim right away, for a handler that asks for more time; {@code false} when the claim is lost. */
        boolean renewNow(Attempt attempt, Duration time) {
            long sentAt = System.nanoTime();
            Duration atLeast = lease.compareTo(time) > 0 ? lease : time;
            JobStore.Renewed answer;
            try {
                answer = extend(List.of(attempt), atLeast).join().get(0);
            } catch (CompletionException ex) {
                throw ex.getCause() instanceof RuntimeException cause ? cause : ex;
            }
            renewed(attempt, answer, sentAt, atLeast);
            return answer != JobStore.Renewed.LOST;
        }
    }
}
