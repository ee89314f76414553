package io.jobqueue.spring;

import io.jobqueue.Names;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.worker.WorkerSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.origin.Origin;
import org.springframework.core.env.Environment;

/**
 * Finds every property that makes no sense, at the start instead of at the first job, and says which key it is. The
 * rules are those of the settings' own records.
 */
final class PropertiesCheck {

    private static final Pattern PLAIN_ELEMENT = Pattern.compile("[A-Za-z0-9_-]+");
    private static final Duration SHORTEST_LIMIT = Duration.ofMillis(1);

    private final Environment environment;
    private final List<String> problems = new ArrayList<>();

    private PropertiesCheck(Environment environment) {
        this.environment = environment;
    }

    /**
     * Checks all properties.
     *
     * @param environment where the properties come from
     * @throws JobQueueStartException when any is refused; it names all of them
     */
    static void check(JobQueueProperties properties, Environment environment) {
        PropertiesCheck check = new PropertiesCheck(environment);
        check.everything(properties);
        if (!check.problems.isEmpty()) {
            throw new JobQueueStartException(
                    check.problems.stream()
                            .map(problem -> "%n    %s".formatted(problem))
                            .collect(Collectors.joining("", "These properties cannot be used:%n".formatted(), "")),
                    "Change the values as described, or remove them to get the defaults.");
        }
    }

    /** How a map's key stands in the key of a property: {@code .mail}, or {@code [report.daily]} where it must be. */
    static String element(String key) {
        return PLAIN_ELEMENT.matcher(key).matches() ? "." + key : "[" + key + "]";
    }

    private void everything(JobQueueProperties p) {
        check("jobqueue.key-prefix", p.keyPrefix(), Names::keyPrefix);
        check("jobqueue.default-queue", p.defaultQueue(), Names::queue);
        worker(
                "jobqueue.worker",
                p.worker().concurrency(),
                p.worker().pollInterval(),
                p.worker().maxRunTime());
        lease(
                "jobqueue.lease",
                p.lease().visibilityTimeout(),
                p.lease().heartbeat(),
                p.lease().maxCrashes());
        check("jobqueue.reclaimer.interval", p.reclaimer().interval(), QueueSettings.Reclaimer::new);
        check("jobqueue.retry.max-attempts", p.retry().maxAttempts(), RetryPolicy.defaults()::withMaxAttempts);
        JobQueueProperties.Retry retry = p.retry();
        backoff("jobqueue.retry", retry.delay(), retry.multiplier(), retry.maxDelay(), retry.jitter());
        history(
                "jobqueue.retention.completed",
                p.retention().completed().age(),
                p.retention().completed().count());
        history(
                "jobqueue.retention.failed",
                p.retention().failed().age(),
                p.retention().failed().count());
        check(
                "jobqueue.payload.max-size",
                p.payload().maxSize(),
                value -> QueueSettings.Payload.ofBytes(value.toBytes()));
        check("jobqueue.result.max-size", p.result().maxSize(), value -> QueueSettings.Result.ofBytes(value.toBytes()));
        check("jobqueue.shutdown.drain", p.shutdown().drain(), WorkerSettings.defaults()::withDrain);
        check("jobqueue.work-output.ttl", p.workOutput().ttl(), QueueSettings.WorkOutput::new);
        check("jobqueue.runs.deadline", p.runs().deadline(), QueueSettings.Runs::new);
        p.queues().keySet().stream().sorted().forEach(name -> queue(name, p.queue(name)));
        p.kinds().keySet().stream().sorted().forEach(name -> kind(name, p.kind(name)));
        if (problems.isEmpty()) {
            together("jobqueue", p, JobQueueProperties.Queue.NOTHING);
            p.queues().keySet().stream()
                    .sorted()
                    .forEach(name -> together("jobqueue.queues" + element(name), p, p.queue(name)));
        }
    }

    private void queue(String name, JobQueueProperties.Queue q) {
        String key = "jobqueue.queues" + element(name);
        check(key, name, Names::queue);
        worker(
                key + ".worker",
                q.worker().concurrency(),
                q.worker().pollInterval(),
                q.worker().maxRunTime());
        lease(
                key + ".lease",
                q.lease().visibilityTimeout(),
                q.lease().heartbeat(),
                q.lease().maxCrashes());
        check(key + ".reclaimer.interval", q.reclaimer().interval(), QueueSettings.Reclaimer::new);
        check(key + ".retry.max-attempts", q.retry().maxAttempts(), RetryPolicy.defaults()::withMaxAttempts);
        JobQueueProperties.Queue.Retry retry = q.retry();
        backoff(key + ".retry", retry.delay(), retry.multiplier(), retry.maxDelay(), retry.jitter());
        history(
                key + ".retention.completed",
                q.retention().completed().age(),
                q.retention().completed().count());
        history(
                key + ".retention.failed",
                q.retention().failed().age(),
                q.retention().failed().count());
        check(
                key + ".payload.max-size",
                q.payload().maxSize(),
                value -> QueueSettings.Payload.ofBytes(value.toBytes()));
        check(key + ".result.max-size", q.result().maxSize(), value -> QueueSettings.Result.ofBytes(value.toBytes()));
    }

