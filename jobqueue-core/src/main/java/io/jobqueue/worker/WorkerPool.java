package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers of one queue in this process.
 *
 * <p>One thread, the dispatcher, makes all calls that move jobs. In each turn it sends the attempts that ended meanwhile,
 * as one settlement of many, together with a claim for as many jobs as slots are free; so batches form by themselves
 * while the last call is out. Each claimed job runs on a thread of the {@link Crew}, through {@link JobRunner}. The
 * {@link LeaseKeeper} renews claims until they are settled.
 *
 * <p>A slot is taken when its job is claimed and free again when its handler is through. Only when jobs are so short that
 * the pool would be through before a call is answered, more are claimed ahead: as many as it is expected to do meanwhile,
 * at most a hundred or twice the slots. One that waits for long is handed back. With so many ahead the next exchange is
 * sent before the last is answered, so that Redis and the pool do not wait for each other by turns. What an attempt came to
 * is kept until the store has answered for it; while the store cannot be reached nothing is claimed, so no more of it piles
 * up than was claimed by then. A handler that ignores its time limit and the interrupt is left behind with its thread, and its
 * slot is free again, for at most as many such handlers as the pool has slots.
 *
 * <p>An idle pool waits for a hint, and looks by itself when the next delayed job is due and once per poll interval. A
 * hint that finds no free slot is passed on.
 *
 * <p>It is longer than other classes on purpose: the dispatcher's turn, the slots it counts and the stop share one lock and
 * one set of counters, and are safe only when they are read together. What needs none of them is elsewhere: times in
 * {@link Pace}, threads in {@link Crew}, an attempt in {@link JobRunner}, claims in {@link LeaseKeeper}.
 *
 * <p>Thread-safe. Can be started again after a stop.
 *
 * @since 0.1.0
 */
public final class WorkerPool {

    private static final Logger log = LoggerFactory.getLogger(WorkerPool.class);

    private static final int SETTLEMENTS_A_CALL = 100;
    private static final int BYTES_A_CALL = 1024 * 1024;
    private static final int CLAIMS_A_CALL = 100;
    private static final Duration HINT = Duration.ofSeconds(10);

    /** How long a job may wait for a thread in this process, before it is handed back for others. */
    private static final Duration LINE = Duration.ofSeconds(1);

    private final JobStore store;
    private final AttemptNotes notes;
    private final WorkerSettings settings;
    private final JobListener listener;
    private final JobRunner runner;
    private final ThreadFactory threads;
    private final Patience patience;

    private @Nullable Run run; // guarded by this

    /**
     * Makes a pool that is not started yet.
     *
     * @param store the queue's transitions
     * @param notes what its running attempts write about themselves
     * @param handlers the kinds it can work on; jobs of other kinds fail and are retried
     * @param settings how it works
     * @param listener hears of what happens
     * @param threads makes the threads that handlers run on, virtual ones for example
     */
    public WorkerPool(
            JobStore store,
            AttemptNotes notes,
            Handlers handlers,
            WorkerSettings settings,
            JobListener listener,
            ThreadFactory threads) {
        this(store, notes, handlers, settings, listener, threads, Patience.USUAL);
    }

    /** For tests, which have less patience. */
    WorkerPool(
            JobStore store,
            AttemptNotes notes,
            Handlers handlers,
            WorkerSettings settings,
            JobListener listener,
            ThreadFactory threads,
            Patience patience) {
        this.store = store;
        this.notes = notes;
        this.patience = patience;
        this.settings = settings;
        this.listener = JobListener.logged(listener);
        this.runner = new JobRunner(handlers, store.settings(), store.codec(), this.listener);
        this.threads = threads;
    }

    /** The queue's name. */
    public String queue() {
        return store.queue();
    }

    /** Starts claiming. A pool that runs already is left alone. */
    public synchronized void start() {
        if (run == null) {
            run = new Run();
            run.start();
            log.info("Queue {}: {} workers started", store.queue(), settings.concurrency());
        }
    }

    /** Whether the pool was started and not stopped. */
    public synchronized boolean isRunning() {
        return run != null;
    }

    /**
     * Stops claiming, waits for running handlers for at most the drain time, interrupts what is left and hands it back
     * unspent. Returns when the last answer is in, or some seconds after the drain time.
     */
    public void stop() {
        Run stopping;
        synchronized (this) {
            stopping = run;
            run = null;
        }
        if (stopping != null) {
            stopping.stop();
            log.info("Queue {}: workers stopped", store.queue());
        }
    }

    /** What lives from a start to a stop. */
    private final class Run {

