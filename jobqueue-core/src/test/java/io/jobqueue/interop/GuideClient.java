package io.jobqueue.interop;

import static org.awaitility.Awaitility.await;

import io.lettuce.core.LMoveArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectMapper;

/**
 * A client of the public Redis job-queue guide: producer, worker and sweeper in one, with the habits of one of its ports.
 * It knows nothing of our fields and keys, takes the time from its own clock, and claims in two round trips.
 */
final class GuideClient implements AutoCloseable {

    /** A claim: what the worker of a port has in hand. */
    record Job(String id, String token, Map<String, Object> payload, int attempts) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TTL_SECONDS = 300;

    private static final String ENQUEUE =
            """
            local fields = {}
            for at = 2, #ARGV do fields[#fields + 1] = ARGV[at] end
            redis.call('HSET', KEYS[2], unpack(fields))
            return redis.call('LPUSH', KEYS[1], ARGV[1])
            """;

    private static final String COMPLETE =
            """
            local job = KEYS[1] .. ARGV[1]
            if redis.call('HGET', job, 'claim_token') ~= ARGV[2] then return 0 end
            redis.call('LREM', KEYS[2], 1, ARGV[1])
            redis.call('HSET', job, 'status', ARGV[3], 'completed_at_ms', ARGV[4], 'result', ARGV[5])
            redis.call('EXPIRE', job, ARGV[6])
            redis.call('LPUSH', KEYS[3], ARGV[1])
            redis.call('LTRIM', KEYS[3], 0, ARGV[7] - 1)
            return 1
            """;

    private static final String FAIL =
            """
            local job = KEYS[1] .. ARGV[1]
            if redis.call('HGET', job, 'claim_token') ~= ARGV[2] then return 0 end
            redis.call('LREM', KEYS[2], 1, ARGV[1])
            if ARGV[7] == '1' then
              redis.call('HSET', job, 'status', 'pending', 'last_error', ARGV[3], 'last_error_at_ms', ARGV[4],
                'claim_token', '', 'claimed_at_ms', 0)
              redis.call('LPUSH', KEYS[3], ARGV[1])
              return 1
            end
            redis.call('HSET', job, 'status', 'failed', 'last_error', ARGV[3], 'last_error_at_ms', ARGV[4], 'claim_token', '')
            redis.call('LPUSH', KEYS[4], ARGV[1])
            redis.call('LTRIM', KEYS[4], 0, ARGV[6] - 1)
            redis.call('EXPIRE', job, ARGV[5])
            return 2
            """;

    private static final String RECLAIM =
            """
            local now, visibility, moved = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
            for _, id in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
              local job = KEYS[3] .. id
              local claimed = tonumber(redis.call('HGET', job, 'claimed_at_ms') or '0')
              local enqueued = tonumber(redis.call('HGET', job, 'enqueued_at_ms') or '0')
              if (claimed > 0 and now - claimed > visibility)
                or (claimed == 0 and enqueued > 0 and now - enqueued > 2 * visibility) then
                redis.call('LREM', KEYS[2], 1, id)
                redis.call('LPUSH', KEYS[1], id)
                redis.call('HSET', job, 'status', 'pending', 'reclaimed_at_ms', now, 'claim_token', '', 'claimed_at_ms', 0)
                moved[#moved + 1] = id
              end
            end
            return moved
            """;

    private final Dialect dialect;
    private final String root;
    private final Duration visibility;
    private final int maxAttempts;
    private final RedisClient client;
    private final StatefulRedisConnection<String, String> connection;
    private final RedisCommands<String, String> redis;
    private int history = 50;

    GuideClient(Dialect dialect, RedisURI uri, String queue, Duration visibility, int maxAttempts) {
        this.dialect = dialect;
        this.root = "queue:" + queue + ":";
        this.visibility = visibility;
        this.maxAttempts = maxAttempts;
        client = RedisClient.create(uri);
        connection = client.connect();
        redis = connection.sync();
        if (dialect.calls == Dialect.Calls.BY_DIGEST_ONLY) {
            List.of(COMPLETE, FAIL, RECLAIM).forEach(redis::scriptLoad);
        }
    }

    /** The same client, keeping histories of another length. */
    GuideClient keeping(int jobs) {
        history = jobs;
        return this;
    }

    private String job(String id) {
        return root + "job:" + id;
    }

    private static String hex16() {
        return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }

    private static String now() {
        return Long.toString(System.currentTimeMillis());
    }

    String enqueue(Map<String, Object> payload) {
        return enqueue(dialect.spelling.write(payload));
    }

    /** Enqueues a payload that is spelt already. */
    String enqueue(String payload) {
        String id = hex16();
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("id", id);
        fields.put("payload", payload);
        fields.put("status", "pending");
        fields.put("attempts", "0");
        fields.put("enqueued_at_ms", now());
        fields.put("claim_token", "");
        switch (dialect.form) {
            case TRANSACTION -> {
                redis.multi();
                redis.hset(job(id), fields);
                redis.lpush(root + "pending", id);
                redis.exec();
            }
            case PIPELINE -> {
                var hash = connection.async().hset(job(id), fields);
                var list = connection.async().lpush(root + "pending", id);
                hash.toCompletableFuture().join();
                list.toCompletableFuture().join();
            }
            case SCRIPT -> {
                List<String> args = new ArrayList<>(List.of(id));
                fields.forEach((name, value) -> args.addAll(List.of(name, value)));
                redis.<Long>eval(
                        ENQUEUE,
                        ScriptOutputType.INTEGER,
                        new String[] {root + "pending", job(id)},
                        args.toArray(String[]::new));
            }
        }
        return id;
    }

