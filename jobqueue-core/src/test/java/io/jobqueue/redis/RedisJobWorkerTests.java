package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.TooLargeException;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Claims and settlements of workers that do not use the engine. */
@RedisServer
class RedisJobWorkerTests {

    private Bench bench;

    private JobQueue queue;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server);
        queue = bench.queue;
    }

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void aClaimWaitsForAJobThatComesInTime() throws Exception {
        CompletableFuture<Optional<Claim>> waiting = queue.worker().claimAsync(Duration.ofSeconds(10));
        CompletableFuture<Optional<Claim>> blocked =
                CompletableFuture.supplyAsync(() -> queue.worker().claim(Duration.ofSeconds(10)));
        assertThat(waiting).isNotDone();

        queue.enqueue(JobRequest.of("email", null).id("one"));
        queue.enqueue(JobRequest.of("email", null).id("two"));

        assertThat(List.of(
                        waiting.get(5, TimeUnit.SECONDS).orElseThrow().id(),
                        blocked.get(5, TimeUnit.SECONDS).orElseThrow().id()))
                .containsExactlyInAnyOrder("one", "two");
    }

    @Test
    void aClaimWaitsForADelayedJobThatFallsDueInTime() {
        queue.enqueue(JobRequest.of("email", null).id("one").delay(Duration.ofMillis(80)));

        assertThat(queue.worker().claim(Duration.ofSeconds(5)).orElseThrow().id())
                .isEqualTo("one");
    }

    @Test
    void aClaimThatFindsNothingEndsInTime() {
        long begin = System.nanoTime();

        assertThat(queue.worker().claim(Duration.ofMillis(120))).isEmpty();
        assertThat(queue.worker().claimAsync(Duration.ofMillis(50)).join()).isEmpty();

        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .isBetween(Duration.ofMillis(170), Duration.ofSeconds(3));
    }

    @Test
    void anInterruptEndsTheWaitOfAClaim() throws Exception {
        // opens the connections: Netty swallows an interrupt that comes just then
        assertThat(queue.worker().claim(Duration.ofMillis(1))).isEmpty();
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread worker = new Thread(() -> {
            Optional<Claim> claim = queue.worker().claim(Duration.ofMinutes(5));
            interrupted.complete(claim.isEmpty() && Thread.currentThread().isInterrupted());
        });
        worker.start();

        worker.interrupt();

        assertThat(interrupted.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aFailureIsRetriedByTheQueuesPolicyAndCutToALength() {
        queue.enqueue(JobRequest.of("email", null).id("one"));

        assertThat(queue.worker().fail(queue.worker().claim(Duration.ZERO).orElseThrow(), "x".repeat(10_000)))
                .isTrue();

        JobSnapshot job = queue.find("one").orElseThrow();
        assertThat(job.status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(job.lastError()).hasSize(4096);
    }

    @Test
    void aResultOverTheLimitIsRefusedBeforeItIsSent() {
        queue.enqueue(JobRequest.of("email", null).id("one"));
        Claim claim = queue.worker().claim(Duration.ZERO).orElseThrow();

        assertThatThrownBy(() -> queue.worker().complete(claim, "x".repeat(300_000)))
                .isInstanceOf(TooLargeException.class);
        assertThat(queue.find("one").orElseThrow().status()).isEqualTo(JobStatus.PROCESSING);
    }

    @Test
    void aWorkerReportsTheSameEventsAsTheEngine() {
        queue.enqueue(JobRequest.of("email", null).id("one"));
        queue.enqueue(JobRequest.of("email", null).id("two").maxAttempts(1));
        Claim one = queue.worker().claim(Duration.ZERO).orElseThrow();
        Claim two = queue.worker().claim(Duration.ZERO).orElseThrow();

        queue.worker().complete(one, null);
        queue.worker().fail(two, "boom");
        bench.redis.del("queue:q:job:one");
        queue.worker().complete(one, null);

        assertThat(bench.events.stream().filter(event -> event instanceof JobEvent.OfAttempt))
                .extracting(event -> event.getClass().getSimpleName())
                .containsExactly("Completed", "Failed", "Refused");
    }

    @Test
    void aWorkerLearnsThatItsJobWasCancelledAndItsLeaseStaysAsItIs() {
        queue.enqueue(JobRequest.of("email", null).id("one"));
        Claim claim = queue.worker().claim(Duration.ZERO).orElseThrow();
        String lease = bench.job("one").get("lease");
        assertThat(bench.queue.worker().isCancelled(claim)).isFalse();

        assertThat(bench.queue.cancel("one")).isTrue();

        assertThat(bench.queue.worker().isCancelled(claim)).isTrue();
        assertThat(bench.job("one")).containsEntry("lease", lease);
        assertThat(bench.queue.worker().fail(claim, "stopped")).isTrue();
        assertThat(bench.queue.worker().isCancelled(claim)).isFalse();
        assertThat(bench.queue.find("one").orElseThrow().lastError()).startsWith("cancelled");
    }
}
