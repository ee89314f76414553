package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.jobqueue.DeadLetterNotice;
import io.jobqueue.JobEvent;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.JobFunction;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A handler is told of each dead letter by a job of its own. */
@RedisServer
class DeadLetterNoticeTests {

    private final List<String> told = new CopyOnWriteArrayList<>();
    private Stage stage;
    private Chore chore;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port());
        chore = chore("email");
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private Chore chore(String... kinds) {
        return stage.queues.deadLetterNotices("q", Set.of(kinds));
    }

    /** Plays rounds until all pages are turned. */
    private void rounds(Chore played) {
        Chore.Round round;
        do {
            round = played.round().join();
            round.events().forEach(stage::note);
        } while (round.pause().isZero());
    }

    private void work() {
        JobFunction tell = (job, context) -> told.add(
                context.headers().get(DeadLetterNotice.ID_HEADER) + " " + ((Map<?, ?>) job.payload()).get("to"));
        stage.pool(
                Stage.workers(1),
                Stage.handler("email", DeadLetterNoticeTests::fail),
                Stage.handler("report", DeadLetterNoticeTests::fail),
                Stage.handler(DeadLetterNotice.kindFor("email"), tell),
                Stage.handler(DeadLetterNotice.kindFor(DeadLetterNotice.ALL_OTHERS), tell));
    }

    private static Object fail(Object job, Object context) {
        throw new IllegalStateException("boom");
    }

    private void die(String id, String kind) {
        stage.queue.enqueue(
                JobRequest.of(kind, Map.of("to", id)).id(id).maxAttempts(1).header("tenant", "acme"));
        await().until(() -> stage.queue.find(id).orElseThrow().status() == JobStatus.FAILED);
    }

    @Test
    void eachDeadLetterHasOneNoticeHoweverManyInstancesLook() {
        rounds(chore);
        work();
        die("a", "email");
        die("b", "email");

        for (int i = 0; i < 3; i++) {
            rounds(chore("email"));
        }

        await().until(() -> told.size() == 2);
        assertThat(told).containsExactlyInAnyOrder("a a", "b b");
        assertThat(stage.queue.stats().enqueuedTotal()).isEqualTo(4);
        assertThat(stage.heard(JobEvent.Enqueued.class))
                .filteredOn(event -> event.kind().equals("dead-letter:email"))
                .hasSize(2);
    }

    @Test
    void aJobThatFailsAgainAfterARequeueHasANoticeAgain() {
        rounds(chore);
        work();
        die("a", "email");
        rounds(chore);
        stage.queue.admin().requeue("a");
        await().until(() -> stage.queue.find("a").orElseThrow().errors().size() == 2);

        rounds(chore);

        await().until(() -> told.size() == 2);
        assertThat(told).containsExactly("a a", "a a");
    }

    @Test
    void kindsWithoutAHandlerHaveNoneUnlessThereIsOneForAllOthers() {
        rounds(chore);
        work();
        die("a", "report");
        rounds(chore);
        assertThat(stage.queue.stats().enqueuedTotal()).isEqualTo(1);

        rounds(chore("email", DeadLetterNotice.ALL_OTHERS));

        await().until(() -> told.contains("a a"));
        assertThat(stage.heard(JobEvent.Enqueued.class))
                .extracting(JobEvent.Enqueued::kind)
                .containsExactly("report", "dead-letter:*");
    }

    @Test
    void aNoticeThatBecomesADeadLetterHasNoNotice() {
        rounds(chore(DeadLetterNotice.ALL_OTHERS));
        stage.pool(
                Stage.workers(1),
                Stage.handler("email", DeadLetterNoticeTests::fail),
                Stage.handler("dead-letter:*", DeadLetterNoticeTests::fail));
        die("a", "email");

        rounds(chore(DeadLetterNotice.ALL_OTHERS));
        await().until(() -> stage.list("failed").size() == 2);
        rounds(chore(DeadLetterNotice.ALL_OTHERS));

        assertThat(stage.queue.stats().enqueuedTotal()).isEqualTo(2);
    }

    @Test
    void deadLettersThatAreOlderThanTheFirstHandlerHaveNone() {
        work();
        die("old", "email");
        Stage.pass(Duration.ofMillis(5));
        rounds(chore);
        die("new", "email");

        rounds(chore);

        await().until(() -> told.contains("new new"));
        assertThat(told).containsExactly("new new");
    }

    @Test
    void aJobThatItsHandlerDiscardedHasNone() {
        rounds(chore);
        stage.pool(Stage.workers(1), Stage.handler("email", (job, context) -> JobOutcome.discard("of no use")));
        die("a", "email");

        rounds(chore);

        assertThat(stage.queue.stats().enqueuedTotal()).isEqualTo(1);
    }

    @Test
    void manyDeadLettersAreReadInPages() {
        rounds(chore);
        work();
        stage.queue.enqueueAll(IntStream.range(0, 250)
                .mapToObj(n -> JobRequest.of("email", Map.of("to", n)).maxAttempts(1))
                .toList());
        await().until(() -> stage.list("failed").size() == 250);

        rounds(chore);

        await().until(() -> told.size() == 250);
        rounds(chore);
        rounds(chore("email"));
        assertThat(stage.queue.stats().enqueuedTotal()).isEqualTo(500);
    }

    @Test
    void aDeadLetterOfAGuideClientHasANoticeToo() {
        stage.notAlone();
        rounds(chore);
        work();
        stage.redis.hset(
                "queue:q:job:g",
                Map.of(
                        "id", "g",
                        "payload", "{\"kind\":\"email\",\"to\":\"g\"}",
                        "status", "failed",
                        "attempts", "1",
                        "last_error", "boom",
                        "last_error_at_ms", stage.redis.time().get(0) + "999"));
        stage.redis.lpush("queue:q:failed", "g");

        rounds(chore);

        await().until(() -> told.contains("g g"));
    }

    @Test
    void theKindOfANoticeIsReadBothWays() {
        assertThat(DeadLetterNotice.kindFor("email")).isEqualTo("dead-letter:email");
        assertThat(DeadLetterNotice.deadLetterKind("dead-letter:email")).contains("email");
        assertThat(DeadLetterNotice.deadLetterKind("email")).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DeadLetterNotice.kindFor("dead-letter:email"))
                .withMessage("'dead-letter:email' is the kind of a notice, and notices have no notices");
    }
}
