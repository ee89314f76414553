package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.HandlerThreads;
import io.jobqueue.JobEvent;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.QueueSettings;
import io.jobqueue.QueueStats;
import io.jobqueue.RedisUnavailableException;
import io.jobqueue.RetryPolicy;
import io.jobqueue.guarantees.Figures;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Engine;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.Handlers;
import io.jobqueue.worker.JobFunction;
import io.jobqueue.worker.Upkeep;
import io.jobqueue.worker.WorkerPool;
import io.jobqueue.worker.WorkerSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The slot of a queue moves to another master of a cluster while producers, workers, sweeps and audits go on. */
@Tag("story")
class ClusterMoveTests {

    private static final Duration LEASE = Duration.ofSeconds(1);
    private static final Duration SWEEPS = Duration.ofMillis(100);

    private static final String ROOT = "queue:{jobs}:";

    @TempDir
    private Path folder;

    private final Queue<JobEvent> events = new ConcurrentLinkedQueue<>();
    private final Map<String, Integer> runs = new ConcurrentHashMap<>();
    private final Queue<Long> fences = new ConcurrentLinkedQueue<>();
    private final Set<String> atWork = ConcurrentHashMap.newKeySet();
    private final Queue<String> overlaps = new ConcurrentLinkedQueue<>();
    private final Deque<Runnable> endings = new ArrayDeque<>();
    private final AtomicBoolean over = new AtomicBoolean();

    private EmbeddedCluster cluster;
    private RedisQueues queues;
    private JobQueue queue;

    @BeforeEach
    void form() {
        cluster = EmbeddedCluster.start(folder);
        endings.push(cluster::close);
        RedisConnector connector = new RedisConnector(cluster::link);
        endings.push(connector::stop);
        queues = new RedisQueues(
                connector,
                RedisQueues.Options.defaults()
                        .withSettings(QueueSettings.defaults()
                                .withVisibility(LEASE)
                                .withHeartbeat(Duration.ofMillis(250))
                                .withRetry(new RetryPolicy(5, Duration.ZERO, 1, Duration.ZERO, 0)))
                        .withListener(events::add));
        queue = queues.queue("jobs");
    }

    @AfterEach
    void end() {
        over.set(true);
        endings.forEach(Runnable::run);
    }

    private Handler handler(String kind, JobFunction function) {
        return new Handler(kind, Map.class, RetryPolicy.defaults(), Duration.ofMinutes(1), Set.of(), (job, context) -> {
            runs.merge(context.id(), 1, Integer::sum);
            fences.add(context.fence());
            return function.handle(job, context);
        });
    }

    private void work(String name, Handler... handlers) {
        WorkerPool pool = new WorkerPool(
                Engine.of(queues.signals(), events::add, HandlerThreads.factory()),
                queues.store(name),
                queues.notes(name),
                Handlers.of(List.of(handlers)),
                WorkerSettings.defaults().withConcurrency(8));
        endings.push(pool::stop);
        pool.start();
    }

    private void upkeep(String... names) {
        List<Chore> chores = new ArrayList<>();
        for (String name : names) {
            chores.addAll(queues.chores(name, SWEEPS));
        }
        Upkeep upkeep = new Upkeep(chores, events::add);
        endings.push(upkeep::stop);
        upkeep.start();
    }

    /** Audits without a pause, until the end; counts the rounds that Redis refused. */
    private AtomicInteger auditAllTheTime() {
        AtomicInteger refused = new AtomicInteger();
        Chore audit = Chores.audit(queues, "jobs");
        CompletableFuture<Void> auditor = CompletableFuture.runAsync(() -> {
            while (!over.get()) {
                try {
                    events.addAll(audit.round().join().events());
                } catch (CompletionException ex) {
                    assertThat(ex).hasCauseInstanceOf(RedisUnavailableException.class);
                    refused.incrementAndGet();
                }
            }
        });
        endings.push(auditor::join);
        return refused;
    }

    private void enqueue(String kind, String prefix, int jobs) {
        queue.enqueueAll(IntStream.range(0, jobs)
                .mapToObj(i -> JobRequest.of(kind, null).id(prefix + i))
                .toList());
    }

    private void awaitCompleted(long jobs) {
        await().atMost(Duration.ofSeconds(60)).until(() -> queue.stats().completedTotal() >= jobs);
    }

