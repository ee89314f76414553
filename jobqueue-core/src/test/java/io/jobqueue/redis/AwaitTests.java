package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import io.jobqueue.AwaitTimeoutException;
import io.jobqueue.FailureReason;
import io.jobqueue.JobFailedException;
import io.jobqueue.JobNotFoundException;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.JsonText;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.Unique;
import io.jobqueue.UnreadableJsonException;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Specifies the result for a caller that waits for the end of a job. */
class AwaitTests extends TransitionTestBase {

    private static final Duration LONG = Duration.ofSeconds(30);

    private record Receipt(String number, int cents) {}

    private record Wrapped(int value) {}

    private JobQueue jobs() {
        return bench.queue;
    }

    /** Waits until the waiter hears the channel, so that what follows happens during the wait. */
    private void heard() {
        await().until(() -> subscribers() > 0);
    }

    private long subscribers() {
        return bench.redis.pubsubNumsub("queue:q:events").get("queue:q:events");
    }

    private static Throwable failure(CompletableFuture<?> future) {
        try {
            return new AssertionError("completed with " + future.get(30, TimeUnit.SECONDS));
        } catch (Exception ex) {
            return ex instanceof CancellationException ? ex : ex.getCause();
        }
    }

    // ---- results

    @Test
    void theResultArrivesWhenTheJobCompletesDuringTheWait() {
        enqueue("a");
        CompletableFuture<Receipt> receipt = jobs().awaitAsync("a", Receipt.class, LONG);
        heard();
        assertThat(receipt).isNotDone();

        jobs().worker().complete(claim(), new Receipt("R-1", 499));

        assertThat(receipt).succeedsWithin(LONG).isEqualTo(new Receipt("R-1", 499));
    }

    @Test
    void theResultOfAJobThatHasEndedIsReadWithoutASubscription() {
        enqueue("a");
        jobs().worker().complete(claim(), new Receipt("R-1", 499));

        assertThat(jobs().await("a", Receipt.class, Duration.ZERO)).isEqualTo(new Receipt("R-1", 499));
        assertThat(jobs().await("a", Receipt.class, LONG).cents()).isEqualTo(499);
        assertThat(subscribers()).isZero();
    }

    static Stream<Arguments> results() {
        return Stream.of(
                Arguments.of(new Receipt("R-1", 499), Receipt.class, new Receipt("R-1", 499)),
                Arguments.of("text", String.class, "text"),
                Arguments.of(42, Integer.class, 42),
                Arguments.of(42, int.class, 42),
                Arguments.of(List.of(1, 2), List.class, List.of(1, 2)),
                Arguments.of(new Wrapped(7), Wrapped.class, new Wrapped(7)),
                Arguments.of(Map.of("value", 7), Map.class, Map.of("value", 7)),
                Arguments.of(Map.of("value", Map.of("a", 1)), Map.class, Map.of("value", Map.of("a", 1))),
                Arguments.of(null, Receipt.class, null),
                Arguments.of("text", Void.class, null));
    }

    @ParameterizedTest
    @MethodSource("results")
    void aResultOfAnyTypeIsReadBack(Object result, Class<?> type, Object expected) {
        enqueue("a");
        jobs().worker().complete(claim(), result);

        assertThat((Object) jobs().await("a", type, LONG)).isEqualTo(expected);
    }

    @Test
    void aResultOfAGenericTypeIsReadByWayOfItsJson() throws ReflectiveOperationException {
        enqueue("a");
        jobs().worker().complete(claim(), List.of(new Receipt("R-1", 499)));

        JsonText json = jobs().await("a", JsonText.class, LONG);

        assertThat(json.as(AwaitTests.class.getDeclaredMethod("receipts").getGenericReturnType()))
                .isEqualTo(receipts());
    }

    private static List<Receipt> receipts() {
        return List.of(new Receipt("R-1", 499));
    }

    @Test
    void aResultThatDoesNotFitTheTypeIsRefusedWithTheNameOfTheJob() {
        enqueue("a");
        jobs().worker().complete(claim(), "secret");

        assertThatThrownBy(() -> jobs().await("a", Integer.class, LONG))
                .isInstanceOf(UnreadableJsonException.class)
                .hasMessageContaining("the result of job 'a' cannot be read as java.lang.Integer")
                .hasMessageNotContaining("secret");
    }

    // ---- failures

