package io.jobqueue.spring;

import io.jobqueue.Enqueuer;
import io.jobqueue.Enqueuer.Outgoing;
import io.jobqueue.JobContext;
import io.jobqueue.JobRequest;
import io.jobqueue.worker.JobFunction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.util.ClassUtils;

/**
 * Carries values of the thread that enqueues a job to the thread that handles it. A value travels as a header of the
 * job.
 *
 * <p>A value that does not fit into the headers of a job is left out with a warning, so that it does not prevent the
 * enqueue. A header of the request itself is kept. Thread-safe.
 */
final class CarriedContext {

    private static final Logger log = LoggerFactory.getLogger(CarriedContext.class);

    private static final String CONTEXT_REGISTRY = "io.micrometer.context.ContextRegistry";

    private final List<Value> values;
    private final Set<String> warned = ConcurrentHashMap.newKeySet();

    CarriedContext(List<Value> values) {
        this.values = List.copyOf(values);
    }

    /**
     * Carries what the properties name.
     *
     * @param mdcKeys entries of the logging context
     * @param contextKeys values that Micrometer's context propagation knows
     * @throws JobQueueStartException when nothing provides one of the context keys
     */
    static CarriedContext of(List<String> mdcKeys, List<String> contextKeys) {
        if (!contextKeys.isEmpty() && !ClassUtils.isPresent(CONTEXT_REGISTRY, null)) {
            throw new JobQueueStartException(
                    "The property jobqueue.context-keys names %s, but Micrometer's context propagation is not on the class path."
                            .formatted(contextKeys),
                    "Add the dependency io.micrometer:context-propagation, or remove the property.");
        }
        return new CarriedContext(Stream.<Value>concat(
                        mdcKeys.stream().map(MdcEntry::new),
                        contextKeys.stream().map(ThreadContext::of))
                .toList());
    }

    /** A value of the current thread. */
    interface Value {

        /** The header that the value travels as. */
        String header();

        /** The value, or {@code null} when the thread has none. Only text travels. */
        @Nullable
        Object read();

        /**
         * Sets the value.
         *
         * @return what brings back the value that the thread had before
         */
        Runnable write(String value);
    }

    /** An entry of the logging context. */
    private record MdcEntry(String key) implements Value {

        @Override
        public String header() {
            return "mdc." + key;
        }

        @Override
        public @Nullable String read() {
            return MDC.get(key);
        }

        @Override
        public Runnable write(String value) {
            String before = MDC.get(key);
            MDC.put(key, value);
            return () -> {
                if (before == null) {
                    MDC.remove(key);
                } else {
                    MDC.put(key, before);
                }
            };
        }
    }

    /** Decorates an enqueuer, so that jobs take along the values of the calling thread. */
    Enqueuer captured(Enqueuer next) {
        return values.isEmpty()
                ? next
                : jobs -> {
                    List<Captured> captured = capture();
                    return next.enqueue(
                            captured.isEmpty()
                                    ? jobs
                                    : jobs.stream()
                                            .map(job -> with(job, captured))
                                            .toList());
                };
    }

    private record Captured(String header, String value) {}

    private List<Captured> capture() {
        List<Captured> captured = new ArrayList<>(values.size());
        for (Value each : values) {
            Object value = each.read();
            if (value instanceof String text) {
                captured.add(new Captured(each.header(), text));
            } else if (value != null) {
                warn(
                        each.header(),
                        "only text can be carried, and the value is a "
                                + value.getClass().getName());
            }
        }
        return captured;
    }

    private Outgoing with(Outgoing job, List<Captured> captured) {
        JobRequest request = job.request();
        for (Captured each : captured) {
            if (!request.headers().containsKey(each.header())) {
                request = with(request, each);
            }
        }
        return job.with(request);
    }

    private JobRequest with(JobRequest request, Captured captured) {
        try {
            return request.header(captured.header(), captured.value());
        } catch (IllegalArgumentException ex) {
            warn(captured.header(), String.valueOf(ex.getMessage()));
            return request;
        }
    }

    private void warn(String header, String reason) {
        if (warned.add(header)) {
            log.warn("The header '{}' is left out of a job: {}; further cases are not logged", header, reason);
        }
    }

    /** Decorates a handler, so that its thread has the values that the job took along, and loses them afterwards. */
    JobFunction restored(JobFunction next) {
        return values.isEmpty()
                ? next
                : (job, context) -> {
                    Deque<Runnable> undo = new ArrayDeque<>();
                    try {
                        restore(context, undo);
                        return next.handle(job, context);
                    } finally {
                        undo.forEach(Runnable::run);
                    }
                };
    }

    private void restore(JobContext context, Deque<Runnable> undo) {
        for (Value each : values) {
            String value = context.headers().get(each.header());
            if (value != null) {
                undo.push(each.write(value));
            }
        }
    }
}
