package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.QueueSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes all calls that move the jobs of one queue: claims them, hands them to the crew, and settles their attempts.
 *
 * <h2>The turn</h2>
 *
 * <p>In each {@linkplain #turn() turn} the dispatcher sends one exchange to the store: it settles the attempts that
 * have ended, many in one call, and claims one job for each free slot. While an exchange is in flight more attempts
 * end. So batches grow under load, and on an idle queue a batch is one job.
 *
 * <h2>Claiming ahead</h2>
 *
 * <p>Short jobs would leave the crew idle until the exchange is answered. The dispatcher then claims more jobs than
 * there are slots, as many as the crew will probably finish in that time; see {@link Pace}. When the jobs ahead occupy
 * the whole crew, it sends the next exchange before the last one is answered. A job that waits for a thread for longer
 * than a second is handed back.
 *
 * <h2>Outages</h2>
 *
 * <p>The dispatcher repeats an exchange that was not answered: it returns the attempts to the {@link Outbox}, and
 * settling an attempt twice is harmless. It claims no more jobs until the store answers, so ended attempts do not
 * accumulate.
 *
 * <h2>Idle</h2>
 *
 * <p>An idle dispatcher waits for a hint, and looks by itself when the next delayed job is due and once per poll
 * interval. After {@link Patience#idle()} it rests: its thread ends, and the {@link Watch} waits for work in its place.
 * When a hint arrives and no slot is free, the dispatcher claims zero jobs, which passes the hint to another worker.
 *
 * <h2>Sharing</h2>
 *
 * <p>Several dispatchers can share one {@link Slots} object and one {@link Crew}. Each has its own store and
 * {@link Demand}, which decides when there is something to settle or to claim.
 *
 * <p>Thread-safe.
 */
final class Dispatcher implements Attempt.Owner, Watch.Sleeper {

    private static final Logger log = LoggerFactory.getLogger(Dispatcher.class);

    /** How long a dispatcher without a free slot waits for a signal. */
    private static final Duration MAX_WAIT_FOR_SLOT = Duration.ofSeconds(10);

    /** How long a job may wait for a thread of the crew before it is handed back for others. */
    private static final Duration MAX_WAIT_FOR_THREAD = Duration.ofSeconds(1);

    /** The queue that a dispatcher works on, its handlers, and its settings. */
    record Source(JobStore store, AttemptNotes notes, Handlers handlers, WorkerSettings settings) {}

    private final JobStore store;
    private final AttemptNotes notes;
    private final WorkerSettings settings;
    private final JobListener listener;
    private final JobRunner runner;
    private final Crew crew;
    private final LeaseKeeper.Member leases;
    private final Watch.Member watch;
    private final Loop loop;
    private final Demand demand;

    /** The exchange whose replies are outstanding. Whoever swaps it out must finish it: the dispatcher, or its stop. */
    private final AtomicReference<@Nullable Exchange> out = new AtomicReference<>();

    /** Creates a dispatcher without a thread. It takes part in engine, slots and crew until it is stopped. */
    Dispatcher(Source source, Slots slots, Crew crew, Engine engine) {
        this.store = source.store();
        this.notes = source.notes();
        this.settings = source.settings();
        this.listener = engine.listener();
        UnknownJobs unknown =
                new UnknownJobs(source.handlers(), settings.unknownFor(), engine.unknownKinds(), listener);
        this.runner =
                new JobRunner(source.handlers(), store.settings(), store.codec(), listener, unknown, engine.redactor());
        this.crew = crew;
        this.loop = new Loop("jobqueue-" + store.queue() + "-dispatcher", false, this::turn);
        this.demand = new Demand(loop, slots, settings, engine.patience().idle());
        this.leases = engine.keeper().join(store, settings.cancelGrace());
        this.watch = engine.watch().join(store.queue(), settings.pollInterval(), this);
    }

    void start() {
        loop.start();
    }

    Pulse pulse() {
        return loop.pulse();
    }

    // ---- the turn: await work, settle and claim in one exchange, hand the jobs to the crew

    private void turn() throws InterruptedException {
        if (!awaitWork()) {
            return; // it rests
        }
        Exchange before = out.getAndSet(send());
        try {
            if (before != null) {
                finish(before);
            }
        } finally {
            if (!demand.isHasty()) {
                finishOut();
            } // else the next turn waits for the replies, after it has sent its own exchange
        }
    }

    /** Settles the attempts that have ended, and claims jobs for the free slots. */
    private Exchange send() {
        Demand.Order order = demand.take();
        try {
            return Exchange.send(store, order.batch(), order.claims());
        } catch (Throwable ex) {
            // no memory to send it; nothing was sent
            demand.notSettled(order.batch());
            demand.claimed(order.claims(), 0, true);
            throw ex;
        }
    }

    /** Waits for both replies. If one fails, the other still takes effect. */
    private void finish(Exchange exchange) {
        RuntimeException settleFailure = Exchange.failure(exchange.settled());
        RuntimeException claimFailure = Exchange.failure(exchange.claimed());
        boolean answered = settleFailure == null && claimFailure == null;
        keepPace(exchange, answered);
        try {
            if (settleFailure == null) {
                settled(exchange.batch(), exchange.settled().join());
            } else {
                demand.notSettled(exchange.batch());
            }
        } finally {
            if (exchange.hasClaim()) {
                claimed(exchange, claimFailure == null ? exchange.claimed().join() : null);
            }
        }
        if (!answered) {
            demand.yieldSlots();
            throw settleFailure != null ? settleFailure : claimFailure;
        }
    }

    /** The attempts are settled: stops the renewal of their claims, and informs the listeners. */
    private void settled(List<Attempt> batch, JobStore.@Nullable Settled answer) {
        if (answer == null) {
            return;
        }
        for (int i = 0; i < batch.size(); i++) {
            leases.remove(batch.get(i));
        }
        demand.settled(batch.size());
        for (int i = 0; i < batch.size(); i++) {
            Attempt attempt = batch.get(i);
            Duration took = Duration.ofNanos(attempt.tookNanos());
            listener.on(attempt.settlement().event(answer.answers().get(i), took));
        }
        listener.onAll(answer.events());
    }

    /** Passes the claimed jobs to the crew, and gives back the slots that the claim did not fill. */
    private void claimed(Exchange exchange, JobStore.@Nullable Claims claims) {
        List<Attempt> attempts = List.of();
        boolean more = true; // without an answer too
        try {
            if (claims != null) {
                demand.lookAfter(claims);
                attempts = attempts(claims.jobs(), exchange.sentAt());
                more = claims.more();
            }
        } finally {
            // if there was no memory for some jobs, their leases expire and the sweep returns them
            demand.claimed(exchange.claims(), attempts.size(), more);
        }
        begin(attempts);
        if (claims != null) {
            listener.onAll(claims.events());
        }
    }

    private List<Attempt> attempts(List<Claim> jobs, long askedAt) {
        List<Attempt> attempts = new ArrayList<>(jobs.size());
        for (int i = 0; i < jobs.size(); i++) {
            Claim claim = jobs.get(i);
            Duration limit = runner.handler(claim).map(Handler::timeLimit).orElse(settings.maxRunTime());
            attempts.add(new Attempt(claim, askedAt, this, runner.maxAttempts(claim), limit));
        }
        return attempts;
    }

    private void begin(List<Attempt> attempts) {
        boolean wanted;
        try {
            leases.add(attempts);
            wanted = demand.begin(!attempts.isEmpty());
        } catch (Throwable ex) {
            attempts.forEach(this::handBack);
            throw ex;
        }
        if (wanted) {
            crew.add(attempts);
        } else {
            attempts.forEach(this::handBack);
        }
    }

    private void keepPace(Exchange exchange, boolean answered) {
        if (answered) {
            demand.exchangeTook(System.nanoTime() - exchange.sentAt(), exchange.hasBoth());
        } else {
            demand.exchangeFailed();
        }
    }

    private void finishOut() {
        Exchange last = out.getAndSet(null);
        if (last != null) {
            finish(last);
        }
    }

    // ---- waiting

    /**
     * Waits until there is something to settle or a reason to claim.
     *
     * @return {@code false} when the dispatcher rests
     */
    private boolean awaitWork() throws InterruptedException {
        watch.rise();
        while (true) {
            handBackLate();
            if (!demand.hasWork() || loop.isStopping()) {
                finishOut(); // there is no exchange to send before it
            }
            if (demand.hasWork() || loop.isStopping()) {
                return true;
            }
            if (demand.takeWishForHint()) {
                askForHint(); // may have to connect
            }
            Duration most = crew.isWaiting() ? MAX_WAIT_FOR_THREAD : MAX_WAIT_FOR_SLOT;
            if (!demand.await(most.toNanos(), watch::rest)) {
                return false;
            }
        }
    }

    private void askForHint() {
        boolean asked = false;
        try {
            watch.wantHint();
            asked = true;
        } finally {
            if (!asked) {
                demand.noHintComes();
            }
        }
    }

    /**
     * Hands back the jobs that wait too long for a thread, because jobs have become longer than expected or no thread
     * can be started.
     */
    private void handBackLate() {
        List<Attempt> late = crew.takeBack(System.nanoTime() - MAX_WAIT_FOR_THREAD.toNanos());
        if (!late.isEmpty()) {
            demand.forgetPaceOfJobs();
            late.forEach(attempt -> attempt.owner().handBack(attempt));
        }
    }

    @Override
    public void hinted() {
        demand.hinted();
    }

    @Override
    public void look() {
        demand.look();
    }

    // ---- one attempt

    @Override
    public QueueSettings settings() {
        return store.settings();
    }

    @Override
    public JobCodec codec() {
        return store.codec();
    }

    @Override
    public AttemptNotes notes() {
        return notes;
    }

    @Override
    public boolean renew(Attempt attempt, Duration lease) {
        return leases.renewNow(attempt, lease);
    }

    @Override
    public void work(Attempt attempt) {
        end(attempt, runner.run(attempt));
    }

    @Override
    public void handBack(Attempt attempt) {
        Settlement how = attempt.broken();
        try {
            how = JobRunner.release(attempt.claim());
        } finally {
            end(attempt, how);
        }
    }

    /** Ends an attempt whose handler has returned or never started. Allocates nothing, so that it cannot fail. */
    private void end(Attempt attempt, Settlement how) {
        if (attempt.end(how)) {
            demand.ended(attempt);
        } else {
            // the attempt was left behind and has ended before its handler returned
            demand.cameBack();
            crew.resize(-1);
        }
    }

    @Override
    public void leaveBehind(Attempt attempt) {
        // a handler that is left behind keeps its thread; at the limit, this one keeps its slot too
        if (demand.mayLeaveBehind() && demand.leaveBehind(attempt, runner.timedOut(attempt, null))) {
            crew.resize(1);
            demand.tellOthers();
            listener.on(new JobEvent.Stuck(attempt.claim()));
        }
    }

    // ---- the steps of a stop, in their order; see WorkerPool.stop

    /** Stops claiming. Claimed jobs still run, and their claims are renewed. */
    void stopClaiming() {
        demand.stopClaiming();
        watch.leave();
    }

    /** Waits until no handler runs; {@code false} when some still do. */
    boolean awaitHandlers(long deadline) {
        return demand.awaitHandlers(deadline);
    }

    void interruptHandlers() {
        leases.interruptAll(Interruption.STOPPED);
    }

    /** Hands back the jobs whose handlers ignore the interrupt. */
    void handBackHandlers() {
        leases.attempts().forEach(attempt -> demand.leaveBehind(attempt, JobRunner.release(attempt.claim())));
    }

    /** Waits until every attempt is settled and no claim is in flight; {@code false} when the time is over before. */
    boolean awaitSettlements(long deadline) {
        return demand.awaitSettlements(deadline);
    }

    /** Ends the dispatcher's thread, and finishes an exchange that was answered meanwhile. */
    void stop(long deadline) {
        loop.stop(Duration.ofNanos(Math.max(deadline - System.nanoTime(), 0)));
        Exchange last = out.getAndSet(null);
        if (last != null && last.isAnswered()) {
            try {
                finish(last);
            } catch (RuntimeException ex) {
                // the stop has warned of attempts without an answer
                log.debug("Queue {}: the last attempts found no answer", store.queue(), ex);
            }
        }
        leases.leave();
        demand.leave();
    }
}