    @Test
    void aFailedJobThrowsItsReason() {
        enqueue("a");
        CompletableFuture<Void> waiting = jobs().awaitAsync("a", Void.class, LONG);
        heard();

        settle(claim(), Verb.FAIL, "no such mailbox", Duration.ZERO);

        assertThat(failure(waiting))
                .hasMessage("job 'a' of queue 'q' failed (attempts: 1): no such mailbox")
                .asInstanceOf(type(JobFailedException.class))
                .satisfies(failed -> {
                    assertThat(failed.queue()).isEqualTo("q");
                    assertThat(failed.id()).isEqualTo("a");
                    assertThat(failed.attempts()).isEqualTo(1);
                    assertThat(failed.reason()).isEqualTo(FailureReason.handler("no such mailbox"));
                });
        assertThatThrownBy(() -> jobs().await("a", Void.class, LONG)).isInstanceOf(JobFailedException.class);
    }

    @Test
    void aRetryIsNoEnd() {
        enqueue("a");
        CompletableFuture<String> waiting = jobs().awaitAsync("a", String.class, LONG);
        heard();

        jobs().worker().fail(claim(), "at first");
        jobs().worker().complete(claim(), "then");

        assertThat(waiting).succeedsWithin(LONG).isEqualTo("then");
    }

    @Test
    void aCancelledUnitOfARunThrowsTheCodeOfItsReason() {
        jobs().runs().start("run", RunFixture.units("u"), RunFixture.Unit::name, RunFixture.COUNT);
        String id = bench.list("pending").get(0);
        CompletableFuture<Void> waiting = jobs().awaitAsync(id, Void.class, LONG);
        heard();

        jobs().runs().cancel("run");

        assertThat(failure(waiting)).isInstanceOfSatisfying(JobFailedException.class, failed -> assertThat(
                        failed.reason().code())
                .isEqualTo(FailureReason.Code.CANCELLED));
    }

    @Test
    void aRequeuedDeadLetterIsAwaitedAgain() {
        enqueue("a");
        settle(claim(), Verb.FAIL, "no", Duration.ZERO);
        jobs().admin().requeue("a");

        CompletableFuture<String> waiting = jobs().awaitAsync("a", String.class, LONG);
        jobs().worker().complete(claim(), "yes");

        assertThat(waiting).succeedsWithin(LONG).isEqualTo("yes");
    }

    // ---- no such job

