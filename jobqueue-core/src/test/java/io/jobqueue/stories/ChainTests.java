package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Backoff;
import io.jobqueue.Claim;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.JsonText;
import io.jobqueue.Recurring;
import io.jobqueue.Schedule;
import io.jobqueue.Unique;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Handler;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The step that completes a job enqueues the job that follows it. */
@RedisServer
class ChainTests {

    record Invoice(int number, String to) {}

    private final List<String> done = new CopyOnWriteArrayList<>();
    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port());
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private static JobRequest job(String id) {
        return JobRequest.of("work", Map.of()).id(id);
    }

    private Handler work() {
        return Stage.handler("work", (job, context) -> {
            done.add(context.id());
            return Map.of("by", context.id());
        });
    }

    private void completed(String id) {
        await().until(() -> stage.queue.find(id).map(JobSnapshot::status).equals(Optional.of(JobStatus.COMPLETED)));
    }

    private JobStatus status(String id) {
        return stage.queue.find(id).orElseThrow().status();
    }

    private Claim claim() {
        return stage.queue.worker().claim(Duration.ZERO).orElseThrow();
    }

    // ---- starting the next job

    @Test
    void theNextJobStartsWhenTheJobBeforeItHasCompleted() {
        stage.queue.enqueue(job("one").then(job("two")));
        Claim one = claim();
        assertThat(stage.queue.find("two")).isEmpty();

        stage.queue.worker().complete(one, "done");

        assertThat(status("one")).isEqualTo(JobStatus.COMPLETED);
        assertThat(status("two")).isEqualTo(JobStatus.PENDING);
        assertThat(stage.queue.stats().enqueuedTotal()).isEqualTo(2);
    }

    @Test
    void theHandlerReadsTheResultOfTheJobBefore() {
        List<Object> read = new CopyOnWriteArrayList<>();
        stage.pool(
                Stage.workers(1),
                Stage.handler("print", (job, context) -> new Invoice(7, "Ada")),
                Stage.handler("stamp", (job, context) -> {
                    read.add(context.previous(Invoice.class));
                    return 42;
                }),
                Stage.handler("send", (job, context) -> {
                    read.add(context.previous(Integer.class));
                    return null;
                }),
                Stage.handler("archive", (job, context) -> {
                    read.add(String.valueOf(context.previous(String.class)));
                    return null;
                }));

        stage.queue.enqueue(JobRequest.of("print", null)
                .then(JobRequest.of("stamp", null))
                .then(JobRequest.of("send", null))
                .then(JobRequest.of("archive", null).id("last")));

        completed("last");
        assertThat(read).containsExactly(new Invoice(7, "Ada"), 42, "null");
    }

    @Test
    void aJobThatFollowsNoneHasNoPreviousResult() {
        List<Throwable> thrown = new CopyOnWriteArrayList<>();
        stage.pool(Stage.workers(1), Stage.handler("work", (job, context) -> {
            try {
                return context.previous(String.class);
            } catch (IllegalStateException ex) {
                thrown.add(ex);
                return null;
            }
        }));

        stage.queue.enqueue(job("one"));

        completed("one");
        assertThat(thrown)
                .singleElement()
                .extracting(Throwable::getMessage)
                .isEqualTo("job q/one follows no other job, so there is no previous result");
    }

    @Test
    void aChainOfChainsRunsInTheOrderItIsWritten() {
        stage.pool(Stage.workers(4), work());

        stage.queue.enqueue(job("a").then(job("b").then(job("c"))).then(job("d")));

        completed("d");
        assertThat(done).containsExactly("a", "b", "c", "d");
    }

    @Test
    void theLongestChainRunsToItsEnd() {
        stage.pool(Stage.workers(4), work());
        JobRequest chain = job("0");
        for (int i = 1; i <= 20; i++) {
            chain = chain.then(job(Integer.toString(i)));
        }

        stage.queue.enqueue(chain);

        completed("20");
        assertThat(done)
                .isEqualTo(
                        IntStream.rangeClosed(0, 20).mapToObj(Integer::toString).toList());
    }

    @Test
    void jobsOfOneBatchHaveChainsOfTheirOwn() {
        stage.pool(Stage.workers(4), work());

        stage.queue.enqueueAll(List.of(job("a").then(job("a2")), job("b"), job("c").then(job("c2"))));

        List.of("a2", "b", "c2").forEach(this::completed);
        assertThat(done).containsExactlyInAnyOrder("a", "a2", "b", "c", "c2");
    }

    @Test
    void theCallerAwaitsTheLastJobByItsId() {
        stage.pool(Stage.workers(2), work());

        stage.queue.enqueue(job("one").then(job("two")));
        completed("two");

        assertThat(stage.queue
                        .await("two", JsonText.class, Duration.ofSeconds(10))
                        .text())
                .isEqualTo("{\"by\":\"two\"}");
    }

    /** The example of docs/features/chaining.md. */
    @Test
    void anInvoiceIsPrintedSignedAndSent() {
        List<Object> read = new CopyOnWriteArrayList<>();
        stage.pool(
                Stage.workers(2),
                Stage.handler("print", (job, context) -> new Invoice(4711, "a@b.c")),
                Stage.handler("sign", (job, context) -> {
                    read.add(context.previous(Invoice.class));
                    return null;
                }));

        stage.queue.enqueue(JobRequest.of("print", Map.of("invoice", 4711))
                .id("print-4711")
                .then(JobRequest.of("sign", Map.of()).id("sign-4711"))
                .then(JobRequest.of("send", Map.of("to", "a@b.c"))
                        .id("send-4711")
                        .delay(Duration.ofMinutes(5))));

        await().until(() -> stage.queue.find("send-4711").isPresent());
        assertThat(read).containsExactly(new Invoice(4711, "a@b.c"));
        assertThat(status("send-4711")).isEqualTo(JobStatus.SCHEDULED);
    }

    // ---- failing

    @Test
    void aRetriedJobStartsTheNextOneOnce() {
        AtomicInteger calls = new AtomicInteger();
        stage.pool(
                Stage.workers(2),
                Stage.handler("flaky", (job, context) -> {
                    if (calls.incrementAndGet() < 3) {
                        throw new IllegalStateException("it rained");
                    }
                    return "dry";
                }),
                work());

        stage.queue.enqueue(JobRequest.of("flaky", null)
                .backoff(Backoff.fixed(Duration.ofMillis(1)))
                .maxAttempts(5)
                .then(job("two")));

        completed("two");
        assertThat(done).containsExactly("two");
    }

    @Test
    void aLateWorkerDoesNotStartTheNextJob() {
        stage.queue.enqueue(job("one").then(job("two")));
        Claim late = claim();
        stage.queue.worker().release(late);
        Claim owner = claim();

        stage.queue.worker().complete(late, "late");
        assertThat(stage.queue.find("two")).isEmpty();
        stage.queue.worker().complete(owner, "done");

        assertThat(stage.job("two")).containsEntry("previous", "{\"value\":\"done\"}");
    }

    @Test
    void aDeadLetterDoesNotStartTheNextJobUntilItIsRequeuedAndCompletes() {
        stage.queue.enqueue(job("one").maxAttempts(1).then(job("two")));
        stage.queue.worker().fail(claim(), "broken");
        assertThat(status("one")).isEqualTo(JobStatus.FAILED);
        assertThat(stage.queue.find("two")).isEmpty();

        assertThat(stage.queue.admin().requeue("one")).isTrue();
        stage.queue.worker().complete(claim(), "mended");

        assertThat(status("two")).isEqualTo(JobStatus.PENDING);
    }

    @Test
    void aCancelledJobDoesNotStartTheNextOne() {
        stage.queue.enqueue(job("one").then(job("two")));

        assertThat(stage.queue.cancel("one")).isTrue();

        assertThat(status("one")).isEqualTo(JobStatus.FAILED);
        assertThat(stage.queue.find("two")).isEmpty();
        assertThat(stage.list("pending")).isEmpty();
    }

    @Test
    void aCancelledJobInTheMiddleEndsTheChain() {
        stage.queue.enqueue(job("one").then(job("two")).then(job("three")));
        stage.queue.worker().complete(claim(), "done");

        assertThat(stage.queue.cancel("two")).isTrue();

        assertThat(stage.queue.find("three")).isEmpty();
        assertThat(stage.list("pending")).isEmpty();
    }

    @Test
    void aJobOfAKilledWorkerStartsTheNextOneWhenItsSecondAttemptCompletes() {
        stage.queue.enqueue(job("one").then(job("two")));
        claim();
        Stage.pass(Stage.LEASE.plusMillis(50));
        assertThat(stage.queue.worker().reclaimStuck()).containsExactly("one");

        stage.queue.worker().complete(claim(), "done");

        assertThat(status("two")).isEqualTo(JobStatus.PENDING);
    }

    @Test
    void aSnoozedJobStartsTheNextOneWhenItCompletes() {
        AtomicInteger calls = new AtomicInteger();
        stage.pool(
                Stage.workers(1),
                Stage.handler(
                        "later",
                        (job, context) ->
                                calls.incrementAndGet() == 1 ? JobOutcome.snooze(Duration.ofMillis(10)) : null),
                work());

        stage.queue.enqueue(JobRequest.of("later", null).then(job("two")));

        completed("two");
        assertThat(calls).hasValue(2);
    }

    // ---- options of the next job

    @Test
    void theDelayOfTheNextJobBeginsWhenTheJobBeforeCompletes() {
        stage.queue.enqueue(
                job("one").then(job("two").delay(Duration.ofHours(1)).expiresIn(Duration.ofHours(2))));
        Claim one = claim();
        Stage.pass(Duration.ofMillis(50));
        long before = Long.parseLong(stage.redis.time().get(0)) * 1000;

        stage.queue.worker().complete(one, "done");

        JobSnapshot two = stage.queue.find("two").orElseThrow();
        assertThat(two.status()).isEqualTo(JobStatus.SCHEDULED);
        assertThat(two.dueAt()).isAfterOrEqualTo(Instant.ofEpochMilli(before).plus(Duration.ofHours(1)));
        assertThat(stage.job("two")).containsEntry("more", "expires").containsEntry("expires_in_ms", "7200000");
    }

    @Test
    void anExpiredNextJobEndsTheChain() {
        stage.queue.enqueue(
                job("one").then(job("two").expiresIn(Duration.ofMillis(1))).then(job("three")));
        stage.queue.worker().complete(claim(), "done");
        Stage.pass(Duration.ofMillis(20));

        assertThat(stage.queue.worker().claim(Duration.ZERO)).isEmpty();

        assertThat(status("two")).isEqualTo(JobStatus.FAILED);
        assertThat(stage.queue.find("three")).isEmpty();
    }

    @Test
    void theDeadlineOfTheNextJobBeginsWhenItIsDue() {
        stage.queue.enqueue(
                job("one").then(job("two").delay(Duration.ofHours(1)).deadline(Duration.ofHours(1))));

        stage.queue.worker().complete(claim(), "done");

        JobSnapshot two = stage.queue.find("two").orElseThrow();
        assertThat(two.deadline()).isEqualTo(two.dueAt().plus(Duration.ofHours(1)));
    }

    @Test
    void theNextJobKeepsItsHeadersTagsAndLimits() {
        stage.queue.enqueue(job("one")
                .then(job("two")
                        .header("tenant", "acme")
                        .tag("vip")
                        .maxAttempts(7)
                        .at(Instant.EPOCH)));

        stage.queue.worker().complete(claim(), "done");

        Claim two = claim();
        assertThat(two.headers()).containsEntry("tenant", "acme");
        assertThat(two.maxAttempts()).isEqualTo(7);
        assertThat(stage.queue.find("two").orElseThrow().tags()).containsExactly("vip");
    }

    @Test
    void aNextJobThatExistsIsNotCreatedAgainAndEndsTheChain() {
        stage.queue.enqueue(job("two").header("mine", "yes"));
        stage.queue.enqueue(job("one").then(job("two")).then(job("three")));
        Claim two = claim();

        stage.queue.worker().complete(claim(), "done");
        stage.queue.worker().complete(two, "done");

        assertThat(stage.job("two")).containsKey("headers").doesNotContainKeys("previous", "next");
        assertThat(stage.queue.find("three")).isEmpty();
    }

    @Test
    void aNextJobWhoseUniqueKeyIsHeldEndsTheChain() {
        JobRef holder = stage.queue.enqueue(job("holder").unique(Unique.untilDone("k")));
        stage.queue.enqueue(job("one").then(job("two").unique(Unique.untilDone("k"))));
        claim();

        stage.queue.worker().complete(claim(), "done");

        assertThat(stage.queue.find("two")).isEmpty();
        assertThat(stage.redis.get("queue:q:unique:k")).isEqualTo(holder.id());
    }

    @Test
    void aJobMayFreeTheKeyThatTheNextOneTakes() {
        Unique key = Unique.untilDone("k");
        stage.queue.enqueue(job("one").unique(key).then(job("two").unique(key)));

        stage.queue.worker().complete(claim(), "done");
        assertThat(stage.redis.get("queue:q:unique:k")).isEqualTo("two");
        stage.queue.worker().complete(claim(), "done");

        assertThat(stage.redis.exists("queue:q:unique:k")).isZero();
    }

    // ---- spoilt data

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "{",
                "[]",
                "7",
                "[7]",
                "[[]]",
                "[[\"two\",\"work\",\"{}\",\"\"]]",
                "[[\"two\",\"work\",\"{}\",7,[]]]",
                "[[\"two\",null,\"{}\",\"\",[]]]",
                "[[\"two\",\"work\",\"{}\",\"\",[\"headers\"]]]",
                "[[\"two\",\"work\",\"{}\",\"\",[\"headers\",{}]]]",
                "[[\"two\",\"work\",\"{}\",\"\",[\"unique\",\"k\"]]]"
            })
    void aSpoiltChainEndsWithoutHarmToTheCompletion(String spoilt) {
        stage.queue.enqueue(job("one").then(job("two")));
        stage.redis.hset("queue:q:job:one", "next", spoilt);
        stage.queue.enqueue(job("other").then(job("next-of-other")));

        stage.queue.worker().complete(claim(), "done");
        stage.queue.worker().complete(claim(), "done");

        assertThat(status("one")).isEqualTo(JobStatus.COMPLETED);
        assertThat(stage.list("processing")).isEmpty();
        assertThat(stage.queue.find("two")).isEmpty();
        assertThat(status("next-of-other")).isEqualTo(JobStatus.PENDING);
    }

    @Test
    void aRestOfTheChainThatIsSpoiltEndsAfterTheNextJob() {
        stage.queue.enqueue(job("one").then(job("two")));
        stage.redis.hset("queue:q:job:one", "next", "[[\"two\",\"work\",\"{}\",\"\",[]],7]");

        stage.queue.worker().complete(claim(), "done");
        stage.queue.worker().complete(claim(), "done");

        assertThat(status("two")).isEqualTo(JobStatus.COMPLETED);
        assertThat(stage.list("pending")).isEmpty();
    }

    // ---- bad requests

    @Test
    void aRequestThatCannotBeChainedIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> job("one").then(job("two").unit("run", "unit")))
                .withMessage("the unit 'unit' of run 'run' cannot follow another job; add it with runs().add()");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> job("one")
                        .then(job("two").unique(Unique.whileWaiting("k").replace())))
                .withMessage(
                        "the unique key 'k' of a job that follows another cannot replace a waiting job; leave out replace()");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> job("one").then(new Object()))
                .withMessageContaining("has no @JobKind");
        JobRequest longest = IntStream.range(0, 20).mapToObj(i -> job("n" + i)).reduce(job("first"), JobRequest::then);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> longest.then(job("more")))
                .withMessage("at most 20 jobs can follow a job, not 21; let the last one enqueue the rest");
    }

    @Test
    void aChainThatCannotBeWrittenIsRefusedAsAWhole() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> stage.queue.enqueue(job("one")
                        .then(JobRequest.of("work", Map.of("kind", "other")).id("two"))));

        assertThat(stage.queue.find("one")).isEmpty();
    }

    @Test
    void unitsGatherJobsAndRecurringJobsHaveNoNextJob() {
        assertThatIllegalStateException()
                .isThrownBy(() -> job("one").unit("run", "unit").then(job("two")))
                .withMessage("no job can follow the unit 'unit' of run 'run'; the gather job of its run does");
        assertThatIllegalStateException()
                .isThrownBy(() -> job("one").then(job("two")).unit("run", "unit"))
                .withMessage("a job that another one follows cannot be the unit 'unit' of run 'run'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Recurring.of(
                        "r",
                        Schedule.every(Duration.ofHours(1)),
                        JobRequest.of("work", null).then(job("two"))))
                .withMessage(
                        "no job can follow the job of the recurring job 'r'; let its handler enqueue the job of kind 'work'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> stage.queue
                        .runs()
                        .start(
                                "run",
                                List.of("a"),
                                unit -> unit,
                                unit -> JobRequest.of("work", null),
                                JobRunOptions.of("work")
                                        .gather(JobRequest.of("work", null).then(job("two")))))
                .withMessageContaining("no job can follow it; a run has a gather job");
    }
}
