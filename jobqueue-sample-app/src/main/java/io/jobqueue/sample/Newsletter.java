package io.jobqueue.sample;

import io.jobqueue.JobContext;
import io.jobqueue.spring.JobHandler;
import org.springframework.stereotype.Component;

/** A long job that says how far it is. */
@Component
class Newsletter {

    record Sent(int recipients) {}

    @JobHandler(value = "newsletter", queue = Mailer.QUEUE)
    Sent send(SendNewsletter newsletter, JobContext context) throws InterruptedException {
        for (int sent = 1; sent <= newsletter.recipients(); sent++) {
            Thread.sleep(25); // a mail server takes its time
            context.progress(sent, newsletter.recipients(), "recipient " + sent);
        }
        context.log("sent to " + newsletter.recipients() + " recipients");
        return new Sent(newsletter.recipients());
    }
}