    @Test
    void anUnknownIdIsNamed() {
        assertThatThrownBy(() -> jobs().await("none", Void.class, LONG))
                .isInstanceOfSatisfying(
                        JobNotFoundException.class, ex -> assertThat(ex.id()).isEqualTo("none"))
                .hasMessageContaining("there is no job 'none' on queue 'q'")
                .hasMessageContaining("jobqueue.retention");
        assertThat(subscribers()).isZero();
        assertThatThrownBy(() -> jobs().await("not an id", Void.class, LONG))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aJobThatIsRemovedDuringTheWaitIsMissed() {
        enqueue("a");
        CompletableFuture<Void> waiting = jobs().awaitAsync("a", Void.class, LONG);
        heard();

        bench.redis.del("queue:q:job:a");

        assertThat(failure(waiting))
                .isInstanceOf(JobNotFoundException.class)
                .hasMessageContaining("job 'a' is no longer on queue 'q'");
    }

    @Test
    void aResultThatTheHistoryDroppedTooEarlyIsReportedWithTheRemedy() {
        QueueSettings none = QueueSettings.defaults()
                .withRetention(new Retention(Duration.ZERO, 0), new Retention(Duration.ofDays(1), 1));
        try (Bench forgetful = new Bench(server, none)) {
            enqueue("a");
            CompletableFuture<String> result = forgetful.queue.awaitAsync("a", String.class, LONG);
            CompletableFuture<Void> end = forgetful.queue.awaitAsync("a", Void.class, LONG);
            heard();

            forgetful
                    .queue
                    .worker()
                    .complete(forgetful.queue.worker().claim(LONG).orElseThrow(), "gone");

            assertThat(end).succeedsWithin(LONG);
            assertThat(failure(result))
                    .isInstanceOf(JobNotFoundException.class)
                    .hasMessageContaining("job 'a' of queue 'q' completed, but its history dropped it")
                    .hasMessageContaining("raise jobqueue.retention.completed.count");
        }
    }

    @Test
    void aKeyOfAnotherTypeFailsOnlyTheWaitForItsJob() {
        enqueue("a");
        bench.redis.set("queue:q:job:spoilt", "x");
        CompletableFuture<Void> good = jobs().awaitAsync("a", Void.class, LONG);
        CompletableFuture<Void> bad = jobs().awaitAsync("spoilt", Void.class, LONG);

        assertThat(failure(bad)).hasMessageContaining("queue:q:job:spoilt").hasMessageContaining("WRONGTYPE");
        jobs().worker().complete(claim(), null);
        assertThat(good).succeedsWithin(LONG);
    }

    // ---- time

    @Test
    void theTimeoutExceptionSaysWhereTheJobIs() {
        enqueue("a");

        assertThatThrownBy(() -> jobs().await("a", Void.class, Duration.ofMillis(50)))
                .isInstanceOf(AwaitTimeoutException.class)
                .hasMessage("job 'a' had not ended after PT0.05S: it was last seen pending");
        claim();
        assertThatThrownBy(() -> jobs().await("a", Void.class, Duration.ZERO))
                .isInstanceOfSatisfying(AwaitTimeoutException.class, ex -> {
                    assertThat(ex.id()).isEqualTo("a");
                    assertThat(ex.status()).isEqualTo(JobStatus.PROCESSING);
                });
        assertThatThrownBy(() -> jobs().await("a", Void.class, Duration.ofMillis(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must not be negative, was PT-0.001S");
    }

    @Test
    void anEndlessTimeoutIsFine() {
        enqueue("a");
        CompletableFuture<String> waiting = jobs().awaitAsync("a", String.class, Duration.ofSeconds(Long.MAX_VALUE));
        heard();

        jobs().worker().complete(claim(), "at last");

        assertThat(waiting).succeedsWithin(LONG).isEqualTo("at last");
    }

    @Test
    void anInterruptEndsTheWaitAndLeavesTheJobAlone() throws InterruptedException {
        enqueue("a");
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                jobs().await("a", Void.class, LONG);
            } catch (CancellationException ex) {
                ended.complete(Thread.currentThread().isInterrupted()
                        && ex.getMessage().contains("waited for job 'a'; the job goes on"));
            } catch (RuntimeException ex) {
                ended.completeExceptionally(ex);
            }
        });
        thread.start();
        heard();

        thread.interrupt();

        assertThat(ended).succeedsWithin(LONG).isEqualTo(true);
        thread.join();
        assertThat(bench.job("a")).containsEntry("status", "pending");
    }

    @Test
    void aCancelledFutureIsLookedAfterNoMoreAndTheSubscriptionEnds() {
        enqueue("a");
        CompletableFuture<Void> waiting = jobs().awaitAsync("a", Void.class, LONG);
        CompletableFuture<Void> another = jobs().awaitAsync("a", Void.class, Duration.ofMillis(100));
        heard();

        waiting.cancel(false);
        assertThat(failure(another)).isInstanceOf(AwaitTimeoutException.class);
        bench.redis.configResetstat();

        await().atMost(LONG).until(() -> subscribers() == 0);
        assertThat(bench.redis.info("commandstats")).doesNotContain("cmdstat_evalsha");
    }

    // ---- which job

    @Test
    void enqueueAndAwaitReturnsTheResultOfTheNewJob() {
        CompletableFuture<String> greeting =
                jobs().enqueueAndAwaitAsync(JobRequest.of("greet", null), String.class, LONG);

        jobs().worker().complete(jobs().worker().claim(LONG).orElseThrow(), "hello");

        assertThat(greeting).succeedsWithin(LONG).isEqualTo("hello");
    }

    @Test
    void enqueueAndAwaitWaitsForTheJobThatExists() {
        JobRequest request = JobRequest.of("greet", null).unique(Unique.untilDone("one"));
        JobRef first = jobs().enqueue(request);

        CompletableFuture<String> second = jobs().enqueueAndAwaitAsync(request, String.class, LONG);
        jobs().worker().complete(claim(), "hello from " + first.id());

        assertThat(second).succeedsWithin(LONG).isEqualTo("hello from " + first.id());
    }

    @Test
    void enqueueAndAwaitThrowsTheFailureOfTheEnqueue() {
        assertThatThrownBy(() -> jobs().enqueueAndAwait("no payload", Void.class, LONG))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> jobs().enqueueAndAwait(JobRequest.of("greet", null), Void.class, Duration.ZERO))
                .isInstanceOfSatisfying(AwaitTimeoutException.class, ex -> assertThat(jobs().find(ex.id()))
                        .isPresent());
    }

