package io.jobqueue.worker;

import io.jobqueue.JobListener;
import io.jobqueue.Redactor;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Stream;

/**
 * What the worker pools of one process share: the {@link Watch} over idle queues, the {@link LeaseKeeper}, the listener
 * for events, and the list of unknown kinds. A hundred idle queues need one thread and one connection.
 *
 * <p>The engine itself is not started or stopped: its threads run while at least one of its pools runs. Thread-safe.
 *
 * @since 0.1.0
 */
public final class Engine {

    private final JobListener listener;
    private final ThreadFactory threads;
    private final Redactor redactor;
    private final Patience patience;
    private final Watch watch;
    private final LeaseKeeper keeper;
    private final UnknownKinds unknownKinds = new UnknownKinds();

    /**
     * Makes an engine.
     *
     * @param signals where the engine learns that an idle queue has work
     * @param listener receives the events of all pools
     * @param threads makes the threads that handlers run on, virtual ones for example
     */
    public static Engine of(Signals signals, JobListener listener, ThreadFactory threads) {
        return of(signals, listener, threads, Redactor.none());
    }

    /**
     * Makes an engine whose errors are redacted.
     *
     * @param signals where the engine learns that an idle queue has work
     * @param listener receives the events of all pools
     * @param threads makes the threads that handlers run on, virtual ones for example
     * @param redactor sees the texts of failed attempts before they are stored
     */
    public static Engine of(Signals signals, JobListener listener, ThreadFactory threads, Redactor redactor) {
        return new Engine(signals, listener, threads, redactor, Patience.USUAL);
    }

    /** For tests, which have less patience. */
    static Engine of(Signals signals, JobListener listener, ThreadFactory threads, Patience patience) {
        return new Engine(signals, listener, threads, Redactor.none(), patience);
    }

    private Engine(Signals signals, JobListener listener, ThreadFactory threads, Redactor redactor, Patience patience) {
        this.listener = EventLog.before(listener);
        this.threads = threads;
        this.redactor = redactor;
        this.patience = patience;
        this.watch = new Watch(signals);
        this.keeper = new LeaseKeeper(signals, this.listener, patience);
    }

    /** The signs of life of what all pools of this process share. Does not block. */
    public List<Pulse> pulses() {
        return Stream.concat(watch.pulses().stream(), keeper.pulses().stream()).toList();
    }

    JobListener listener() {
        return listener;
    }

    ThreadFactory threads() {
        return threads;
    }

    Redactor redactor() {
        return redactor;
    }

    Patience patience() {
        return patience;
    }

    Watch watch() {
        return watch;
    }

    LeaseKeeper keeper() {
        return keeper;
    }

    UnknownKinds unknownKinds() {
        return unknownKinds;
    }
}
