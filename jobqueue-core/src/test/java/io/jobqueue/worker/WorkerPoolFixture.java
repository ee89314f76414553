package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;

import io.jobqueue.HandlerThreads;
import io.jobqueue.JobContext;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** The engine on the store in memory. Handlers wait at the gate, which every test opens at its end. */
@Timeout(30)
abstract class WorkerPoolFixture {
    static final RetryPolicy AT_ONCE = new RetryPolicy(5, Duration.ZERO, 1, Duration.ZERO, 0);
    static final QueueSettings SETTINGS =
            QueueSettings.defaults().withRetry(AT_ONCE).withHeartbeat(Duration.ofMillis(20));
    static final Duration LONG = Duration.ofSeconds(30);
    /** So that the pool claims ahead, on a busy machine as well. */
    static final Duration LONGER_THAN_A_JOB = Duration.ofMillis(2);

    static final Patience MUCH =
            new Patience(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(2), LONG);
    /** For the tests in which it is to run out. */
    static final Patience LITTLE =
            new Patience(Duration.ofMillis(50), Duration.ofMillis(300), Duration.ofMillis(300), LONG);

    final List<JobEvent> events = new CopyOnWriteArrayList<>();
    final List<String> ran = new CopyOnWriteArrayList<>();
    final CountDownLatch gate = new CountDownLatch(1);
    final List<WorkerPool> pools = new ArrayList<>();
    Patience patience = MUCH;
    InMemoryJobStore store = new InMemoryJobStore(SETTINGS);

    @AfterEach
    void stop() {
        gate.countDown();
        store.comeBack();
        store.giveAnswers();
        pools.forEach(WorkerPool::stop);
        store.checkConsistency();
    }

    // ---- words of the tests

    static WorkerSettings slots(int concurrency) {
        // announced jobs are found by their hint, so a poll would only hide a missing one
        return new WorkerSettings(concurrency, LONG, LONG, LONG, LONG, LONG);
    }

    static Handler handler(String kind, JobFunction function) {
        return new Handler(kind, Map.class, AT_ONCE, LONG, Set.of(), function);
    }

    WorkerPool pool(WorkerSettings settings, Handler... handlers) {
        return pool(settings, events::add, HandlerThreads.factory(), handlers);
    }

    WorkerPool pool(WorkerSettings settings, JobListener listener, ThreadFactory threads, Handler... handlers) {
        Engine engine = Engine.of(new InMemorySignals(store), listener, threads, patience);
        WorkerPool pool = new WorkerPool(engine, store, store, Handlers.of(List.of(handlers)), settings);
        pools.add(pool);
        pool.start();
        return pool;
    }

    String enqueue(String kind) {
        return store.enqueue(JobRequest.of(kind, null));
    }

    JobSnapshot job(String id) {
        return store.find(id).orElseThrow();
    }

    JobSnapshot ended(String id) {
        await().until(() -> job(id).status() == JobStatus.COMPLETED || job(id).status() == JobStatus.FAILED);
        return job(id);
    }

    <T extends JobEvent> List<T> heard(Class<T> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    <T extends JobEvent> T awaitEvent(Class<T> type) {
        await().until(() -> !heard(type).isEmpty());
        return heard(type).get(0);
    }

    /** Notes that it runs, and waits at the gate. */
    @Nullable
    Object atTheGate(JobContext context) throws InterruptedException {
        ran.add(context.id());
        gate.await();
        return null;
    }

    /** Notes that it runs, and waits at the gate whatever interrupts it. */
    @Nullable
    Object stubborn(JobContext context) {
        ran.add(context.id());
        boolean open = false;
        while (!open) {
            try {
                gate.await();
                open = true;
            } catch (InterruptedException ex) {
                continue;
            }
        }
        return null;
    }

    static List<Thread> threads(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("jobqueue-jobs-" + name))
                .toList();
    }

    /** Whether no worker's thread has anything to do. */
    static boolean workersIdle() {
        return threads("worker").stream().allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING);
    }

    /** Whether the one thread of that name waits for a signal. */
    static boolean waits(String name) {
        List<Thread> threads = threads(name);
        return threads.size() == 1 && threads.get(0).getState() == Thread.State.TIMED_WAITING;
    }

    static boolean leaseKeeperWaits() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("jobqueue-lease"))
                .allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING);
    }

    static CompletableFuture<Void> stopping(WorkerPool pool) {
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        new Thread(() -> {
                    pool.stop();
                    stopped.complete(null);
                })
                .start();
        return stopped;
    }
}
