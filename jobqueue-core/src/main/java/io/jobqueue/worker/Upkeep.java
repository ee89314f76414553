package io.jobqueue.worker;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The upkeep of all queues of a process. One thread starts the rounds of every {@link Chore} when they are due, and
 * reports their events to the listeners and the log. It does not wait for a round to end, so a slow or failing queue
 * does not delay the others.
 *
 * <p>A failed round is repeated after a pause that grows to 2 s. The log has one line for consecutive failures of a
 * chore, and one line for all jobs that one pass of a sweep moves. Any number of processes may run the chores of one
 * queue.
 *
 * <p>Thread-safe. Can be started again after a stop.
 *
 * @since 0.1.0
 */
public final class Upkeep {

    private static final Logger log = LoggerFactory.getLogger(Upkeep.class);

    /** The longest wait between two looks at the chores, should a signal be missed. */
    private static final Duration MAX_WAIT = Duration.ofSeconds(10);

    /**
     * Rounds that follow each other within this time are one tick: a pass that has more pages, a repair that goes on.
     */
    private static final Duration SAME_TICK = Duration.ofMillis(50);

    /** The longest time for which the log sums up the rounds of one tick. */
    private static final Duration MAX_SUMMED_UP = Duration.ofSeconds(5);

    /** The grid of times at which the rounds of long pauses are due. */
    private static final Duration MAX_STEP = Duration.ofMillis(100);

    private final List<? extends Chore> chores;
    private final JobListener listener;

    private volatile @Nullable Run run; // set by start and stop, one at a time

    /**
     * Makes an upkeep that is not started yet.
     *
     * @param chores the chores of all queues
     * @param listener receives the events of the chores
     */
    public Upkeep(Collection<? extends Chore> chores, JobListener listener) {
        this.chores = List.copyOf(chores);
        this.listener = EventLog.guarded(listener);
    }

    /** Starts the chores. An upkeep that runs already is left alone. */
    public synchronized void start() {
        if (run == null) {
            Run begun = new Run();
            run = begun;
            begun.loop.start();
            log.info(
                    "Upkeep started for queues {}",
                    chores.stream().map(Chore::queue).distinct().toList());
        }
    }

    /** Whether the upkeep was started and not stopped. */
    public boolean isRunning() {
        return run != null;
    }

    /** The signs of life of the upkeep and of its chores; none while it does not run. Does not block. */
    public List<Pulse> pulses() {
        Run now = run;
        return now == null
                ? List.of()
                : Stream.concat(Stream.of(now.loop.pulse()), now.tasks.stream().map(task -> task.outage.pulse()))
                        .toList();
    }

    /** Stops, and waits up to six seconds for the rounds that are out; see {@link #stop(Duration)}. */
    public void stop() {
        stop(Patience.USUAL.calls());
    }

    /**
     * Starts no further round, waits for those that are out, and stops.
     *
     * @param time how long the stop may take
     */
    public synchronized void stop(Duration time) {
        Run ending = run;
        if (ending != null) {
            ending.stop(time);
            run = null;
        }
    }

    /** What lives from a start to a stop. */
    private final class Run {

        private final Loop loop = new Loop("jobqueue-upkeep", true, this::turn);
        private final List<Task> tasks =
                chores.stream().map(chore -> new Task(chore, this)).toList();
        private final long began = System.nanoTime();

        @GuardedBy("loop.lock")
        private boolean answered;

        /**
         * When the next round is due after a pause. The pause is shortened at random, so that processes that started
         * together do not run their rounds at the same moment. Rounds of one process that are due at about the same
         * time start together, because chores of idle queues share commands.
         */
        private long after(Duration pause) {
            long nanos = (long)
                    (pause.toNanos() * (0.8 + 0.2 * ThreadLocalRandom.current().nextDouble()));
            long step = Math.max(1, Math.min(pause.toNanos() / 10, MAX_STEP.toNanos()));
            long at = System.nanoTime() + nanos - began;
            return began + at / step * step;
        }

        private void turn() throws InterruptedException {
            long next = System.nanoTime() + MAX_WAIT.toNanos();
            for (Task task : tasks) {
                task.step();
                next = task.nextStep(next);
            }
            loop.lock.lock();
            try {
                if (!answered) {
                    loop.await(next - System.nanoTime());
                }
                answered = false;
            } finally {
                loop.lock.unlock();
            }
        }

        private void answered() {
            loop.lock.lock();
            try {
                answered = true;
                loop.signal();
            } finally {
                loop.lock.unlock();
            }
        }

        private void stop(Duration time) {
            long deadline = System.nanoTime() + time.toNanos();
            loop.stop(time);
            tasks.forEach(task -> task.finish(deadline));
            tasks.forEach(task -> task.chore.stop());
        }
    }

    /**
     * One chore, and when its next round is due. Used by the loop's thread, and by a stop when that thread has ended.
     */
    private final class Task {

        private final Chore chore;
        private final Run run;
        private final Outage outage;
        private final EventSummary summary = new EventSummary();
        private @Nullable CompletableFuture<Chore.Round> out;
        private long dueAt = System.nanoTime();

        Task(Chore chore, Run run) {
            this.chore = chore;
            this.run = run;
            this.outage = new Outage("The %s of queue %s".formatted(chore.name(), chore.queue()), Outage.LONGEST_PAUSE);
        }

        /** Takes the answer of the round that is out, if there is one, or starts the next round if it is due. */
        void step() {
            CompletableFuture<Chore.Round> round = out;
            if (round == null) {
                if (dueAt - System.nanoTime() <= 0) {
                    begin();
                }
            } else if (round.isDone()) {
                out = null;
                end(round);
            }
        }

        /** When the next step is due, if that is before a time. An answer wakes the loop by itself. */
        long nextStep(long before) {
            return out == null && dueAt - before < 0 ? dueAt : before;
        }

        private void begin() {
            try {
                CompletableFuture<Chore.Round> round = chore.round();
                out = round;
                round.whenComplete((done, failure) -> run.answered());
            } catch (Throwable ex) {
                dueAt = System.nanoTime() + outage.failed(ex);
            }
        }

        private void end(CompletableFuture<Chore.Round> round) {
            try {
                Chore.Round done = round.join();
                dueAt = run.after(done.pause());
                outage.recovered();
                tell(done.events());
                if (done.pause().compareTo(SAME_TICK) > 0 || summary.isOlderThan(MAX_SUMMED_UP)) {
                    EventLog.end(summary);
                }
            } catch (Throwable ex) {
                dueAt = System.nanoTime() + outage.failed(ex);
                EventLog.end(summary);
            }
        }

        private void tell(List<JobEvent> events) {
            EventLog.write(events, summary);
            listener.onAll(events);
        }

        /** Waits for the round that is out. */
        void finish(long deadline) {
            CompletableFuture<Chore.Round> round = out;
            out = null;
            if (round != null) {
                finish(round, deadline);
            }
            EventLog.end(summary);
        }

        private void finish(CompletableFuture<Chore.Round> round, long deadline) {
            try {
                tell(round.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)
                        .events());
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            } catch (Exception ex) {
                log.debug("The last {} of queue {} found no answer", chore.name(), chore.queue(), ex);
            }
        }
    }
}
