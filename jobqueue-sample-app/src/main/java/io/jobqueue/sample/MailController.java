package io.jobqueue.sample;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueStats;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Mails for the {@link Mailer}, over HTTP. */
@RestController
final class MailController {

    private static final int MOST_ENDED = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final JobQueue jobs;
    private final RedisClock clock;

    MailController(JobQueue jobs, RedisClock clock) {
        this.jobs = jobs;
        this.clock = clock;
    }

    record EnqueuedBody(List<String> enqueued, MailBody mail) {}

    /**
     * The queue of the mails.
     *
     * @param waiting mails that wait for the handler, those that wait to be tried again included
     * @param sent how many mails were sent since the queue was first used
     * @param failed how many mails failed for good since then
     * @param completed the newest mails that were sent
     * @param deadLetters the newest mails that failed for good
     */
    record MailBody(
            String queue,
            long waiting,
            long running,
            long sent,
            long failed,
            List<JobBody> completed,
            List<JobBody> deadLetters) {}

    /** Enqueues mails. The starter sends the kind to the queue that its handler names. */
    @PostMapping("/mail")
    EnqueuedBody send(@RequestParam Map<String, String> fields) {
        Form form = new Form(fields);
        String recipient = form.text("recipient", DemoController.USUAL_RECIPIENT, DemoController.LONGEST_RECIPIENT);
        int count = form.whole("count", 1, 1, DemoController.LARGEST_BATCH);
        List<JobRef> mails = jobs.enqueueAll(IntStream.rangeClosed(1, count)
                .mapToObj(n -> JobRequest.of(new SendEmail(recipient, n)))
                .toList());
        return new EnqueuedBody(mails.stream().map(JobRef::id).toList(), mail());
    }

    /**
     * Sends one mail and answers with its receipt. The request waits without a thread. A mail that is not sent within
     * {@link #PATIENCE} is still sent later.
     */
    @PostMapping("/mail/receipt")
    CompletableFuture<Mailer.Receipt> sendAndWait(@RequestParam Map<String, String> fields) {
        String recipient =
                new Form(fields).text("recipient", DemoController.USUAL_RECIPIENT, DemoController.LONGEST_RECIPIENT);
        return jobs.enqueueAndAwaitAsync(new SendEmail(recipient, 1), Mailer.Receipt.class, PATIENCE);
    }

    /** How the mails are doing. */
    @GetMapping("/mail")
    MailBody mail() {
        JobQueue queue = jobs.on(Mailer.QUEUE);
        QueueStats stats = queue.stats();
        return new MailBody(
                Mailer.QUEUE,
                stats.pendingDepth() + stats.delayedDepth(),
                stats.processingDepth(),
                stats.completedTotal(),
                stats.failedTotal(),
                JobBody.of(queue.admin().list(JobStatus.COMPLETED, 0, MOST_ENDED), clock.now()),
                JobBody.of(queue.admin().list(JobStatus.FAILED, 0, MOST_ENDED), clock.now()));
    }
}
