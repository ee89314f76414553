package io.jobqueue.stories;

import static org.awaitility.Awaitility.await;

import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.JobEvent;
import io.jobqueue.JobQueue;
import io.jobqueue.JobQueueException;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.history.Checker;
import io.jobqueue.history.History;
import io.jobqueue.history.Snapshot;
import io.jobqueue.history.SnapshotChecker;
import io.jobqueue.history.Tape;
import io.jobqueue.history.Violation;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.api.sync.RedisCommands;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

/**
 * Many jobs, two producers and four pools in two JVMs, while the story kills, pauses, disconnects and restarts them.
 * Each process records a tape, and at the end the {@link Checker} reads all tapes.
 *
 * <p>The seed decides which jobs are enqueued, how handlers end, and which faults happen in which order. The times of
 * the faults depend on the machine.
 */
final class Conservation implements AutoCloseable {

    private static final String QUEUE = "q";
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** How many claims are in flight when something is done to them. */
    private static final int BUSY = 8;

    /** How many jobs wait at the most when more are let in. */
    private static final int BACKLOG = 1000;

    private final EmbeddedRedis server;
    private final Path folder;
    private final long seed;
    private final int jobs;
    private final Tape tape;
    private final RedisClient client;
    private final RedisCommands<String, String> redis;
    private final Proxy producers;
    private final List<Pair> pairs = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final List<Violation> seen = new ArrayList<>();

    private final AtomicLong allowed = new AtomicLong(); // how many jobs may be enqueued so far

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean closed;
    private int snapshots;

    /**
     * What came of it.
     *
     * @param violations what must not be
     * @param figures what the story was made of
     */
    record Verdict(List<Violation> violations, Map<String, Long> figures) {}

    Conservation(EmbeddedRedis server, Path folder, long seed, int jobs) {
        this.server = server;
        this.folder = folder;
        this.seed = seed;
        this.jobs = jobs;
        tape = new Tape(folder, "main");
        client = RedisClient.create(Stage.uri(server.port()));
        redis = client.connect().sync();
        redis.flushall();
        producers = new Proxy(server.port());
        pairs.add(new Pair("one"));
        pairs.add(new Pair("two"));
    }

    /** Two pools in one JVM, behind a wire of their own; started anew whenever they are gone. */
    private final class Pair {

        final Proxy wire = new Proxy(server.port());
        private final String name;
        private int starts;
        private WorkerProcess process;

        Pair(String name) {
            this.name = name;
            start();
        }

        void start() {
            starts++;
            process = WorkerProcess.start(
                    ConservationMain.class,
                    Integer.toString(wire.port()),
                    folder.toString(),
                    process(),
                    Long.toString(seed));
        }

        String process() {
            return name + "." + starts;
        }

        /** Whether there is anything to disturb. */
        boolean hasBegun() {
            return folder.resolve(process() + ".b.tape").toFile().length() > 0;
        }

        void end() {
            process.signal("TERM");
            await().atMost(Duration.ofSeconds(60)).until(() -> !process.isAlive());
        }
    }

    Verdict play() {
        threads.add(ConservationMain.watchForStalls(tape, null));
        List<Thread> busy = List.of(
                thread("producer-0", () -> produce(0)),
                thread("producer-1", () -> produce(1)),
                thread("nemesis", this::disturb));
        boolean calm = false;
        while (failure.get() == null && (look().alive() > 0 || !calm)) {
            calm = busy.stream().noneMatch(Thread::isAlive);
            Stage.pass(LOOK);
        }
        if (failure.get() != null) {
            throw new IllegalStateException("the story came to no end", failure.get());
        }
        pairs.forEach(Pair::end);
        return verdict();
    }

