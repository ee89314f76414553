package io.jobqueue.history;

import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.Recurring;
import io.jobqueue.RetryPolicy;
import io.jobqueue.Schedule;
import io.jobqueue.Unique;
import io.jobqueue.redis.Chores;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.JobStore.Renewal;
import io.jobqueue.worker.JobStore.Renewed;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Small stories of two workers and a sweep, step by step, on a queue named {@code q}. Correct scripts pass all of them
 * without a violation; flawed scripts do not.
 */
public final class Schedules implements AutoCloseable {

    private static final Duration SHORT = Duration.ofMillis(60);
    private static final Duration RETRY = Duration.ofMillis(400);
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    private final Tape tape;
    private final RedisConnector connector;
    private final RedisQueues queues;
    private final JobQueue queue;
    private final Chore sweeper;
    private final Chore auditor;
    private final RedisClient client;
    private final RedisCommands<String, String> redis;
    private final Worker ann;
    private final Worker bob;
    private final List<Violation> found = new ArrayList<>();

    private Schedules(int port, Path folder, Duration lease) {
        RedisURI uri = RedisURI.create("redis://127.0.0.1:" + port);
        connector = new RedisConnector(() -> RedisLink.to(uri));
        queues = new RedisQueues(
                connector,
                RedisQueues.Options.defaults()
                        .withSettings(QueueSettings.defaults()
                                .withVisibility(lease)
                                .withRetry(new RetryPolicy(5, Duration.ZERO, 1, Duration.ZERO, 0))));
        queue = queues.queue("q");
        JobStore store = queues.store("q");
        client = RedisClient.create(uri);
        redis = client.connect().sync();
        tape = new Tape(folder, "main");
        sweeper = new RecordingChore(Chores.forgetfulSweep(queues, "q", Duration.ofMinutes(1)), tape);
        auditor = new RecordingChore(Chores.audit(queues, "q"), tape);
        ann = new Worker(store, new Tape(folder, "ann"));
        bob = new Worker(store, new Tape(folder, "bob"));
    }

    /** Plays a schedule, and returns what the checker has to say. {@link FlawedScripts} calls it. */
    public static List<String> play(String schedule, int port, Path folder) {
        Duration lease = List.of("backlog", "delayed").contains(schedule) ? LONG : SHORT;
        try (Schedules stage = new Schedules(port, folder, lease)) {
            switch (schedule) {
                case "work" -> stage.work();
                case "overtaken" -> stage.overtaken();
                case "backlog" -> stage.backlog();
                case "repeats" -> stage.repeats();
                case "late" -> stage.late();
                case "stranger" -> stage.stranger();
                case "poison" -> stage.poison();
                case "head" -> stage.head();
                case "release" -> stage.release();
                case "zombie" -> stage.zombie();
                case "delayed" -> stage.delayed();
                case "retry" -> stage.retry();
                case "snooze" -> stage.snooze();
                case "expiry" -> stage.expiry();
                case "late-retry" -> stage.lateRetry();
                case "cancel" -> stage.cancel();
                case "cancel-running" -> stage.cancelRunning();
                case "cancel-silent" -> stage.cancelSilent();
                case "unknown" -> stage.unknown();
                case "dead" -> stage.dead();
                case "twice" -> stage.twice();
                case "audited" -> stage.audited();
                case "away" -> stage.away();
                case "slot" -> stage.slot();
                case "keys" -> stage.keys();
                case "chain" -> stage.chain();
                default -> throw new IllegalArgumentException(schedule);
            }
            return stage.verdict(folder);
        }
    }

    private List<String> verdict(Path folder) {
        look();
        return Stream.concat(found.stream(), Checker.check(History.read(folder), Snapshot.of(redis, "q")).stream())
                .map(Violation::toString)
                .distinct()
                .toList();
    }

    /** One worker, whose handler is this schedule. */
    private static final class Worker {

        private final Tape tape;
        private final RecordingStore store;

        Worker(JobStore store, Tape tape) {
            this.tape = tape;
            this.store = new RecordingStore(store, tape);
        }

        Optional<Claim> claim() {
            return store.claim(1).join().jobs().stream().findFirst();
        }

        /** Claims a job and begins to work on it, if there is one. */
        Optional<Claim> start() {
            Optional<Claim> claim = claim();
            claim.ifPresent(this::start);
            return claim;
        }

