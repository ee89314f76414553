package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.RecurringJobs;
import io.jobqueue.RecurringSnapshot;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.sample.RunningSample.Answer;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** The {@code @JobHandler} that the demo's page can use beside the simulated workers. */
@Timeout(120)
class MailerTests {

    private static EmbeddedRedis redis;
    private static RunningSample sample;

    @BeforeAll
    static void start() {
        redis = RunningSample.redis();
        sample = RunningSample.on(redis);
    }

    @AfterAll
    static void stop() {
        RunningSample.stop(redis, sample);
    }

    @Test
    void theHandlerSendsMailsWithoutSimulatedWorkers() {
        long sent = mail("sent").asLong();

        Answer answer = sample.post("/mail", "recipient", "ada@example.com", "count", 3);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().get("enqueued")).hasSize(3);
        assertThat(answer.json().get("mail").propertyNames())
                .containsExactly("queue", "waiting", "running", "sent", "failed", "completed", "dead_letters");
        await().until(() -> mail("sent").asLong() == sent + 3);
        JsonNode newest = mail("completed").get(0);
        assertThat(newest.get("payload").get("kind").asString()).isEqualTo("email");
        assertThat(newest.get("result").toString()).isEqualTo("{\"recipient\":\"ada@example.com\",\"attempt\":1}");
        assertThat(mail("waiting").asInt() + mail("running").asInt()).isZero();
        assertThat(sample.number("workers_running")).isZero();
        assertThat(sample.number("enqueued_total")).as("jobs of the demo").isZero();
    }

    @Test
    void aRecipientThatIsNoAddressIsADeadLetterAtOnce() {
        long failed = mail("failed").asLong();

        sample.post("/mail", "recipient", "nobody");

        await().until(() -> mail("failed").asLong() == failed + 1);
        JsonNode deadLetter = mail("dead_letters").get(0);
        assertThat(deadLetter.get("attempts").asInt()).isEqualTo(1);
        assertThat(deadLetter.get("last_error").asString()).contains("the recipient is no mail address");
    }

    @Test
    void aRequestCanWaitForTheReceiptOfItsMail() {
        Answer sent = sample.post("/mail/receipt", "recipient", "ada@example.com");
        Answer refused = sample.post("/mail/receipt", "recipient", "nobody");

        assertThat(sent.status()).isEqualTo(200);
        assertThat(sent.json().toString()).isEqualTo("{\"recipient\":\"ada@example.com\",\"attempt\":1}");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().get("error").asString()).isEqualTo("the recipient is no mail address");
    }

    @Test
    void aRecurringJobSumsUpTheMailsEveryMinute() {
        JobQueue digests = sample.context().getBean(JobQueue.class).on(Digest.NAME);
        RecurringJobs recurring = digests.admin().recurring();
        await().until(() -> recurring.find(Digest.NAME).isPresent());
        RecurringSnapshot digest = recurring.find(Digest.NAME).orElseThrow();
        assertThat(digest.schedule()).isEqualTo("every PT1M");
        assertThat(Duration.between(
                        digest.nextSlots().get(0), digest.nextSlots().get(1)))
                .isEqualTo(Duration.ofMinutes(1));
        long sent = mail("sent").asLong();
        sample.post("/mail", "recipient", "ada@example.com");
        await().until(() -> mail("sent").asLong() > sent);

        JobRef triggered = recurring.trigger(Digest.NAME);

        assertThat(digests.await(triggered.id(), Digest.Report.class, Duration.ofSeconds(20))
                        .sent())
                .isGreaterThanOrEqualTo(sent);
    }

    @Test
    void theGuidesEmailsWaitForSimulatedWorkers() {
        sample.post("/enqueue", "kind", "email", "count", 2);
        sample.post("/mail");
        await().until(() -> mail("waiting").asInt() + mail("running").asInt() == 0);

        assertThat(sample.number("pending_depth")).isEqualTo(2);
        sample.post("/reset");
    }

    @Test
    void refusesWhatTheDemoRefuses() {
        assertThat(sample.post("/mail", "count", 51).json().get("error").asString())
                .isEqualTo("count must be a whole number from 1 to 50, was '51'");
        assertThat(sample.post("/mail", "recipient", "x".repeat(257)).status()).isEqualTo(400);
    }

    private static JsonNode mail(String name) {
        return sample.get("/mail").json().get(name);
    }
}