        private final Loop loop = new Loop("jobqueue-" + store.queue() + "-dispatcher", false, this::turn);
        private final LeaseKeeper keeper =
                new LeaseKeeper(store, store.settings().lease().heartbeat(), patience, listener, this::leaveBehind);
        private final Crew crew;
        private final Pace pace = new Pace(settings.concurrency()); // guarded by loop.lock

        // guarded by loop.lock
        private final Deque<Ended> ended = new ArrayDeque<>();
        private int busy;
        private int unsettled;
        private int leftBehind;
        private boolean claiming = true;
        private boolean look = true;
        private boolean hinted;
        private boolean hintOut;
        private int claimsOut;
        private int asked; // how many jobs those may bring
        private long nextLook = System.nanoTime();
        /** Whose answers nobody has waited for yet. Whoever takes it finishes it: the dispatcher, or a stop behind it. */
        private final AtomicReference<@Nullable Exchange> out = new AtomicReference<>();

        Run() {
            AtomicInteger number = new AtomicInteger();
            crew = new Crew(
                    settings.concurrency(),
                    work -> {
                        Thread thread = threads.newThread(work);
                        thread.setName("jobqueue-" + store.queue() + "-worker-" + number.incrementAndGet());
                        return thread;
                    },
                    attempt -> end(attempt, runner.run(attempt)));
        }

        void start() {
            keeper.start();
            loop.start();
        }

        // ---- the dispatcher's turn

        private void turn() throws InterruptedException {
            awaitWork();
            Exchange before = out.getAndSet(send());
            try {
                if (before != null) {
                    finish(before);
                }
            } finally {
                if (!isHasty()) {
                    finishOut();
                } // else its answers are waited for when the one after it is on its way
            }
        }

        /** What is on its way to the store: what ended, and a claim of so many; -1 for none. */
        private record Exchange(
                List<Ended> batch,
                int claims,
                long sentAt,
                CompletableFuture<JobStore.@Nullable Settled> settled,
                CompletableFuture<JobStore.@Nullable Claims> claimed) {}

        private Exchange send() {
            List<Ended> batch;
            int claims;
            loop.lock.lock();
            try {
                batch = takeEnded();
                claims = wantsToLook() ? Math.min(freeSlots(), CLAIMS_A_CALL) : -1;
                if (claims >= 0) {
                    hinted = false;
                    look = false;
                    claimsOut++;
                    asked += claims;
                }
            } finally {
                loop.lock.unlock();
            }
            return new Exchange(
                    batch,
                    claims,
                    System.nanoTime(),
                    batch.isEmpty()
                            ? CompletableFuture.completedFuture(null)
                            : ask(() -> store.settle(
                                    batch.stream().map(Ended::settlement).toList())),
                    claims < 0 ? CompletableFuture.completedFuture(null) : ask(() -> store.claim(claims)));
        }

        /** Waits for both answers. Each counts for itself, and neither's failure keeps the other from it. */
        private void finish(Exchange exchange) {
            RuntimeException notSettled = failure(exchange.settled());
            RuntimeException notClaimed = failure(exchange.claimed());
            boolean claims = exchange.claims() >= 0;
            loop.lock.lock();
            try {
                if (notSettled != null || notClaimed != null) {
                    pace.exchangeFailed();
                } else {
                    pace.exchangeTook(
                            System.nanoTime() - exchange.sentAt(),
                            claims && !exchange.batch().isEmpty());
                }
                if (claims) {
                    asked -= exchange.claims();
                }
            } finally {
                loop.lock.unlock();
            }
            try {
                if (notSettled == null) {
                    settled(exchange.batch(), exchange.settled().join());
                } else {
                    keep(exchange.batch());
                }
            } finally {
                if (claims) {
                    claimed(exchange, notClaimed == null);
                }
            }
            if (notSettled != null || notClaimed != null) {
                throw notSettled != null ? notSettled : notClaimed;
            }
        }

        private boolean isHasty() {
            loop.lock.lock();
            try {
                return pace.isHasty() && hasWork();
            } finally {
                loop.lock.unlock();
            }
        }

        private boolean hasWork() {
            return !ended.isEmpty() || wantsToLook();
        }

        private void finishOut() {
            Exchange last = out.getAndSet(null);
            if (last != null) {
                finish(last);
            }
        }

        /** There is nothing to send beside what is out. */
        private void finishIfIdle() {
            boolean idle;
            loop.lock.lock();
            try {
                idle = !hasWork() || loop.isStopping();
            } finally {
                loop.lock.unlock();
            }
            if (idle) {
                finishOut();
            }
        }