    private void kind(String name, JobQueueProperties.Kind k) {
        String key = "jobqueue.kinds" + element(name);
        check(key, name, Names::kind);
        check(key + ".queue", k.queue(), Names::queue);
        check(key + ".max-attempts", k.maxAttempts(), RetryPolicy.defaults()::withMaxAttempts);
        check(key + ".timeout", k.timeout(), PropertiesCheck::timeLimit);
        JobQueueProperties.Kind.Retry retry = k.retry();
        backoff(key + ".retry", retry.delay(), retry.multiplier(), retry.maxDelay(), retry.jitter());
    }

    private void worker(
            String key, @Nullable Integer concurrency, @Nullable Duration pollInterval, @Nullable Duration maxRunTime) {
        WorkerSettings d = WorkerSettings.defaults();
        check(key + ".concurrency", concurrency, d::withConcurrency);
        check(key + ".poll-interval", pollInterval, d::withPollInterval);
        check(key + ".max-run-time", maxRunTime, d::withMaxRunTime);
    }

    private void lease(
            String key, @Nullable Duration visibility, @Nullable Duration heartbeat, @Nullable Integer maxCrashes) {
        check(key + ".visibility-timeout", visibility, QueueSettings.defaults()::withVisibility);
        check(key + ".heartbeat", heartbeat, value -> new QueueSettings.Lease(Duration.ofDays(7), value, 0));
        check(key + ".max-crashes", maxCrashes, QueueSettings.defaults()::withMaxCrashes);
    }

    private void backoff(
            String key,
            @Nullable Duration delay,
            @Nullable Double multiplier,
            @Nullable Duration maxDelay,
            @Nullable Double jitter) {
        check(key + ".delay", delay, value -> new RetryPolicy(1, value, 1, longer(value), 0));
        check(key + ".multiplier", multiplier, value -> new RetryPolicy(1, Duration.ZERO, value, Duration.ZERO, 0));
        check(key + ".max-delay", maxDelay, value -> new RetryPolicy(1, Duration.ZERO, 1, value, 0));
        check(key + ".jitter", jitter, value -> new RetryPolicy(1, Duration.ZERO, 1, Duration.ZERO, value));
    }

    /** What only shows when settings meet: a queue's own ones, and those it falls back to. */
    private void together(String queueKey, JobQueueProperties p, JobQueueProperties.Queue q) {
        Duration heartbeat =
                Objects.requireNonNullElse(q.lease().heartbeat(), p.lease().heartbeat());
        Duration visibility = Objects.requireNonNullElse(
                q.lease().visibilityTimeout(), p.lease().visibilityTimeout());
        boolean ownLease = q.lease().heartbeat() != null || q.lease().visibilityTimeout() != null;
        if ((ownLease || queueKey.equals("jobqueue"))
                && heartbeat.multipliedBy(3).compareTo(visibility) > 0) {
            String key = (q.lease().heartbeat() == null ? "jobqueue" : queueKey) + ".lease.heartbeat";
            refuse(
                    key,
                    "heartbeat must be at most a third of the visibility timeout, which is %s by '%s', was %s; set '%s' to at most %sms"
                            .formatted(
                                    visibility,
                                    (q.lease().visibilityTimeout() == null ? "jobqueue" : queueKey)
                                            + ".lease.visibility-timeout",
                                    heartbeat,
                                    queueKey + ".lease.heartbeat",
                                    visibility.toMillis() / 3));
        }
        Duration delay = Objects.requireNonNullElse(q.retry().delay(), p.retry().delay());
        Duration maxDelay =
                Objects.requireNonNullElse(q.retry().maxDelay(), p.retry().maxDelay());
        boolean ownRetry = q.retry().delay() != null || q.retry().maxDelay() != null;
        if ((ownRetry || queueKey.equals("jobqueue")) && maxDelay.compareTo(delay) < 0) {
            String key = (q.retry().maxDelay() == null ? "jobqueue" : queueKey) + ".retry.max-delay";
            refuse(
                    key,
                    "retry max delay must not be shorter than the delay, which is %s by '%s', was %s; set '%s' to at least that"
                            .formatted(
                                    delay,
                                    (q.retry().delay() == null ? "jobqueue" : queueKey) + ".retry.delay",
                                    maxDelay,
                                    queueKey + ".retry.max-delay"));
        }
    }

    private void history(String key, @Nullable Duration age, @Nullable Integer count) {
        check(key + ".age", age, value -> new Retention(value, 0));
        check(key + ".count", count, value -> new Retention(Duration.ZERO, value));
    }

    private static Duration longer(Duration delay) {
        return delay.isNegative() ? Duration.ZERO : delay;
    }

    private static void timeLimit(Duration timeout) {
        if (timeout.compareTo(SHORTEST_LIMIT) < 0) {
            throw new IllegalArgumentException("timeout must be at least 1 ms, was " + timeout);
        }
    }

    private <T> void check(String key, @Nullable T value, Consumer<T> rule) {
        if (value != null) {
            try {
                rule.accept(value);
            } catch (IllegalArgumentException ex) {
                refuse(key, String.valueOf(ex.getMessage()));
            }
        }
    }

    private void refuse(String key, String rule) {
        problems.add(key + ": " + rule + origin(key));
    }

    /** Where the value was written, for whoever has several files. */
    private String origin(String key) {
        ConfigurationPropertyName name = ConfigurationPropertyName.adapt(key, '.');
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            ConfigurationProperty property = source.getConfigurationProperty(name);
            if (property != null) {
                Origin origin = property.getOrigin();
                return origin == null ? "" : " (from " + origin + ")";
            }
        }
        return "";
    }
}
