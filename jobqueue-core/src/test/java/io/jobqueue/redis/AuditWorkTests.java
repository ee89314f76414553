package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Figures;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Settlement;
import io.jobqueue.worker.Verb;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How much the audit reads of a queue, counted. */
@RedisServer
class AuditWorkTests {

    private static final int FEW = 5_000;
    private static final int MANY = 400_000;
    private static final Duration LEASE = Duration.ofMillis(100);

    /** How long a call may hold up Redis, in microseconds. */
    private static final int SLOW = 5_000;

    private static final int ROUNDS = 20;

    /** More reads of lists than a round needs, and fewer than a walk over all waiting jobs. */
    private static final int LIST_READS = 60;

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

    private Bench bench;
    private int port;
    private int filled;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server, QueueSettings.defaults().withVisibility(LEASE));
        port = server.port();
    }

    @AfterEach
    void close() {
        bench.redis.configSet("slowlog-log-slower-than", "10000");
        bench.redis.configSet("slowlog-max-len", "128");
        bench.redis.flushall(); // hundreds of thousands of keys that others would pay for
        bench.close();
    }

    /** Lets jobs wait until there are so many, half of those that are missing before and half behind jobs that had a life. */
    private void fillTo(int jobs) {
        fill((jobs - filled) / 2);
        live();
        fill(jobs - filled);
    }

    private void fill(int jobs) {
        int end = filled + jobs;
        while (filled < end) {
            int to = Math.min(end, filled + 1000);
            String[] args = {
                Integer.toString(filled + 1), Integer.toString(to), Long.toString(System.currentTimeMillis())
            };
            bench.redis.eval(FILL, ScriptOutputType.INTEGER, new String[] {"queue:q:"}, args);
            filled = to;
        }
    }

    /** Jobs are done, fail, are tried again, snoozed, released, reclaimed, requeued and cancelled. */
    private void live() {
        List<Claim> claims = Stream.generate(() -> bench.store.claim(20).join().jobs())
                .limit(6)
                .flatMap(List::stream)
                .toList();
        List<Settlement> settlements = new ArrayList<>();
        for (int i = 0; i < claims.size(); i++) {
            int verb = i % (Verb.values().length + 1);
            if (verb < Verb.values().length) { // nothing is heard of the others
                Duration delay = i % 2 == 0 ? Duration.ZERO : Duration.ofHours(1);
                settlements.add(Verb.values()[verb].of(claims.get(i), "{}", "", delay, 5));
            }
        }
        bench.store.settle(settlements).join();
        bench.queue.admin().list(JobStatus.FAILED, 0, 100).stream().limit(10).forEach(dead -> assertThat(
                        bench.queue.admin().requeue(dead.id()))
                .isTrue());
        for (int i = 0; i < 10; i++) {
            assertThat(bench.queue.admin().cancel("job-" + (filled - i * 100))).isTrue();
            bench.queue.enqueue(JobRequest.of("work", null));
            bench.queue.enqueue(JobRequest.of("work", null).delay(Duration.ofHours(1)));
        }
        leaseRunsOut();
        assertThat(bench.queue.worker().reclaimStuck()).isNotEmpty();
        bench.queue.admin().purge(JobStatus.COMPLETED, JobStatus.FAILED);
    }

    private void leaseRunsOut() {
        long over = System.nanoTime() + LEASE.plusMillis(20).toNanos();
        await().pollInterval(Duration.ofMillis(5)).until(() -> System.nanoTime() > over);
    }

    private void audit(int rounds) {
        Chore audit = Chores.audit(bench.queues, "q");
        for (int i = 0; i < rounds; i++) {
            bench.events.addAll(audit.round().join().events());
        }
    }

    /**
     * What a round reads, on the average.
     *
     * @param commands all commands, those of scripts included
     * @param entries entries of lists, sorted sets and of the keys of the server
     * @param jobs looks at jobs
     */
    private record Work(long commands, long entries, long jobs) {}

    private Work workOfARound() {
        List<List<String>> commands = Monitor.during(port, bench.redis, () -> audit(ROUNDS));
        long entries = commands.stream().mapToLong(this::entries).sum();
        long jobs = commands.stream()
                .filter(command ->
                        command.get(0).equals("hmget") && command.get(1).contains(":job:"))
                .count();
        return new Work(commands.size() / ROUNDS, entries / ROUNDS, jobs / ROUNDS);
    }

    /** How many entries a command reads at most. */
    private long entries(List<String> command) {
        return switch (command.get(0)) {
            case "lrange", "zrange" -> {
                long from = Long.parseLong(command.get(2));
                long to = Long.parseLong(command.get(3));
                boolean whole = from >= 0 && to < 0;
                yield whole ? length(command.get(1)) : to - from + 1;
            }
            case "zrangebyscore", "scan" -> Long.parseLong(command.get(lastNumber(command)));
            default -> 0;
        };
    }

    private long length(String key) {
        return bench.redis.type(key).equals("zset") ? bench.redis.zcard(key) : bench.redis.llen(key);
    }

    /** Where the count of {@code … LIMIT 0 100} or {@code … COUNT 500 …} stands. */
    private static int lastNumber(List<String> command) {
        List<String> names =
                command.stream().map(word -> word.toUpperCase(Locale.ROOT)).toList();
        return names.contains("COUNT") ? names.indexOf("COUNT") + 1 : names.indexOf("LIMIT") + 2;
    }

    private long calls(String command) {
        return bench.redis
                .info("commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_" + command + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")))
                .sum();
    }

    /**
     * How long the commands and scripts hold up Redis, in microseconds, by their name or digest, without those that are too
     * quick to matter. The lower quartile, because on a busy machine any single call may have waited for the processor.
     */
    private Map<String, Long> times(Runnable action) {
        bench.redis.configSet("slowlog-max-len", "10000");
        bench.redis.configSet("slowlog-log-slower-than", Integer.toString(SLOW / 20));
        bench.redis.slowlogReset();
        action.run();
        Map<String, List<Long>> times = bench.redis.slowlogGet(10_000).stream()
                .map(entry -> (List<?>) entry)
                .collect(Collectors.groupingBy(
                        entry -> nameOf((List<?>) entry.get(3)),
                        Collectors.mapping(entry -> (Long) entry.get(2), Collectors.toList())));
        return times.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, each -> lowerQuartile(each.getValue())));
    }

    private static String nameOf(List<?> words) {
        String name = (String) words.get(0);
        return name.equals("EVALSHA") ? name + " " + words.get(1) : name;
    }

    private static long lowerQuartile(List<Long> times) {
        return times.stream().sorted().skip(times.size() / 4).findFirst().orElseThrow();
    }

    /** Rounds until the look for keys has seen every key of the server. None of them may walk over a long list. */
    private void auditAllKeys() {
        int rounds = 0;
        do {
            long before = calls("lrange");
            audit(1);
            assertThat(calls("lrange") - before).isLessThan(LIST_READS);
            assertThat(++rounds).isLessThan(MANY / 100);
        } while (!"0".equals(bench.redis.hget("queue:q:meta", "audit_cursor")));
    }

    private void findsNothing() {
        assertThat(bench.events)
                .noneMatch(event -> event instanceof JobEvent.Repaired || event instanceof JobEvent.Lost);
        assertThat(bench.queue.stats().repairedTotal()).isZero();
        assertThat(bench.queue.stats().lostTotal()).isZero();
        assertThat(bench.redis.zcard("queue:q:suspects")).isZero();
    }

    @Test
    @Tag("story")
    @Proves(
            fault =
                    "400,000 jobs wait, of which some were tried again, snoozed, released, reclaimed, requeued or cancelled",
            holds =
                    "a round of the audit reads no more than among 5,000 jobs, its calls hold up Redis for less than 5 ms, it repairs nothing and the order stays")
    void aRoundReadsNoMoreOfALongQueueThanOfAShortOne(Figures figures) {
        fillTo(FEW);
        Work few = workOfARound();
        fillTo(MANY);
        List<String> order = bench.redis.lrange("queue:q:pending", 0, -1);

        Work many = workOfARound();
        assertThat(many.commands()).isLessThan(few.commands() * 5 / 4);
        assertThat(many.entries()).isLessThan(few.entries() * 5 / 4);
        assertThat(many.jobs()).isLessThan(few.jobs() * 5 / 4);
        Map<String, Long> times = times(() -> audit(ROUNDS));
        auditAllKeys();
        leaseRunsOut();
        audit(ROUNDS); // what it suspects, it looks at again

        assertThat(times.values()).isNotEmpty().allMatch(micros -> micros < SLOW);
        findsNothing();
        assertThat(bench.redis.lrange("queue:q:pending", 0, -1)).isEqualTo(order);
        assertThat(new HashSet<>(order)).hasSameSizeAs(order);
        figures.put("commands of a round", many.commands());
        figures.put("entries read", many.entries());
        figures.put("jobs looked at", many.jobs());
    }
}