        void start(Claim claim) {
            tape.ended(store.started(claim));
        }

        Answer settle(Claim claim, Verb verb, Duration delay) {
            String output = verb == Verb.COMPLETE && claim.unit() != null ? Long.toString(claim.fence()) : "";
            return store.settle(List.of(verb.of(claim, "{}", output, delay, 5)))
                    .join()
                    .answers()
                    .get(0);
        }

        Answer complete(Claim claim) {
            return settle(claim, Verb.COMPLETE, Duration.ZERO);
        }

        boolean extend(Claim claim) {
            return store.extend(List.of(
                                    new Renewal(claim, store.settings().lease().visibilityTimeout())))
                            .join()
                            .get(0)
                    == Renewed.HELD;
        }
    }

    private void enqueue(JobRequest request) {
        long call = tape.enqueueing(List.of(request), 5);
        JobRef ref = queue.enqueue(request);
        tape.enqueued(call, List.of(ref));
    }

    private void enqueue(String... ids) {
        for (String id : ids) {
            enqueue(JobRequest.of("work", null).id(id));
        }
    }

    /** The worker says nothing for longer than a lease, and a sweep comes by. */
    private void silence(String worker) {
        long fault = tape.fault("silence", worker);
        // a claim that is not stamped gets a lease from when a sweep first saw it
        for (int i = 0; i < 2; i++) {
            pass(SHORT);
            sweep();
        }
        tape.healed(fault);
    }

    private static void pass(Duration time) {
        long over = System.nanoTime() + time.plusMillis(5).toNanos();
        await().pollInterval(Duration.ofMillis(2)).until(() -> System.nanoTime() >= over);
    }

    /** A sweep that is not held back, and that looks. */
    private void sweep() {
        redis.hset("queue:q:meta", "last_sweep", redis.time().get(0) + "000");
        redis.hset("queue:q:meta", "hold_left", "0");
        redis.hdel("queue:q:meta", "next_sweep");
        sweeper.round().join();
    }

    private void look() {
        found.addAll(SnapshotChecker.check(Snapshot.of(redis, "q")));
    }

    // ---- the schedules

    private void work() {
        enqueue("one", "two");
        for (int i = 0; i < 2; i++) {
            ann.start().ifPresent(ann::complete);
            look();
        }
    }

    /** Ann is silent between her claim and what she does next; Bob has the job meanwhile. */
    private void overtaken() {
        enqueue("one");
        Optional<Claim> hers = ann.claim();
        silence("ann");
        Optional<Claim> his = bob.start();
        his.ifPresent(bob::extend);
        hers.filter(ann::extend).ifPresent(ann::start);
        hers.ifPresent(ann::complete);
        his.ifPresent(bob::complete);
    }

    /** A job that has waited for long is claimed, and a sweep comes by at once. */
    private void backlog() {
        enqueue("one");
        redis.hset("queue:q:job:one", "enqueued_at_ms", "1700000000000");
        Optional<Claim> hers = ann.start();
        sweep();
        Optional<Claim> his = bob.start();
        hers.ifPresent(ann::complete);
        his.ifPresent(bob::complete);
    }

    /** Ann settles one attempt again and again. */
    private void repeats() {
        enqueue("one");
        Claim claim = ann.start().orElseThrow();
        ann.complete(claim);
        ann.complete(claim);
        ann.settle(claim, Verb.RETRY, Duration.ZERO);
    }

    /** Ann was silent, and her job waits again; she wakes up and completes it. */
    private void late() {
        enqueue("one");
        Claim hers = ann.start().orElseThrow();
        silence("ann");
        ann.extend(hers);
        ann.complete(hers);
        look();
        bob.start().ifPresent(bob::complete);
    }

    /** Somebody without a token completes what Ann has just claimed. */
    private void stranger() {
        enqueue("one");
        Claim hers = ann.start().orElseThrow();
        bob.complete(new Claim(
                hers.queue(),
                hers.id(),
                hers.kind(),
                "",
                hers.attempt(),
                hers.maxAttempts(),
                hers.deadline(),
                hers.fence(),
                hers.payload(),
                hers.headers(),
                null,
                null,
                false));
        ann.complete(hers);
    }

    /** A job that may run three times, and whose workers all die of it. */
    private void poison() {
        enqueue(JobRequest.of("work", null).id("one").maxAttempts(3));
        for (int i = 0; i < 6; i++) {
            if (ann.start().isPresent()) {
                silence("ann");
            }
        }
    }