        /** A call of the store whose failures, whatever they are, come with the answer. */
        private static <T> CompletableFuture<T> ask(Supplier<? extends CompletableFuture<? extends T>> call) {
            try {
                return call.get().thenApply(answer -> answer);
            } catch (RuntimeException | Error ex) {
                return CompletableFuture.failedFuture(ex);
            }
        }

        /** Waits for an answer; what there is instead of one. */
        private static @Nullable RuntimeException failure(CompletableFuture<?> call) {
            try {
                call.join();
                return null;
            } catch (CompletionException | CancellationException ex) {
                return ex;
            }
        }

        /** Waits until there is something to settle or a reason to claim. */
        private void awaitWork() throws InterruptedException {
            while (true) {
                boolean askForHint;
                handBackWhatWaits();
                finishIfIdle();
                loop.lock.lock();
                try {
                    if (hasWork() || loop.isStopping()) {
                        return;
                    }
                    askForHint = claiming && !hintOut && freeSlots() > 0;
                    hintOut |= askForHint;
                } finally {
                    loop.lock.unlock();
                }
                if (askForHint) {
                    askForHint(); // may have to connect, so not under the lock
                }
                loop.lock.lock();
                try {
                    if (!hasWork()) {
                        boolean mayClaim = claiming && freeSlots() > 0;
                        long pause = mayClaim ? nextLook - System.nanoTime() : HINT.toNanos();
                        loop.await(crew.isWaiting() ? Math.min(pause, LINE.toNanos()) : pause);
                        look |= nextLook - System.nanoTime() <= 0;
                    }
                } finally {
                    loop.lock.unlock();
                }
            }
        }

        private int freeSlots() {
            return Math.max(0, settings.concurrency() + pace.ahead() - busy - asked);
        }

        /** Jobs have become longer than expected, or there are no threads. */
        private void handBackWhatWaits() {
            List<Attempt> late = crew.takeBack(System.nanoTime() - LINE.toNanos());
            if (!late.isEmpty()) {
                loop.lock.lock();
                try {
                    pace.forgetJobs();
                } finally {
                    loop.lock.unlock();
                }
                late.forEach(this::release);
            }
        }

        /** Whether a claim may bring something, or a hint came that another worker needs. */
        private boolean wantsToLook() {
            return claiming
                    && (hinted || (look && freeSlots() > 0))
                    && unsettled <= settings.concurrency() + pace.ahead();
        }

        private void askForHint() {
            var unused = ask(() -> store.hint(HINT)).whenComplete((hint, failure) -> {
                loop.lock.lock();
                try {
                    hintOut = false;
                    // without hints the poll still finds everything; it also finds out whether Redis is away
                    if (failure == null) {
                        hinted |= hint;
                        loop.signal();
                    }
                } finally {
                    loop.lock.unlock();
                }
            });
        }

        private List<Ended> takeEnded() {
            List<Ended> batch = new ArrayList<>(Math.min(ended.size(), SETTLEMENTS_A_CALL));
            int bytes = 0;
            while (!ended.isEmpty() && batch.size() < SETTLEMENTS_A_CALL) {
                bytes += ended.getFirst().settlement().size();
                if (bytes > BYTES_A_CALL && !batch.isEmpty()) {
                    break;
                }
                batch.add(ended.removeFirst());
            }
            return batch;
        }

        private void settled(List<Ended> batch, JobStore.@Nullable Settled answer) {
            if (answer == null) {
                return;
            }
            batch.forEach(end -> keeper.remove(end.attempt()));
            loop.lock.lock();
            try {
                unsettled -= batch.size();
                loop.signal();
            } finally {
                loop.lock.unlock();
            }
            for (int i = 0; i < batch.size(); i++) {
                Ended end = batch.get(i);
                listener.on(end.settlement().event(answer.answers().get(i), end.took()));
            }
            listener.onAll(answer.events());
        }

        /** No answer: the attempts are settled again, which is harmless if they were. */
        private void keep(List<Ended> batch) {
            loop.lock.lock();
            try {
                for (int i = batch.size() - 1; i >= 0; i--) {
                    ended.addFirst(batch.get(i));
                }
            } finally {
                loop.lock.unlock();
            }
        }

        private void claimed(Exchange exchange, boolean answered) {
            boolean more = true; // without an answer too
            try {
                more = !answered || begin(exchange.claimed().join(), exchange.sentAt());
            } finally {
                loop.lock.lock();
                try {
                    look |= more;
                    claimsOut--;
                    loop.signal();
                } finally {
                    loop.lock.unlock();
                }
            }
        }

