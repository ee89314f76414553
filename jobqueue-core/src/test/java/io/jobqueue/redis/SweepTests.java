package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Told;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The sweep on idle queues, and on queues that were idle before. */
@RedisServer
class SweepTests {

    private static final Duration LEASE = Duration.ofMillis(300);
    private static final Duration PERIOD = Duration.ofSeconds(20);
    private static final Duration SHORT_PERIOD = Duration.ofMillis(50);
    private static final Duration LONG_AGO = Duration.ofHours(1);

    private EmbeddedRedis server;
    private Bench bench;
    private Chore sweep;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        reopen(QueueSettings.defaults().withVisibility(LEASE));
    }

    private void reopen(QueueSettings settings) {
        if (bench != null) {
            bench.close();
        }
        bench = new Bench(server, settings);
        sweep = Chores.sweep(bench.queues, "q", PERIOD);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private long now() {
        List<String> time = bench.redis.time();
        return Long.parseLong(time.get(0)) * 1000 + Long.parseLong(time.get(1)) / 1000;
    }

    private void pass(Duration time) {
        long over = now() + time.toMillis();
        await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5)).until(() -> now() >= over);
    }

    private Told sweep() {
        return Told.by(sweep);
    }

    private long scripts() {
        return bench.redis
                .info("commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_eval"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")))
                .sum();
    }

    @Test
    void aQueueWithoutClaimedJobsIsSweptWithoutAScript() {
        bench.queue.enqueue(JobRequest.of("email", null));
        sweep();
        long before = scripts();

        for (int i = 0; i < 10; i++) {
            sweep();
        }

        assertThat(scripts()).isEqualTo(before);
    }

    @Test
    void afterALongIdleTimeAJobOfADeadWorkerIsReclaimedAsSoonAsItsLeaseIsOver() {
        bench.redis.hset("queue:q:meta", "last_sweep", Long.toString(now() - LONG_AGO.toMillis()));
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
        sweep();
        bench.store.claim(1).join();
        sweep();
        pass(LEASE.plusMillis(20));

        assertThat(sweep().reclaimed()).containsExactly("one");
    }

    @Test
    void afterALongIdleTimeAnUnstampedClaimOfAGuideClientGetsOneLeaseAndNotTwo() {
        bench.redis.hset("queue:q:meta", "last_sweep", Long.toString(now() - LONG_AGO.toMillis()));
        sweep();
        bench.guideEnqueue("one", "{\"kind\":\"email\"}");
        bench.redis.rpoplpush("queue:q:pending", "queue:q:processing");
        sweep(); // sees it first
        pass(LEASE.plusMillis(20));

        assertThat(sweep().reclaimed()).containsExactly("one");
    }

    @Test
    void anIdleTimeEndsAHoldThatIsNoLongerNeeded() {
        bench.redis.hset(
                "queue:q:meta",
                Map.of("last_sweep", Long.toString(now()), "hold_left", Long.toString(LEASE.toMillis())));
        sweep();
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
        bench.store.claim(1).join();
        sweep();

        assertThat(bench.redis.hget("queue:q:meta", "hold_left")).isEqualTo("0");
    }

    @Test
    void anOutageAfterTheLastLookAtAnEmptyQueueIsAGapAndLetsLivingWorkersRenewFirst() {
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
        long emptyAt = now();
        bench.store.claim(1).join();
        // nobody reached Redis for so long that the lease ran out, and no sweep ran
        pass(LEASE.plus(SHORT_PERIOD.multipliedBy(3)).plusMillis(20));

        Sweep.Page first = Sweep.page(bench.store.redis(), SHORT_PERIOD, OptionalLong.of(emptyAt))
                .join();

        assertThat(first.reclaimed()).isEmpty();
        assertThat(Long.parseLong(bench.redis.hget("queue:q:meta", "hold_left")))
                .isPositive();
    }

    @Test
    void aLookInTheFutureOfRedisCountsForNothing() {
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
        bench.store.claim(1).join();
        pass(LEASE.plusMillis(20));

        Sweep.Page first = Sweep.page(bench.store.redis(), PERIOD, OptionalLong.of(now() + LONG_AGO.toMillis()))
                .join();

        assertThat(first.reclaimed()).isEmpty();
    }

    @Test
    void historiesAreCutWhenTheirOldestJobIsTooOldAndNotLookedAtBefore() {
        Retention brief = new Retention(Duration.ofMillis(400), 100);
        reopen(QueueSettings.defaults().withRetention(brief, brief));
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
        bench.queue.worker().complete(bench.queue.worker().claim(Duration.ZERO).orElseThrow(), null);
        sweep();
        long before = scripts();
        sweep();
        assertThat(scripts()).isEqualTo(before);

        pass(Duration.ofMillis(450));

        await().untilAsserted(() -> {
            sweep();
            assertThat(bench.list("completed")).isEmpty();
        });
        assertThat(bench.redis.exists("queue:q:job:one")).isZero();
    }

    @Test
    void trimmingTheHistoriesReturnsWhenTheNextTrimIsDue() {
        Retention hour = new Retention(Duration.ofHours(1), 100);
        reopen(QueueSettings.defaults().withRetention(hour, hour));
        assertThat(Sweep.prune(bench.store.redis()).join().nextDue()).isEmpty();
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
        bench.queue.worker().complete(bench.queue.worker().claim(Duration.ZERO).orElseThrow(), null);

        Duration due = Sweep.prune(bench.store.redis()).join().nextDue().orElseThrow();

        assertThat(due).isBetween(Duration.ofMinutes(59), Duration.ofHours(1).plusMillis(1));
    }
}
