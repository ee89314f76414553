package io.jobqueue.spring;

import static io.jobqueue.spring.JobQueueProperties.or;

import io.jobqueue.QueueSettings;
import io.jobqueue.RetryPolicy;
import io.jobqueue.SettingException;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.WorkerSettings;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;

/**
 * The settings of each queue and kind: the core's defaults, overridden by the checked properties, and then by the
 * customizers. Customizers are called once for each queue, at its first use, so that they may depend on other beans.
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
        return or(properties.keyPrefix(), RedisQueues.Options.defaults().keyPrefix());
    }

    String defaultQueue() {
        return or(properties.defaultQueue(), RedisQueues.Options.defaults().defaultQueue());
    }

    /** Whether jobs that are enqueued inside a transaction wait for its commit. */
    boolean afterCommit() {
        return properties.afterCommit();
    }

    /** Whether the rights of the Redis user are checked at the start. */
    boolean checksRights() {
        return properties.checkRights();
    }

    /** The default queue and every queue that a property names, in the order of their names. */
    Set<String> namedQueues() {
        Set<String> names = routedQueues();
        names.addAll(properties.queues().keySet());
        return names;
    }

    /** The default queue and every queue that properties route a kind to, in the order of their names. */
    Set<String> routedQueues() {
        Set<String> names = new TreeSet<>(Set.of(defaultQueue()));
        properties.kinds().values().stream()
                .flatMap(kind -> Stream.ofNullable(kind.queue()))
                .forEach(names::add);
        return names;
    }

    /** The queue that properties route a kind to. */
    Optional<String> queueOf(String kind) {
        return properties.kind(kind).map(KindProperties::queue);
    }

    /** The properties of recurring jobs by name. */
    Map<String, RecurringProperties> recurring() {
        return properties.recurring();
    }

    /** Whether this application handles jobs at all. */
    boolean workersEnabled() {
        return or(properties.worker().enabled(), true);
    }

    /** Whether this application handles the jobs of a queue. */
    boolean workersEnabled(String queue) {
        return workersEnabled()
                && properties
                        .queue(queue)
                        .map(own -> or(own.worker().enabled(), true))
                        .orElse(true);
    }

    /**
     * Whether this application sweeps a queue. A sweep uses the settings of the application that sweeps, so a queue on
     * which this application does not work is swept only when its own properties say so.
     *
     * @param works whether this application handles jobs of the queue
     */
    boolean sweeps(String queue, boolean works) {
        boolean byDefault = works && or(properties.reclaimer().enabled(), true);
        return properties
                .queue(queue)
                .map(own -> or(own.reclaimer().enabled(), byDefault))
                .orElse(byDefault);
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
     * @param maxAttempts the limit of the handler's annotation, or {@code null}
     */
    RetryPolicy retry(String kind, String queue, @Nullable Integer maxAttempts) {
        RetryPolicy ofQueue = queue(queue).retry();
        RetryPolicy ofHandler = ofQueue.withMaxAttempts(or(maxAttempts, ofQueue.maxAttempts()));
        return properties.kind(kind).map(own -> retry(kind, own, ofHandler)).orElse(ofHandler);
    }

    private static RetryPolicy retry(String kind, KindProperties own, RetryPolicy base) {
        try {
            return own.retry().over(base.withMaxAttempts(or(own.maxAttempts(), base.maxAttempts())));
        } catch (SettingException ex) {
            throw new JobQueueStartException(
                    "The retries of the kind '%s' do not fit those of its queue: %s.".formatted(kind, ex.getMessage()),
                    "Set 'jobqueue.kinds%s.retry.max-delay' to at least the delay."
                            .formatted(PropertiesCheck.element(kind)));
        }
    }

    /**
     * The time limit of a kind's attempts.
     *
     * @param timeout the limit of the handler's annotation, or {@code null}
     */
    Duration timeLimit(String kind, String queue, @Nullable Duration timeout) {
        return properties
                .kind(kind)
                .map(KindProperties::timeout)
                .orElseGet(() -> or(timeout, worker(queue).maxRunTime()));
    }

    /** By kind how long its jobs are handed back that this application cannot handle, where a property says so. */
    Map<String, Duration> unknownFor() {
        Map<String, Duration> times = new TreeMap<>();
        properties.kinds().forEach((kind, own) -> {
            if (own.unknownFor() != null) {
                times.put(kind, own.unknownFor());
            }
        });
        return times;
    }

    private QueueSettings queueFromProperties(String name) {
        QueueSettings ofAll = properties.allQueues().over(QueueSettings.defaults());
        return properties.queue(name).map(own -> own.over(ofAll)).orElse(ofAll);
    }

    private WorkerSettings workerFromProperties(String queue) {
        WorkerSettings ofAll = properties.worker().over(properties.shutdown().over(WorkerSettings.defaults()));
        return properties.queue(queue).map(own -> own.worker().over(ofAll)).orElse(ofAll);
    }
}
