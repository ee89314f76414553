package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.DeadLetterFilter;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import io.lettuce.core.Consumer;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAddArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each end of a job is added to the history stream in the step that ends the job. */
class HistoryStreamTests extends TransitionTestBase {

    private static final String STREAM = "queue:q:history";
    private static final String SECRET = "the-payload";

    @Override
    @BeforeEach
    void open(EmbeddedRedis redis) {
        super.open(redis);
        record(new QueueSettings.History.Stream(true, 100_000, Duration.ofDays(30)));
    }

    private void record(QueueSettings.History.Stream stream) {
        QueueSettings settings = bench.store.settings().withHistory(new QueueSettings.History(stream));
        bench.close();
        bench = new Bench(server, settings);
    }

    private void enqueueOne(String id) {
        bench.queue.enqueue(JobRequest.of("email", Map.of("to", SECRET)).id(id));
    }

    private List<Map<String, String>> entries() {
        return bench.redis.xrange(STREAM, Range.unbounded()).stream()
                .map(StreamMessage::getBody)
                .toList();
    }

    private Map<String, String> onlyEntry() {
        assertThat(entries()).hasSize(1);
        return entries().get(0);
    }

    // ---- what an entry has

    @Test
    void aCompletedJobHasAnEntryWithItsTimesAndWithoutItsPayload() {
        enqueueOne("a");
        bench.queue.worker().complete(claim(), Map.of("answer", SECRET));

        Map<String, String> job = bench.job("a");
        assertThat(onlyEntry())
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "id",
                        "a",
                        "status",
                        "completed",
                        "ended_at_ms",
                        job.get("completed_at_ms"),
                        "worker",
                        QueueRedis.PROCESS,
                        "kind",
                        "email",
                        "attempts",
                        "1",
                        "enqueued_at_ms",
                        job.get("enqueued_at_ms"),
                        "started_at_ms",
                        job.get("started_at_ms")));
        assertThat(entries().toString()).doesNotContain(SECRET);
    }

    @Test
    void aDeadLetterHasAnEntryWithItsReasonAndARetryHasNone() {
        enqueueOne("a");
        for (int attempt = 1; attempt < 3; attempt++) {
            assertThat(settle(claim(), Verb.RETRY, "no net", Duration.ZERO)).isEqualTo(Answer.DONE);
            assertThat(entries()).isEmpty();
        }
        settle(claim(), Verb.RETRY, "no net", Duration.ZERO);

        assertThat(onlyEntry())
                .contains(entry("status", "failed"), entry("attempts", "3"))
                .containsEntry("reason", bench.job("a").get("last_error"));
        assertThat(onlyEntry().get("reason")).contains("no net");
    }

    @Test
    void jobsThatWaitAgainHaveNoEntry() {
        enqueueOne("a");
        settle(claim(), Verb.RELEASE, "", Duration.ZERO);
        settle(claim(), Verb.SNOOZE, "", Duration.ZERO);
        settle(claim(), Verb.UNKNOWN, "no handler", Duration.ZERO);

        assertThat(entries()).isEmpty();
    }

    @Test
    void aJobThatIsRequeuedHasAnEntryForEachOfItsEnds() {
        enqueueOne("a");
        settle(claim(), Verb.FAIL, "no net", Duration.ZERO);
        bench.queue.admin().requeue("a");
        bench.queue.worker().complete(claim(), null);

        assertThat(entries()).extracting(ended -> ended.get("status")).containsExactly("failed", "completed");
    }

    // ---- each way to end

    @Test
    void cancelledJobsHaveAnEntryWhereverTheyStood() {
        enqueueOne("processing");
        Claim running = claim();
        enqueueOne("pending");
        bench.queue.enqueue(JobRequest.of("email", null).id("scheduled").delay(Duration.ofHours(1)));

        bench.queue.admin().cancel("processing");
        assertThat(entries()).isEmpty();
        bench.queue.admin().cancel("pending");
        bench.queue.admin().cancel("scheduled");
        settle(running, Verb.FAIL, "interrupted", Duration.ZERO);

        assertThat(entries())
                .extracting(ended -> ended.get("id"))
                .containsExactly("pending", "scheduled", "processing");
        assertThat(entries()).allSatisfy(ended -> assertThat(ended)
                .containsEntry("status", "failed")
                .hasEntrySatisfying("reason", reason -> assertThat(reason).startsWith("cancelled: ")));
        assertThat(entries().get(0)).doesNotContainKey("started_at_ms");
    }

    @Test
    void anExpiredJobHasAnEntry() {
        bench.queue.enqueue(JobRequest.of("email", null).id("a").expiresIn(Duration.ofMillis(1)));
        long over = System.nanoTime() + Duration.ofMillis(20).toNanos();
        await().pollInterval(Duration.ofMillis(5)).until(() -> System.nanoTime() > over);

        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();

        assertThat(onlyEntry()).containsEntry("status", "failed").containsEntry("attempts", "0");
        assertThat(onlyEntry().get("reason")).startsWith("expired: ");
    }

    @Test
    void aJobThatLosesTooManyWorkersHasAnEntryWhenItBecomesADeadLetter() {
        enqueueOne("a");
        bench.redis.hset("queue:q:job:a", "crashes", "3");
        claim();
        leaseRunsOut();

        assertThat(bench.queue.worker().reclaimStuck()).isEmpty();

        assertThat(onlyEntry()).containsEntry("status", "failed");
        assertThat(onlyEntry().get("reason")).startsWith("worker-died: ");
    }

    @Test
    void aReclaimedJobHasNoEntry() {
        enqueueOne("a");
        claim();
        leaseRunsOut();

        assertThat(bench.queue.worker().reclaimStuck()).containsExactly("a");

        assertThat(entries()).isEmpty();
    }

    @Test
    void aPurgeOfJobsThatHadNotEndedDiscardsThemAndLeavesTheStreamAlone() {
        enqueueOne("ended");
        bench.queue.worker().complete(claim(), null);
        enqueueOne("running");
        claim();
        enqueueOne("waiting");
        bench.queue.enqueue(JobRequest.of("email", null).id("scheduled").delay(Duration.ofHours(1)));

        bench.queue.admin().purge(JobStatus.PENDING);
        bench.queue.admin().purge(JobStatus.SCHEDULED);
        bench.queue.admin().purge(JobStatus.PROCESSING);
        bench.queue.admin().purge(JobStatus.COMPLETED);

        assertThat(entries())
                .extracting(ended -> ended.get("id") + " " + ended.get("status"))
                .containsExactly("ended completed", "waiting discarded", "scheduled discarded", "running discarded");
        assertThat(entries().get(1)).containsEntry("reason", "purged: the job was removed");
    }

    @Test
    void deadLettersThatAreDeletedHaveOneMoreEntry() {
        for (String id : List.of("a", "b", "c")) {
            enqueueOne(id);
            settle(claim(), Verb.FAIL, "no net", Duration.ZERO);
        }

        bench.queue.admin().discard("a");
        bench.queue.admin().discard(DeadLetterFilter.all().error("nothing has this"));
        assertThat(entries()).hasSize(4);
        bench.queue.admin().purge(JobStatus.FAILED);

        assertThat(entries().subList(3, 6))
                .extracting(ended -> ended.get("id") + " " + ended.get("status"))
                .containsExactly("a discarded", "b discarded", "c discarded");
        assertThat(entries().get(3)).containsEntry("kind", "email").containsKey("reason");
    }

    // ---- runs and other clients

    private record Unit(String name) {}

    private void startRun(String... units) {
        bench.queue.runs().start("run", Stream.of(units).map(Unit::new).toList(), Unit::name, RunFixture.COUNT);
    }

    private void tend() {
        bench.redis.zadd("queue:q:agenda", 0, "run");
        Tend.page(bench.store.redis(), Duration.ZERO, new Events("q"), 20, false)
                .join();
    }

    private String unit(String unit) {
        return Ids.ofUnit("q", "run", unit);
    }

    @Test
    void unitsAndTheGatherJobNameTheirRun() {
        startRun("u1");
        bench.queue.worker().complete(claim(), 1);
        bench.queue.worker().complete(claim(), 2);

        assertThat(entries().get(0))
                .contains(entry("kind", "count"), entry("run", "run"), entry("unit", "u1"))
                .doesNotContainKey("gathers");
        assertThat(entries().get(1))
                .contains(entry("kind", "report"), entry("gathers", "run"))
                .doesNotContainKey("run");
    }

    @Test
    void theWaitingUnitsOfACancelledRunHaveEntries() {
        startRun("u1", "u2");

        bench.queue.runs().cancel("run");

        assertThat(entries()).extracting(ended -> ended.get("unit")).containsExactlyInAnyOrder("u1", "u2");
        assertThat(entries())
                .allSatisfy(ended -> assertThat(ended.get("reason")).startsWith("cancelled: "));
    }

    @Test
    void aUnitThatAnotherClientEndedHasOneEntryWhenItIsFound() {
        startRun("u1", "u2");
        bench.redis.lrem("queue:q:pending", 1, unit("u1"));
        bench.redis.hset(
                "queue:q:job:" + unit("u1"), Map.of("status", "completed", "attempts", "1", "result", "{\"n\":1}"));

        tend();
        tend();

        assertThat(onlyEntry())
                .contains(entry("status", "completed"), entry("worker", "another client"), entry("unit", "u1"));
    }

    @Test
    void aJobOfAGuideProducerHasItsKindAndItsUnitFromThePayload() {
        bench.guideEnqueue(
                "g", "{\"kind\":\"count\",\"run_id\":\"r\",\"unit_id\":\"u\",\"secret\":\"" + SECRET + "\"}");
        bench.queue.worker().complete(claim(), null);

        assertThat(onlyEntry()).contains(entry("kind", "count"), entry("run", "r"), entry("unit", "u"));
        assertThat(onlyEntry().toString()).doesNotContain(SECRET);
    }

    // ---- the stream

    @Test
    void aQueueWithoutAStreamWritesNone() {
        record(QueueSettings.History.Stream.defaults());
        enqueueOne("a");
        bench.queue.worker().complete(claim(), null);

        assertThat(bench.redis.exists(STREAM)).isZero();
    }

    @Test
    void aStreamThatRedisRefusesBreaksNoTransitionAndIsCounted() {
        bench.redis.set(STREAM, "not a stream");
        enqueueOne("a");

        assertThat(bench.queue.worker().complete(claim(), null)).isTrue();

        assertThat(bench.list("completed")).containsExactly("a");
        assertThat(bench.list("processing")).isEmpty();
        assertThat(bench.redis.hget("queue:q:meta", "unrecorded_total")).isEqualTo("1");
        Sweep.prune(bench.store.redis()).join();
        assertThat(bench.redis.get(STREAM)).isEqualTo("not a stream");
    }

    @Test
    void theStreamKeepsAboutItsLength() {
        record(new QueueSettings.History.Stream(true, 100, Duration.ofDays(30)));
        for (int i = 0; i < 5; i++) {
            for (int n = 0; n < 100; n++) {
                enqueueOne("job-" + i + "-" + n);
            }
            bench.queue.admin().purge(JobStatus.PENDING);
        }

        assertThat(bench.redis.xlen(STREAM)).isBetween(100L, 250L);
        assertThat(entries().get(entries().size() - 1)).containsEntry("id", "job-4-99");
    }

    @Test
    void entriesThatAreTooOldAreDroppedWhenAWorkerPrunes() {
        record(new QueueSettings.History.Stream(true, 100_000, Duration.ofSeconds(60)));
        long now = Long.parseLong(bench.redis.time().get(0)) * 1000;
        for (int i = 0; i < 250; i++) {
            bench.redis.xadd(STREAM, new XAddArgs().id((now - 70_000 + i) + "-0"), "id", "old");
        }
        enqueueOne("a");
        bench.queue.worker().complete(claim(), null);
        assertThat(bench.redis.xlen(STREAM)).isEqualTo(251);

        Sweep.prune(bench.store.redis()).join();

        assertThat(onlyEntry()).containsEntry("id", "a");
    }

    @Test
    void aConsumerGroupReadsEachEndOnce() {
        bench.redis.xgroupCreate(StreamOffset.from(STREAM, "0"), "audit", XGroupCreateArgs.Builder.mkstream());
        for (String id : List.of("a", "b", "c")) {
            enqueueOne(id);
            bench.queue.worker().complete(claim(), null);
        }

        List<StreamMessage<String, String>> first = read("one", 2);
        List<StreamMessage<String, String>> second = read("two", 2);
        bench.redis.xack(STREAM, "audit", first.get(0).getId(), second.get(0).getId());

        assertThat(first).extracting(message -> message.getBody().get("id")).containsExactly("a", "b");
        assertThat(second).extracting(message -> message.getBody().get("id")).containsExactly("c");
        assertThat(bench.redis.xpending(STREAM, "audit").getCount()).isEqualTo(1);
    }

    @SuppressWarnings("unchecked")
    private List<StreamMessage<String, String>> read(String consumer, int count) {
        return bench.redis.xreadgroup(
                Consumer.from("audit", consumer), XReadArgs.Builder.count(count), StreamOffset.lastConsumed(STREAM));
    }
}