    /** A job comes back from a worker that fell silent while others wait. */
    private void head() {
        enqueue("first");
        ann.start();
        enqueue("second", "third");
        silence("ann");
        for (int i = 0; i < 3; i++) {
            bob.start().ifPresent(bob::complete);
        }
    }

    /** A job comes back from a worker that stops while others wait. */
    private void release() {
        enqueue("first");
        Claim claim = ann.start().orElseThrow();
        enqueue("second", "third");
        ann.settle(claim, Verb.RELEASE, Duration.ZERO);
        for (int i = 0; i < 3; i++) {
            bob.start().ifPresent(bob::complete);
        }
    }

    /** A unit is completed by Bob, and then by Ann, who was silent. */
    private void zombie() {
        enqueue(JobRequest.of("work", null).id("one").unit("run", "unit"));
        Claim hers = ann.start().orElseThrow();
        silence("ann");
        bob.start().ifPresent(bob::complete);
        ann.complete(hers);
    }

    private void delayed() {
        enqueue(JobRequest.of("work", null).id("one").delay(LONG));
        ann.start().ifPresent(ann::complete);
    }

    /** A job fails, and is tried again when its time has come. */
    private void retry() {
        enqueue("one");
        Claim first = ann.start().orElseThrow();
        ann.settle(first, Verb.RETRY, RETRY);
        look();
        ann.start().ifPresent(ann::complete);
        pass(RETRY);
        ann.start().ifPresent(ann::complete);
    }

    /** A handler snoozes its job, which runs when its time has come. */
    private void snooze() {
        enqueue("one");
        ann.settle(ann.start().orElseThrow(), Verb.SNOOZE, RETRY);
        look();
        ann.start().ifPresent(ann::complete);
        pass(RETRY);
        ann.start().ifPresent(ann::complete);
    }

    /** Nobody starts a job in time, and Ann comes by twice. */
    private void expiry() {
        enqueue(JobRequest.of("work", null).id("one").expiresIn(Duration.ofMillis(10)));
        pass(Duration.ofMillis(15));
        ann.start().ifPresent(ann::complete);
        look();
        ann.start().ifPresent(ann::complete);
    }

    /** A job is started in time and snoozed, and its time to expiry passes meanwhile. */
    private void lateRetry() {
        enqueue(JobRequest.of("work", null).id("one").expiresIn(RETRY));
        ann.settle(ann.start().orElseThrow(), Verb.SNOOZE, Duration.ZERO);
        pass(RETRY.plusMillis(10));
        ann.start().ifPresent(ann::complete);
    }

    /** The caller knows whether the job waited, because nothing else moves meanwhile. */
    private void cancel(String id) {
        long call = tape.cancelling(id);
        boolean accepted = queue.cancel(id);
        tape.cancelled(call, accepted, queue.find(id).orElseThrow().status() == JobStatus.FAILED);
    }

    /** A job that waits and a delayed one are cancelled. */
    private void cancel() {
        enqueue("one");
        enqueue(JobRequest.of("work", null).id("two").delay(SHORT));
        cancel("one");
        cancel("two");
        look();
        pass(SHORT);
        for (int i = 0; i < 2; i++) {
            ann.start().ifPresent(ann::complete);
        }
    }

    /** Jobs are cancelled while Ann has them: the attempt of one fails, that of the other completes in spite of it. */
    private void cancelRunning() {
        enqueue("one", "two");
        Claim first = ann.start().orElseThrow();
        Claim second = ann.start().orElseThrow();
        cancel("one");
        cancel("two");
        ann.extend(first);
        ann.settle(first, Verb.RETRY, Duration.ZERO);
        ann.complete(second);
        look();
        bob.start().ifPresent(bob::complete);
    }

    /** A job is cancelled whose worker is silent. */
    private void cancelSilent() {
        enqueue("one");
        ann.start();
        cancel("one");
        silence("ann");
        look();
        bob.start().ifPresent(bob::complete);
    }

    /** Ann does not know the kind of a job, and Bob does. */
    private void unknown() {
        enqueue("one");
        for (int i = 0; i < 2; i++) {
            ann.claim().ifPresent(claim -> ann.settle(claim, Verb.UNKNOWN, Duration.ZERO));
            look();
        }
        pass(FIRST_PAUSE);
        bob.start().ifPresent(bob::complete);
    }

