package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobEvent.Damage;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.redis.Repair.Act;
import io.jobqueue.redis.Suspicion.Look;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The repair script checks again: it repairs a job only if the job is unchanged and still in the place where it was
 * seen.
 */
@RedisServer
class RepairScriptTests {

    private static final Script REPAIR = Script.of(ScriptOutputType.MULTI, "upkeep/repair");
    private static final Script LOOK = Script.of(ScriptOutputType.MULTI, "upkeep/look-at-jobs");

    private Bench bench;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server);
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private Reply call(Script script, List<String> args) {
        return new Reply(bench.store
                .redis()
                .<List<@Nullable Object>>command(
                        redis -> script.call(redis, bench.store.redis().keys().withSuspects(), args))
                .join());
    }

    private AuditedJob look(String id) {
        Reply reply = call(LOOK, List.of(id));
        reply.skip(); // the state of the queue
        return AuditedJob.all(reply.list()).get(0);
    }

    private List<String> args(Decisions.Call call, int keepCompleted, int keepFailed) {
        List<String> args =
                new ArrayList<>(List.of("30000", Integer.toString(keepCompleted), Integer.toString(keepFailed), ""));
        args.addAll(call.args());
        return args;
    }

    /** Carries out repairs; returns the script's letters. */
    private String repair(Repair... repairs) {
        Decisions decisions = new Decisions();
        for (Repair repair : repairs) {
            decisions.first(List.of(Finding.damaged(repair)));
        }
        return call(REPAIR, args(decisions.next(), 10, 10)).text();
    }

    private String repair(Damage damage, Act act, @Nullable Place place, AuditedJob job) {
        return repair(Repair.of(damage, act, place, job));
    }

    private String mend(AuditedJob job, String... fields) {
        return repair(new Repair(Damage.FIELDS, Act.MEND, Place.PENDING, job.id(), job.state(), List.of(fields)));
    }

    private String key(String id) {
        return "queue:q:job:" + id;
    }

    private void takeOut(String id) {
        bench.redis.lrem("queue:q:pending", 0, id);
    }

    private String meta(String field) {
        return String.valueOf(bench.redis.hget("queue:q:meta", field));
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsDoneToAJobThatChangedSinceItWasJudged(Act act) {
        AuditedJob judged = look("one");
        bench.redis.hset(key("one"), "attempts", "1");
        Map<String, String> before = bench.job("one");

        assertThat(repair(Damage.STATUS, act, Place.PENDING, judged)).isEqualTo("N");

        assertThat(bench.job("one")).isEqualTo(before);
        assertThat(bench.list("pending")).containsExactly("one");
        assertThat(bench.list("processing")).isEmpty();
        assertThat(meta("repaired_total")).isEqualTo("null");
    }

    @ParameterizedTest
    @EnumSource(names = {"LIST", "PUT_BACK", "DELETE", "HAND_OVER", "LET_EXPIRE"})
    void aJobInAListIsNotMistakenForAJobInNoList(Act act) {
        Place place = act == Act.HAND_OVER || act == Act.LIST ? null : Place.FAILED;

        assertThat(repair(Damage.UNLISTED, act, place, look("one"))).isEqualTo("N");

        assertThat(bench.redis.exists(key("one"))).isOne();
        assertThat(bench.list("pending")).containsExactly("one");
        assertThat(bench.list("processing")).isEmpty();
        assertThat(bench.list("failed")).isEmpty();
    }

    @Test
    void aTimeToLiveGoesAndFieldsAreSetOrRemoved() {
        bench.redis.hset(key("one"), Map.of("attempts", "x", "fence", "y"));
        bench.redis.expire(key("one"), 300);

        assertThat(mend(look("one"), "attempts", "0", "fence", "")).isEqualTo("D");

        assertThat(bench.redis.ttl(key("one"))).isEqualTo(-1);
        assertThat(bench.job("one")).containsEntry("attempts", "0").doesNotContainKey("fence");
        assertThat(meta("repaired_total")).isEqualTo("1");
        assertThat(mend(look("one"))).isEqualTo("N");
    }

    @Test
    void anEndedJobKeepsItsTimeToLive() {
        bench.redis.hset(key("one"), "status", "failed");
        bench.redis.expire(key("one"), 300);

        assertThat(mend(look("one"), "last_error_at_ms", "1")).isEqualTo("D");

        assertThat(bench.redis.ttl(key("one"))).isPositive();
    }

    @Test
    void aDelayedJobGetsTheDueTimeOfItsHash() {
        bench.queue.enqueue(JobRequest.of("email", null).id("later").delay(Duration.ofHours(1)));
        String due = bench.job("later").get("due_at_ms");
        bench.redis.zadd("queue:q:delayed", Double.POSITIVE_INFINITY, "later");

        assertThat(repair(Damage.FIELDS, Act.RESCHEDULE, Place.DELAYED, look("later")))
                .isEqualTo("D");

        assertThat(bench.redis.zscore("queue:q:delayed", "later")).isEqualTo(Double.parseDouble(due));
        assertThat(repair(Damage.FIELDS, Act.RESCHEDULE, Place.DELAYED, look("one")))
                .isEqualTo("N");
        assertThat(bench.redis.zcard("queue:q:delayed")).isOne();
    }

    @Test
    void anIdIsTakenOutOfTheOnePlaceOnly() {
        bench.redis.lpush("queue:q:completed", "one");
        bench.redis.zadd("queue:q:delayed", 1, "one");

        assertThat(repair(
                        Repair.of(Damage.MISPLACED, Act.TAKE_OUT, Place.COMPLETED, look("one")),
                        Repair.of(Damage.MISPLACED, Act.TAKE_OUT, Place.DELAYED, look("one")),
                        Repair.of(Damage.MISPLACED, Act.TAKE_OUT, Place.FAILED, look("one"))))
                .isEqualTo("DDN");

        assertThat(bench.list("completed")).isEmpty();
        assertThat(bench.redis.zcard("queue:q:delayed")).isZero();
        assertThat(bench.list("pending")).containsExactly("one");
        assertThat(meta("repaired_total")).isEqualTo("2");
    }

    @Test
    void ofSeveralCopiesTheOldestStays() {
        bench.queue.enqueue(JobRequest.of("email", null).id("two"));
        bench.redis.lpush("queue:q:pending", "one", "one");

        assertThat(repair(Damage.DOUBLED, Act.TAKE_OUT_COPIES, Place.PENDING, look("one")))
                .isEqualTo("D");

        assertThat(bench.list("pending")).containsExactly("two", "one");
        assertThat(repair(Damage.DOUBLED, Act.TAKE_OUT_COPIES, Place.PENDING, look("one")))
                .isEqualTo("N");
    }

    @Test
    void anIdIsHandedOverToTheSweepOnce() {
        bench.redis.lpush("queue:q:processing", "one");
        bench.redis.hset("queue:q:meta", "next_sweep", "9999999999999");

        assertThat(repair(Damage.MISPLACED, Act.HAND_OVER, Place.PENDING, look("one")))
                .isEqualTo("D");
        assertThat(bench.list("pending")).isEmpty();
        assertThat(bench.list("processing")).containsExactly("one");

        bench.redis.del("queue:q:processing");
        assertThat(repair(Damage.UNLISTED, Act.HAND_OVER, null, look("one"))).isEqualTo("D");
        assertThat(bench.list("processing")).containsExactly("one");
        assertThat(Long.parseLong(meta("next_sweep"))).isLessThan(9_000_000_000_000L);
    }

    @Test
    void damageThatTheSweepCountsIsNotCountedAsRepaired() {
        bench.redis.hdel(key("one"), "payload");

        assertThat(repair(Repair.of(null, Act.HAND_OVER, Place.PENDING, look("one"))))
                .isEqualTo("D");

        assertThat(bench.list("processing")).containsExactly("one");
        assertThat(meta("repaired_total")).isEqualTo("null");
    }

    @Test
    void theStatusFollowsTheListThatContainsTheJob() {
        bench.redis.hset(
                key("one"),
                Map.of(
                        "status",
                        "paused",
                        "claim_token",
                        "x",
                        "claimed_at_ms",
                        "1",
                        "in_pending",
                        "0",
                        "delete_at_ms",
                        "1"));
        bench.redis.expire(key("one"), 300);

        assertThat(repair(Damage.STATUS, Act.FOLLOW_PLACE, Place.PENDING, look("one")))
                .isEqualTo("D");
        assertThat(bench.job("one"))
                .containsEntry("status", "pending")
                .containsEntry("claim_token", "")
                .containsEntry("claimed_at_ms", "0")
                .doesNotContainKeys("in_pending", "delete_at_ms");
        assertThat(bench.redis.ttl(key("one"))).isEqualTo(-1);
        assertThat(repair(Damage.STATUS, Act.FOLLOW_PLACE, Place.COMPLETED, look("one")))
                .isEqualTo("N");

        takeOut("one");
        bench.redis.zadd("queue:q:delayed", 1, "one");
        assertThat(repair(Damage.STATUS, Act.FOLLOW_PLACE, Place.DELAYED, look("one")))
                .isEqualTo("D");
        assertThat(bench.job("one")).containsEntry("status", "scheduled");

        bench.redis.zrem("queue:q:delayed", "one");
        bench.redis.lpush("queue:q:completed", "one");
        assertThat(repair(Damage.STATUS, Act.FOLLOW_PLACE, Place.COMPLETED, look("one")))
                .isEqualTo("D");
        assertThat(bench.job("one")).containsEntry("status", "completed");
    }

    @Test
    void aJobInNoListReturnsToTheListOfItsStatusAndWakesAWorker() {
        bench.queue.enqueue(JobRequest.of("email", null).id("other"));
        bench.queue.enqueue(JobRequest.of("email", null).id("later").delay(Duration.ofHours(1)));
        takeOut("one");
        bench.redis.zrem("queue:q:delayed", "later");
        bench.redis.del("queue:q:wake");
        String due = bench.job("later").get("due_at_ms");

        assertThat(repair(
                        Repair.of(Damage.UNLISTED, Act.LIST, null, look("one")),
                        Repair.of(Damage.UNLISTED, Act.LIST, null, look("later"))))
                .isEqualTo("DD");

        assertThat(bench.list("pending")).containsExactly("other", "one");
        assertThat(bench.redis.zscore("queue:q:delayed", "later")).isEqualTo(Double.parseDouble(due));
        assertThat(bench.redis.llen("queue:q:wake")).isOne();
        assertThat(bench.queue.worker().claim(Duration.ZERO).map(Claim::id)).contains("one");
    }

    @Test
    void anEndedJobComesBackAsTheOldestOfItsHistoryWhileThatHasRoom() {
        takeOut("one");
        bench.redis.hset(key("one"), "status", "failed");
        bench.redis.lpush(
                "queue:q:failed", IntStream.range(0, 10).mapToObj(i -> "f" + i).toArray(String[]::new));

        assertThat(repair(Damage.TRIMMED, Act.PUT_BACK, Place.FAILED, look("one")))
                .isEqualTo("N");
        bench.redis.lpop("queue:q:failed");
        assertThat(repair(Damage.TRIMMED, Act.PUT_BACK, Place.FAILED, look("one")))
                .isEqualTo("D");

        assertThat(bench.list("failed")).hasSize(10).endsWith("one");
    }

    @Test
    void aDeadLetterThatIsDeletedIsCountedAsDropped() {
        takeOut("one");

        Reply reply =
                call(REPAIR, args(decided(Repair.of(Damage.TRIMMED, Act.DELETE, Place.FAILED, look("one"))), 10, 10));

        assertThat(reply.text()).isEqualTo("D");
        assertThat(reply.number()).as("dropped").isEqualTo(1);
        assertThat(reply.hasNext()).isFalse();
        assertThat(bench.redis.exists(key("one"))).isZero();
        assertThat(meta("dropped_total")).isEqualTo("1");
    }

    private static Decisions.Call decided(Repair repair) {
        Decisions decisions = new Decisions();
        decisions.first(List.of(Finding.damaged(repair)));
        return decisions.next();
    }

    @Test
    void aSuspicionIsRememberedOnceAndForgotten() {
        Suspicion suspicion = new Suspicion(Look.NOWHERE, null, "5a", "one");
        Decisions first = new Decisions();
        first.first(List.of(Finding.unproven(suspicion)));
        call(REPAIR, args(first.next(), 10, 10));
        Double since = bench.redis.zscore("queue:q:suspects", suspicion.text());
        assertThat(since).isGreaterThan(1.7e12);
        bench.redis.zadd("queue:q:suspects", 7, suspicion.text());

        Decisions again = new Decisions();
        again.first(List.of(Finding.unproven(suspicion)));
        call(REPAIR, args(again.next(), 10, 10));
        assertThat(bench.redis.zscore("queue:q:suspects", suspicion.text())).isEqualTo(7);
        assertThat(bench.redis.pttl("queue:q:suspects")).isBetween(86_400_000L, 86_460_000L);

        Decisions refuted = new Decisions();
        refuted.again(suspicion.text(), Finding.SOUND);
        call(REPAIR, args(refuted.next(), 10, 10));
        assertThat(bench.redis.exists("queue:q:suspects")).isZero();
    }

    @Test
    void aRepairThatAnotherProcessMadeIsNotMadeAgain() {
        takeOut("one");
        AuditedJob job = look("one");
        Suspicion suspicion = new Suspicion(Look.NOWHERE, null, job.state(), "one");
        Finding finding = Finding.suspicious(suspicion, Repair.of(Damage.UNLISTED, Act.LIST, null, job));
        bench.redis.zadd("queue:q:suspects", 1, suspicion.text());
        Decisions ours = new Decisions();
        ours.again(suspicion.text(), finding);
        Decisions theirs = new Decisions();
        theirs.again(suspicion.text(), finding);

        Decisions.Call first = ours.next();
        first.ended(call(REPAIR, args(first, 10, 10)).text(), 0);
        takeOut("one"); // so that only the suspicion tells
        Decisions.Call second = theirs.next();
        second.ended(call(REPAIR, args(second, 10, 10)).text(), 0);

        assertThat(ours.events("q")).containsExactly(new JobEvent.Repaired("q", Damage.UNLISTED, List.of("one")));
        assertThat(theirs.events("q")).isEmpty();
        assertThat(bench.list("pending")).isEmpty();
    }

    @Test
    void aRepairThatWouldBlockRedisIsLeftForTheNextCall() {
        String[] ids = IntStream.range(0, 90_000).mapToObj(i -> "c" + i).toArray(String[]::new);
        bench.redis.lpush("queue:q:completed", ids);
        List<Repair> repairs = IntStream.range(0, 5)
                .mapToObj(i -> Repair.of(Damage.HISTORY, Act.TAKE_OUT, Place.COMPLETED, look("c" + i)))
                .toList();
        Decisions decisions = new Decisions();
        repairs.forEach(repair -> decisions.first(List.of(Finding.damaged(repair))));

        List<String> letters = new ArrayList<>();
        while (!decisions.isEmpty()) {
            Decisions.Call next = decisions.next();
            letters.add(call(REPAIR, args(next, 10, 10)).text());
            next.ended(letters.get(letters.size() - 1), 0);
        }

        assertThat(letters).containsExactly("DDLLL", "DDL", "D");
        assertThat(bench.redis.llen("queue:q:completed")).isEqualTo(89_995);
    }

    @Test
    void noIdIsTakenOutOfAListThatIsTooLong() {
        String[] ids = IntStream.range(0, 100_001).mapToObj(i -> "c" + i).toArray(String[]::new);
        bench.redis.lpush("queue:q:completed", ids);

        assertThat(repair(Damage.HISTORY, Act.TAKE_OUT, Place.COMPLETED, look("c5")))
                .isEqualTo("N");
    }
}
