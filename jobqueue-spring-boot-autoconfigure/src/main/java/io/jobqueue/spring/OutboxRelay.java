package io.jobqueue.spring;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.redis.JobRelay;
import io.jobqueue.redis.JobRelay.StoredJob;
import io.jobqueue.spring.OutboxTable.Backlog;
import io.jobqueue.spring.OutboxTable.Batch;
import io.jobqueue.spring.OutboxTable.Next;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Sends the jobs of the outbox to Redis, on a thread of its own: at once after a commit of this instance, and otherwise at an
 * interval, for jobs that other instances left behind. Each queue waits out its own failures, with growing pauses, so that one
 * queue does not stop the others.
 *
 * <p>Stops before the connections do. Jobs that are not sent then stay in the table.
 */
final class OutboxRelay implements SmartLifecycle, OutboxFigures {

    private static final Logger log = LoggerFactory.getLogger(OutboxRelay.class);

    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final Duration LONGEST_SEND = Duration.ofSeconds(30);
    private static final Duration BETWEEN_COUNTS = Duration.ofSeconds(5);
    private static final Duration STOP = Duration.ofSeconds(2);

    private final OutboxTable table;
    private final OutboxStep commits;
    private final JobRelay jobs;
    private final Duration interval;
    private final JobListener listener;
    private final String name = UUID.randomUUID().toString().replace("-", "");

    private volatile boolean running;
    private volatile @Nullable Backlog backlog;
    private @Nullable Thread thread; // guarded by this

    // used by the thread alone
    private final Map<String, Pause> pauses = new HashMap<>();
    private @Nullable Pause ofDatabase;
    private long countedAt;

    OutboxRelay(OutboxTable table, OutboxStep commits, JobRelay jobs, Duration interval, JobListener listener) {
        this.table = table;
        this.commits = commits;
        this.jobs = jobs;
        this.interval = interval;
        this.listener = listener;
    }

    /** A pause after a failure. The next one is twice as long. */
    private record Pause(Duration length, long since) {

        static Pause after(@Nullable Pause last) {
            Duration length = last == null ? FIRST_PAUSE : last.length().multipliedBy(2);
            return new Pause(length.compareTo(LONGEST_PAUSE) < 0 ? length : LONGEST_PAUSE, System.nanoTime());
        }

        Duration left() {
            Duration left = length.minusNanos(System.nanoTime() - since);
            return left.isNegative() ? Duration.ZERO : left;
        }

        boolean isOver() {
            return left().isZero();
        }
    }

    private void loop() {
        try {
            while (running) {
                if (ofDatabase == null || ofDatabase.isOver()) {
                    sendAll();
                }
                commits.awaitCommit(untilNextLook());
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private Duration untilNextLook() {
        if (ofDatabase != null) {
            return ofDatabase.left();
        }
        return pauses.values().stream()
                .map(Pause::left)
                .filter(left -> left.compareTo(interval) < 0)
                .min(Duration::compareTo)
                .orElse(interval);
    }

    private void sendAll() throws InterruptedException {
        try {
            Set<String> later = new HashSet<>();
            pauses.forEach((queue, pause) -> {
                if (!pause.isOver()) {
                    later.add(queue);
                }
            });
            for (Optional<String> queue = table.oldestQueue(later);
                    running && queue.isPresent();
                    queue = table.oldestQueue(later)) {
                if (!sendNext(queue.get())) {
                    later.add(queue.get());
                }
                count();
            }
            count();
            if (ofDatabase != null) {
                log.info("The outbox can use its database again");
                ofDatabase = null;
            }
        } catch (RuntimeException | Error ex) {
            if (ofDatabase == null && running) {
                log.warn("The outbox cannot use its database and tries again; the jobs stay in the table", ex);
            }
            ofDatabase = Pause.after(ofDatabase);
        }
    }

    /** Sends one batch of a queue; returns whether it is worth looking for the next one now. */
    private boolean sendNext(String queue) throws InterruptedException {
        Optional<Next> next = table.next(queue, name, jobs::check);
        if (next.isEmpty()) {
            return false;
        }
        next.get()
                .refused()
                .forEach(refused -> listener.on(new JobEvent.SendFailed(
                        queue,
                        List.of(refused.job().id()),
                        refused.reason() + "; its row stays in JOBQUEUE_OUTBOX",
                        true)));
        Batch batch = next.get().batch();
        if (batch == null) {
            return !next.get().refused().isEmpty();
        }
        try {
            OptionalLong last = jobs.send(queue, batch.jobs(), batch.outbox(), batch.number())
                    .get(LONGEST_SEND.toMillis(), TimeUnit.MILLISECONDS);
            if (last.orElse(batch.number()) == batch.number()) {
                table.sent(batch, name);
            } else {
                table.renumber(batch, last.getAsLong());
            }
        } catch (ExecutionException ex) {
            failed(batch, ex.getCause() == null ? ex : ex.getCause());
            return false;
        } catch (TimeoutException ex) {
            failed(batch, ex);
            return false;
        }
        if (pauses.remove(queue) != null) {
            log.info("Queue {}: the outbox can send jobs again", queue);
        }
        return true;
    }

    /** Tells the first failure of an outage. */
    private void failed(Batch batch, Throwable failure) {
        Pause last = pauses.get(batch.queue());
        if (last == null) {
            List<String> ids = batch.jobs().stream().map(StoredJob::id).toList();
            listener.on(new JobEvent.SendFailed(
                    batch.queue(), ids, failure.getClass().getName() + ": " + failure.getMessage(), false));
        }
        pauses.put(batch.queue(), Pause.after(last));
    }

    private void count() {
        if (backlog == null || System.nanoTime() - countedAt > BETWEEN_COUNTS.toNanos()) {
            backlog = table.backlog();
            countedAt = System.nanoTime();
        }
    }

    @Override
    public double pending() {
        Backlog known = backlog;
        return known == null ? Double.NaN : known.pending();
    }

    @Override
    public double refused() {
        Backlog known = backlog;
        return known == null ? Double.NaN : known.refused();
    }

    // ---- lifecycle

    @Override
    public synchronized void start() {
        running = true;
        Thread started = new Thread(this::loop, "jobqueue-outbox");
        started.setDaemon(true);
        started.start();
        thread = started;
    }

    @Override
    public synchronized void stop() {
        running = false;
        commits.wake();
        Thread stopped = thread;
        thread = null;
        if (stopped == null) {
            return;
        }
        try {
            stopped.join(STOP.toMillis());
            stopped.interrupt();
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return ConnectionLifecycle.PHASE + 1;
    }
}
