package io.jobqueue.spring.actuate;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.QueueStats;
import io.jobqueue.spring.ApplicationQueues;
import io.jobqueue.spring.RunningWork;
import io.jobqueue.worker.Pulse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/**
 * The health of the queues of this application, as it sees them.
 *
 * <ul>
 *   <li>{@code DOWN}: Redis does not answer within a second, or something that must run has not worked for half a minute.
 *   <li>{@code WARNING}: the next job of a queue that is not paused has waited for longer than the property allows.
 *   <li>{@code UP}: neither.
 * </ul>
 *
 * <p>All queues are read side by side, so that an answer takes a second at most, whether Redis answers or not. Thread-safe.
 */
final class JobQueueHealth extends AbstractHealthIndicator implements JobListener {

    /** Needs attention, but the application can do its work. The status of the whole application ignores it. */
    static final Status WARNING = new Status("WARNING");

    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final ApplicationQueues queues;
    private final RunningWork work;
    private final @Nullable Duration maxWait;
    private final LongAdder lostLeases = new LongAdder();

    JobQueueHealth(ApplicationQueues queues, RunningWork work, @Nullable Duration maxWait) {
        super("The health of the job queues could not be told");
        this.queues = queues;
        this.work = work;
        this.maxWait = maxWait;
    }

    @Override
    public void on(JobEvent event) {
        if (event instanceof JobEvent.LeaseLost) {
            lostLeases.increment();
        }
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        Map<String, CompletableFuture<QueueStats>> asked = new LinkedHashMap<>();
        for (JobQueue queue : queues.all()) {
            asked.put(queue.name(), queue.statsAsync().copy().orTimeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
        }
        List<String> silent = work.pulses().stream()
                .filter(Pulse::isSilent)
                .map(pulse -> "%s: %s s".formatted(pulse.name(), pulse.silence().toSeconds()))
                .toList();
        Map<String, Object> shown = new LinkedHashMap<>();
        List<String> overdue = new ArrayList<>();
        boolean reached = true;
        for (Map.Entry<String, CompletableFuture<QueueStats>> queue : asked.entrySet()) {
            try {
                QueueStats stats = queue.getValue().join();
                shown.put(queue.getKey(), details(stats));
                if (isOverdue(stats)) {
                    overdue.add(queue.getKey());
                }
            } catch (CompletionException ex) {
                reached = false;
                shown.put(queue.getKey(), Map.of("error", words(ex)));
            }
        }
        builder.status(!reached || !silent.isEmpty() ? Status.DOWN : overdue.isEmpty() ? Status.UP : WARNING);
        builder.withDetail("queues", shown);
        builder.withDetail("lostLeases", lostLeases.sum());
        detail(builder, "silent", silent);
        detail(builder, "overdue", overdue);
        Map<String, Set<String>> unknown = work.unknownKinds();
        if (!unknown.isEmpty()) {
            builder.withDetail("unknownKinds", unknown);
        }
    }

    private static void detail(Health.Builder builder, String name, List<String> values) {
        if (!values.isEmpty()) {
            builder.withDetail(name, values);
        }
    }

    private static String words(CompletionException failure) {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        return cause instanceof TimeoutException
                ? "Redis did not answer within " + PATIENCE
                : String.valueOf(cause.getMessage());
    }

    private boolean isOverdue(QueueStats stats) {
        return maxWait != null
                && stats.pausedSince() == null
                && stats.oldestWaiting() != null
                && stats.oldestWaiting().compareTo(maxWait) > 0;
    }

    private static Map<String, Object> details(QueueStats stats) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("waiting", stats.pendingDepth());
        details.put("delayed", stats.delayedDepth());
        details.put("running", stats.processingDepth());
        details.put("deadLetters", stats.failedDepth());
        if (stats.oldestWaiting() != null) {
            details.put("oldestWaiting", stats.oldestWaiting().toString());
        }
        if (stats.pausedSince() != null) {
            details.put("pausedSince", stats.pausedSince().toString());
            details.put("pausedBy", String.valueOf(stats.pausedBy()));
        }
        if (!stats.pausedKinds().isEmpty()) {
            Map<String, Object> kinds = new TreeMap<>();
            stats.pausedKinds()
                    .forEach(kind -> kinds.put(
                            kind.kind(),
                            Map.of("since", kind.since().toString(), "by", kind.by(), "held", kind.held())));
            details.put("pausedKinds", kinds);
        }
        return details;
    }
}
