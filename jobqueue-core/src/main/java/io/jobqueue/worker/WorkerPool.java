package io.jobqueue.worker;

import io.jobqueue.JobListener;
import java.util.concurrent.ThreadFactory;

/** Skeleton. */
public final class WorkerPool {

    public WorkerPool(
            JobStore store, Handlers handlers, WorkerSettings settings, JobListener listener, ThreadFactory threads) {}

    public void start() {}

    public void stop() {}

    public boolean isRunning() {
        return false;
    }
}
