package io.jobqueue.worker;

import io.jobqueue.JobListener;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.ThreadFactory;

/** Skeleton. */
public final class Reclaimer {

    public Reclaimer(
            Collection<? extends JobStore> stores, Duration interval, JobListener listener, ThreadFactory threads) {}

    public void start() {}

    public void stop() {}

    public boolean isRunning() {
        return false;
    }
}
