package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.Names;
import io.jobqueue.WorkOutputCache;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** The outputs of the runs on one queue, stored in hashes with the keys of the queue. */
final class RedisWorkOutputCache implements WorkOutputCache {

    private static final Script PUT = Script.of(ScriptOutputType.INTEGER, "runs/put-output");
    private static final Script EXPECT = Script.of(ScriptOutputType.INTEGER, "runs/expect-units");
    private static final Script EVICT = Script.of(ScriptOutputType.INTEGER, "runs/evict");
    private static final Script COUNT = Script.of(ScriptOutputType.MULTI, "runs/count-outputs");

    private final QueueRedis redis;

    RedisWorkOutputCache(QueueRedis redis) {
        this.redis = redis;
    }

    // ---- write

    @Override
    public void put(String runId, String unitId, Object output) {
        String json = redis.codec().output(output, redis.settings().result().maxSize());
        if (number(PUT, Names.run(runId), Names.unit(unitId), json, ttl()) == 0) {
            throw new IllegalStateException(
                    "run '%s' was started, so the outputs of its units come from their jobs and cannot be put"
                            .formatted(runId));
        }
    }

    @Override
    public void expect(String runId, long units) {
        if (units < 0) {
            throw new IllegalArgumentException("expected units must not be negative, was " + units);
        }
        if (number(EXPECT, Names.run(runId), units, ttl()) == 0) {
            throw new IllegalStateException(
                    "run '%s' was started, so it knows its units and expects no others".formatted(runId));
        }
    }

    @Override
    public boolean evict(String runId) {
        long answer = number(EVICT, Names.run(runId));
        if (answer < 0) {
            throw new IllegalStateException(
                    "run '%s' has not ended, or its gather job has not, so it cannot be evicted; cancel it before, or wait for the gather"
                            .formatted(runId));
        }
        return answer > 0;
    }

    private long number(Script script, Object... args) {
        return waitFor(() -> redis.<Long>call(script, Args.of(args)));
    }

    private Duration ttl() {
        return redis.settings().workOutput().ttl();
    }

    // ---- read

    @Override
    public <T> Optional<T> get(String runId, String unitId, Class<T> type) {
        return this.<T>outputs(runId, type).get(unitId);
    }

    @Override
    public <T> Map<String, T> all(String runId, Class<T> type) {
        Map<String, T> outputs = new LinkedHashMap<>();
        stream(runId, type).forEach(unit -> outputs.put(unit.getKey(), unit.getValue()));
        return outputs;
    }

    @Override
    public <T> Stream<Map.Entry<String, T>> stream(String runId, Class<T> type) {
        return this.<T>outputs(runId, type).stream();
    }

    private <T> UnitValues<T> outputs(String runId, Class<T> type) {
        return new UnitValues<>(redis, redis.keys().outputs(Names.run(runId)), type);
    }

    @Override
    public <T> Optional<T> early(String runId, String unitId, Class<T> type) {
        return this.<T>earlyOutputs(runId, type).get(unitId);
    }

    @Override
    public <T> Stream<Map.Entry<String, T>> streamEarly(String runId, Class<T> type) {
        return this.<T>earlyOutputs(runId, type).stream();
    }

    private <T> UnitValues<T> earlyOutputs(String runId, Class<T> type) {
        return new UnitValues<>(redis, redis.keys().early(Names.run(runId)), type);
    }

    @Override
    public Map<String, String> failures(String runId) {
        Map<String, String> failures = new HashMap<>();
        Fields.of(redis, redis.keys().failures(Names.run(runId)))
                .forEach(unit -> failures.put(unit.getKey(), unit.getValue()));
        return failures;
    }

    @Override
    public RunProgress progress(String runId) {
        Names.run(runId);
        Reply reply = waitFor(() -> redis.ask(COUNT, List.of(runId)));
        long expected = reply.number();
        return new RunProgress(
                expected < 0 ? OptionalLong.empty() : OptionalLong.of(expected), reply.number(), reply.number());
    }
}
