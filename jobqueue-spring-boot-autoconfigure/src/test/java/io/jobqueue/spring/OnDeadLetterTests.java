package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobContext;
import io.jobqueue.JobKind;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A method is called for each job that becomes a dead letter, as docs/features/dead-letters.md shows. */
@RedisServer
class OnDeadLetterTests {

    static final List<String> TOLD = new CopyOnWriteArrayList<>();

    @BeforeEach
    void forget() {
        TOLD.clear();
    }

    @JobKind("email")
    record SendEmail(String recipient) {}

    static class Mailer {

        @JobHandler(queue = "mail", maxAttempts = "1")
        void send(SendEmail mail) {
            throw new IllegalStateException("no such host");
        }

        @OnDeadLetter
        void notSent(SendEmail mail, JobSnapshot job, JobContext context) {
            TOLD.add("%s %s %s".formatted(mail.recipient(), job.kind(), job.lastError()));
        }
    }

    static class Others {

        @JobHandler(value = "report", maxAttempts = "1")
        void report() {
            throw new IllegalStateException("no disk");
        }

        @OnDeadLetter("*")
        void anyOther(Map<String, Object> payload, JobSnapshot job) {
            if (context(job)) {
                throw new IllegalStateException("not yet");
            }
            TOLD.add(job.kind() + " " + payload.get("n"));
        }

        private boolean failed;

        private boolean context(JobSnapshot job) {
            boolean first = !failed;
            failed = true;
            return first;
        }
    }

    static class Twice {

        @OnDeadLetter("email")
        void one() {}

        @OnDeadLetter("email")
        void other() {}
    }

    static class Nameless {

        @OnDeadLetter
        void any(JobSnapshot job) {}
    }

    static class Misplaced {

        @JobHandler("email")
        void send(JobSnapshot job) {}
    }

    @Test
    void theMethodTakesThePayloadAndTheDeadLetterOnTheQueueOfItsKind(EmbeddedRedis redis) {
        Applications.on(redis, Mailer.class).run(context -> {
            // the first look tells from when on dead letters count
            JobQueue jobs = context.getBean(JobQueue.class);
            await().until(() -> jobs.on("mail").stats() != null);
            jobs.enqueue(new SendEmail("ada@example.com"));

            await().untilAsserted(() -> assertThat(TOLD)
                    .containsExactly("ada@example.com email java.lang.IllegalStateException: no such host"));
        });
    }

    @Test
    void aMethodForAllOtherKindsIsRetriedWhenItThrows(EmbeddedRedis redis) {
        Applications.on(redis, Others.class)
                .withPropertyValues("jobqueue.retry.delay=10ms")
                .run(context -> {
                    context.getBean(JobQueue.class).enqueue(JobRequest.of("report", Map.of("n", 7)));

                    await().untilAsserted(() -> assertThat(TOLD).containsExactly("report 7"));
                });
    }

    @Test
    void twoMethodsForOneKindANamelessOneAndAMisplacedSnapshotStopTheStart() {
        Applications.offline(Twice.class).run(context -> assertThat(context.getStartupFailure())
                .hasMessageContaining("The kind 'dead-letter:email' has 2 handlers"));
        Applications.offline(Nameless.class).run(context -> assertThat(context.getStartupFailure())
                .hasMessageContaining("names no kind of dead letters"));
        Applications.offline(Misplaced.class).run(context -> assertThat(context.getStartupFailure())
                .hasMessageContaining("takes a JobSnapshot, which only an @OnDeadLetter method is given"));
    }
}
