package io.jobqueue.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.Unique;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Features that the guide does not know, on a queue that a client of the guide shares. */
class FeatureStory extends Story {

    private static JobRequest email(String id) {
        return JobRequest.of("email", Map.of()).id(id);
    }

    @Row("it completes our job with a unique key: the key is free for the next job")
    @ParameterizedTest
    @EnumSource
    void itCompletesAJobWithAUniqueKey(Dialect dialect) {
        GuideClient guide = guide(dialect);
        Unique key = Unique.untilDone("user-7");
        queue.enqueue(email("first").unique(key));
        assertThat(queue.enqueue(email("while-it-waits").unique(key)).state()).isEqualTo(JobRef.State.EXISTING);
        GuideClient.Job claimed = guide.claim().orElseThrow();
        assertThat(queue.enqueue(email("while-it-runs").unique(key)).state()).isEqualTo(JobRef.State.EXISTING);

        assertThat(guide.complete(claimed, Map.of())).isTrue();

        assertThat(queue.enqueue(email("next").unique(key)).state()).isEqualTo(JobRef.State.CREATED);
    }

    @Row("we cancel a waiting job: it never gets that job, and gets the next one")
    @ParameterizedTest
    @EnumSource
    void itNeverGetsAJobThatWeCancelled(Dialect dialect) {
        queue.enqueue(email("cancelled"));
        queue.enqueue(email("wanted"));

        assertThat(queue.cancel("cancelled")).isTrue();

        GuideClient guide = guide(dialect);
        assertThat(guide.claim().orElseThrow().id()).isEqualTo("wanted");
        assertThat(guide.claim()).isEmpty();
        assertThat(job("cancelled")).containsEntry("status", "failed");
    }

    @Row("we requeue its dead letter: it works on the job again, with fresh attempts")
    @ParameterizedTest
    @EnumSource
    void itWorksOnADeadLetterThatWeRequeued(Dialect dialect) {
        GuideClient guide = guide(dialect);
        queue.enqueue(email("ours"));
        for (int i = 0; i < 3; i++) {
            guide.fail(guide.claim().orElseThrow(), "it rained");
        }
        assertThat(job("ours")).containsEntry("status", "failed");

        assertThat(queue.admin().requeue("ours")).isTrue();

        GuideClient.Job again = guide.claim().orElseThrow();
        assertThat(again.attempts()).isEqualTo(1);
        assertThat(guide.complete(again, Map.of())).isTrue();
        assertThat(queue.find("ours").orElseThrow().status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(list("failed")).isEmpty();
    }

    @Row("we await a job that it completes: the result arrives")
    @ParameterizedTest
    @EnumSource
    void weAwaitAJobThatItCompletes(Dialect dialect) throws Exception {
        GuideClient guide = guide(dialect);
        queue.enqueue(email("ours"));
        GuideClient.Job claimed = guide.claim().orElseThrow();
        CompletableFuture<Map<?, ?>> result =
                queue.awaitAsync("ours", Map.class, Duration.ofSeconds(20)).thenApply(each -> (Map<?, ?>) each);

        assertThat(guide.complete(claimed, Map.of("worker", "w"))).isTrue();

        await().until(result::isDone);
        assertThat(result.get().get("worker")).isEqualTo("w");
    }

    @Row("delayed, expiring and chained jobs: it gets them when they are due, and completes them")
    @ParameterizedTest
    @EnumSource
    void itWorksOnJobsWithFieldsThatItDoesNotKnow(Dialect dialect) {
        GuideClient guide = guide(dialect);
        queue.enqueue(email("ours")
                .delay(Duration.ofMillis(50))
                .expiresIn(Duration.ofHours(1))
                .deadline(Duration.ofHours(1))
                .tag("vip")
                .then(email("next")));
        assertThat(guide.claim()).isEmpty();
        await().until(() -> {
            queue.worker().claim(Duration.ZERO).ifPresent(queue.worker()::release); // only our claims see what is due
            return list("pending").contains("ours");
        });

        assertThat(guide.complete(guide.claim().orElseThrow(), Map.of())).isTrue();

        assertThat(job("ours")).containsEntry("status", "completed").containsKey("next");
        assertThat(queue.find("next")).isEmpty();
    }
}
