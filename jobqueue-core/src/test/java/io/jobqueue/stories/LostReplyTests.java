package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Figures;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.redis.RedisLink;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The script ran, and its reply is lost. */
@RedisServer
class LostReplyTests {

    /** Which layer repeats a call after its reply was lost. */
    enum Repeats {
        /** Our own link gives up what was in flight when a connection breaks; the engine repeats. */
        ENGINE,
        /** A client of the application with Lettuce's own options connects again and sends again by itself. */
        DRIVER
    }

    private Proxy proxy;
    private EmbeddedRedis server;
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        proxy = new Proxy(redis.port());
    }

    @AfterEach
    void close() throws Exception {
        Collections.reverse(open);
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
        proxy.close();
    }

    private Stage stage(Repeats repeats) {
        return stage(repeats, Stage.settings());
    }

    private Stage stage(Repeats repeats, QueueSettings settings) {
        return stage(repeats, settings, Duration.ofSeconds(5));
    }

    private Stage stage(Repeats repeats, QueueSettings settings, Duration patience) {
        RedisLink link = repeats == Repeats.ENGINE
                ? RedisLink.to(Stage.uri(proxy.port()))
                : RedisLink.over(client(ClientOptions.create(), patience));
        Stage stage = new Stage(server.port(), settings, link).notAlone();
        open.add(stage);
        stage.store.claim(0).join(); // connects, and brings the script
        return stage;
    }

    private RedisClient client(ClientOptions options, Duration patience) {
        RedisURI uri = Stage.uri(proxy.port());
        uri.setTimeout(patience);
        RedisClient client = RedisClient.create(uri);
        client.setOptions(options);
        open.add(() -> client.shutdown(Duration.ZERO, Duration.ofSeconds(2)));
        return client;
    }

    // ---- enqueue

    @Test
    @Proves(fault = "the reply to an enqueue is lost and the driver sends it again", holds = "one job")
    void anEnqueueThatTheDriverSendsTwiceIsOneJob() {
        Stage stage = stage(Repeats.DRIVER);

        for (int i = 0; i < 8; i++) {
            proxy.swallowTheReplyTo("lost-" + i);
            JobRef ref = stage.queue.enqueue(JobRequest.of("email", null).id("lost-" + i));
            assertThat(ref.state()).isEqualTo(JobRef.State.CREATED);
        }

        assertThat(proxy.cuts()).isEqualTo(8);
        assertThat(stage.list("pending")).hasSize(8).doesNotHaveDuplicates();
        assertThat(stage.total("enqueued")).isEqualTo(8);
    }

    @Test
    void aBulkEnqueueThatTheDriverSendsTwiceIsEachJobOnce() {
        Stage stage = stage(Repeats.DRIVER);
        proxy.swallowTheReplyTo("bulk-30");

        List<JobRef> refs = stage.queue.enqueueAll(jobs("bulk", 50));

        assertThat(refs).extracting(JobRef::state).containsOnly(JobRef.State.CREATED);
        assertThat(stage.list("pending")).hasSize(50).doesNotHaveDuplicates();
        assertThat(proxy.cuts()).isEqualTo(1);
    }

    @Test
    void aRequestThatNeverArrivedIsSentAgainByTheDriver() {
        Stage stage = stage(Repeats.DRIVER);
        proxy.swallowTheRequest("one");

        JobRef ref = stage.queue.enqueue(JobRequest.of("email", null).id("one"));

        assertThat(ref.state()).isEqualTo(JobRef.State.CREATED);
        assertThat(stage.list("pending")).containsExactly("one");
    }

    @Test
    @Proves(fault = "an enqueue is sent again after its job is done and forgotten", holds = "no second job")
    void aReplayAfterTheJobIsDoneAndForgottenDoesNotMakeItAgain() {
        for (int kept = 0; kept < 2; kept++) {
            QueueSettings settings = Stage.settings()
                    .withRetention(new Retention(Duration.ofHours(1), kept), new Retention(Duration.ofHours(1), 10));
            Stage producer = stage(Repeats.DRIVER, settings);
            Stage worker = new Stage(server.port(), settings).notAlone();
            open.add(worker);
            String id = "quick-" + kept;
            proxy.shut();
            proxy.swallowTheReplyTo(id);

            CompletableFuture<JobRef> enqueued =
                    producer.queue.enqueueAsync(JobRequest.of("email", null).id(id));
            await().until(() -> worker.list("pending").contains(id));
            worker.enqueue("email", "after-" + kept, kept);
            for (int i = 0; i <= kept; i++) {
                assertThat(worker.queue
                                .worker()
                                .complete(
                                        worker.queue
                                                .worker()
                                                .claim(Duration.ZERO)
                                                .orElseThrow(),
                                        null))
                        .isTrue();
            }
            assertThat(worker.job(id)).isEmpty();
            proxy.open();

            assertThat(enqueued.join().state()).isEqualTo(JobRef.State.CREATED);
            assertThat(worker.list("pending")).isEmpty();
            assertThat(worker.job(id)).isEmpty();
        }
    }

    @Test
    @Proves(
            fault = "the connection breaks in the midst of an enqueue",
            holds = "the exception carries the ids; repeating with them is safe")
    void whenTheConnectionBreaksTheExceptionCarriesTheIdsAndARepeatIsSafe() {
        Stage stage = stage(Repeats.ENGINE);
        for (int i = 0; i < 8; i++) {
            List<JobRequest> jobs = jobs("maybe-" + i, 3);
            if (i % 2 == 0) {
                proxy.swallowTheReplyTo("maybe-" + i);
            } else {
                proxy.swallowTheReplyAndReset("maybe-" + i);
            }

            EnqueueUncertainException failure =
                    catchThrowableOfType(EnqueueUncertainException.class, () -> stage.queue.enqueueAll(jobs));

            assertThat(failure.ids()).containsExactlyElementsOf(ids(jobs));
            await().ignoreExceptions().untilAsserted(() -> assertThat(stage.queue.enqueueAll(jobs))
                    .extracting(JobRef::state)
                    .containsOnly(JobRef.State.EXISTING));
        }
        assertThat(stage.list("pending")).hasSize(24).doesNotHaveDuplicates();
        assertThat(stage.total("enqueued")).isEqualTo(24);
    }

    @Test
    void whenNoAnswerComesInTimeTheExceptionCarriesTheIdsAndARepeatIsSafe() {
        Stage stage = stage(Repeats.DRIVER, Stage.settings(), Duration.ofMillis(300));
        List<JobRequest> jobs = jobs("late", 3);
        proxy.shut();
        proxy.swallowTheReplyTo("late-1");

        EnqueueUncertainException failure =
                catchThrowableOfType(EnqueueUncertainException.class, () -> stage.queue.enqueueAll(jobs));
        proxy.open();

        assertThat(failure.ids()).containsExactlyElementsOf(ids(jobs));
        await().ignoreExceptions().untilAsserted(() -> assertThat(stage.queue.enqueueAll(jobs))
                .extracting(JobRef::state)
                .containsOnly(JobRef.State.EXISTING));
        assertThat(stage.list("pending")).hasSize(3).doesNotHaveDuplicates();
    }

    private static List<JobRequest> jobs(String prefix, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> JobRequest.of("email", null).id(prefix + "-" + i))
                .toList();
    }

    private static List<String> ids(List<JobRequest> jobs) {
        return jobs.stream().map(JobRequest::id).toList();
    }

    @Test
    void anAsynchronousClaimDoesNotBlockTheThreadThatItsOwnAnswerNeeds() {
        try (Stage stage = new Stage(server.port())) {
            for (int i = 0; i < 6; i++) {
                // each queue waits for hints on a connection of its own, which is not open yet
                assertThat(stage.queue.on("queue-" + i).worker().claimAsync(Duration.ofMillis(50)))
                        .succeedsWithin(Duration.ofSeconds(3))
                        .isEqualTo(Optional.empty());
            }
        }
    }

    // ---- claim, settle, extend

    @ParameterizedTest
    @EnumSource
    void aClaimWhoseReplyIsLostComesBackAfterTheLeaseAndRunsNeverTwiceAtOnce(Repeats repeats) {
        Stage stage = stage(repeats);
        Map<String, AtomicInteger> running = new ConcurrentHashMap<>();
        Set<String> overlaps = ConcurrentHashMap.newKeySet();
        List<String> runs = new CopyOnWriteArrayList<>();
        stage.enqueue("email", "job", 6);
        proxy.swallowTheReplyTo("queue:q:"); // every script names the queue; the first that comes is the claim
        stage.pool(Stage.workers(2), Stage.handler("email", (job, context) -> {
            AtomicInteger now = running.computeIfAbsent(job.id(), id -> new AtomicInteger());
            if (now.incrementAndGet() > 1) {
                overlaps.add(job.id());
            }
            runs.add(job.id());
            now.decrementAndGet();
            return null;
        }));

        await().until(() -> proxy.cuts() == 1);
        stage.upkeep(Duration.ofMillis(100));

        await().atMost(Duration.ofSeconds(15)).until(() -> stage.total("completed") == 6);
        assertThat(stage.total("reclaimed")).isEqualTo(2);
        assertThat(overlaps).isEmpty();
        assertThat(runs).hasSize(6).doesNotHaveDuplicates();
        assertThat(stage.list("completed")).hasSize(6).doesNotHaveDuplicates();
        assertThat(stage.list("processing")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aCompletionWhoseReplyIsLostIsMadeOnce(Repeats repeats) {
        Stage stage = stage(repeats);
        AtomicInteger runs = new AtomicInteger();
        stage.pool(Stage.workers(2), Stage.handler("email", (job, context) -> {
            runs.incrementAndGet();
            return null;
        }));

        for (int i = 0; i < 5; i++) {
            int done = i + 1;
            proxy.swallowTheReplyTo("\r\n{}\r\n"); // the result of a handler that returns nothing
            stage.enqueue("email", "round-" + i, 1);
            await().until(() -> stage.heard(JobEvent.Completed.class).count() == done);
        }

        assertThat(proxy.cuts()).isEqualTo(5);
        assertThat(runs).hasValue(5);
        assertThat(stage.list("completed")).hasSize(5).doesNotHaveDuplicates();
        assertThat(stage.total("completed")).isEqualTo(5);
        assertThat(stage.heard(JobEvent.Refused.class)).isEmpty();
    }

    @Test
    @Proves(fault = "the reply to a failure is lost and the driver sends it again", holds = "it counts once")
    void aFailureThatTheDriverSendsTwiceIsCountedOnce() {
        Stage stage = stage(Repeats.DRIVER);
        stage.enqueue("email", "one", 1);
        Claim claim = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
        proxy.swallowTheReplyTo("RETRY");

        assertThat(stage.queue.worker().fail(claim, "boom")).isTrue();

        assertThat(proxy.cuts()).isEqualTo(1);
        assertThat(stage.list("pending")).containsExactly("one-0");
        assertThat(stage.total("retried")).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource
    void aFinalFailureWhoseReplyIsLostIsReportedAsAFinalFailure(Repeats repeats) {
        Stage stage = stage(repeats);
        stage.queue.enqueue(JobRequest.of("email", null).id("one").maxAttempts(1));
        proxy.swallowTheReplyTo("RETRY");
        stage.pool(Stage.workers(1), Stage.handler("email", (job, context) -> {
            throw new IllegalStateException("boom");
        }));

        await().until(() -> stage.total("failed") == 1);
        await().untilAsserted(
                        () -> assertThat(stage.heard(JobEvent.Failed.class)).hasSize(1));

        assertThat(proxy.cuts()).isEqualTo(1);
        assertThat(stage.heard(JobEvent.Retried.class)).isEmpty();
        assertThat(stage.list("failed")).containsExactly("one");
    }

    @ParameterizedTest
    @EnumSource
    void aHeartbeatWhoseReplyIsLostDoesNotStopTheHandler(Repeats repeats) {
        Stage stage = stage(repeats);
        CountDownLatch done = new CountDownLatch(1);
        stage.upkeep(Duration.ofMillis(100));
        stage.pool(Stage.workers(1), Stage.handler("email", (job, context) -> {
            assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
            return context.isLeaseLost();
        }));
        stage.enqueue("email", "one", 1);
        await().until(() -> stage.list("processing").size() == 1);
        String token = stage.job("one-0").get("claim_token");

        for (int i = 1; i <= 2; i++) {
            int cuts = i;
            proxy.swallowTheReplyTo(token);
            await().until(() -> proxy.cuts() == cuts);
            String lease = stage.job("one-0").get("lease");
            await().until(() -> !lease.equals(stage.job("one-0").get("lease")));
        }
        done.countDown();

        await().until(() -> stage.list("completed").size() == 1);
        assertThat(stage.job("one-0"))
                .containsEntry("result", "{\"value\":false}")
                .containsEntry("attempts", "1");
        assertThat(stage.heard(JobEvent.LeaseLost.class)).isEmpty();
    }

    /** A stage that waits for each reply 300 ms at the most. */
    private Stage impatientStage() {
        RedisLink link = RedisLink.over(
                client(RedisLink.options(ClientOptions.create(), Duration.ofMillis(300)), Duration.ofMillis(300)));
        Stage stage = new Stage(server.port(), Stage.settings(), link).notAlone();
        open.add(stage);
        return stage;
    }

    @Test
    @Proves(
            fault = "the reply to a claim comes after the worker has given it up",
            holds = "the job waits for its lease, and completes once")
    void aJobWhoseClaimIsAnsweredTooLateRunsAfterItsLease() {
        Stage stage = impatientStage();
        stage.pool(Stage.workers(1), Stage.handler("email", (job, context) -> null));
        stage.enqueue("email", "one", 1);
        await().until(() -> stage.heard(JobEvent.Completed.class).count() == 1);

        int before = proxy.heldScripts();
        proxy.breakCable();
        stage.guideEnqueue("two", "{\"kind\":\"email\"}", 1);
        await().pollInterval(Duration.ofMillis(2)).until(() -> proxy.heldScripts() > before);
        Stage.pass(Duration.ofMillis(500));
        proxy.mendCable();
        stage.upkeep(Duration.ofMillis(100)); // not before, so that only the claim is on the wire

        await().atMost(Duration.ofSeconds(15))
                .until(() -> stage.list("completed").contains("two"));
        assertThat(stage.list("completed")).containsExactly("two", "one-0");
        assertThat(stage.list("processing")).isEmpty();
    }

    @Test
    void aBrokenCableIsNoticedByItsTimeoutsAndTheConnectionReplaced() {
        Stage stage = impatientStage();
        stage.upkeep(Duration.ofMillis(100)); // a claim whose reply comes too late waits for its lease
        stage.pool(Stage.workers(1), Stage.handler("email", (job, context) -> null));
        stage.enqueue("email", "one", 1);
        await().until(() -> stage.list("completed").contains("one-0"));

        proxy.breakCable();
        stage.guideEnqueue("two", "{\"kind\":\"email\"}", 1);
        Stage.pass(Duration.ofMillis(800));
        assertThat(stage.list("completed")).containsExactly("one-0");
        proxy.mendCable();

        await().atMost(Duration.ofSeconds(15))
                .until(() -> stage.list("completed").contains("two"));
    }

    @Tag("story")
    @Test
    @Proves(
            fault = "a connection is half open: nobody answers and nobody says so",
            holds = "noticed within 20 s and replaced")
    void aHalfOpenConnectionIsNoticedWithTheUsualTimeouts(Figures figures) {
        Stage stage = stage(Repeats.ENGINE);
        stage.pool(Stage.workers(1), Stage.handler("email", (job, context) -> null));
        stage.enqueue("email", "one", 1);
        await().until(() -> stage.list("completed").contains("one-0"));

        proxy.leaveHalfOpen();
        stage.guideEnqueue("two", "{\"kind\":\"email\"}", 1);
        long lost = System.nanoTime();

        await().atMost(Duration.ofSeconds(20))
                .until(() -> stage.list("completed").contains("two"));
        figures.put("working again after", Duration.ofNanos(System.nanoTime() - lost));
    }
}
