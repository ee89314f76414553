package io.jobqueue.spring;

import io.jobqueue.QueueSettings;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties of one queue, below {@code jobqueue.queues.<name>}, or of all queues.
 *
 * @param worker Worker pool of the queue.
 * @param lease Claims on jobs of the queue.
 * @param reclaimer Sweep of the queue.
 * @param retry Retries of failed attempts.
 * @param retention Histories of ended jobs.
 * @param payload Payloads.
 * @param result Results and work outputs.
 * @param workOutput Outputs of runs.
 * @param runs Runs.
 * @param errors What a job keeps of failed attempts.
 * @param history History of all ends of jobs.
 */
record QueueProperties(
        @DefaultValue JobQueueProperties.Worker worker,
        @DefaultValue JobQueueProperties.Lease lease,
        @DefaultValue JobQueueProperties.Reclaimer reclaimer,
        @DefaultValue JobQueueProperties.Retry retry,
        @DefaultValue JobQueueProperties.Retention retention,
        @DefaultValue JobQueueProperties.Payload payload,
        @DefaultValue JobQueueProperties.Result result,
        @DefaultValue JobQueueProperties.WorkOutput workOutput,
        @DefaultValue JobQueueProperties.Runs runs,
        @DefaultValue JobQueueProperties.Errors errors,
        @DefaultValue JobQueueProperties.History history)
        implements JobQueueProperties.Group<QueueSettings> {

    @Override
    public QueueSettings defaults() {
        return QueueSettings.defaults();
    }

    @Override
    public QueueSettings over(QueueSettings base) {
        return new QueueSettings(
                lease.over(base.lease()),
                reclaimer.over(base.reclaimer()),
                retry.over(base.retry()),
                retention.over(base.retention()),
                payload.over(base.payload()),
                result.over(base.result()),
                workOutput.over(base.workOutput()),
                runs.over(base.runs()),
                errors.over(base.errors()),
                history.over(base.history()));
    }
}
