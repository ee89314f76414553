package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** An id without a hash or without a payload: its job is lost when two looks miss it, a lease or more apart, not before. */
@RedisServer
class MissingJobTests extends TransitionTestBase {

    private static String key(String id) {
        return "queue:q:job:" + id;
    }

    /** Takes the hash of a job away; {@link #comesBack} brings it back. */
    private void isAway(String id) {
        bench.redis.rename(key(id), "queue:q:elsewhere:" + id);
    }

    private void comesBack(String id) {
        bench.redis.rename("queue:q:elsewhere:" + id, key(id));
    }

    private void sweep() {
        bench.queue.worker().reclaimStuck();
    }

    private List<String> lost() {
        return bench.events.stream()
                .filter(JobEvent.Lost.class::isInstance)
                .flatMap(event -> ((JobEvent.Lost) event).ids().stream())
                .toList();
    }

    @Test
    void s7AnIdWithoutAHashNeverRunsAndIsLostWhenTwoSweepsMissedItALeaseApart() {
        enqueue("gone", "here");
        bench.redis.del(key("gone"));

        assertThat(bench.store.claim(5).join().jobs()).extracting(Claim::id).containsExactly("here");
        assertThat(bench.list("processing")).containsExactlyInAnyOrder("here", "gone");
        sweep();
        sweep();
        assertThat(lost()).isEmpty();
        leaseRunsOut();
        sweep();

        assertThat(lost()).containsExactly("gone");
        assertThat(bench.queue.stats().lostTotal()).isEqualTo(1);
        assertThat(bench.list("processing")).doesNotContain("gone");
        assertThat(bench.redis.exists("queue:q:missing")).isZero();
    }

    @Test
    void s7AClaimedIdWhoseHashIsGoneIsLostAtTheSecondLook() {
        enqueue("one", "two");
        bench.store.claim(2).join();
        bench.redis.del(key("one"));

        sweep();
        assertThat(bench.list("processing")).containsExactly("two", "one");
        assertThat(lost()).isEmpty();
        leaseRunsOut();
        sweep();

        assertThat(bench.list("processing")).isEmpty(); // the other one was reclaimed
        assertThat(lost()).containsExactly("one");
    }

    @Test
    void aJobWithoutPayloadBecomesADeadLetterThatSaysSoAtTheSecondLook() {
        enqueue("one");
        bench.redis.hdel(key("one"), "payload");

        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();
        sweep();
        assertThat(bench.list("failed")).isEmpty();
        leaseRunsOut();
        sweep();

        assertThat(bench.list("failed")).containsExactly("one");
        assertThat(bench.job("one")).containsEntry("last_error", "lost: the job has no payload");
        assertThat(lost()).containsExactly("one");
    }

    @Test
    void aKeyOfAnotherTypeIsLostAtTheSecondLookAndStays() {
        enqueue("one");
        bench.redis.del(key("one"));
        bench.redis.set(key("one"), "text");

        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();
        sweep();
        assertThat(lost()).isEmpty();
        leaseRunsOut();
        sweep();

        assertThat(lost()).containsExactly("one");
        assertThat(bench.redis.get(key("one"))).isEqualTo("text");
    }

    @Test
    void aJobWhoseHashIsBackIsTheNextOneAndHasSpentNothing() {
        enqueue("away");
        isAway("away");
        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();
        sweep();
        enqueue("behind");

        comesBack("away");
        sweep();
        assertThat(bench.list("pending")).containsExactly("behind");
        leaseRunsOut();
        assertThat(bench.queue.worker().reclaimStuck()).isEmpty();

        Claim claim = claim();
        assertThat(claim.id()).isEqualTo("away");
        assertThat(claim.attempt()).isEqualTo(1);
        assertThat(bench.job("away")).doesNotContainKeys("crashes", "reclaimed_at_ms", "seen");
        assertThat(lost()).isEmpty();
        assertThat(bench.events).allMatch(JobEvent.Enqueued.class::isInstance);
        assertThat(bench.queue.stats().repairedTotal()).isZero();
        assertThat(bench.queue.stats().reclaimedTotal()).isZero();
        assertThat(bench.redis.exists("queue:q:missing")).isZero();
    }