    /** The first of the two round trips of a claim. */
    @Nullable
    String pop() {
        String from = root + "pending";
        String to = root + "processing";
        double seconds = dialect.block.toMillis() / 1000.0;
        return switch (dialect.pop) {
            case BRPOPLPUSH -> redis.brpoplpush(seconds, from, to);
            case BLMOVE -> redis.blmove(from, to, LMoveArgs.Builder.rightLeft(), seconds);
            case RPOPLPUSH_POLLED -> {
                long over = System.nanoTime() + dialect.block.toNanos();
                String[] popped = new String[1];
                await().pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(50))
                        .until(() -> (popped[0] = redis.rpoplpush(from, to)) != null || System.nanoTime() > over);
                yield popped[0];
            }
        };
    }

    /** The second. */
    Job stamp(String id) {
        String token = hex16();
        Map<String, String> stamp = Map.of("status", "processing", "claimed_at_ms", now(), "claim_token", token);
        Map<String, String> fields =
                switch (dialect.form) {
                    case TRANSACTION -> {
                        redis.multi();
                        redis.hset(job(id), stamp);
                        redis.hincrby(job(id), "attempts", 1);
                        redis.hgetall(job(id));
                        yield redis.exec().get(2);
                    }
                    case PIPELINE -> {
                        connection.async().hset(job(id), stamp);
                        connection.async().hincrby(job(id), "attempts", 1);
                        yield connection
                                .async()
                                .hgetall(job(id))
                                .toCompletableFuture()
                                .join();
                    }
                    case SCRIPT -> {
                        redis.hset(job(id), stamp);
                        redis.hincrby(job(id), "attempts", 1);
                        yield redis.hgetall(job(id));
                    }
                };
        return new Job(
                id, token, object(fields.getOrDefault("payload", "{}")), Integer.parseInt(fields.get("attempts")));
    }

    @SuppressWarnings("unchecked") // what is no object reads as an empty one, as in most ports
    private static Map<String, Object> object(String json) {
        try {
            return JSON.readValue(json, Object.class) instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
        } catch (JacksonException ex) {
            return Map.of();
        }
    }

    Optional<Job> claim() {
        return Optional.ofNullable(pop()).map(this::stamp);
    }

    boolean complete(Job job, Map<String, Object> result) {
        return complete(job.id(), job.token(), result);
    }

    boolean complete(String id, String token, Map<String, Object> result) {
        long answer = this.<Long>script(
                COMPLETE,
                ScriptOutputType.INTEGER,
                List.of(root + "job:", root + "processing", root + "completed"),
                id,
                token,
                "completed",
                now(),
                dialect.spelling.write(result),
                Integer.toString(TTL_SECONDS),
                Integer.toString(history));
        if (answer == 1) {
            publish(id, "completed");
        }
        return answer == 1;
    }

    /**
     * Fails a job; this client alone decides whether it is retried.
     *
     * @return 0 refused, 1 retried, 2 failed for good
     */
    int fail(Job job, String error) {
        boolean retry = job.attempts() < maxAttempts;
        long answer = this.<Long>script(
                FAIL,
                ScriptOutputType.INTEGER,
                List.of(root + "job:", root + "processing", root + "pending", root + "failed"),
                job.id(),
                job.token(),
                error,
                now(),
                Integer.toString(TTL_SECONDS),
                Integer.toString(history),
                retry ? "1" : "0");
        if (answer != 0) {
            publish(job.id(), retry ? "retry" : "failed");
        }
        return (int) answer;
    }

    /** Sweeps, as every worker of the guide does before it claims. */
    List<String> reclaim() {
        return script(
                RECLAIM,
                ScriptOutputType.MULTI,
                List.of(root + "pending", root + "processing", root + "job:"),
                now(),
                Long.toString(visibility.toMillis()));
    }

    private void publish(String id, String status) {
        redis.publish(root + "events", dialect.spelling.write(Map.of("id", id, "status", status)));
    }

    private <T> T script(String text, ScriptOutputType reply, List<String> keys, String... args) {
        String[] names = keys.toArray(String[]::new);
        if (dialect.calls == Dialect.Calls.BY_TEXT) {
            return redis.eval(text, reply, names, args);
        }
        try {
            return redis.evalsha(redis.digest(text), reply, names, args);
        } catch (RedisNoScriptException ex) {
            if (dialect.calls == Dialect.Calls.BY_DIGEST_ONLY) {
                throw ex;
            }
            return redis.eval(text, reply, names, args);
        }
    }

    /** The lengths of the four lists, as its demo shows them. */
    Map<String, Long> depths() {
        Map<String, Long> depths = new LinkedHashMap<>();
        List.of("pending", "processing", "completed", "failed")
                .forEach(name -> depths.put(name, redis.llen(root + name)));
        return depths;
    }

    @Override
    public void close() {
        connection.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    }
}
