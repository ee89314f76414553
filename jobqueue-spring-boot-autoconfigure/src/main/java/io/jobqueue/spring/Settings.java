package io.jobqueue.spring;

import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.SettingException;
import io.jobqueue.worker.WorkerSettings;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;

/**
 * What properties and customizers mean for one queue and one kind. The properties have been checked; customizers are
 * asked once for each queue, on first use, so that they may depend on other beans.
 */
final class Settings {

    private final JobQueueProperties properties;
    private final ObjectProvider<QueueSettingsCustomizer> queueCustomizers;
    private final ObjectProvider<WorkerSettingsCustomizer> workerCustomizers;
    private final Map<String, QueueSettings> queues = new ConcurrentHashMap<>();
    private final Map<String, WorkerSettings> workers = new ConcurrentHashMap<>();

    Settings(
            JobQueueProperties properties,
            ObjectProvider<QueueSettingsCustomizer> queueCustomizers,
            ObjectProvider<WorkerSettingsCustomizer> workerCustomizers) {
        this.properties = properties;
        this.queueCustomizers = queueCustomizers;
        this.workerCustomizers = workerCustomizers;
    }

    String keyPrefix() {
        return properties.keyPrefix();
    }

    String defaultQueue() {
        return properties.defaultQueue();
    }

    /** The default queue and all that properties name, in the order of their names. */
    Set<String> namedQueues() {
        Set<String> names = new TreeSet<>(properties.queues().keySet());
        names.add(properties.defaultQueue());
        properties.kinds().values().stream()
                .flatMap(kind -> Stream.ofNullable(kind.queue()))
                .forEach(names::add);
        return names;
    }

    /** The queue that properties route a kind to. */
    Optional<String> queueOf(String kind) {
        return Optional.ofNullable(properties.kind(kind).queue());
    }

    /** Whether this application handles jobs at all. */
    boolean workersEnabled() {
        return properties.worker().enabled();
    }

    /** Whether this application handles the jobs of a queue. */
    boolean workersEnabled(String queue) {
        return workersEnabled() && or(properties.queue(queue).worker().enabled(), true);
    }

    /**
     * How often this application sweeps a queue; empty when it does not. A sweep goes by the settings of who sweeps, so a
     * queue on which this application does not work is swept only when its properties say so.
     */
    Optional<Duration> sweepInterval(String queue, boolean works) {
        JobQueueProperties.Queue.Reclaimer own = properties.queue(queue).reclaimer();
        return or(own.enabled(), works && properties.reclaimer().enabled())
                ? Optional.of(or(own.interval(), properties.reclaimer().interval()))
                : Optional.empty();
    }

    /** The settings of a queue. */
    QueueSettings queue(String name) {
        QueueSettings known = queues.get(name);
        if (known == null) {
            // not computeIfAbsent: a customizer may ask for another queue
            QueueSettings settings = queueFromProperties(name);
            for (QueueSettingsCustomizer customizer :
                    queueCustomizers.orderedStream().toList()) {
                settings = customized(name, settings, customizer::customize);
            }
            QueueSettings earlier = queues.putIfAbsent(name, settings);
            known = earlier == null ? settings : earlier;
        }
        return known;
    }

    /** The settings of a queue's pool. */
    WorkerSettings worker(String queue) {
        WorkerSettings known = workers.get(queue);
        if (known == null) {
            WorkerSettings settings = workerFromProperties(queue);
            for (WorkerSettingsCustomizer customizer :
                    workerCustomizers.orderedStream().toList()) {
                settings = customized(queue, settings, customizer::customize);
            }
            WorkerSettings earlier = workers.putIfAbsent(queue, settings);
            known = earlier == null ? settings : earlier;
        }
        return known;
    }

    private static <S> S customized(String queue, S settings, BiFunction<String, S, S> customizer) {
        try {
            return customizer.apply(queue, settings);
        } catch (SettingException ex) {
            throw new JobQueueStartException(
                    "A customizer gave the queue '%s' a setting that is not allowed: %s."
                            .formatted(queue, ex.getMessage()),
                    "Let the customizer choose a value within these limits.");
        }
    }