        /** Hands claimed jobs to the crew; returns whether there are more. */
        private boolean begin(JobStore.Claims claims, long askedAt) {
            listener.onAll(claims.events());
            long pause = pollPause();
            if (claims.nextDue() != null) {
                pause = Math.min(pause, claims.nextDue().toNanos());
            }
            loop.lock.lock();
            try {
                nextLook = System.nanoTime() + pause;
            } finally {
                loop.lock.unlock();
            }
            List<Attempt> attempts =
                    claims.jobs().stream().map(claim -> attempt(claim, askedAt)).toList();
            attempts.forEach(keeper::add);
            boolean wanted;
            loop.lock.lock();
            try {
                busy += attempts.size();
                wanted = claiming;
            } finally {
                loop.lock.unlock();
            }
            if (wanted) {
                crew.add(attempts);
            } else {
                attempts.forEach(this::release);
            }
            return claims.more();
        }

        /** Pools of many processes must not look in step. */
        private long pollPause() {
            return (long) (settings.pollInterval().toNanos()
                    * (0.7 + 0.3 * ThreadLocalRandom.current().nextDouble()));
        }

        // ---- one job

        private Attempt attempt(Claim claim, long claimedAt) {
            Duration limit = runner.handler(claim).map(Handler::timeLimit).orElse(settings.maxRunTime());
            return new Attempt(claim, claimedAt, store, notes, runner.maxAttempts(claim), limit, keeper::renewNow);
        }

        private void release(Attempt attempt) {
            end(attempt, JobRunner.release(attempt.claim()));
        }

        private void end(Attempt attempt, Settlement settlement) {
            boolean first = attempt.claimEnding();
            Duration took = attempt.took();
            loop.lock.lock();
            try {
                if (first) {
                    if (attempt.hasBegun()) {
                        pace.jobTook(took.toNanos());
                    }
                    busy--;
                    unsettled++;
                    look = true;
                    ended.addLast(new Ended(attempt, settlement, took));
                } else {
                    leftBehind--;
                    crew.resize(-1);
                }
                loop.signal();
            } finally {
                loop.lock.unlock();
            }
        }

        /** The handler ignores its time limit and the interrupt: the attempt is failed without waiting for it. */
        private void leaveBehind(Attempt attempt) {
            loop.lock.lock();
            try {
                if (leftBehind >= settings.concurrency()) {
                    return; // each of them holds a thread; the slot stays taken until one comes back
                }
                if (!attempt.claimEnding()) {
                    return;
                }
                leftBehind++;
                crew.resize(1);
                busy--;
                unsettled++;
                look = true;
                ended.addLast(new Ended(attempt, runner.timedOut(attempt), attempt.took()));
                loop.signal();
            } finally {
                loop.lock.unlock();
            }
            listener.on(new JobEvent.Stuck(attempt.claim()));
        }

        // ---- stop

        void stop() {
            loop.lock.lock();
            try {
                claiming = false;
            } finally {
                loop.lock.unlock();
            }
            loop.hurry();
            crew.takeBack(System.nanoTime()).forEach(this::release);
            store.stopHints();
            if (!awaitAll(settings.drain(), false)) {
                log.warn("Queue {}: handlers still run after the drain time and are interrupted", store.queue());
                keeper.interruptAll(Attempt.Interruption.STOPPED);
                if (!awaitAll(patience.stopped(), false)) {
                    keeper.attempts().forEach(this::handBack);
                }
            }
            if (!awaitAll(patience.stopped(), true)) {
                log.warn(
                        "Queue {}: Redis did not answer for the last attempts; their jobs come back after their lease",
                        store.queue());
            }
            loop.stop(patience.calls());
            finishAnswered();
            keeper.stop();
            crew.stop();
        }

        /** What was out when the dispatcher went, if there are answers in the end. */
        private void finishAnswered() {
            Exchange last = out.getAndSet(null);
            if (last == null || !last.settled().isDone() || !last.claimed().isDone()) {
                return;
            }
            try {
                finish(last);
            } catch (RuntimeException ex) {
                log.debug("Queue {}: the last attempts found no answer", store.queue(), ex); // which was warned of
            }
        }

        private void handBack(Attempt attempt) {
            loop.lock.lock();
            try {
                if (attempt.claimEnding()) {
                    leftBehind++;
                    busy--;
                    unsettled++;
                    ended.addLast(new Ended(attempt, JobRunner.release(attempt.claim()), attempt.took()));
                    loop.signal();
                }
            } finally {
                loop.lock.unlock();
            }
        }

        /** Waits until no handler runs, or also until every attempt is settled and no claim can bring another. */
        private boolean awaitAll(Duration time, boolean settledToo) {
            long deadline = System.nanoTime() + time.toNanos();
            loop.lock.lock();
            try {
                while (busy > 0 || (settledToo && (unsettled > 0 || claimsOut > 0))) {
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
    }
}
