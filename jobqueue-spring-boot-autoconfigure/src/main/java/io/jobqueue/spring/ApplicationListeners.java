package io.jobqueue.spring;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Passes every event to all {@link JobListener} beans, in their order. It looks them up once all singletons exist,
 * because a listener may itself use the queue. It keeps earlier events until then, for example that of an enqueue in a
 * {@code @PostConstruct} method.
 *
 * <p>Contexts that share a queue share their listeners too: every event goes to the listeners of the context that
 * created the queue, and then to those of its child contexts that are still open.
 *
 * <p>It is not a listener itself, because it would then be one of the beans that it calls. Thread-safe.
 */
final class ApplicationListeners implements SmartInitializingSingleton, DisposableBean {

    private static final int MOST_KEPT = 10_000;

    private final ObjectProvider<JobListener> beans;
    private final @Nullable ApplicationListeners ofParent;

    // guarded by this; used in the topmost context only
    private final List<JobEvent> early = new ArrayList<>();
    private final List<JobListener> known = new ArrayList<>();

    /** The listeners of this context alone. */
    private volatile List<JobListener> own = List.of();

    /** All known listeners as one. Written under the lock, and never {@code null} again after the first time. */
    private volatile @Nullable JobListener all;

    /**
     * Makes the listeners of a context.
     *
     * @param beans the listeners of the context and of its parents
     * @param ofParent the listeners of the parent, if the parent has the queue
     */
    ApplicationListeners(ObjectProvider<JobListener> beans, @Nullable ApplicationListeners ofParent) {
        this.beans = beans;
        this.ofParent = ofParent;
    }

    /** Tells all listeners of an event. */
    void tell(JobEvent event) {
        if (ofParent != null) {
            ofParent.tell(event);
            return;
        }
        JobListener listener = all;
        if (listener == null) {
            listener = keep(event);
        }
        if (listener != null) {
            listener.on(event);
        }
    }

    /** Keeps an event, unless the listeners have just become known. */
    private synchronized @Nullable JobListener keep(JobEvent event) {
        if (all == null && early.size() < MOST_KEPT) {
            early.add(event);
        }
        return all;
    }

    @Override
    public void afterSingletonsInstantiated() {
        own = beans.orderedStream()
                .filter(listener -> ofParent == null || !ofParent.knows(listener))
                .toList();
        add(own);
    }

    private boolean knows(JobListener listener) {
        if (ofParent != null) {
            return ofParent.knows(listener);
        }
        synchronized (this) {
            return known.contains(listener);
        }
    }

    private void add(List<JobListener> listeners) {
        if (ofParent != null) {
            ofParent.add(listeners);
            return;
        }
        List<JobEvent> kept;
        JobListener first;
        synchronized (this) {
            known.addAll(listeners);
            first = JobListener.all(List.copyOf(known));
            all = first;
            kept = List.copyOf(early);
            early.clear();
        }
        kept.forEach(first::on);
    }

    @Override
    public void destroy() {
        if (ofParent != null) {
            ofParent.remove(own);
        }
    }

    private void remove(List<JobListener> listeners) {
        if (ofParent != null) {
            ofParent.remove(listeners);
            return;
        }
        synchronized (this) {
            known.removeAll(listeners);
            all = JobListener.all(List.copyOf(known));
        }
    }
}
