package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.history.Checker;
import io.jobqueue.history.History;
import io.jobqueue.history.RecordingChore;
import io.jobqueue.history.RecordingStore;
import io.jobqueue.history.Tape;
import io.jobqueue.history.Violation;
import io.jobqueue.redis.Chores;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Settlement;
import io.jobqueue.worker.Verb;
import io.lettuce.core.ScriptOutputType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Hundreds of thousands of jobs wait, no other client changes the queue, and the audit runs without a pause. */
@RedisServer
class LongQueueTests {

    /** Makes waiting jobs as enqueueing leaves them, the first one next. */
    private static final String FILL =
            """
            local ids = {}
            for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
              local id = 'job-' .. i
              redis.call('HSET', KEYS[1] .. 'job:' .. id, 'id', id, 'kind', 'work', 'payload', '{"kind":"work"}', 'status',
                'pending', 'attempts', '0', 'enqueued_at_ms', ARGV[3], 'claim_token', '')
              ids[#ids + 1] = id
            end
            redis.call('LPUSH', KEYS[1] .. 'pending', unpack(ids))
            return #ids
            """;

    /** Lets the audit suspect jobs that stand in the middle of the list, so that it reads the list again and again. */
    private static final String SUSPECT =
            """
            local length = redis.call('LLEN', KEYS[1] .. 'pending')
            for i = 1, 20 do
              local id = redis.call('LINDEX', KEYS[1] .. 'pending', (tonumber(ARGV[1]) + math.floor(length * i / 20)) % length)
              local f, all = redis.call('HMGET', KEYS[1] .. 'job:' .. id, unpack(ARGV, 2)), {}
              for j = 1, #ARGV - 1 do
                all[j] = f[j] or '-'
              end
              local state = redis.sha1hex('1|' .. table.concat(all, '|'))
              redis.call('ZADD', KEYS[1] .. 'suspects', 1, 'nowhere|-|' .. state .. '|' .. id)
            end
            return length
            """;

    private static final int A_CALL = 1000;

    @TempDir
    private Path folder;

    private Stage stage;
    private Tape tape;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port()).notAlone(); // the end deletes all keys
        tape = new Tape(folder, "main");
    }

    @AfterEach
    void close() {
        stage.redis.flushall(); // so many keys that others would pay for them
        tape.close();
        stage.close();
    }

    private void fill(int jobs) {
        String day =
                Long.toString(System.currentTimeMillis() - Duration.ofDays(1).toMillis());
        for (int from = 0; from < jobs; from += A_CALL) {
            int to = Math.min(jobs, from + A_CALL) - 1;
            eval(FILL, String.valueOf(from), String.valueOf(to), Long.toString(Long.parseLong(day) + from));
        }
    }

    private long eval(String script, String... args) {
        return stage.redis.<Long>eval(script, ScriptOutputType.INTEGER, new String[] {"queue:q:"}, args);
    }

    @Test
    @Timeout(120)
    @Proves(
            fault =
                    "300,000 jobs wait; workers fall silent, give jobs back and fail, and the audit looks without a pause",
            holds = "it repairs nothing, calls nothing lost, and every waiting job stands in the queue once")
    void theAuditLeavesALongQueueAlone() {
        play(300_000, Duration.ofSeconds(8));
    }

    @Test
    @Tag("soak")
    @Timeout(1200)
    void theAuditLeavesAMillionJobsAlone() {
        play(1_000_000, Duration.ofMinutes(2));
    }

    private void play(int jobs, Duration time) {
        fill(jobs);
        AtomicBoolean over = new AtomicBoolean();
        List<CompletableFuture<?>> players = List.of(
                repeat(over, new RecordingChore(Chores.audit(stage.queues, "q"), tape)),
                repeat(over, new RecordingChore(Chores.audit(stage.queues, "q"), tape)),
                repeat(over, new RecordingChore(Chores.sweep(stage.queues, "q", Duration.ofMinutes(1)), tape)),
                CompletableFuture.runAsync(() -> work(over, new Random(1))),
                CompletableFuture.runAsync(() -> work(over, new Random(2))));

        Stage.pass(time);
        over.set(true);
        players.forEach(CompletableFuture::join);

        assertThat(stage.total("repaired")).isZero();
        assertThat(stage.total("lost")).isZero();
        assertThat(stage.total("reclaimed")).isPositive();
        List<String> waiting = stage.list("pending");
        assertThat(waiting).hasSizeGreaterThan(jobs / 2);
        assertThat(new HashSet<>(waiting)).hasSameSizeAs(waiting);
        List<Violation> violations = Checker.checkRepairs(History.read(folder));
        assertThat(violations).isEmpty();
    }

    private static CompletableFuture<?> repeat(AtomicBoolean over, Chore chore) {
        return CompletableFuture.runAsync(() -> {
            while (!over.get()) {
                chore.round().join();
            }
        });
    }

    /** Takes a few jobs a time: some are done, some fail, some come back, and of some nothing is heard any more. */
    private void work(AtomicBoolean over, Random random) {
        RecordingStore store = new RecordingStore(stage.store, tape);
        while (!over.get()) {
            List<Claim> claims = store.claim(10).join().jobs();
            List<Settlement> settlements = claims.stream()
                    .filter(any -> random.nextInt(10) > 0)
                    .map(claim -> Verb.values()[random.nextInt(Verb.values().length)].of(claim))
                    .toList();
            store.settle(settlements).join();
            stage.queue.enqueue(JobRequest.of("work", null));
            List<String> args = new ArrayList<>(Chores.auditedFields());
            args.add(0, String.valueOf(random.nextInt(1_000_000)));
            eval(SUSPECT, args.toArray(String[]::new));
        }
    }
}
