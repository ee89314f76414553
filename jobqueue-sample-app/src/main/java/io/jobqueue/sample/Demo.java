package io.jobqueue.sample;

import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueStats;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Upkeep;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * The demo of the public Redis job-queue guide on one queue: a producer, simulated workers, a sweep, and the state to
 * show. Totals count from the start of this instance or from its last reset, as in the guide's demo. Thread-safe.
 */
@Component
final class Demo implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Demo.class);

    /** Waiting and claimed jobs beyond are not listed; their number is in the stats. */
    private static final int MOST_LISTED = 1000;

    private static final int PAGE = 200;
    private static final Duration SWEEP_INTERVAL = Duration.ofSeconds(1);

    private final JobQueue queue;
    private final SimulatedWorkers workers;
    private final Upkeep sweep;
    private final int workersAtStart;
    private final boolean sweptAnyway;

    /** The totals to count from; {@code null} until Redis told them once. */
    private final AtomicReference<@Nullable Totals> origin = new AtomicReference<>();

    private volatile boolean running;

    Demo(RedisQueues queues, DemoSettings settings, Environment environment) {
        this.queue = queues.queue(settings.queueName());
        this.workers = new SimulatedWorkers(
                queue.worker(),
                queues.store(settings.queueName()).settings().lease().visibilityTimeout());
        this.sweep = new Upkeep(queues.chores(settings.queueName(), SWEEP_INTERVAL), JobListener.none());
        this.workersAtStart = settings.workers();
        this.sweptAnyway = environment.getProperty(
                DemoQueueDefaults.prefix(settings.queueName()) + "reclaimer.enabled", Boolean.class, false);
    }

    /** Totals of the queue that the guide shows. */
    record Totals(long enqueued, long completed, long failed, long reclaimed) {

        static Totals of(QueueStats stats) {
            return new Totals(
                    stats.enqueuedTotal(), stats.completedTotal(), stats.failedTotal(), stats.reclaimedTotal());
        }

        Totals since(Totals origin) {
            return new Totals(
                    since(enqueued, origin.enqueued),
                    since(completed, origin.completed),
                    since(failed, origin.failed),
                    since(reclaimed, origin.reclaimed));
        }

        /** A total below its origin began anew, because somebody emptied Redis. */
        private static long since(long total, long origin) {
            return total < origin ? total : total - origin;
        }
    }

    /** What there is to see of queue and workers. */
    record State(QueueStats queue, Totals totals, int running, long processed, Behaviour behaviour) {}

    State state() {
        QueueStats stats = queue.stats();
        return new State(
                stats,
                Totals.of(stats).since(origin(Totals.of(stats))),
                workers.running(),
                workers.processed(),
                workers.behaviour());
    }

    /** The origin, which is now unless it is known already. */
    private Totals origin(Totals now) {
        Totals known = origin.compareAndExchange(null, now);
        return known == null ? now : known;
    }

    /** Jobs of one status, as many as are listed. */
    List<JobSnapshot> jobs(JobStatus status, int most) {
        Map<String, JobSnapshot> jobs = new LinkedHashMap<>();
        for (int offset = 0; offset < most; offset += PAGE) {
            List<JobSnapshot> page = queue.admin().list(status, offset, Math.min(PAGE, most - offset));
            // the list moves between two pages, so a job may come twice
            page.forEach(job -> jobs.putIfAbsent(job.id(), job));
            if (page.isEmpty()) {
                break;
            }
        }
        return List.copyOf(jobs.values());
    }

    /** Waiting jobs, the next one first. */
    List<JobSnapshot> pending() {
        return jobs(JobStatus.PENDING, MOST_LISTED);
    }

    /** Claimed jobs, the newest first. */
    List<JobSnapshot> processing() {
        return jobs(JobStatus.PROCESSING, MOST_LISTED);
    }

    /** Enqueues jobs that differ by their number, from 1; returns their ids. */
    synchronized List<String> enqueue(String kind, String recipient, int count) {
        knowOrigin();
        return queue
                .enqueueAll(IntStream.rangeClosed(1, count)
                        .mapToObj(n -> {
                            Map<String, Object> payload = new LinkedHashMap<>();
                            payload.put("recipient", recipient);
                            payload.put("n", n);
                            return JobRequest.of(kind, payload);
                        })
                        .toList())
                .stream()
                .map(JobRef::id)
                .toList();
    }

    private void knowOrigin() {
        if (origin.get() == null) {
            origin(Totals.of(queue.stats()));
        }
    }

    synchronized void startWorkers(int size, Behaviour behaviour) {
        workers.behave(behaviour);
        workers.resize(size);
    }

    /** Ends all workers. What they are working on is handed back, and its attempt is not counted. */
    synchronized void stopWorkers() {
        workers.resize(0);
    }

    synchronized void configure(UnaryOperator<Behaviour> change) {
        workers.behave(change.apply(workers.behaviour()));
    }

    /** Sweeps once, now; returns the ids of the jobs that were put back. */
    List<String> reclaim() {
        return queue.worker().reclaimStuck();
    }

    /** Ends the workers of this instance, removes all jobs, and counts from zero. */
    synchronized void reset() {
        workers.resize(0);
        queue.admin().purge();
        workers.forget();
        origin.set(Totals.of(queue.stats()));
    }

    /** Whether this instance sweeps the queue by itself. */
    boolean isSweeping() {
        return sweptAnyway || sweep.isRunning();
    }

    /** Whether {@link #sweep(boolean)} decides that, and not the settings of the queue. */
    boolean isSweepSwitchable() {
        return !sweptAnyway;
    }

    /** Turns the automatic sweep on or off. */
    synchronized void sweep(boolean on) {
        if (sweptAnyway && !on) {
            throw new RefusedException("the automatic sweep cannot be switched off: '%sreclaimer.enabled' is true"
                    .formatted(DemoQueueDefaults.prefix(queue.name())));
        }
        if (on && !sweptAnyway) {
            sweep.start();
        } else {
            sweep.stop();
        }
    }

    @Override
    public synchronized void start() {
        running = true;
        try {
            knowOrigin();
        } catch (RuntimeException ex) {
            log.debug("Redis does not tell the totals yet", ex);
        }
        workers.resize(workersAtStart);
    }

    @Override
    public synchronized void stop() {
        workers.resize(0);
        sweep.stop();
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** With the product's own workers: after what they need has started, before the web server. */
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE / 2;
    }
}