    @Test
    void theDefaultQueueAwaitsAJobOnAnyQueueOfTheApplication() {
        RedisQueues queues = new RedisQueues(
                bench.connector,
                RedisQueues.Options.defaults()
                        .withRoutes(new RedisQueues.Routes(
                                "jobs", kind -> Optional.of("q"), () -> List.of("jobs", "unused", "q"))));
        enqueue("a");
        CompletableFuture<String> waiting = queues.queue().awaitAsync("a", String.class, LONG);
        heard();
        assertThat(bench.redis.pubsubChannels()).containsExactly("queue:q:events");

        jobs().worker().complete(claim(), "found");

        assertThat(waiting).succeedsWithin(LONG).isEqualTo("found");
        assertThatThrownBy(() -> queues.queue().await("none", Void.class, LONG))
                .isInstanceOf(JobNotFoundException.class)
                .hasMessageContaining("on queue 'jobs', 'unused', 'q'");
        assertThatThrownBy(() -> queues.queue("jobs").await("a", Void.class, LONG))
                .isInstanceOf(JobNotFoundException.class);
    }

    @Test
    void aDeferredJobMayComeDuringTheWait() {
        JobRef ref = new JobRef("q", "later", JobRef.State.DEFERRED);
        CompletableFuture<String> waiting = jobs().awaitAsync(ref, String.class, LONG);
        heard();

        enqueue("later");
        jobs().worker().complete(claim(), "came");

        assertThat(waiting).succeedsWithin(LONG).isEqualTo("came");
        assertThatThrownBy(() -> jobs().await(
                                new JobRef("q", "never", JobRef.State.DEFERRED), Void.class, Duration.ofMillis(50)))
                .isInstanceOf(AwaitTimeoutException.class)
                .hasMessageContaining("it was not seen");
    }

    // ---- clients of the guide

    @Test
    void aClientOfTheGuideEndsTheWait() {
        bench.guideEnqueue("a", "{}");
        CompletableFuture<Receipt> waiting = jobs().awaitAsync("a", Receipt.class, LONG);
        heard();

        guideCompletes("a", "{\"number\": \"R-1\", \"cents\": 1}");
        bench.redis.publish("queue:q:events", "{\"id\": \"a\", \"status\": \"completed\"}");

        assertThat(waiting).succeedsWithin(LONG).isEqualTo(new Receipt("R-1", 1));
    }

    private void guideCompletes(String id, String result) {
        bench.redis.hset("queue:q:job:" + id, Map.of("status", "completed", "result", result));
    }

    @Test
    void messagesThatMakeNoSenseAreIgnored() {
        bench.guideEnqueue("a", "{}");
        CompletableFuture<String> waiting = jobs().awaitAsync("a", String.class, LONG);
        heard();

        Arrays.asList("", "a", "{\"id\":\"a\"}", "{\"id\":\"a\",\"status\":\"retry\"}", "{\"status\":\"completed\"}")
                .forEach(message -> bench.redis.publish("queue:q:events", message));
        assertThat(waiting).isNotDone();
        guideCompletes("a", "{\"value\": \"done\"}"); // without a message

        assertThat(waiting).succeedsWithin(LONG).isEqualTo("done");
    }

    // ---- the example of docs/features/await.md

    private static String answerOf(JobQueue jobs, JobRequest request) {
        // example begins
        try {
            Receipt receipt = jobs.enqueueAndAwait(request, Receipt.class, Duration.ofSeconds(10));
            return "paid, receipt " + receipt.number();
        } catch (JobFailedException ex) {
            return "refused: " + ex.reason().words();
        } catch (AwaitTimeoutException ex) {
            return "still " + ex.status() + ", ask again for job " + ex.id();
        }
        // example ends
    }

    @Test
    void theExampleOfTheDocumentationWorks() {
        CompletableFuture<String> paid =
                CompletableFuture.supplyAsync(() -> answerOf(jobs(), JobRequest.of("pay", null)));
        jobs().worker().complete(jobs().worker().claim(LONG).orElseThrow(), new Receipt("R-1", 499));
        assertThat(paid).succeedsWithin(LONG).isEqualTo("paid, receipt R-1");

        CompletableFuture<String> refused =
                CompletableFuture.supplyAsync(() -> answerOf(jobs(), JobRequest.of("pay", null)));
        settle(jobs().worker().claim(LONG).orElseThrow(), Verb.FAIL, "no money", Duration.ZERO);
        assertThat(refused).succeedsWithin(LONG).isEqualTo("refused: no money");
    }
}
