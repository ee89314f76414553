package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.QueueSettings;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.JobStore.Renewal;
import io.jobqueue.worker.JobStore.Renewed;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** With a long list of claimed jobs, calls stay cheap and remove the right jobs. */
@RedisServer
class ManyInFlightTests {

    private static final String TOKEN = "token";

    /** Claims from {@code ARGV[1]} to {@code ARGV[2]} as the claim script leaves them, many in one call. */
    private static final String CLAIMED =
            """
            local deadline = redis.call('TIME')[1] * 1000 + 600000
            for i = ARGV[1], ARGV[2] do
              local id = 'job-' .. string.format('%d', i)
              redis.call('HSET', 'queue:q:job:' .. id, 'id', id, 'kind', 'work', 'payload', '{"kind":"work"}', 'status', 'processing',
                'attempts', '1', 'enqueued_at_ms', '1700000000000', 'claim_token', 'token', 'fence', string.format('%d', i),
                'claimed_at_ms', string.format('%d', deadline - 600000), 'lease', 'token:' .. string.format('%d', deadline) .. ':600000')
              redis.call('LPUSH', 'queue:q:processing', id)
            end
            """;

    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port(), QueueSettings.defaults().withVisibility(Duration.ofMinutes(10))).notAlone();
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private void claimed(int from, int to) {
        for (int begin = from; begin <= to; begin += 2000) {
            stage.redis.eval(
                    CLAIMED,
                    ScriptOutputType.STATUS,
                    new String[0],
                    Integer.toString(begin),
                    Integer.toString(Math.min(begin + 1999, to)));
        }
    }

    private static Claim claim(int job) {
        return new Claim(
                "q",
                "job-" + job,
                "work",
                TOKEN,
                1,
                0,
                null,
                job,
                JobCodec.standard().json("{}"),
                Map.of(),
                null,
                null,
                false);
    }

    /**
     * The time of the processor that Redis has used, in ms: unlike wall time it does not suffer from busy neighbours.
     */
    private double used() {
        return stage.redis
                        .info("cpu")
                        .lines()
                        .filter(line -> line.startsWith("used_cpu_sys_main_thread:")
                                || line.startsWith("used_cpu_user_main_thread:"))
                        .mapToDouble(line -> Double.parseDouble(
                                line.substring(line.indexOf(':') + 1).strip()))
                        .sum()
                * 1000;
    }

    private double measured(int calls, Runnable call) {
        call.run(); // brings the script
        double before = used();
        for (int i = 0; i < calls; i++) {
            call.run();
        }
        return (used() - before) / calls;
    }

    @Test
    @Proves(fault = "100,000 jobs are in flight", holds = "a call costs about what it costs among 1,000")
    void amongAHundredThousandClaimsACallCostsAboutWhatItCostsAmongAThousand() {
        claimed(1, 4000);
        Map<String, Double> few = costs(4000);
        stage.redis.flushall();
        claimed(1, 100_000);
        Map<String, Double> many = costs(100_000);

        assertThat(many).allSatisfy((call, millis) -> assertThat(millis)
                .as("%s; among 4,000 claims %s, among 100,000 %s", call, few, many)
                // a scan of the list would cost 25 times as much
                .isLessThan(2 + 6 * few.get(call)));
    }

    /** What calls cost among so many claims, in ms of the processor. */
    private Map<String, Double> costs(int claims) {
        List<Integer> order = IntStream.rangeClosed(1, claims).boxed().collect(Collectors.toCollection(ArrayList::new));
        Collections.shuffle(order, new Random(7));
        Map<String, Double> costs = new TreeMap<>();
        costs.put("settle 100", measured(15, () -> {
            List<Integer> batch = order.subList(0, 100);
            assertThat(stage.store
                            .settle(batch.stream()
                                    .map(job -> Verb.COMPLETE.of(claim(job)))
                                    .toList())
                            .join()
                            .answers())
                    .containsOnly(Answer.DONE);
            batch.clear();
        }));
        costs.put("extend 200", measured(15, () -> assertThat(stage.store
                        .extend(order.subList(0, 200).stream()
                                .map(job -> new Renewal(claim(job), Duration.ofMinutes(10)))
                                .toList())
                        .join())
                .containsOnly(Renewed.HELD)));
        costs.put("sweep a page", measured(15, () -> {
            stage.redis.hset(
                    "queue:q:meta", Map.of("next_sweep", "1", "hold_left", "0", "last_sweep", "9999999999999"));
            stage.sweep(Duration.ofDays(9999));
        }));
        costs.put("claim none", measured(15, () -> stage.store.claim(10).join()));
        return costs;
    }

    @Test
    void theNewestClaimsAreRemovedAtTheHeadAmongManyOlderClaims() {
        claimed(1, 30_000);
        stage.redis.hset("queue:q:meta", "claims_total", "30000");
        stage.enqueue("work", "mine", 100);
        List<Claim> mine = stage.store.claim(100).join().jobs();
        stage.redis.configResetstat();

        List<Answer> answers = stage.store
                .settle(mine.stream().map(claim -> Verb.COMPLETE.of(claim)).toList())
                .join()
                .answers();

        assertThat(answers).hasSize(100).containsOnly(Answer.DONE);
        assertThat(stage.list("processing")).hasSize(30_000).noneMatch(id -> id.startsWith("mine"));
        assertThat(stage.redis.info("commandstats").lines())
                .anyMatch(line -> line.startsWith("cmdstat_lpos:calls=100,"))
                .noneMatch(line -> line.startsWith("cmdstat_lindex")); // nothing was searched
    }

    @Test
    void theSearchByFenceRemovesTheRightEntriesAmongThoseOfOtherClients() {
        for (int round = 0; round < 3; round++) {
            long seed = 1000 + round;
            Random random = new Random(seed);
            stage.redis.flushall();
            int ours = 2300 + random.nextInt(400);
            claimed(1, ours);
            List<String> model = new ArrayList<>(stage.list("processing"));
            int strangers = round * 300;
            for (int i = 0; i < strangers; i++) {
                String id = "guide-" + i;
                Map<String, String> hash = new HashMap<>(Map.of("id", id, "payload", "{}", "status", "processing"));
                if (i % 3 == 0) {
                    hash.put("fence", Integer.toString(random.nextInt(2 * ours))); // from a claim of ours, long ago
                } else if (i % 3 == 1) {
                    hash.put("fence", "garbage");
                }
                if (i % 10 != 0) {
                    stage.redis.hset("queue:q:job:" + id, hash);
                }
                model.add(random.nextInt(model.size()), id);
            }
            stage.redis.del("queue:q:processing");
            stage.redis.rpush("queue:q:processing", model.toArray(String[]::new));
            List<Integer> order =
                    IntStream.rangeClosed(1, ours).boxed().collect(Collectors.toCollection(ArrayList::new));
            Collections.shuffle(order, random);

            for (int call = 0; call < 6; call++) {
                List<Integer> batch = new ArrayList<>(order.subList(0, 100));
                order.subList(0, 100).clear();
                if (call % 2 == 0) {
                    batch.add(batch.get(0)); // twice in one call
                }
                Map<Integer, Verb> verbs = batch.stream()
                        .distinct()
                        .collect(Collectors.toMap(
                                job -> job, job -> Verb.values()[random.nextInt(Verb.values().length)]));
                List<Answer> answers = stage.store
                        .settle(IntStream.range(0, batch.size())
                                .mapToObj(i -> verbs.get(batch.get(i)).of(claim(batch.get(i))))
                                .toList())
                        .join()
                        .answers();
                assertThat(answers.subList(0, 100)).as("seed %d", seed).containsOnly(Answer.DONE);
                Set<String> gone = batch.stream().map(job -> "job-" + job).collect(Collectors.toSet());
                model.removeIf(gone::contains);
                assertThat(stage.list("processing")).as("seed %d", seed).isEqualTo(model);
            }
            assertThat(stage.redis.lrange("queue:q:pending", 0, -1)).doesNotHaveDuplicates();
        }
    }
}
