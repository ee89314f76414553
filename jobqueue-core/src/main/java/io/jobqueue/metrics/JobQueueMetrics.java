package io.jobqueue.metrics;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.micrometer.core.instrument.MeterRegistry;

/** Skeleton. */
public final class JobQueueMetrics implements JobListener {

    public JobQueueMetrics(MeterRegistry registry) {}

    /** Registers the depth gauges of one queue. */
    public void gauge(JobQueue queue) {}

    @Override
    public void on(JobEvent event) {}
}
