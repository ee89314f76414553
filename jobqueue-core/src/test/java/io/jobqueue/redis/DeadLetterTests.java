package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.jobqueue.Claim;
import io.jobqueue.DeadLetterFilter;
import io.jobqueue.JobAdmin;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Operators find, requeue and delete dead letters. */
class DeadLetterTests extends TransitionTestBase {

    private static final DeadLetterFilter ALL = DeadLetterFilter.all();

    private JobAdmin admin() {
        return bench.queue.admin();
    }

    /** Makes a dead letter. */
    private void die(String id, String kind, String error) {
        bench.queue.enqueue(JobRequest.of(kind, Map.of("to", id)).id(id));
        settle(claim(), Verb.FAIL, error, Duration.ZERO);
    }

    private List<String> found(DeadLetterFilter filter) {
        return admin().list(filter, 0, 200).stream().map(JobSnapshot::id).toList();
    }

    // ---- find

    @Test
    void aFilterMatchesByKindAndByWordsOfTheErrorInAnyCase() {
        die("a", "email", "Connection refused by mail.example.org");
        die("b", "report", "connection refused");
        die("c", "email", "100% of the disk is full");

        assertThat(found(ALL)).containsExactly("c", "b", "a");
        assertThat(found(ALL.kind("email"))).containsExactly("c", "a");
        assertThat(found(ALL.error("CONNECTION refused"))).containsExactly("b", "a");
        assertThat(found(ALL.error("100% of"))).containsExactly("c");
        assertThat(found(ALL.kind("email").error("refused"))).containsExactly("a");
        assertThat(found(ALL.kind("none"))).isEmpty();
    }

    @Test
    void aFilterMatchesByTheTimeOfTheFailure() {
        die("a", "email", "boom");
        die("b", "email", "boom");
        Instant early = Instant.ofEpochMilli(1_700_000_000_000L);
        bench.redis.hset("queue:q:job:a", "last_error_at_ms", "1700000000000");

        assertThat(found(ALL.failedFrom(early))).containsExactly("b", "a");
        assertThat(found(ALL.failedFrom(early.plusMillis(1)))).containsExactly("b");
        assertThat(found(ALL.failedBefore(early.plusMillis(1)))).containsExactly("a");
        assertThat(found(ALL.failedBefore(early))).isEmpty();
    }