    private Thread thread(String name, Runnable work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (RuntimeException | Error ex) {
                        failure.compareAndSet(null, ex);
                    }
                },
                name);
        threads.add(thread);
        thread.start();
        return thread;
    }

    private Snapshot look() {
        long begin = System.nanoTime();
        Snapshot snapshot = Snapshot.of(redis, QUEUE);
        Duration took = Duration.ofNanos(System.nanoTime() - begin);
        if (took.compareTo(LOOK) > 0) {
            tape.stalled(null, took);
        }
        snapshots++;
        seen.addAll(SnapshotChecker.check(snapshot));
        return snapshot;
    }

    private Verdict verdict() {
        Snapshot end = look();
        History history = History.read(folder);
        List<Violation> violations = new ArrayList<>(Checker.check(history, end));
        violations.addAll(seen);
        Map<String, Long> figures = Checker.figures(history, end);
        figures.put("snapshots", (long) snapshots);
        return new Verdict(violations.stream().distinct().toList(), figures);
    }

    // ---- producers

    private void produce(int number) {
        Random dice = new Random(seed + number);
        Tape own = new Tape(folder, "producer." + number);
        RedisConnector connector = new RedisConnector(() -> RedisLink.to(Stage.uri(producers.port())));
        try {
            Set<String> ended = ConcurrentHashMap.newKeySet(); // cancelled while they waited, as this process was told
            JobQueue queue = new RedisQueues(
                            connector,
                            RedisQueues.Options.defaults()
                                    .withSettings(ConservationMain.settings())
                                    .withListener(event -> {
                                        if (event instanceof JobEvent.Cancelled cancelled) {
                                            ended.add(cancelled.id());
                                        }
                                    }))
                    .queue(QUEUE);
            int share = jobs / 2;
            int made = 0;
            int first = 0;
            while (made < share && !closed) {
                int before = made;
                await().pollInterval(Duration.ofMillis(2))
                        .atMost(Duration.ofMinutes(3))
                        .until(() -> before < allowed.get() / 2 || closed);
                int batch = Math.min(share - made, 1 + dice.nextInt(40));
                int from = first;
                List<JobRequest> requests = IntStream.range(from, from + batch)
                        .mapToObj(i -> request("p" + number + "-" + i, dice))
                        .toList();
                first += batch;
                made += enqueue(queue, own, dice, requests) ? batch : 0;
                if (dice.nextInt(3) == 0) {
                    cancel(queue, own, requests.get(dice.nextInt(batch)).id(), ended);
                }
            }
        } finally {
            connector.stop();
            own.close();
        }
    }

    private static JobRequest request(String id, Random dice) {
        JobRequest request = JobRequest.of(dice.nextInt(50) == 0 ? "limited" : "work", Map.of("name", id))
                .id(id);
        if (dice.nextInt(20) == 0) {
            request = request.delay(Duration.ofMillis(dice.nextInt(1500)));
        }
        if (dice.nextInt(10) == 0) {
            request = request.maxAttempts(1 + dice.nextInt(3));
        }
        return dice.nextInt(20) == 0 ? request.unit("run", id) : request;
    }

    /**
     * Repeats what it was not told, most of the time; else nobody will know whether the jobs were to be there.
     *
     * @return whether the jobs are there for sure
     */
    private boolean enqueue(JobQueue queue, Tape tape, Random dice, List<JobRequest> batch) {
        while (!closed) {
            long call = tape.enqueueing(batch, ConservationMain.ATTEMPTS);
            try {
                tape.enqueued(call, queue.enqueueAll(batch));
                return true;
            } catch (EnqueueUncertainException ex) {
                tape.unanswered(call);
                if (dice.nextInt(4) == 0) {
                    return false;
                }
            } catch (EnqueueRefusedException ex) {
                tape.refused(call);
                Stage.pass(Duration.ofMillis(20));
            }
        }
        return false;
    }

    /** Cancels a job that may wait, run or have ended. */
    private static void cancel(JobQueue queue, Tape tape, String id, Set<String> ended) {
        long call = tape.cancelling(id);
        try {
            boolean accepted = queue.cancel(id);
            tape.cancelled(call, accepted, ended.contains(id));
        } catch (JobQueueException | RedisException ex) {
            tape.unanswered(call);
        }
    }

    // ---- faults

    /** What can be done to them. */
    private enum Fault {
        KILL(4),
        STOP(6),
        RESTART(3),
        RESET(3),
        CUT(8),
        CUT_OF_PRODUCERS(4),
        PAUSE_OF_REDIS(3),
        FLUSH_OF_SCRIPTS(2);

        private final int times;

        Fault(int times) {
            this.times = times;
        }

        static List<Fault> shuffled(Random dice) {
            List<Fault> all = new ArrayList<>();
            for (Fault fault : values()) {
                all.addAll(Collections.nCopies(fault.times, fault));
            }
            Collections.shuffle(all, dice);
            return all;
        }
    }

    /** Each fault comes in the middle of its share of the jobs, however slow the machine is. */
    private void disturb() {
        Random dice = new Random(seed + 100);
        List<Fault> faults = Fault.shuffled(dice);
        try {
            for (int i = 0; i < faults.size() && !closed; i++) {
                until(Duration.ofSeconds(20), () -> redis.llen("queue:q:pending") < BACKLOG);
                allowed.set((long) jobs * (i + 1) / faults.size());
                until(Duration.ofSeconds(2), () -> redis.llen("queue:q:processing") >= BUSY);
                Stage.pass(Duration.ofMillis(dice.nextInt(50)));
                Pair pair = pairs.get(dice.nextInt(2));
                await().atMost(Duration.ofSeconds(60)).until(() -> pair.hasBegun() || closed);
                strike(faults.get(i), pair, dice);
            }
        } finally {
            allowed.set(jobs);
        }
    }

    private void strike(Fault fault, Pair pair, Random dice) {
        switch (fault) {
            case KILL -> {
                tape.fault("kill", pair.process());
                pair.process.kill();
                pair.start();
            }
            case STOP -> {
                long stop = tape.fault("stop", pair.process());
                pair.process.signal("STOP");
                Stage.pass(Duration.ofMillis(200 + dice.nextInt(3500)));
                pair.process.signal("CONT");
                tape.healed(stop);
            }
            case RESTART -> {
                // no fault: what it had, it hands back
                pair.end();
                pair.start();
            }
            case RESET -> {
                tape.healed(tape.fault("reset", pair.process()));
                pair.wire.resetAll();
            }
            case CUT -> cut(pair.wire, pair.process(), dice);
            case CUT_OF_PRODUCERS -> cut(producers, "producer", dice);
            case PAUSE_OF_REDIS -> {
                long pause = tape.fault("pause", null);
                redis.clientPause(100 + dice.nextInt(700));
                redis.ping();
                tape.healed(pause);
            }
            case FLUSH_OF_SCRIPTS -> redis.scriptFlush();
        }
    }

    /** The next request of some kind that passes, or the answer to it, is lost with its connection. */
    private void cut(Proxy wire, String target, Random dice) {
        String text = List.of("queue:q:", "{\"", "RETRY", ":q:call:").get(dice.nextInt(4));
        long cut = tape.fault("cut", target);
        int before = wire.cuts();
        int how = dice.nextInt(3);
        if (how == 0) {
            wire.swallowTheRequest(text);
        } else if (how == 1) {
            wire.swallowTheReplyTo(text);
        } else {
            wire.swallowTheReplyAndReset(text);
        }
        until(Duration.ofSeconds(1), () -> wire.cuts() > before);
        tape.healed(cut);
    }

    /** Waits for something that may not come. */
    private void until(Duration patience, Callable<Boolean> event) {
        long over = System.nanoTime() + patience.toNanos();
        await().pollInterval(Duration.ofMillis(5))
                .atMost(patience.plusMinutes(1))
                .until(() -> closed || event.call() || System.nanoTime() > over);
    }

    @Override
    public void close() {
        closed = true;
        threads.forEach(Thread::interrupt);
        // nobody starts another process from here on
        await().atMost(Duration.ofMinutes(1)).until(() -> threads.stream().noneMatch(Thread::isAlive));
        pairs.forEach(pair -> {
            pair.process.close();
            pair.wire.close();
        });
        producers.close();
        tape.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    }
}
