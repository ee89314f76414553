package io.jobqueue.spring;

import io.jobqueue.DeadLetterNotice;
import io.jobqueue.JobCodec;
import io.jobqueue.QueueSettings;
import io.jobqueue.Recurring;
import io.jobqueue.UnreadableType;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.Handlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.util.StringUtils;

/**
 * The handlers of one context, and the queue that each kind is routed to. It is complete once all singletons exist, and
 * then refuses handlers that cannot be used. A route that is needed earlier, for example by an enqueue in a
 * {@code @PostConstruct} method, is derived from the types of the beans.
 */
final class HandlerCatalog implements QueueContexts.Member, SmartInitializingSingleton, DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(HandlerCatalog.class);

    private final ConfigurableListableBeanFactory beans;
    private final Settings settings;
    private final UnreadKeys unreadKeys;
    private final JobCodec codec;
    private final QueueContexts contexts;
    private final CarriedContext carried;
    private final JobHandlerScanner scanner;
    private final LentHandlers lent = new LentHandlers();

    /** The queues whose handlers other contexts may call. */
    private volatile Set<String> lentQueues = Set.of();

    /**
     * The queue in each handler's annotation, by kind: preliminary at first, final when {@link #byQueue} is set. Read
     * without a lock, because whoever asks early may be in the midst of creating a bean.
     */
    private volatile @Nullable Map<String, Optional<String>> annotated;

    /** Guarded by this. */
    private @Nullable Map<String, Handlers> byQueue;

    /** Guarded by this. Complete when {@link #byQueue} is set. */
    private Map<String, List<Recurring>> recurring = Map.of();

    HandlerCatalog(
            ConfigurableListableBeanFactory beans,
            Settings settings,
            UnreadKeys unreadKeys,
            JobCodec codec,
            QueueContexts contexts,
            CarriedContext carried) {
        this.beans = beans;
        this.codec = codec;
        this.settings = settings;
        this.unreadKeys = unreadKeys;
        this.contexts = contexts;
        this.carried = carried;
        this.scanner = new JobHandlerScanner(beans);
    }

    @Override
    public void afterSingletonsInstantiated() {
        byQueue();
    }

    /** The contexts that the handlers are shared with. */
    QueueContexts contexts() {
        return contexts;
    }

    /** Lets the other contexts know the handlers. */
    void join() {
        contexts.join(this);
    }

    @Override
    public void destroy() {
        contexts.leave(this);
    }

    @Override
    public Set<String> kinds() {
        return annotated().keySet();
    }

    @Override
    public Optional<String> queueOf(String kind) {
        return settings.queueOf(kind)
                .or(() -> annotated().getOrDefault(kind, Optional.empty()))
                .or(() -> DeadLetterNotice.deadLetterKind(kind).flatMap(contexts::queueOf));
    }

    @Override
    public Set<String> queues() {
        Set<String> names = usedQueues();
        names.addAll(settings.namedQueues());
        return names;
    }

    /** The queues that jobs go to: those of handlers, and those that properties route a kind to. */
    private Set<String> usedQueues() {
        Set<String> names = settings.routedQueues();
        annotated().values().forEach(queue -> queue.ifPresent(names::add));
        return names;
    }

    @Override
    public QueueSettings settings(String queue) {
        return settings.queue(queue);
    }

    private Map<String, Optional<String>> annotated() {
        Map<String, Optional<String>> known = annotated;
        if (known == null) {
            known = annotated(scanner.scan().handlers());
            keepUnlessFinal(known);
        }
        return known;
    }

    private synchronized void keepUnlessFinal(Map<String, Optional<String>> preliminary) {
        if (byQueue == null) {
            annotated = preliminary;
        }
    }

    private static Map<String, Optional<String>> annotated(List<JobHandlerMethod> handlers) {
        Map<String, Optional<String>> queues = new TreeMap<>();
        handlers.forEach(handler -> queues.put(handler.kind(), Optional.ofNullable(handler.queue())));
        return Map.copyOf(queues);
    }

    /**
     * The handlers by the queue that their kinds are routed to. Not to be called before all singletons exist.
     *
     * @throws JobQueueStartException when a handler cannot be used, or two are for the same kind
     */
    synchronized Map<String, Handlers> byQueue() {
        if (byQueue == null) {
            JobHandlerScanner.Found found = scanner.scan();
            refuseUnusable(found);
            found.hidden().forEach(HandlerCatalog::warnOfHidden);
            annotated = annotated(found.handlers());
            refuseRoutedElsewhere(found.handlers());
            recurring = recurring(found.handlers());
            byQueue = handlers(found.handlers());
            Set<String> queues = usedQueues();
            queues.addAll(byQueue.keySet());
            unreadKeys.warn(List.copyOf(contexts.kinds()), queues);
        }
        return byQueue;
    }

    /**
     * The recurring jobs of this context, by the queue of their kinds. Not to be called before all singletons exist.
     */
    synchronized Map<String, List<Recurring>> recurring() {
        byQueue();
        return recurring;
    }

    /** The kinds of dead letters whose notices this context handles, by queue. Not to be called before all singletons exist. */
    Map<String, Set<String>> notices() {
        Map<String, Set<String>> kinds = new TreeMap<>();
        byQueue().forEach((queue, handlers) -> handlers.kinds().stream()
                .flatMap(kind -> DeadLetterNotice.deadLetterKind(kind).stream())
                .forEach(kind ->
                        kinds.computeIfAbsent(queue, name -> new TreeSet<>()).add(kind)));
        return kinds;
    }

    private Map<String, List<Recurring>> recurring(List<JobHandlerMethod> handlers) {
        return new RecurringDeclarations(beans::resolveEmbeddedValue, settings.recurring(), codec)
                .read(handlers, contexts.kinds()).stream()
                        .collect(Collectors.groupingBy(
                                each -> queueHere(each.job().kind()), TreeMap::new, Collectors.toList()));
    }

    private void refuseUnusable(JobHandlerScanner.Found found) {
        List<JobQueueStartException> problems = new ArrayList<>(found.problems());
        problems.addAll(duplicates(found.handlers()));
        found.handlers().forEach(handler -> problems.addAll(unreadable(handler)));
        if (!problems.isEmpty()) {
            throw JobQueueStartException.of(problems);
        }
    }

    /** Another context of the application may handle the same kind on another queue, which then gets all the jobs. */
    private void refuseRoutedElsewhere(List<JobHandlerMethod> handlers) {
        for (JobHandlerMethod handler : handlers) {
            String here = queueHere(handler.kind());
            String all = contexts.queueOf(handler.kind()).orElse(contexts.defaultQueue());
            if (!here.equals(all)) {
                throw new JobQueueStartException(
                        "The kind '%s' is handled on queue '%s' in this context, but its jobs go to queue '%s', because a parent or sibling context handles the kind there. The handler of this context is %s."
                                .formatted(handler.kind(), here, all, handler.place()),
                        "Name the same queue for the kind '%s' in both contexts, or remove one of the handlers."
                                .formatted(handler.kind()));
            }
        }
    }

    private String queueHere(String kind) {
        return queueOf(kind).orElse(contexts.defaultQueue());
    }

    /** The handlers of a queue for a pool of this context, together with those of all other contexts. */
    Handlers on(String queue) {
        Handlers own = Objects.requireNonNull(byQueue().get(queue), queue);
        return own.or(kind -> contexts.borrow(this, queue, kind));
    }

    @Override
    public Optional<Handler> lend(String queue, String kind) {
        Handlers handlers = lentQueues.contains(queue) ? byQueue().get(queue) : null;
        return handlers == null ? Optional.empty() : handlers.find(kind).map(lent::lend);
    }

    /** Lets pools of other contexts call the handlers of some queues. */
    void lend(Set<String> queues) {
        lent.open();
        lentQueues = Set.copyOf(queues);
    }

    /**
     * Ends what {@link #lend(Set)} began: waits for the calls of other contexts, and interrupts what is left.
     *
     * @param time how long this may take
     */
    void takeBack(Duration time) {
        lentQueues = Set.of();
        lent.close(time);
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
            String queue = queueHere(method.kind());
            lists.computeIfAbsent(queue, name -> new ArrayList<>()).add(handler(method, queue));
            log.debug("Kind '{}' on queue '{}' is handled by {}", method.kind(), queue, method.place());
        }
        Map<String, Handlers> handlers = new TreeMap<>();
        lists.forEach((queue, list) -> handlers.put(queue, Handlers.of(list).withUnknownFor(settings.unknownFor())));
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
                carried.restored(new JobHandlerCall(method, beans)));
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