    private static void pass(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        await().atMost(time.multipliedBy(3)).until(() -> System.nanoTime() > end);
    }

    /** All keys of the queue but the hints, which are commands of one key and may go on. */
    private static Set<String> keys(EmbeddedCluster.Move move) {
        Set<String> left = move.keysLeft();
        Set<String> arrived = move.keysArrived();
        assertThat(left).doesNotContainAnyElementsOf(arrived);
        Set<String> all = new HashSet<>(left);
        all.addAll(arrived);
        all.removeIf(key -> key.startsWith(ROOT + "wake"));
        return all;
    }

    private Set<String> interrupted() {
        return events.stream()
                .filter(JobEvent.LeaseLost.class::isInstance)
                .map(event -> ((JobEvent.LeaseLost) event).claim().id())
                .collect(Collectors.toSet());
    }

    /**
     * Nobody found anything broken. Every job is done, and it ran once, unless its worker was told that the lease is over:
     * then it ran once more, after that.
     */
    private void nothingWasLostOrDoneTwice(int jobs) {
        Set<String> interrupted = interrupted();
        assertThat(events.stream()
                        .filter(event -> event instanceof JobEvent.Lost
                                || event instanceof JobEvent.Repaired
                                || event instanceof JobEvent.WorkerDied
                                || event instanceof JobEvent.Failed
                                || event instanceof JobEvent.Reclaimed reclaimed
                                        && !interrupted.containsAll(reclaimed.ids())))
                .isEmpty();
        QueueStats stats = queue.stats();
        assertThat(stats.lostTotal()).isZero();
        assertThat(stats.repairedTotal()).isZero();
        assertThat(stats.failedTotal()).isZero();
        assertThat(stats.reclaimedTotal()).isLessThanOrEqualTo(interrupted.size());
        assertThat(stats.pendingDepth() + stats.processingDepth() + stats.delayedDepth())
                .isZero();
        assertThat(stats.completedTotal()).isEqualTo(jobs);
        assertThat(overlaps).isEmpty();
        assertThat(runs).hasSize(jobs);
        runs.forEach((id, times) -> assertThat(times).as(id).isEqualTo(interrupted.contains(id) ? 2 : 1));
        assertThat(fences).doesNotHaveDuplicates();
        assertThat(queues.application()
                        .redis("jobs")
                        .command(commands -> commands.hget(ROOT + "meta", "claims_total"))
                        .join())
                .satisfies(total -> assertThat(fences)
                        .allSatisfy(fence -> assertThat(fence).isLessThanOrEqualTo(Long.parseLong(total))));
    }

    @Test
    @Proves(
            fault =
                    "the slot of a queue in a cluster stays halfway between two masters for two leases, while jobs run, producers enqueue, and sweeps and audits go on",
            holds =
                    "no script runs on half a queue; nothing is called lost, repaired or reclaimed, every job runs once, and work goes on afterwards")
    void aSlotThatIsHalfwayForTwoLeasesTakesNoJobFromItsWorker(Figures figures) {
        halfway(LEASE.multipliedBy(2), figures);

        assertThat(interrupted()).isEmpty();
    }

    @Test
    @Proves(
            fault =
                    "the slot of a queue in a cluster stays halfway between two masters for seven leases, longer than a call waits",
            holds =
                    "nothing is lost, repaired or done by two workers at once; a handler that outlasts its lease is interrupted, as in every outage, and its job runs again afterwards; producers learn that an enqueue is uncertain and may repeat it")
    void aSlotThatIsHalfwayForSevenLeasesLosesNothing(Figures figures) {
        halfway(LEASE.multipliedBy(7), figures);

        assertThat(interrupted()).allMatch(id -> id.startsWith("long-"));
    }