    private void dead() {
        enqueue("one");
        ann.settle(ann.start().orElseThrow(), Verb.FAIL, Duration.ZERO);
        bob.start().ifPresent(bob::complete);
    }

    /** A producer repeats what it enqueued. */
    private void twice() {
        enqueue("one");
        enqueue("one");
        look();
        ann.start().ifPresent(ann::complete);
        bob.start().ifPresent(bob::complete);
    }

    /** A foreign hand takes a job out of its list. The audit puts it back, and leaves the others where they are. */
    private void audited() {
        enqueue("one", "two", "three");
        tape.touching("one");
        redis.lrem("queue:q:pending", 1, "one");
        for (int i = 0; i < 2; i++) {
            auditor.round().join();
            pass(SHORT);
        }
        auditor.round().join();
        look();
        for (int i = 0; i < 4; i++) {
            ann.start().ifPresent(ann::complete);
        }
    }

    /** The hash of a job is away for a moment, as behind a client that writes the list first. */
    private void away() {
        enqueue("one");
        tape.touching("one");
        redis.rename("queue:q:job:one", "queue:q:elsewhere");
        ann.start().ifPresent(ann::complete);
        sweep();
        redis.rename("queue:q:elsewhere", "queue:q:job:one");
        silence("ann");
        bob.start().ifPresent(bob::complete);
    }

    /** Two instances take one slot of a recurring job for due, and neither sees what the other one does. */
    private void slot() {
        // far enough ahead for both to declare it, however slow the machine is
        Instant slot = Instant.ofEpochSecond(Long.parseLong(redis.time().get(0)) + 4);
        Recurring once = Recurring.of(
                        "once",
                        Schedule.of("once", after -> Optional.of(slot).filter(after::isBefore)),
                        JobRequest.of("work", null))
                .overlap(Recurring.Overlap.ALLOW);
        List<Chore> instances = List.of(Chores.recurring(queues, "q", once), Chores.recurring(queues, "q", once));
        instances.forEach(instance -> instance.round().join());
        await().atMost(Duration.ofSeconds(20))
                .until(() -> Long.parseLong(redis.time().get(0)) > slot.getEpochSecond());
        instances.forEach(this::fire);
        look();
        ann.start().ifPresent(ann::complete);
        bob.start().ifPresent(bob::complete);
    }

    /** Jobs with unique keys wait, run, and end in each way. */
    private void keys() {
        JobRequest work = JobRequest.of("work", null);
        enqueue(work.id("done").unique(Unique.untilDone("a")));
        enqueue(work.id("dead").unique(Unique.untilDone("b")));
        enqueue(work.id("waiting").unique(Unique.whileWaiting("c")));
        look();
        ann.start().ifPresent(ann::complete);
        look();
        ann.start().ifPresent(claim -> ann.settle(claim, Verb.FAIL, Duration.ZERO));
        look();
        Optional<Claim> last = ann.start();
        look();
        last.ifPresent(ann::complete);
    }

    /** Of two jobs that others follow, one completes and one fails. */
    private void chain() {
        JobRequest work = JobRequest.of("work", null);
        for (String id : List.of("good", "bad")) {
            JobRequest next = work.id("after-" + id);
            tape.chaining(work.id(id), next, 5);
            enqueue(work.id(id).then(next));
        }
        Claim good = ann.start().orElseThrow();
        Claim bad = ann.start().orElseThrow();
        ann.settle(bad, Verb.FAIL, Duration.ZERO);
        look();
        ann.complete(good);
        ann.complete(good);
        look();
        for (int i = 0; i < 2; i++) {
            bob.start().ifPresent(bob::complete);
        }
    }

    /** What an instance enqueues is on the tape as if a producer had enqueued it. */
    private void fire(Chore instance) {
        for (JobEvent event : instance.round().join().events()) {
            String id = ((JobEvent.Enqueued) event).id();
            long call = tape.enqueueing(List.of(JobRequest.of("work", null).id(id)), 5);
            tape.enqueued(call, List.of(new JobRef("q", id, JobRef.State.CREATED)));
        }
    }

    @Override
    public void close() {
        tape.close();
        ann.tape.close();
        bob.tape.close();
        connector.stop();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    }
}
