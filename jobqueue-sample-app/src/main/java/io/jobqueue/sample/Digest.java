package io.jobqueue.sample;

import io.jobqueue.JobQueue;
import io.jobqueue.QueueStats;
import io.jobqueue.Recurring;
import io.jobqueue.spring.JobHandler;
import io.jobqueue.spring.RecurringJob;
import org.springframework.stereotype.Component;

/** A recurring job: once a minute it sums up the mails, however many instances of the sample run. */
@Component
class Digest {

    static final String NAME = "digest";

    private final JobQueue mails;

    Digest(JobQueue jobs) {
        this.mails = jobs.on(Mailer.QUEUE);
    }

    /**
     * What became of the mails.
     *
     * @param sent how many were sent since the queue was first used
     * @param failed how many failed for good since then
     */
    record Report(long sent, long failed) {}

    @RecurringJob(name = NAME, every = "1m", missed = Recurring.Missed.SKIP)
    @JobHandler(value = NAME, queue = NAME) // not the queue of the demo, whose lists are those of the guide
    Report sumUp() {
        QueueStats stats = mails.stats();
        return new Report(stats.completedTotal(), stats.failedTotal());
    }
}