    /**
     * The retry policy of a kind.
     *
     * @param maxAttempts what the handler's annotation says, or {@code null}
     */
    RetryPolicy retry(String kind, String queue, @Nullable Integer maxAttempts) {
        RetryPolicy ofQueue = queue(queue).retry();
        JobQueueProperties.Kind own = properties.kind(kind);
        Duration delay = or(own.retry().delay(), ofQueue.delay());
        Duration maxDelay = or(own.retry().maxDelay(), ofQueue.maxDelay());
        if (maxDelay.compareTo(delay) < 0) {
            throw new JobQueueStartException(
                    "The kind '%s' is to be retried after %s at first and after %s at the most."
                            .formatted(kind, delay, maxDelay),
                    "Set 'jobqueue.kinds%s.retry.max-delay' to at least the delay."
                            .formatted(PropertiesCheck.element(kind)));
        }
        return new RetryPolicy(
                or(own.maxAttempts(), or(maxAttempts, ofQueue.maxAttempts())),
                delay,
                or(own.retry().multiplier(), ofQueue.multiplier()),
                maxDelay,
                or(own.retry().jitter(), ofQueue.jitter()));
    }

    /**
     * The time limit of a kind's attempts.
     *
     * @param timeout what the handler's annotation says, or {@code null}
     */
    Duration timeLimit(String kind, String queue, @Nullable Duration timeout) {
        return or(properties.kind(kind).timeout(), or(timeout, worker(queue).maxRunTime()));
    }

    private QueueSettings queueFromProperties(String name) {
        JobQueueProperties.Queue own = properties.queue(name);
        JobQueueProperties.Retry retry = properties.retry();
        return new QueueSettings(
                new QueueSettings.Lease(
                        or(own.lease().visibilityTimeout(), properties.lease().visibilityTimeout()),
                        or(own.lease().heartbeat(), properties.lease().heartbeat()),
                        or(own.lease().maxCrashes(), properties.lease().maxCrashes())),
                new QueueSettings.Reclaimer(
                        or(own.reclaimer().interval(), properties.reclaimer().interval())),
                new RetryPolicy(
                        or(own.retry().maxAttempts(), retry.maxAttempts()),
                        or(own.retry().delay(), retry.delay()),
                        or(own.retry().multiplier(), retry.multiplier()),
                        or(own.retry().maxDelay(), retry.maxDelay()),
                        or(own.retry().jitter(), retry.jitter())),
                new QueueSettings.Retentions(
                        new Retention(
                                or(
                                        own.retention().completed().age(),
                                        properties.retention().completed().age()),
                                or(
                                        own.retention().completed().count(),
                                        properties.retention().completed().count())),
                        new Retention(
                                or(
                                        own.retention().failed().age(),
                                        properties.retention().failed().age()),
                                or(
                                        own.retention().failed().count(),
                                        properties.retention().failed().count()))),
                QueueSettings.Payload.ofBytes(
                        or(own.payload().maxSize(), properties.payload().maxSize())
                                .toBytes()),
                QueueSettings.Result.ofBytes(
                        or(own.result().maxSize(), properties.result().maxSize())
                                .toBytes()),
                new QueueSettings.WorkOutput(properties.workOutput().ttl()),
                new QueueSettings.Runs(properties.runs().deadline()));
    }

    private WorkerSettings workerFromProperties(String queue) {
        JobQueueProperties.Queue own = properties.queue(queue);
        JobQueueProperties.Worker worker = properties.worker();
        return new WorkerSettings(
                or(own.worker().concurrency(), worker.concurrency()),
                or(own.worker().pollInterval(), worker.pollInterval()),
                or(own.worker().maxRunTime(), worker.maxRunTime()),
                properties.shutdown().drain());
    }

    private static <T> T or(@Nullable T own, T general) {
        return own == null ? general : own;
    }
}
