package io.jobqueue.spring;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Tells all {@link JobListener} beans, in their order. They are looked up once all singletons exist, because a listener
 * may itself use the queue; what happens before, such as an enqueue in a {@code @PostConstruct} method, is told then.
 *
 * <p>No listener itself, so that it is not among the beans it tells.
 */
final class ApplicationListeners implements SmartInitializingSingleton {

    private static final int MOST_KEPT = 10_000;

    private final ObjectProvider<JobListener> beans;

    /** What happened before the listeners were known. Guarded by itself. */
    private final List<JobEvent> early = new ArrayList<>();

    /** Set once, under the lock of {@link #early}. */
    private volatile @Nullable JobListener all;

    ApplicationListeners(ObjectProvider<JobListener> beans) {
        this.beans = beans;
    }

    /** Tells all listeners of an event. */
    void tell(JobEvent event) {
        JobListener known = all;
        if (known == null) {
            known = keep(event);
        }
        if (known != null) {
            known.on(event);
        }
    }

    /** Keeps an event, unless the listeners have just become known. */
    private @Nullable JobListener keep(JobEvent event) {
        synchronized (early) {
            if (all == null && early.size() < MOST_KEPT) {
                early.add(event);
            }
            return all;
        }
    }

    @Override
    public void afterSingletonsInstantiated() {
        JobListener known = JobListener.all(beans.orderedStream().toList());
        List<JobEvent> kept;
        synchronized (early) {
            all = known;
            kept = List.copyOf(early);
            early.clear();
        }
        kept.forEach(known::on);
    }
}
