package io.jobqueue.sample;

import io.jobqueue.JobContext;
import io.jobqueue.JobOutcome;
import io.jobqueue.spring.JobHandler;
import org.springframework.stereotype.Component;

/** How an application handles jobs: with a method of a bean. Claims, leases and retries are up to the starter. */
@Component
class Mailer {

    static final String QUEUE = "mail";

    record Receipt(String recipient, int attempt) {}

    @JobHandler(value = "email", queue = QUEUE)
    Receipt send(SendEmail mail, JobContext context) throws InterruptedException {
        if (!mail.recipient().contains("@")) {
            throw JobOutcome.deadLetter("the recipient is no mail address").asException();
        }
        Thread.sleep(250); // a mail server takes its time
        return new Receipt(mail.recipient(), context.attempt());
    }
}
