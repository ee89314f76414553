package io.jobqueue.benchmarks;

import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueStats;
import io.jobqueue.RetryPolicy;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Engine;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.Handlers;
import io.jobqueue.worker.JobFunction;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.Upkeep;
import io.jobqueue.worker.WorkerPool;
import io.jobqueue.worker.WorkerSettings;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** The queue with its default settings, as users get it. */
final class Product implements AutoCloseable {

    private static final String QUEUE = "jobs";

    private final RedisConnector connector;
    private final RedisQueues queues;

    /** Prepares a queue with the settings of who says nothing; connects at first use. */
    Product(int port) {
        this(port, RedisQueues.Options.defaults());
    }

    /** Prepares a queue on the server of a loopback port; connects at first use. */
    Product(int port, RedisQueues.Options options) {
        connector = new RedisConnector(
                () -> RedisLink.to(RedisURI.Builder.redis("127.0.0.1", port).build()));
        queues = new RedisQueues(connector, options);
    }

    JobQueue queue() {
        return queues.queue();
    }

    JobStore store() {
        return queues.store(QUEUE);
    }

    /** The queue of another name; the connections are shared. */
    JobQueue queue(String name) {
        return queues.queue(name);
    }

    /** The requests for a number of jobs. */
    static List<JobRequest> requests(int jobs) {
        List<JobRequest> requests = new ArrayList<>(jobs);
        for (int number = 0; number < jobs; number++) {
            requests.add(JobRequest.of(NoOp.of(number)));
        }
        return requests;
    }

    /** A handler of no-op jobs. */
    static Handler handler(JobFunction function) {
        return handler(NoOp.KIND, NoOp.class, function);
    }

    static Handler handler(String kind, Class<?> payload, JobFunction function) {
        return new Handler(kind, payload, RetryPolicy.defaults(), Duration.ofMinutes(1), Set.of(), function);
    }

    /** A pool and an upkeep, which are not started yet. */
    Workers workers(int concurrency, Collection<Handler> handlers, JobListener listener) {
        return workers(List.of(QUEUE), WorkerSettings.defaults().withConcurrency(concurrency), handlers, listener);
    }

    /** A pool for each of some queues and one upkeep for all of them, which are not started yet. */
    Workers workers(
            Collection<String> names, WorkerSettings settings, Collection<Handler> handlers, JobListener listener) {
        Engine engine = Engine.of(queues.signals(), listener, Thread::new);
        return new Workers(
                names.stream()
                        .map(name -> new WorkerPool(
                                engine, queues.store(name), queues.notes(name), Handlers.of(handlers), settings))
                        .toList(),
                new Upkeep(
                        names.stream()
                                .flatMap(name -> queues.chores(name).stream())
                                .toList(),
                        listener));
    }

    /** The chores of the queue, with an audit that never pauses. */
    List<Chore> chores() {
        return queues.chores(QUEUE, Duration.ofSeconds(1), Duration.ofMillis(10));
    }

    /** What works on queues in one process. */
    record Workers(List<WorkerPool> pools, Upkeep upkeep) implements AutoCloseable {

        void start() {
            pools.forEach(WorkerPool::start);
            upkeep.start();
        }

        @Override
        public void close() {
            pools.forEach(WorkerPool::stop);
            upkeep.stop();
        }
    }

    /**
     * Fails unless so many jobs were enqueued and completed, each once, and nothing is left.
     *
     * @throws IllegalStateException when it is otherwise
     */
    void verifyDrained(long jobs) {
        QueueStats stats = queue().stats();
        long left = stats.pendingDepth() + stats.processingDepth() + stats.delayedDepth();
        long astray = stats.failedTotal()
                + stats.retriedTotal()
                + stats.releasedTotal()
                + stats.unknownTotal()
                + stats.reclaimedTotal()
                + stats.lostTotal();
        if (left != 0 || astray != 0 || stats.enqueuedTotal() != jobs || stats.completedTotal() != jobs) {
            throw new IllegalStateException("%s jobs should be enqueued and completed, but: %s".formatted(jobs, stats));
        }
    }

    /**
     * Fails unless so many jobs wait.
     *
     * @throws IllegalStateException when it is otherwise
     */
    void verifyWaiting(long jobs) {
        QueueStats stats = queue().stats();
        if (stats.pendingDepth() != jobs || stats.enqueuedTotal() != jobs) {
            throw new IllegalStateException("%s jobs should wait, but: %s".formatted(jobs, stats));
        }
    }

    @Override
    public void close() {
        connector.stop();
    }
}