    @Test
    void jobsWhoseHashesAreBackKeepTheirOrder() {
        String[] ids = IntStream.range(0, 150).mapToObj(i -> "id-" + i).toArray(String[]::new);
        enqueue(ids);
        List.of(ids).forEach(this::isAway);
        while (!bench.list("pending").isEmpty()) {
            assertThat(bench.store.claim(40).join().jobs()).isEmpty();
        }
        sweep();
        List.of(ids).forEach(this::comesBack);
        leaseRunsOut();

        sweep();

        assertThat(bench.list("processing")).isEmpty();
        assertThat(bench.store.claim(150).join().jobs()).extracting(Claim::id).containsExactly(ids);
    }

    @Test
    void aForeignProducerThatWritesTheListBeforeTheHashLosesNothing() {
        bench.redis.lpush("queue:q:pending", "one");
        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();
        sweep();

        bench.guideEnqueue("one", "{\"kind\":\"email\"}");
        Claim claim = claim();
        assertThat(claim.id()).isEqualTo("one"); // the guide client pushed it once more
        assertThat(bench.queue.worker().complete(claim, null)).isTrue();
        leaseRunsOut();
        sweep();

        assertThat(lost()).isEmpty();
        assertThat(bench.list("processing")).isEmpty();
        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();
        assertThat(bench.queue.stats().completedTotal()).isEqualTo(1);
    }

    @Test
    void aDueJobWhoseHashIsAwayForAMomentRuns() {
        bench.queue.enqueue(JobRequest.of("email", null).id("one").delay(Duration.ofMillis(1)));
        isAway("one");
        leaseRunsOut();
        assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();
        assertThat(bench.list("processing")).containsExactly("one");
        sweep();
        comesBack("one");
        leaseRunsOut();
        sweep();

        assertThat(claim().attempt()).isEqualTo(1);
        assertThat(lost()).isEmpty();
    }

    @Test
    void aClaimStaysItsWorkersWhileTheHashIsAwayForAMoment() {
        enqueue("one");
        Claim claim = claim();
        isAway("one");
        sweep();
        comesBack("one");

        sweep();

        assertThat(bench.queue.worker().complete(claim, null)).isTrue();
        assertThat(lost()).isEmpty();
    }

    @Test
    void aLookThatFindsTheJobMakesTheNextMissAFirstOne() {
        enqueue("one");
        Claim claim = claim();
        isAway("one");
        sweep();
        comesBack("one");
        assertThat(bench.queue.worker().extend(claim, Duration.ofMinutes(1))).isTrue();
        leaseRunsOut();
        sweep();
        isAway("one");

        sweep();
        assertThat(lost()).isEmpty();
        leaseRunsOut();
        sweep();

        assertThat(lost()).containsExactly("one");
    }

    @Test
    void aFirstLookOfLongAgoAndOneOfTheFutureCountForNothing() {
        for (String time : List.of("1", "9000000000000")) {
            enqueue("one");
            bench.redis.del(key("one"));
            bench.redis.zadd("queue:q:missing", Double.parseDouble(time), "job|one");
            assertThat(bench.queue.worker().claim(Duration.ZERO)).isEmpty();

            sweep();

            assertThat(lost()).isEmpty();
            bench.redis.del("queue:q:processing");
        }
    }

    @Test
    void aGuideClientThatStampsTheJobMeanwhileKeepsIt() {
        enqueue("one");
        isAway("one");
        bench.redis.rpoplpush("queue:q:pending", "queue:q:processing");
        sweep();
        comesBack("one");
        bench.redis.hset(key("one"), "status", "processing");
        bench.redis.hset(key("one"), "claim_token", "guide");
        leaseRunsOut();
        bench.redis.hset(key("one"), "claimed_at_ms", Long.toString(System.currentTimeMillis()));

        sweep();

        assertThat(bench.list("processing")).containsExactly("one");
        assertThat(bench.list("pending")).isEmpty();
    }

    @Test
    void aKeyOfAnotherTypeInPlaceOfTheMemoryLosesNothingAndStopsNoSweep() {
        bench.redis.set("queue:q:missing", "text");
        enqueue("gone", "silent");
        bench.redis.del(key("gone"));
        bench.store.claim(5).join();
        leaseRunsOut();

        assertThat(bench.queue.worker().reclaimStuck()).containsExactly("silent");
        leaseRunsOut();
        sweep();

        assertThat(lost()).isEmpty();
        bench.redis.del("queue:q:missing");
        sweep();
        leaseRunsOut();
        sweep();
        assertThat(lost()).containsExactly("gone");
    }
}
