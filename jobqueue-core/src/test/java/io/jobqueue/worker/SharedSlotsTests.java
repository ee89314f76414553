package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.HandlerThreads;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two dispatchers, each with its own store, share the slots and the threads of one pool. */
@Timeout(30)
class SharedSlotsTests {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Patience PATIENCE =
            new Patience(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(2), LONG);

    private final InMemoryJobStore mail = new InMemoryJobStore("mail", QueueSettings.defaults());
    private final InMemoryJobStore bulk = new InMemoryJobStore("bulk", QueueSettings.defaults());
    private final Engine engine =
            Engine.of(new InMemorySignals(mail, bulk), JobListener.none(), HandlerThreads.factory(), PATIENCE);
    private final Slots slots = new Slots(4);
    private final Crew crew = new Crew(4, HandlerThreads.factory());
    private final Map<String, Semaphore> gates = Map.of("mail", new Semaphore(0), "bulk", new Semaphore(0));
    private final Set<String> running = ConcurrentHashMap.newKeySet();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger started = new AtomicInteger();
    private final List<Dispatcher> dispatchers = List.of(dispatcher(mail), dispatcher(bulk));

    /** A job of this dispatcher runs until it gets a permit at the gate of its queue. */
    private Dispatcher dispatcher(InMemoryJobStore store) {
        String queue = store.queue();
        Handler handler =
                new Handler("work", Map.class, QueueSettings.defaults().retry(), LONG, Set.of(), (job, context) -> {
                    running.add(queue + "/" + job.id());
                    started.incrementAndGet();
                    most.accumulateAndGet(running.size(), Math::max);
                    gates.get(queue).acquire();
                    running.remove(queue + "/" + job.id());
                    return null;
                });
        WorkerSettings settings = WorkerSettings.defaults()
                .withConcurrency(4)
                .withPollInterval(LONG)
                .withDrain(LONG);
        return new Dispatcher(
                new Dispatcher.Source(store, store, Handlers.of(List.of(handler)), settings), slots, crew, engine);
    }

    @AfterEach
    void stop() {
        gates.values().forEach(gate -> gate.release(10_000));
        long deadline = System.nanoTime() + LONG.toNanos();
        dispatchers.forEach(Dispatcher::stopClaiming);
        dispatchers.forEach(
                dispatcher -> assertThat(dispatcher.awaitSettlements(deadline)).isTrue());
        dispatchers.forEach(dispatcher -> dispatcher.stop(deadline));
        crew.stop();
    }

    private static List<String> enqueue(InMemoryJobStore store, int jobs) {
        return IntStream.range(0, jobs)
                .mapToObj(i -> store.enqueue(JobRequest.of("work", null)))
                .toList();
    }

    private long running(String queue) {
        return running.stream().filter(job -> job.startsWith(queue + "/")).count();
    }

    @Test
    void oneQueueAloneGetsEverySlot() {
        enqueue(bulk, 10);
        dispatchers.forEach(Dispatcher::start);

        await().until(() -> running("bulk") == 4);
    }

    @Test
    void twoBusyQueuesGetHalfOfTheSlotsEach() {
        enqueue(bulk, 500);
        dispatchers.forEach(Dispatcher::start);
        await().until(() -> running("bulk") == 4);
        enqueue(mail, 50);

        // A dispatcher without a free slot hears no hints. So the first slots that get free may go to bulk once more,
        // until the dispatcher of mail has heard of its jobs. From then on each slot goes to the queue that has fewer.
        int released = 0;
        while (running("mail") < 2) {
            gates.get("bulk").release();
            int begun = 4 + ++released;
            await().until(() -> started.get() == begun);
        }
        await().until(() -> running("mail") == 2 && running("bulk") == 2);

        for (int i = 0; i < 5; i++) {
            gates.get("bulk").release();
            gates.get("mail").release();
        }
        await().until(() -> gates.values().stream().allMatch(gate -> gate.availablePermits() == 0));
        await().until(() -> running("mail") == 2 && running("bulk") == 2);
        assertThat(most.get()).isEqualTo(4);
    }

    @Test
    void theSlotsOfAQueueThatRunsEmptyGoToTheOther() {
        enqueue(bulk, 50);
        enqueue(mail, 2);
        dispatchers.forEach(Dispatcher::start);
        await().until(() -> running.size() == 4);

        gates.get("mail").release(2);
        gates.get("bulk").release(2);

        await().until(() -> running("bulk") == 4);
        assertThat(most.get()).isEqualTo(4);
    }

    @Test
    void aQueueWhoseStoreIsAwayDelaysNoOther() {
        enqueue(bulk, 20);
        dispatchers.forEach(Dispatcher::start);
        await().until(() -> running("bulk") == 4);
        mail.goAway();
        enqueue(mail, 1);

        gates.get("bulk").release(10);

        await().until(() -> gates.get("bulk").availablePermits() == 0);
        await().until(() -> running("bulk") == 4);
        mail.comeBack();
    }

    @Test
    void allJobsOfBothQueuesRunOnce() {
        List<String> mails = enqueue(mail, 300);
        List<String> bulks = enqueue(bulk, 300);
        gates.values().forEach(gate -> gate.release(300));

        dispatchers.forEach(Dispatcher::start);

        await().until(() -> isCompleted(mail, mails) && isCompleted(bulk, bulks));
        assertThat(most.get()).isLessThanOrEqualTo(4);
    }

    private static boolean isCompleted(InMemoryJobStore store, List<String> ids) {
        return ids.stream().allMatch(id -> {
            var job = store.find(id).orElseThrow();
            return job.status() == JobStatus.COMPLETED && job.attempts() == 1;
        });
    }
}
