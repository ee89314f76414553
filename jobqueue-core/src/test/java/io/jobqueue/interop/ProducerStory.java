package io.jobqueue.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One side enqueues, and the other side works. */
class ProducerStory extends Story {

    record Mail(String kind, String recipient, String note, long n, double ratio, List<String> tags, Inner inner) {}

    record Inner(boolean urgent, String path) {}

    private static final String NOTE = "Jürgen \"quoted\" <b> & 'x' + \u2028 😀 \\ tab\t / `";

    private static Map<String, Object> mail() {
        return Map.of(
                "kind",
                "email",
                "recipient",
                "user@example.com",
                "note",
                NOTE,
                "n",
                9007199254740991L,
                "ratio",
                0.25,
                "tags",
                List.of("a", "<b>"),
                "inner",
                Map.of("urgent", true, "path", "a/b"));
    }

    @Row("its producer, our workers: the typed payload is read as it was written")
    @ParameterizedTest
    @EnumSource
    void ourWorkersReadWhatItsProducerWrites(Dialect dialect) {
        Map<String, Object> ran = new ConcurrentHashMap<>();
        pool(4, "email", Mail.class, (job, context) -> {
            ran.put(job.id(), job.payload());
            return Map.of("sent", true);
        });

        String id = guide(dialect).enqueue(mail());

        await().until(() -> list("completed").contains(id));
        assertThat(ran)
                .containsOnly(Map.entry(
                        id,
                        new Mail(
                                "email",
                                "user@example.com",
                                NOTE,
                                9007199254740991L,
                                0.25,
                                List.of("a", "<b>"),
                                new Inner(true, "a/b"))));
        assertThat(job(id)).containsEntry("status", "completed").containsEntry("result", "{\"sent\":true}");
    }

    @Row("our producer, its worker: fields and payload as it expects them")
    @ParameterizedTest
    @EnumSource
    void itsWorkerReadsWhatOurProducerWrites(Dialect dialect) {
        queue.enqueue(JobRequest.of("email", Map.of("recipient", "user@example.com", "note", NOTE))
                .id("ours"));
        GuideClient guide = guide(dialect);

        Map<String, String> fields = job("ours");
        assertThat(fields)
                .containsEntry("id", "ours")
                .containsEntry("status", "pending")
                .containsEntry("attempts", "0")
                .containsEntry("claim_token", "")
                .doesNotContainKey("claimed_at_ms");
        assertThat(fields.get("enqueued_at_ms")).matches("\\d{13}");
        GuideClient.Job claimed = guide.claim().orElseThrow();
        assertThat(claimed.attempts()).isEqualTo(1);
        assertThat(claimed.payload())
                .containsOnly(
                        Map.entry("kind", "email"),
                        Map.entry("recipient", "user@example.com"),
                        Map.entry("note", NOTE));
        assertThat(guide.complete(claimed, Map.of("worker", "w", "attempts", 1)))
                .isTrue();

        assertThat(queue.find("ours").orElseThrow().result().as(Map.class)).containsEntry("worker", "w");
        assertThat(list("completed")).containsExactly("ours");
    }

    @Row("its failures are retried by its own count, then a dead letter that we show")
    @ParameterizedTest
    @EnumSource
    void itsWorkerFailsOurJob(Dialect dialect) {
        queue.enqueue(JobRequest.of("email", null).id("ours"));
        GuideClient guide = guide(dialect);

        assertThat(guide.fail(guide.claim().orElseThrow(), "one")).isEqualTo(1);
        assertThat(guide.fail(guide.claim().orElseThrow(), "two")).isEqualTo(1);
        assertThat(guide.fail(guide.claim().orElseThrow(), "three")).isEqualTo(2);

        assertThat(queue.admin().list(JobStatus.FAILED, 0, 10)).hasSize(1).allSatisfy(job -> {
            assertThat(job.lastError()).isEqualTo("three");
            assertThat(job.attempts()).isEqualTo(3);
        });
    }

    @Row("depths are the same on both sides")
    @ParameterizedTest
    @EnumSource
    void depthsAreEqual(Dialect dialect) {
        GuideClient guide = guide(dialect);
        for (int i = 0; i < 4; i++) {
            queue.enqueue(JobRequest.of("email", null));
            guide.enqueue(mail());
        }
        guide.complete(guide.claim().orElseThrow(), Map.of());
        queue.worker().complete(queue.worker().claim(Duration.ZERO).orElseThrow(), null);
        queue.enqueue(JobRequest.of("email", null).maxAttempts(1).id("last"));
        guide.claim().orElseThrow();
        queue.worker().claim(Duration.ZERO).orElseThrow();
        queue.worker().release(queue.worker().claim(Duration.ZERO).orElseThrow());

        var stats = queue.stats();
        assertThat(guide.depths())
                .containsEntry("pending", stats.pendingDepth())
                .containsEntry("processing", stats.processingDepth())
                .containsEntry("completed", stats.completedDepth())
                .containsEntry("failed", stats.failedDepth());
        assertThat(List.of(stats.pendingDepth(), stats.processingDepth(), stats.completedDepth()))
                .containsExactly(5L, 2L, 2L);
    }
}
