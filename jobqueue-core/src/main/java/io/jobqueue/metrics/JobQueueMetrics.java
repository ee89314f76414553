package io.jobqueue.metrics;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.QueueStats;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters of the queue. Every meter carries the same tag keys, {@code queue}, {@code kind} and {@code outcome}, with
 * the value {@code none} where one does not apply.
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><td>{@code jobqueue.enqueued}</td><td>counter: jobs that this process created, units and gather
 *     jobs of runs included</td></tr>
 * <tr><td>{@code jobqueue.waited}</td><td>timer: from the enqueue to the start of the first attempt, by the clocks of
 *     Redis and of this process</td></tr>
 * <tr><td>{@code jobqueue.attempts}</td><td>timer: how long handlers ran; outcome {@code completed}, {@code retried},
 *     {@code failed}, {@code discarded}, {@code released}, {@code snoozed}, {@code unknown},
 *     {@code refused}</td></tr>
 * <tr><td>{@code jobqueue.leases.lost}, {@code jobqueue.handlers.stuck}, {@code jobqueue.reclaimed},
 *     {@code jobqueue.lost}, {@code jobqueue.dead.dropped}</td><td>counters of events that should be rare;
 *     {@code jobqueue.expired} counts jobs that no worker started in time;
 *     {@code jobqueue.cancelled} counts jobs that this process cancelled while they waited;
 *     {@code jobqueue.workers.died} counts jobs that became dead letters because their workers died</td></tr>
 * <tr><td>{@code jobqueue.repaired}</td><td>counter: repairs of damage by other clients; the outcome is the
 *     damage</td></tr>
 * <tr><td>{@code jobqueue.sends.failed}</td><td>counter: jobs that could not be sent after their transaction; outcome
 *     {@code retried} or {@code lost}</td></tr>
 * <tr><td>{@code jobqueue.depth.pending}, {@code .processing}, {@code .delayed}, {@code .completed},
 *     {@code .failed}</td><td>gauges</td></tr>
 * <tr><td>{@code jobqueue.oldest.waiting}</td><td>gauge: seconds that the next pending job has waited</td></tr>
 * <tr><td>{@code jobqueue.outbox.pending}, {@code .refused}</td><td>gauges: jobs of the outbox that wait to be sent, and that
 *     can never be sent; where an application has an outbox</td></tr>
 * </table>
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public final class JobQueueMetrics implements JobListener {

    private static final String NONE = "none";

    private static final Duration PAUSE = Duration.ofSeconds(5);

    private final MeterRegistry registry;

    /**
     * Makes the meters of one registry.
     *
     * @param registry where they are registered
     */
    public JobQueueMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    private static Tags tags(String queue, @Nullable String kind, String outcome) {
        return Tags.of("queue", queue, "kind", kind == null ? NONE : kind, "outcome", outcome);
    }

    @Override
    public void on(JobEvent event) {
        if (event instanceof JobEvent.Enqueued enqueued) {
            count("jobqueue.enqueued", enqueued.queue(), enqueued.kind(), 1);
        } else if (event instanceof JobEvent.Started started) {
            waited(started.claim());
        } else if (event instanceof JobEvent.Completed completed) {
            ran(completed, "completed", completed.took());
        } else if (event instanceof JobEvent.Retried retried) {
            ran(retried, "retried", retried.took());
        } else if (event instanceof JobEvent.Failed failed) {
            ran(failed, failed.discarded() ? "discarded" : "failed", failed.took());
        } else if (event instanceof JobEvent.Released) {
            ran(event, "released", Duration.ZERO);
        } else if (event instanceof JobEvent.Snoozed snoozed) {
            ran(snoozed, "snoozed", snoozed.took());
        } else if (event instanceof JobEvent.Unknown) {
            ran(event, "unknown", Duration.ZERO);
        } else if (event instanceof JobEvent.Refused) {
            ran(event, "refused", Duration.ZERO);
        } else if (event instanceof JobEvent.LeaseLost) {
            count("jobqueue.leases.lost", event.queue(), kind(event), 1);
        } else if (event instanceof JobEvent.Stuck) {
            count("jobqueue.handlers.stuck", event.queue(), kind(event), 1);
        } else if (event instanceof JobEvent.Reclaimed reclaimed) {
            count("jobqueue.reclaimed", event.queue(), null, reclaimed.ids().size());
        } else if (event instanceof JobEvent.WorkerDied died) {
            count("jobqueue.workers.died", event.queue(), null, died.ids().size());
        } else if (event instanceof JobEvent.Expired expired) {
            count("jobqueue.expired", event.queue(), null, expired.ids().size());
        } else if (event instanceof JobEvent.Cancelled) {
            count("jobqueue.cancelled", event.queue(), null, 1);
        } else if (event instanceof JobEvent.Lost lost) {
            count("jobqueue.lost", event.queue(), null, lost.ids().size());
        } else if (event instanceof JobEvent.Repaired repaired) {
            registry.counter(
                            "jobqueue.repaired",
                            tags(event.queue(), null, repaired.damage().name().toLowerCase(Locale.ROOT)))
                    .increment(repaired.ids().size());
        } else if (event instanceof JobEvent.SendFailed failed) {
            registry.counter("jobqueue.sends.failed", tags(event.queue(), null, failed.givenUp() ? "lost" : "retried"))
                    .increment(failed.ids().size());
        } else if (event instanceof JobEvent.DeadLettersDropped dropped) {
            count("jobqueue.dead.dropped", event.queue(), null, dropped.count());
        }
    }

    /** A kind that no handler knew comes from foreign hands, and must not become a meter of its own. */
    private static @Nullable String kind(JobEvent event) {
        boolean unknown = event instanceof JobEvent.Unknown handedBack
                        && handedBack.reason().code() == FailureReason.Code.UNKNOWN_KIND
                || event instanceof JobEvent.Failed failed && failed.reason().code() == FailureReason.Code.UNKNOWN_KIND;
        return unknown ? null : event.kind();
    }

    private void count(String name, String queue, @Nullable String kind, double amount) {
        registry.counter(name, tags(queue, kind, NONE)).increment(amount);
    }

    private void ran(JobEvent event, String outcome, Duration took) {
        registry.timer("jobqueue.attempts", tags(event.queue(), kind(event), outcome))
                .record(took);
    }

    private void waited(Claim claim) {
        if (claim.attempt() == 1 && claim.enqueuedAt() != null) {
            Duration waited = Duration.between(claim.enqueuedAt(), Instant.now());
            registry.timer("jobqueue.waited", tags(claim.queue(), claim.kind(), NONE))
                    .record(waited.isNegative() ? Duration.ZERO : waited);
        }
    }

    /**
     * Registers the depth gauges of a queue. Reading a gauge never waits for Redis. As long as somebody reads them, one
     * command every 5 s reads all depths of the queue in the background. A gauge shows what was read last, and {@code NaN}
     * before the first read has been answered, and when no read has been answered for 15 s.
     *
     * @param queue the queue
     */
    public void gauge(JobQueue queue) {
        gauge(queue, PAUSE);
    }

    /**
     * Registers the depth gauges of a queue.
     *
     * @param pause the time between two reads of the depths
     */
    void gauge(JobQueue queue, Duration pause) {
        Sample sample = new Sample(queue, pause);
        gauge("jobqueue.depth.pending", sample, QueueStats::pendingDepth);
        gauge("jobqueue.depth.processing", sample, QueueStats::processingDepth);
        gauge("jobqueue.depth.delayed", sample, QueueStats::delayedDepth);
        gauge("jobqueue.depth.completed", sample, QueueStats::completedDepth);
        gauge("jobqueue.depth.failed", sample, QueueStats::failedDepth);
        gauge("jobqueue.oldest.waiting", sample, stats -> {
            Duration oldest = stats.oldestWaiting();
            return oldest == null ? 0 : oldest.toMillis() / 1000.0;
        });
    }

    /**
     * Registers the gauges of an outbox.
     *
     * @param pending how many jobs wait to be sent; must not block
     * @param refused how many jobs can never be sent; must not block
     */
    public void gaugeOutbox(Supplier<Number> pending, Supplier<Number> refused) {
        gauge("jobqueue.outbox.pending", pending);
        gauge("jobqueue.outbox.refused", refused);
    }

    private void gauge(String name, Supplier<Number> value) {
        Gauge.builder(name, value).tags(tags(NONE, null, NONE)).register(registry);
    }

    private void gauge(String name, Sample sample, ToDoubleFunction<QueueStats> value) {
        Gauge.builder(name, sample, at -> at.read(value))
                .tags(tags(sample.queue.name(), null, NONE))
                .strongReference(true)
                .register(registry);
    }

    /** The stats of one queue, shared by its gauges, and read in the background while somebody reads the gauges. */
    private static final class Sample {

        /** How long the stats are read after a gauge was read, so that the next scrape finds fresh ones. */
        private static final long READ_ON = Duration.ofMinutes(2).toNanos();

        private final JobQueue queue;
        private final Duration pause;
        private final AtomicBoolean reading = new AtomicBoolean();
        private volatile long wantedAt;
        private volatile @Nullable Answer last;

        Sample(JobQueue queue, Duration pause) {
            this.queue = queue;
            this.pause = pause;
        }

        private record Answer(QueueStats stats, long at) {}

        double read(ToDoubleFunction<QueueStats> value) {
            wantedAt = System.nanoTime();
            if (reading.compareAndSet(false, true)) {
                look();
            }
            Answer answer = last;
            return answer == null || System.nanoTime() - answer.at() > 3 * pause.toNanos()
                    ? Double.NaN
                    : value.applyAsDouble(answer.stats());
        }

        private void look() {
            var unused = queue.statsAsync().whenComplete((answer, failure) -> {
                if (failure == null) {
                    last = new Answer(answer, System.nanoTime());
                }
                if (System.nanoTime() - wantedAt < READ_ON) {
                    CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS)
                            .execute(this::look);
                } else {
                    reading.set(false);
                }
            });
        }
    }
}
