package io.jobqueue.stories;

import io.jobqueue.Job;
import io.jobqueue.JobContext;
import io.jobqueue.JobListener;
import io.jobqueue.JobOutcome;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.history.RecordingChore;
import io.jobqueue.history.RecordingStore;
import io.jobqueue.history.Tape;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Engine;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.Handlers;
import io.jobqueue.worker.JobFunction;
import io.jobqueue.worker.Upkeep;
import io.jobqueue.worker.WorkerPool;
import io.jobqueue.worker.WorkerSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Two pools in a separate JVM, each with its own connections, sweep and tape, and handlers that end in every possible
 * way. The behavior of a handler depends only on the seed, the job and the attempt.
 */
final class ConservationMain {

    /** How often a job may run that does not say it itself. */
    static final int ATTEMPTS = 4;

    private static final Duration LEASE = Duration.ofSeconds(2);
    private static final Duration STALL = Duration.ofMillis(400);
    private static final CountDownLatch NEVER = new CountDownLatch(1);

    private ConservationMain() {}

    static QueueSettings settings() {
        Retention all = new Retention(Duration.ofHours(1), 1_000_000);
        return QueueSettings.defaults()
                .withVisibility(LEASE)
                .withHeartbeat(LEASE.dividedBy(5))
                .withRetry(new RetryPolicy(ATTEMPTS, Duration.ofMillis(20), 2, Duration.ofMillis(80), 0.5))
                .withRetention(all, all);
    }

    /** Arguments: port of Redis, folder of the tapes, name of the process, seed. */
    public static void main(String[] args) throws Exception {
        String name = args[2];
        Tape[] tapes = {new Tape(Path.of(args[1]), name + ".a"), new Tape(Path.of(args[1]), name + ".b")};
        for (Tape tape : tapes) {
            work(Integer.parseInt(args[0]), tape, Long.parseLong(args[3]));
        }
        watchForStalls(tapes[0], name);
        // ends with whoever started it
        while (System.in.read() >= 0) {}
        Runtime.getRuntime().halt(1);
    }

    private static void work(int port, Tape tape, long seed) {
        RedisConnector connector = new RedisConnector(() -> RedisLink.to(Stage.uri(port)));
        RedisQueues queues =
                new RedisQueues(connector, RedisQueues.Options.defaults().withSettings(settings()));
        RecordingStore store = new RecordingStore(queues.store("q"), tape);
        WorkerPool pool = new WorkerPool(
                Engine.of(queues.signals(), JobListener.none(), Thread::new),
                store,
                queues.notes("q"),
                Handlers.of(List.of(
                        handler(
                                "work",
                                Duration.ofMinutes(1),
                                (job, context) -> onTape(tape, job, () -> work(job, context, seed))),
                        handler(
                                "limited",
                                Duration.ofMillis(100),
                                (job, context) -> onTape(tape, job, () -> limited(job, seed))))),
                WorkerSettings.defaults()
                        .withConcurrency(8)
                        .withPollInterval(Duration.ofMillis(200))
                        .withDrain(Duration.ofMillis(5)));
        Upkeep upkeep = new Upkeep(
                queues.chores("q", Duration.ofMillis(250), Duration.ofMillis(100)).stream()
                        .map(chore -> new RecordingChore(chore, tape))
                        .toList(),
                JobListener.none());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            pool.stop();
            upkeep.stop();
            connector.stop();
        }));
        upkeep.start();
        pool.start();
    }

    private static Handler handler(String kind, Duration limit, JobFunction function) {
        return new Handler(kind, Map.class, settings().retry(), limit, Set.of(), function);
    }

    /** What a handler does. */
    private interface Work {
        Object run() throws Exception;
    }

    private static Object onTape(Tape tape, Job<?> job, Work work) throws Exception {
        long run = tape.started(job.id(), job.attempt(), job.fence());
        try {
            return work.run();
        } finally {
            tape.ended(run);
        }
    }

    private static Random dice(Job<?> job, long seed) {
        return new Random(seed ^ (job.id().hashCode() * 0x9E3779B97F4A7C15L + job.attempt()));
    }

    /** Most jobs do what they should. A unit's output is the fence of its attempt. */
    private static Object work(Job<?> job, JobContext context, long seed) throws Exception {
        Random dice = dice(job, seed);
        int fate = dice.nextInt(1000);
        take(fate == 0 ? (int) LEASE.toMillis() * 3 / 2 : dice.nextInt(16));
        if (fate < 40) {
            throw new IllegalStateException("boom");
        } else if (fate < 45) {
            throw new StackOverflowError("boom");
        } else if (fate < 60) {
            return JobOutcome.retryIn(Duration.ofMillis(dice.nextInt(200)), "again");
        } else if (fate < 65) {
            throw JobOutcome.deadLetter("never").asException();
        } else if (fate < 70) {
            return JobOutcome.discard("not needed");
        } else if (fate < 80) {
            context.extend(LEASE.multipliedBy(2));
        }
        return job.fence();
    }

    /** Every third attempt is over its time limit. */
    private static Object limited(Job<?> job, long seed) throws Exception {
        take(dice(job, seed).nextInt(3) == 0 ? 60_000 : 1);
        return job.fence();
    }

    private static void take(int millis) throws InterruptedException {
        if (millis > 0) {
            NEVER.await(millis, TimeUnit.MILLISECONDS);
        }
    }

    /** A process that gets no processor is as good as stopped; that is a fault which nobody else writes down. */
    static Thread watchForStalls(Tape tape, String target) {
        Thread watch = new Thread(
                () -> {
                    long before = System.nanoTime();
                    while (!Thread.currentThread().isInterrupted()) {
                        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
                        long now = System.nanoTime();
                        if (now - before > STALL.toNanos()) {
                            tape.stalled(target, Duration.ofNanos(now - before));
                        }
                        before = now;
                    }
                },
                "stalls");
        watch.setDaemon(true);
        watch.setPriority(Thread.MAX_PRIORITY);
        watch.start();
        return watch;
    }
}
