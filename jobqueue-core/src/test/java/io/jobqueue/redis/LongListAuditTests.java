package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobEvent.Damage;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The audit and lists too long to be read at once: it suspects there, but repairs only what a walk over the list
 * proves.
 */
@RedisServer
class LongListAuditTests {

    private static final Duration LEASE = Duration.ofMillis(100);

    /** Copies a waiting job, oldest first, so that its copies stand where enqueueing them would have put them. */
    private static final String FILL =
            """
            local from = redis.call('HGETALL', KEYS[1] .. 'job:' .. ARGV[1])
            local ids = {}
            for i = tonumber(ARGV[2]), tonumber(ARGV[3]) do
              local id = 'copy-' .. i
              redis.call('HSET', KEYS[1] .. 'job:' .. id, unpack(from))
              redis.call('HSET', KEYS[1] .. 'job:' .. id, 'id', id)
              ids[#ids + 1] = id
            end
            redis.call('LPUSH', KEYS[1] .. 'pending', unpack(ids))
            return #ids
            """;

    private static final String COPIES = "return #redis.call('LPOS', KEYS[1] .. 'pending', ARGV[1], 'COUNT', 0)";

    private Bench bench;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server, QueueSettings.defaults().withVisibility(LEASE));
    }

    @AfterEach
    void close() {
        bench.redis.flushall(); // hundreds of thousands of keys that others would pay for
        bench.close();
    }

    private void enqueue(String id) {
        bench.queue.enqueue(JobRequest.of("email", null).id(id));
    }

    private void fill(String id, int copies) {
        for (int from = 1; from <= copies; from += 1000) {
            String to = Integer.toString(Math.min(copies, from + 999));
            eval(FILL, id, Integer.toString(from), to);
        }
    }

    private long eval(String script, String... args) {
        return bench.redis.<Long>eval(script, ScriptOutputType.INTEGER, new String[] {"queue:q:"}, args);
    }

    private void enqueuedAt(String id, long ago) {
        bench.redis.hset("queue:q:job:" + id, "enqueued_at_ms", Long.toString(System.currentTimeMillis() - ago));
    }

    private long copies(String id) {
        return eval(COPIES, id);
    }

    private void audit(Audit audit, int rounds) {
        for (int i = 0; i < rounds; i++) {
            bench.events.addAll(audit.round().join().events());
        }
    }

    private Audit audit() {
        return new Audit(bench.store.redis(), Duration.ZERO);
    }

    private void leaseRunsOut() {
        long over = System.nanoTime() + LEASE.plusMillis(20).toNanos();
        await().pollInterval(Duration.ofMillis(5)).until(() -> System.nanoTime() > over);
    }

    /** Rounds until the look for keys has seen every key of the server, and a lease more. */
    private void auditAll(Audit audit) {
        audit(audit, 1);
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .atMost(Duration.ofSeconds(60))
                .until(() -> {
                    audit(audit, 1); // the cursor is at the end for one round only
                    return "0".equals(bench.redis.hget("queue:q:meta", "audit_cursor"));
                });
    }

    private List<JobEvent> told() {
        return bench.events.stream()
                .filter(event -> event instanceof JobEvent.Repaired || event instanceof JobEvent.Lost)
                .toList();
    }

    @Test
    void healthyJobsInTheMiddleOfALongQueueStayWhereTheyAre() {
        int waiting = 400_000;
        enqueue("reclaimed");
        bench.queue.worker().claim(Duration.ZERO).orElseThrow();
        enqueue("first");
        enqueuedAt("first", 60_000);
        fill("first", waiting);
        leaseRunsOut();
        bench.queue.worker().reclaimStuck();
        assertThat(bench.redis.lindex("queue:q:pending", -1)).isEqualTo("reclaimed");
        // what older releases suspected, and could not prove: an old job far from both ends
        String middle = "copy-" + waiting / 2;
        suspectLongAgo(middle);
        Audit audit = audit();

        audit(audit, 40); // 20,000 keys
        leaseRunsOut();
        audit(audit, 40);

        assertThat(told()).isEmpty();
        assertThat(bench.redis.zcard("queue:q:suspects")).isZero();
        assertThat(bench.redis.llen("queue:q:pending")).isEqualTo(waiting + 2);
        assertThat(copies(middle)).isEqualTo(1);
    }

    /** Lets the audit remember that a job seemed to stand nowhere. */
    private void suspectLongAgo(String id) {
        List<Object> reply = bench.store
                .redis()
                .<List<Object>>command(commands -> Script.of(ScriptOutputType.MULTI, "upkeep/look-at-jobs")
                        .call(commands, bench.store.redis().keys().withSuspects(), id))
                .join();
        String state = (String) ((List<?>) ((List<?>) reply.get(1)).get(0)).get(3);
        bench.redis.zadd("queue:q:suspects", 1, new Suspicion(Suspicion.Look.NOWHERE, null, state, id).text());
    }

    @Test
    void aJobThatLooksPassedOverButIsInTheListIsNotTouched() {
        enqueue("first");
        fill("first", 5_000);
        enqueuedAt("copy-2500", 3_600_000);

        Audit audit = audit();
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .atMost(Duration.ofSeconds(60))
                .until(() -> {
                    audit(audit, 1);
                    return bench.redis.zcard("queue:q:suspects") == 1;
                });
        leaseRunsOut();
        audit(audit, 1);

        assertThat(told()).isEmpty();
        assertThat(bench.redis.zcard("queue:q:suspects")).isZero();
        assertThat(copies("copy-2500")).isEqualTo(1);
    }

    @Test
    void aJobThatWasPassedOverAndIsInNoListRunsNext() {
        enqueue("first");
        fill("first", 5_000);
        bench.redis.lrem("queue:q:pending", 1, "copy-2500");
        enqueuedAt("copy-2500", 3_600_000);

        auditAll(audit());
        leaseRunsOut();
        audit(audit(), 1);

        assertThat(told()).containsExactly(new JobEvent.Repaired("q", Damage.UNLISTED, List.of("copy-2500")));
        assertThat(bench.queue.worker().claim(Duration.ZERO).map(Claim::id)).contains("copy-2500");
    }

    @Test
    void oneWalkSettlesAllSuspicionsThatAreDue() {
        enqueue("first");
        fill("first", 5_000);
        for (int i = 1; i <= 300; i++) {
            bench.redis.lrem("queue:q:pending", 1, "copy-" + i);
            suspectLongAgo("copy-" + i);
        }

        audit(audit(), 1);

        assertThat(bench.redis.zcard("queue:q:suspects")).isZero();
        assertThat(bench.queue.stats().repairedTotal()).isEqualTo(300);
        assertThat(bench.redis.llen("queue:q:pending")).isEqualTo(5_001);
    }

    @Test
    void ofTwoConcurrentAuditsOnlyOneRepairs() {
        enqueue("first");
        fill("first", 5_000);
        bench.redis.lrem("queue:q:pending", 1, "copy-2500");
        enqueuedAt("copy-2500", 3_600_000);
        auditAll(audit());
        leaseRunsOut();

        var one = audit().round();
        var another = audit().round();
        bench.events.addAll(one.join().events());
        bench.events.addAll(another.join().events());

        assertThat(told()).containsExactly(new JobEvent.Repaired("q", Damage.UNLISTED, List.of("copy-2500")));
        assertThat(copies("copy-2500")).isEqualTo(1);
    }

    @Test
    void aDeadLetterThatWasCutOffALongHistoryComesBack() {
        enqueue("first");
        fill("first", 3_000);
        List<Claim> claims;
        do {
            claims = bench.store.claim(100).join().jobs();
            claims.forEach(claim -> bench.queue.worker().fail(claim, "boom"));
        } while (!claims.isEmpty() && bench.redis.llen("queue:q:failed") < 2_500);
        String cut = bench.redis.rpop("queue:q:failed");
        bench.redis.hset("queue:q:job:" + bench.redis.lindex("queue:q:failed", -1), "last_error_at_ms", farFuture());

        auditAll(audit());
        leaseRunsOut();
        audit(audit(), 1);

        assertThat(bench.redis.lindex("queue:q:failed", -1)).isEqualTo(cut);
    }

    /**
     * A time that makes all others seem cut off; it stands for a history whose oldest entry ended long after the cut
     * one.
     */
    private static String farFuture() {
        return Long.toString(System.currentTimeMillis() + 60_000);
    }

    @Test
    void anIdleQueueIsAuditedLessOften() {
        Audit audit = new Audit(bench.store.redis(), Duration.ofSeconds(2));
        Duration idle = audit.round().join().pause();
        enqueue("first");
        bench.redis.hdel("queue:q:meta", "next_audit");
        Duration busy = audit.round().join().pause();

        assertThat(idle).isEqualTo(Duration.ofSeconds(30));
        assertThat(busy).isEqualTo(Duration.ofSeconds(2));
        assertThat(audit.round().join().pause()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(2));
    }
}