    private void halfway(Duration time, Figures figures) {
        int waiting = 3_000;
        int units = 200;
        int running = 4;
        CountDownLatch mayEnd = new CountDownLatch(1);
        endings.push(mayEnd::countDown);
        enqueue("long", "long-", running);
        work(
                "jobs",
                handler("long", (job, context) -> {
                    mayEnd.await();
                    return null;
                }),
                handler("short", (job, context) -> null),
                handler("unit", (job, context) -> Map.of("n", 1)),
                handler(
                        "gather",
                        (job, context) -> Map.of(
                                "outputs", context.outputs(Map.class).stream().count())));
        await().until(() -> runs.size() == running);
        upkeep("jobs");
        AtomicInteger refusedAudits = auditAllTheTime();
        enqueue("short", "short-", waiting);
        queue.runs()
                .start(
                        "run",
                        IntStream.range(0, units).boxed().toList(),
                        n -> "u" + n,
                        n -> Map.of("n", n),
                        JobRunOptions.of("unit").gather(JobRequest.of("gather", null)));
        awaitCompleted(100);

        EmbeddedCluster.Move move = cluster.move(ROOT);
        move.keysUntilLeft(move.left() / 2);
        Set<String> before = keys(move);
        assertThat(move.keysLeft()).isNotEmpty();
        assertThat(move.keysArrived()).isNotEmpty();
        CompletableFuture<Integer> late = CompletableFuture.supplyAsync(() -> enqueueUntilAccepted("late"));
        pass(time);
        assertThat(keys(move)).isEqualTo(before);
        move.finish();

        long completed = waiting + 1 + units + 1;
        awaitCompleted(completed);
        pass(LEASE.multipliedBy(2)); // whoever took a running job for a dead one, or called anything lost, has done so
        await().untilAsserted(() -> assertThat(queue.stats().processingDepth()).isEqualTo(running));
        mayEnd.countDown();
        awaitCompleted(completed + running);
        over.set(true);

        assertThat(move.left()).isZero();
        JobRun run = queue.runs().find("run").orElseThrow();
        assertThat(run.done()).isEqualTo(units);
        assertThat(queue.runs().await("run", Map.class, Duration.ZERO)).contains(Map.of("outputs", units));
        nothingWasLostOrDoneTwice((int) completed + running);
        figures.put("keys", before.size());
        figures.put("refused calls", move.refusals());
        figures.put("refused audits", refusedAudits.get());
        figures.put("repeated enqueues", late.join());
    }

    @Test
    @Proves(
            fault =
                    "the slot of a queue with 20,000 waiting jobs moves to another master, ten keys at a time as redis-cli does, under load",
            holds =
                    "no key stands in the way of another, nothing is lost or runs twice, the fence only grows, and work goes on within 5 s of the arrival")
    void aSlotThatMovesUnderLoadLosesNothingAndWorkGoesOnSoon(Figures figures) {
        int waiting = 20_000;
        enqueue("short", "job-", waiting);
        AtomicInteger next = new AtomicInteger(waiting);
        AtomicInteger repeats = new AtomicInteger();
        AtomicBoolean enough = new AtomicBoolean();
        work("jobs", handler("short", (job, context) -> null));
        upkeep("jobs");
        auditAllTheTime();
        CompletableFuture<Void> producer = CompletableFuture.runAsync(() -> {
            while (!enough.get()) {
                repeats.addAndGet(enqueueUntilAccepted("job-" + next.getAndIncrement()));
            }
        });
        awaitCompleted(100);

        EmbeddedCluster.Move move = cluster.move(ROOT);
        long begun = System.nanoTime();
        move.finish();
        long arrived = System.nanoTime();
        int handled = runs.size();
        assertThat(handled).as("jobs that ran before the slot arrived").isLessThan(next.get());
        await().pollInterval(Duration.ofMillis(10))
                .atMost(Duration.ofSeconds(5))
                .until(() -> runs.size() > handled);
        long resumed = System.nanoTime();
        enough.set(true);
        producer.join();

        awaitCompleted(next.get());
        over.set(true);
        assertThat(move.left()).isZero();
        nothingWasLostOrDoneTwice(next.get());
        figures.put("on its way", Duration.ofNanos(arrived - begun));
        figures.put("work went on after", Duration.ofNanos(resumed - arrived));
        figures.put("repeated enqueues", repeats.get());
    }

    /** Returns how often it had to repeat, which is safe with the same id. */
    private int enqueueUntilAccepted(String id) {
        for (int repeats = 0; ; repeats++) {
            try {
                queue.enqueue(JobRequest.of("short", null).id(id));
                return repeats;
            } catch (EnqueueUncertainException ex) {
                assertThat(ex.ids()).containsExactly(id);
            }
        }
    }