    @Test
    void aFilterMatchesByOneOfTheTags() {
        bench.queue.enqueue(JobRequest.of("email", null).id("a").tag("eu").tag("fast"));
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);
        bench.queue.enqueue(JobRequest.of("email", null).id("b").tag("eu-west").header("tenant", "eu"));
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);
        die("c", "email", "boom");

        assertThat(found(ALL.tag("eu"))).containsExactly("a");
        assertThat(found(ALL.tag("fast").kind("email"))).containsExactly("a");
        assertThat(found(ALL.tag("eu-west"))).containsExactly("b");
        assertThat(found(ALL.tag("fas"))).isEmpty();
        assertThat(admin().list(ALL.tag("eu"), 0, 1).get(0).tags()).containsExactly("eu", "fast");
        assertThat(admin().requeue(ALL.tag("fast"))).isEqualTo(1);
        assertThat(admin().discard(ALL.tag("eu-west"))).isEqualTo(1);
        assertThat(found(ALL)).containsExactly("c");
    }

    @Test
    void headersThatAreNoJsonCarryNoTags() {
        die("a", "email", "boom");
        bench.redis.hset("queue:q:job:a", "headers", "nonsense");
        die("b", "email", "boom");
        bench.redis.hset("queue:q:job:b", "headers", "{\"tags\":7}");

        assertThat(found(ALL.tag("eu"))).isEmpty();
    }

    @Test
    void matchesAreReadByPages() {
        for (int i = 0; i < 250; i++) {
            die("d" + i, i % 2 == 0 ? "even" : "odd", "boom");
        }

        assertThat(admin().list(ALL.kind("even"), 100, 20))
                .extracting(JobSnapshot::id)
                .hasSize(20)
                .startsWith("d48", "d46");
        assertThat(admin().list(ALL.kind("even"), 120, 200)).hasSize(5);
        assertThat(admin().list(ALL.kind("even"), 125, 200)).isEmpty();
    }

    @Test
    void theKindOfAGuideProducersJobIsReadFromItsPayload() {
        bench.guideEnqueue("g", "{\"kind\": \"email\", \"to\": \"x\"}");
        settle(claim(), Verb.FAIL, "boom", Duration.ZERO);
        bench.redis.hdel("queue:q:job:g", "kind");

        assertThat(found(ALL.kind("email"))).containsExactly("g");
    }

    // ---- requeue

    @Test
    void aRequeuedJobWaitsAtTheBackWithAllItsAttemptsAndKeepsItsLastError() {
        enqueue("a");
        for (int attempt = 1; attempt <= 3; attempt++) {
            settle(claim(), Verb.RETRY, "boom " + attempt, Duration.ZERO);
        }
        enqueue("b");
        assertThat(bench.job("a")).containsEntry("status", "failed").containsEntry("attempts", "3");

        assertThat(admin().requeue("a")).isTrue();

        assertThat(bench.list("pending")).containsExactly("a", "b");
        assertThat(bench.list("failed")).isEmpty();
        assertThat(bench.list("wake")).hasSize(1);
        assertThat(bench.job("a"))
                .containsEntry("status", "pending")
                .containsEntry("attempts", "0")
                .containsEntry("last_error", "boom 3");
        assertThat(claim().id()).isEqualTo("b");
        Claim again = claim();
        assertThat(again.id()).isEqualTo("a");
        assertThat(again.attempt()).isEqualTo(1);
        assertThat(bench.queue.worker().complete(again, null)).isTrue();
    }

    @Test
    void onlyADeadLetterIsRequeued() {
        die("gone", "email", "boom");
        enqueue("waiting");
        bench.redis.hdel("queue:q:job:gone", "payload");

        assertThat(admin().requeue("waiting")).isFalse();
        assertThat(admin().requeue("unknown")).isFalse();
        assertThat(admin().requeue("gone")).isFalse();

        assertThat(bench.list("pending")).containsExactly("waiting");
        assertThat(bench.list("failed")).containsExactly("gone");
    }

    @Test
    void allThatMatchAreRequeuedTheOldestFirst() {
        for (int i = 0; i < 250; i++) {
            die("d" + i, i % 5 == 0 ? "fifth" : "other", "boom");
        }

        assertThat(admin().requeue(ALL.kind("fifth"))).isEqualTo(50);

        assertThat(bench.list("pending")).hasSize(50).startsWith("d245").endsWith("d0");
        assertThat(bench.list("failed")).hasSize(200);
        assertThat(admin().requeue(ALL.kind("fifth"))).isZero();
        assertThat(admin().requeue(ALL)).isEqualTo(200);
        assertThat(bench.queue.stats().pendingDepth()).isEqualTo(250);
    }

    @Test
    void aRateSpreadsTheJobsOverTime() {
        for (int i = 0; i < 150; i++) {
            die("d" + i, "email", "boom");
        }

        assertThat(admin().requeue(ALL, 10)).isEqualTo(150);

        double last = bench.redis.zscore("queue:q:delayed", "d149");
        double early = bench.redis.zscore("queue:q:delayed", "d50");
        assertThat(last - early).isEqualTo(9_900);
        assertThat(bench.list("pending")).containsExactly("d0");
        assertThat(bench.job("d149")).containsEntry("status", "scheduled").containsEntry("attempts", "0");
    }

    @Test
    void aJobThatFailsAgainIsADeadLetterAgain() {
        die("a", "email", "boom");
        admin().requeue("a");

        settle(claim(), Verb.FAIL, "boom again", Duration.ZERO);

        assertThat(bench.list("failed")).containsExactly("a");
        assertThat(bench.queue.find("a").orElseThrow().lastError()).isEqualTo("boom again");
    }

    @Test
    void aDeadLetterThatAGuideClientMadeIsRequeuedWithoutATimeToLive() {
        enqueue("a");
        bench.redis.rpop("queue:q:pending");
        bench.redis.hset("queue:q:job:a", Map.of("status", "failed", "attempts", "5", "last_error", "boom"));
        bench.redis.lpush("queue:q:failed", "a");
        bench.redis.expire("queue:q:job:a", 300);

        assertThat(admin().requeue("a")).isTrue();

        assertThat(bench.redis.pttl("queue:q:job:a")).isEqualTo(-1);
        assertThat(claim().attempt()).isEqualTo(1);
    }

    @Test
    void theAuditFindsNothingToRepairAfterARequeue() {
        die("a", "email", "boom");
        die("b", "email", "boom");
        admin().requeue(ALL, 1);

        assertThat(bench.audit().events()).isEmpty();
        leaseRunsOut();
        assertThat(bench.audit().events()).isEmpty();
    }

    // ---- discard

    @Test
    void deadLettersThatMatchAreDeletedAndTheOthersStay() {
        die("a", "email", "address unknown");
        die("b", "email", "timed out");
        die("c", "report", "address unknown");
        enqueue("live");

        assertThat(admin().discard(ALL.kind("email").error("unknown"))).isEqualTo(1);
        assertThat(admin().discard("b")).isTrue();
        assertThat(admin().discard("b")).isFalse();
        assertThat(admin().discard("live")).isFalse();

        assertThat(bench.list("failed")).containsExactly("c");
        assertThat(bench.redis.keys("queue:q:job:*")).containsExactlyInAnyOrder("queue:q:job:c", "queue:q:job:live");
        assertThat(bench.queue.stats().purgedTotal()).isEqualTo(2);
    }

    // ---- bad input

    @Test
    void badInputIsRefusedWithItsValueAndARemedy() {
        assertThatIllegalArgumentException().isThrownBy(() -> ALL.error(" ")).withMessageContaining("leave it out");
        assertThatIllegalArgumentException().isThrownBy(() -> ALL.kind("")).withMessageContaining("kind");
        Instant time = Instant.EPOCH;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ALL.failedFrom(time).failedBefore(time))
                .withMessageContaining("1970-01-01T00:00:00Z");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> admin().requeue(ALL, 0))
                .withMessageContaining("was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> admin().requeue("no id"))
                .withMessageContaining("no id");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> admin().list(ALL, 0, 201))
                .withMessageContaining("201");
    }

    /** The example of docs/features/dead-letters.md. */
    @Test
    void theExampleOfTheDocumentationWorks() {
        die("a", "email", "Connection refused");
        die("b", "email", "no such address");
        AtomicInteger seen = new AtomicInteger();

        // example begins
        JobAdmin admin = bench.queue.admin();
        DeadLetterFilter refused = DeadLetterFilter.all().kind("email").error("connection refused");
        for (JobSnapshot job : admin.list(refused, 0, 50)) {
            seen.incrementAndGet();
        }
        admin.requeue(refused, 20); // 20 become due in each second
        admin.discard(DeadLetterFilter.all().error("no such address"));
        // example ends

        assertThat(seen).hasValue(1);
        assertThat(admin.list(JobStatus.FAILED, 0, 10)).isEmpty();
        assertThat(bench.list("pending")).containsExactly("a");
    }
}
