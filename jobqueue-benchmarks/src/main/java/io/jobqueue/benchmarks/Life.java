package io.jobqueue.benchmarks;

import io.jobqueue.JobContext;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueStats;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.WorkerSettings;
import java.util.List;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The whole life of no-op jobs: enqueued in bulk, then claimed by a pool of 50 until Redis has agreed to the last
 * completion. This life uses the default settings;
 * a feature is measured by changing one of them.
 */
class Life {

    private static final int CONCURRENCY = 50;

    /** Lives it once on an empty server; what a job cost. */
    final Cost play(Stage stage) throws InterruptedException {
        stage.clear();
        int jobs = jobs(stage.sizes());
        int others = others();
        Tally tally = new Tally(others + jobs, jobs);
        Cost cost;
        try (Product product = new Product(stage.port(), options())) {
            try (Beside beside = prepare(stage, product);
                    Product.Workers workers =
                            product.workers(queues(), workers(), List.of(handler(tally)), listener(tally))) {
                Meter meter = Meter.start(stage.admin());
                enqueue(
                        product,
                        IntStream.range(others, others + jobs)
                                .mapToObj(this::request)
                                .toList());
                begin(workers);
                tally.await();
                cost = meter.stop(jobs);
            }
            tally.verify(completed(product, jobs));
        }
        return cost;
    }

    /**
     * How many jobs are completed; those that are not have to be there still.
     *
     * @throws IllegalStateException when it is otherwise
     */
    private long completed(Product product, int jobs) {
        List<QueueStats> stats =
                queues().stream().map(queue -> product.queue(queue).stats()).toList();
        long completed = sum(stats, QueueStats::completedTotal);
        long left = sum(stats, each -> each.pendingDepth() + each.processingDepth() + each.delayedDepth());
        long astray = sum(stats, each -> each.failedTotal() + each.reclaimedTotal() + each.lostTotal());
        if (completed < jobs
                || completed + left != others() + jobs
                || astray != 0
                || sum(stats, QueueStats::enqueuedTotal) < jobs
                || sum(stats, QueueStats::retriedTotal) != (long) retries() * jobs) {
            throw new IllegalStateException(
                    "%s jobs, and %s others, should be there, but: %s".formatted(jobs, others(), stats));
        }
        return completed;
    }

    private static long sum(List<QueueStats> stats, ToLongFunction<QueueStats> value) {
        return stats.stream().mapToLong(value).sum();
    }

    /** What stands ready beside the jobs while they are measured. */
    interface Beside extends AutoCloseable {
        @Override
        void close();
    }

    // ---- what may be otherwise

    /** How many jobs there are. */
    int jobs(Sizes sizes) {
        return sizes.jobs();
    }

    /** How many other jobs there are already, with the numbers from 0 on. */
    int others() {
        return 0;
    }

    /** Prepares what is not measured. */
    Beside prepare(Stage stage, Product product) throws InterruptedException {
        return product.queue()::stats; // connects
    }

    RedisQueues.Options options() {
        return RedisQueues.Options.defaults();
    }

    WorkerSettings workers() {
        return WorkerSettings.defaults().withConcurrency(CONCURRENCY);
    }

    /** The queues that the jobs are spread over. */
    List<String> queues() {
        return List.of("jobs");
    }

    JobRequest request(int number) {
        return JobRequest.of(NoOp.of(number));
    }

    void enqueue(Product product, List<JobRequest> requests) throws InterruptedException {
        List<String> queues = queues();
        for (int at = 0; at < queues.size(); at++) {
            product.queue(queues.get(at))
                    .enqueueAll(requests.subList((int) ((long) requests.size() * at / queues.size()), (int)
                            ((long) requests.size() * (at + 1) / queues.size())));
        }
    }

    void begin(Product.Workers workers) {
        workers.start();
    }

    Handler handler(Tally tally) {
        return Product.handler((job, context) -> {
            NoOp noOp = (NoOp) job.payload();
            Object result = work(noOp, context);
            tally.handled(noOp.number());
            return result;
        });
    }

    @Nullable
    Object work(NoOp job, JobContext context) throws Exception {
        return null;
    }

    JobListener listener(Tally tally) {
        return tally;
    }

    /** How often each job is retried. */
    int retries() {
        return 0;
    }
}