    @Test
    void aCallWaitsForASlotThatArrivesSoon() {
        enqueue("short", "job-", 100);
        EmbeddedCluster.Move move = cluster.move(ROOT);
        move.keysUntilLeft(50);
        long before = move.refusals();

        CompletableFuture<JobRef> enqueued =
                queue.enqueueAsync(JobRequest.of("short", null).id("job-100"));
        await().until(() -> move.refusals() >= before + 2); // it was repeated
        assertThat(enqueued).isNotCompleted();
        move.finish();

        assertThat(enqueued).succeedsWithin(Duration.ofSeconds(5));
        assertThat(queue.stats().pendingDepth()).isEqualTo(101);
    }

    @Test
    @Proves(
            fault = "the slot of one queue of a cluster is halfway between two masters",
            holds = "another queue of the same application works, and is swept, as ever")
    void anotherQueueOfTheApplicationIsSweptAsEver() {
        enqueue("short", "job-", 100);
        JobQueue other = queues.queue("other");
        upkeep("jobs", "other");
        work("jobs", handler("short", (job, context) -> null));
        EmbeddedCluster.Move move = cluster.move(ROOT);
        move.keysUntilLeft(move.left() / 2);
        await().until(() -> move.refusals() > 0);

        for (int i = 0; i < 3; i++) {
            other.enqueue(JobRequest.of("short", null).id("other-" + i));
            other.worker().claim(Duration.ofSeconds(1)).orElseThrow(); // of which nothing is heard any more
            int reclaimed = i + 1;
            await().atMost(LEASE.plusSeconds(2))
                    .untilAsserted(
                            () -> assertThat(other.stats().reclaimedTotal()).isEqualTo(reclaimed));
            other.worker().complete(other.worker().claim(Duration.ZERO).orElseThrow(), null);
        }

        assertThat(move.left()).isPositive();
        move.finish();
    }

    @Test
    void whatExistsIsKnownOnWhicheverMasterItIs() {
        enqueue("short", "job-", 100);
        queue.worker().claim(Duration.ZERO).orElseThrow();
        queues.queue("other").enqueue(JobRequest.of("short", null));
        Set<String> existing = Set.of(ROOT + "pending", ROOT + "processing", "queue:{other}:pending");
        Set<String> absent = Set.of(ROOT + "agenda", ROOT + "schedules", ROOT + "delayed", "queue:{other}:processing");
        Set<String> all = new HashSet<>(existing);
        all.addAll(absent);
        Presence presence = new Presence(queues.application().redis("jobs").connector());
        EmbeddedCluster.Move move = cluster.move(ROOT);

        while (true) {
            assertThat(presence.existing(all))
                    .succeedsWithin(Duration.ofSeconds(2))
                    .isEqualTo(existing);
            for (String key : all) {
                assertThat(presence.look(key))
                        .succeedsWithin(Duration.ofSeconds(2))
                        .satisfies(seen -> assertThat(seen.exists()).isEqualTo(existing.contains(key)));
            }
            if (move.left() == 0) {
                break;
            }
            move.keysUntilLeft(Math.max(0, move.left() - 40));
        }
        move.finish();
    }

    @Test
    void theDocumentedRightsAreEnoughForAUserWhoseSlotMoves() {
        String more = "+cluster|nodes +info +asking";
        assertThat(Path.of("../docs/redis-acl.md")).content().contains("`" + more.replace("|", "\\|") + "`");
        String line = RedisAccess.WORKER.aclLine("worker", "queue") + " " + more;
        RedisConnector connector = new RedisConnector(() -> cluster.link("worker", line));
        endings.push(connector::stop);
        JobQueue limited = new RedisQueues(connector, RedisQueues.Options.defaults()).queue("jobs");
        enqueue("short", "job-", 100);
        EmbeddedCluster.Move move = cluster.move(ROOT);
        move.keysUntilLeft(50);

        for (int i = 0; i < 100; i++) {
            assertThat(limited.find("job-" + i)).isPresent();
        }
        CompletableFuture<JobRef> enqueued =
                limited.enqueueAsync(JobRequest.of("short", null).id("job-100"));
        await().until(() -> move.refusals() > 0);
        move.finish();

        assertThat(enqueued).succeedsWithin(Duration.ofSeconds(5));
        assertThat(limited.worker().claim(Duration.ZERO)).isPresent();
    }
}
