package io.jobqueue.spring;

import io.jobqueue.JobCodec;
import io.jobqueue.UnreadableType;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.Handlers;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.util.StringUtils;

/**
 * The application's handlers, and the queue that each kind is routed to. Complete once all singletons exist; that is
 * when it refuses handlers that cannot be used. Whoever asks for a route before, such as an enqueue in a
 * {@code @PostConstruct} method, gets what the types of the beans tell until then.
 */
final class HandlerCatalog implements SmartInitializingSingleton {

    private static final Logger log = LoggerFactory.getLogger(HandlerCatalog.class);

    private final ConfigurableListableBeanFactory beans;
    private final Settings settings;
    private final UnreadKeys unreadKeys;
    private final JobCodec codec;
    private final JobHandlerScanner scanner;

    /**
     * Routes by annotations: preliminary at first, final when {@link #byQueue} is set. Read without a lock, because
     * whoever asks early may be in the midst of creating a bean.
     */
    private volatile @Nullable Map<String, String> routes;

    /** Guarded by this. */
    private @Nullable Map<String, Handlers> byQueue;

    HandlerCatalog(ConfigurableListableBeanFactory beans, Settings settings, UnreadKeys unreadKeys, JobCodec codec) {
        this.beans = beans;
        this.codec = codec;
        this.settings = settings;
        this.unreadKeys = unreadKeys;
        this.scanner = new JobHandlerScanner(beans);
    }

    @Override
    public void afterSingletonsInstantiated() {
        byQueue();
    }

    /** The queue of a kind, if properties or its handler name one. */
    Optional<String> queueOf(String kind) {
        return settings.queueOf(kind).or(() -> Optional.ofNullable(routes().get(kind)));
    }

    /** The names of the queues that annotations of handlers name. */
    Collection<String> annotatedQueues() {
        return routes().values();
    }

    private Map<String, String> routes() {
        Map<String, String> known = routes;
        if (known == null) {
            known = routes(scanner.scan().handlers());
            keepUnlessFinal(known);
        }
        return known;
    }

    private synchronized void keepUnlessFinal(Map<String, String> preliminary) {
        if (byQueue == null) {
            routes = preliminary;
        }
    }

    private static Map<String, String> routes(List<JobHandlerMethod> handlers) {
        Map<String, String> routes = new TreeMap<>();
        for (JobHandlerMethod handler : handlers) {
            if (handler.queue() != null) {
                routes.put(handler.kind(), handler.queue());
            }
        }
        return Map.copyOf(routes);
    }

    /**
     * The handlers by the queue that their kinds are routed to. Not to be called before all singletons exist.
     *
     * @throws JobQueueStartException when a handler cannot be used, or two are for the same kind
     */
    synchronized Map<String, Handlers> byQueue() {
        if (byQueue == null) {
            JobHandlerScanner.Found found = scanner.scan();
            List<JobQueueStartException> problems = new ArrayList<>(found.problems());
            problems.addAll(duplicates(found.handlers()));
            found.handlers().forEach(handler -> problems.addAll(unreadable(handler)));
            if (!problems.isEmpty()) {
                throw JobQueueStartException.of(problems);
            }
            found.hidden().forEach(HandlerCatalog::warnOfHidden);
            routes = routes(found.handlers());
            byQueue = handlers(found.handlers());
            Set<String> queues = new TreeSet<>(byQueue.keySet());
            queues.addAll(settings.routedQueues());
            unreadKeys.warn(
                    found.handlers().stream()
                            .map(JobHandlerMethod::kind)
                            .sorted()
                            .toList(),
                    queues);
        }
        return byQueue;
    }

    private static void warnOfHidden(String bean, Class<?> declared) {
        log.warn(
                "The bean '{}' is declared as {} and does not exist yet, so its @JobHandler methods, if it has any, are not found. Let its @Bean method return the class of the bean, or remove @Lazy or the scope",
                bean,
                declared.getName());
    }

    private Map<String, Handlers> handlers(List<JobHandlerMethod> methods) {
        Map<String, List<Handler>> lists = new TreeMap<>();
        for (JobHandlerMethod method : methods) {
            String queue = queueOf(method.kind()).orElse(settings.defaultQueue());
            lists.computeIfAbsent(queue, name -> new ArrayList<>()).add(handler(method, queue));
            log.debug("Kind '{}' on queue '{}' is handled by {}", method.kind(), queue, method.place());
        }
        Map<String, Handlers> handlers = new TreeMap<>();
        lists.forEach((queue, list) -> handlers.put(queue, Handlers.of(list)));
        return handlers;
    }

    private Handler handler(JobHandlerMethod method, String queue) {
        return new Handler(
                method.kind(),
                method.payloadType(),
                method.resultType(),
                settings.retry(method.kind(), queue, method.maxAttempts()),
                settings.timeLimit(method.kind(), queue, method.timeout()),
                method.noRetryFor(),
                new JobHandlerCall(method, beans));
    }

    /** The types of a handler that no document can be read into. */
    private List<JobQueueStartException> unreadable(JobHandlerMethod handler) {
        List<JobQueueStartException> problems = new ArrayList<>();
        codec.unreadable(handler.payloadType())
                .ifPresent(type -> problems.add(neverRead(handler, "has a payload that", type)));
        if (handler.outputType() != null) {
            codec.unreadable(handler.outputType())
                    .ifPresent(type -> problems.add(neverRead(handler, "gathers outputs that", type)));
        }
        return problems;
    }

    private static JobQueueStartException neverRead(JobHandlerMethod handler, String what, UnreadableType type) {
        return new JobQueueStartException(
                "The handler %s %s can never be read: %s.".formatted(handler.place(), what, type.reason()),
                StringUtils.capitalize(type.remedy()) + ".");
    }

    private static List<JobQueueStartException> duplicates(List<JobHandlerMethod> handlers) {
        Map<String, List<JobHandlerMethod>> byKind = handlers.stream()
                .collect(Collectors.groupingBy(JobHandlerMethod::kind, TreeMap::new, Collectors.toList()));
        List<JobQueueStartException> problems = new ArrayList<>();
        byKind.forEach((kind, methods) -> {
            if (methods.size() > 1) {
                problems.add(
                        new JobQueueStartException(
                                "The kind '%s' has %s handlers:%s"
                                        .formatted(
                                                kind,
                                                methods.size(),
                                                methods.stream()
                                                        .map(method -> "%n    %s".formatted(method.place()))
                                                        .sorted()
                                                        .collect(Collectors.joining())),
                                "Keep one of them, or give the others kinds of their own. A kind has one handler, whatever its queue."));
            }
        });
        return problems;
    }
}
