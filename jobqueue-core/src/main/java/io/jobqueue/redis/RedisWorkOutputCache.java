package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.JsonText;
import io.jobqueue.Names;
import io.jobqueue.UnreadableJsonException;
import io.jobqueue.WorkOutputCache;
import io.lettuce.core.ScriptOutputType;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The outputs of runs on one queue, in hashes beside it. */
final class RedisWorkOutputCache implements WorkOutputCache {

    private static final Script PUT = Script.of(ScriptOutputType.INTEGER, "runs/put-output");
    private static final Script EXPECT = Script.of(ScriptOutputType.INTEGER, "runs/expect-units");
    private static final Script EVICT = Script.of(ScriptOutputType.INTEGER, "runs/evict");
    private static final Script PROGRESS = Script.of(ScriptOutputType.MULTI, "runs/count-outputs");
    /** The field of a unit that is done and has no value. */
    static final String NOTHING = "null";

    private final QueueRedis redis;

    RedisWorkOutputCache(QueueRedis redis) {
        this.redis = redis;
    }

    @Override
    public void put(String runId, String unitId, Object output) {
        String json = redis.codec().output(output, redis.settings().result().maxSize());
        if (waitFor(() -> redis.<Long>call(PUT, List.of(Names.run(runId), Names.unit(unitId), json, ttl()))) == 0) {
            throw new IllegalStateException(
                    "run '%s' was started, so the outputs of its units come from their jobs and cannot be put"
                            .formatted(runId));
        }
    }

    @Override
    public <T> Optional<T> get(String runId, String unitId, Class<T> type) {
        return field(redis.keys().outputs(Names.run(runId)), unitId, type);
    }

    private <T> Optional<T> field(String key, String unitId, Class<T> type) {
        Names.unit(unitId);
        String json = waitFor(() -> redis.<@Nullable String>read(key, commands -> commands.hget(key, unitId)));
        return json == null || json.equals(NOTHING) ? Optional.empty() : Optional.of(read(unitId, json, type));
    }

    @Override
    public <T> Map<String, T> all(String runId, Class<T> type) {
        Map<String, T> outputs = new LinkedHashMap<>();
        stream(runId, type).forEach(unit -> outputs.put(unit.getKey(), unit.getValue()));
        return outputs;
    }

    @Override
    public <T> Stream<Map.Entry<String, T>> stream(String runId, Class<T> type) {
        return fields(redis.keys().outputs(Names.run(runId)), type);
    }

    private <T> Stream<Map.Entry<String, T>> fields(String key, Class<T> type) {
        return Fields.of(redis, key)
                .filter(field -> !field.getValue().equals(NOTHING))
                .map(field -> Map.entry(field.getKey(), read(field.getKey(), field.getValue(), type)));
    }

    @Override
    public <T> Optional<T> early(String runId, String unitId, Class<T> type) {
        return field(redis.keys().early(Names.run(runId)), unitId, type);
    }

    @Override
    public <T> Stream<Map.Entry<String, T>> streamEarly(String runId, Class<T> type) {
        return fields(redis.keys().early(Names.run(runId)), type);
    }

    @Override
    public Map<String, String> failures(String runId) {
        Map<String, String> failures = new HashMap<>();
        Fields.of(redis, redis.keys().failures(Names.run(runId)))
                .forEach(unit -> failures.put(unit.getKey(), unit.getValue()));
        return failures;
    }

    @Override
    public void expect(String runId, long units) {
        if (units < 0) {
            throw new IllegalArgumentException("expected units must not be negative, was " + units);
        }
        if (waitFor(() -> redis.<Long>call(EXPECT, List.of(Names.run(runId), Long.toString(units), ttl()))) == 0) {
            throw new IllegalStateException(
                    "run '%s' was started, so it knows its units and expects no others".formatted(runId));
        }
    }

    @Override
    public RunProgress progress(String runId) {
        List<Object> reply = waitFor(() -> redis.<List<Object>>call(PROGRESS, List.of(Names.run(runId))));
        long expected = (Long) reply.get(0);
        return new RunProgress(
                expected < 0 ? OptionalLong.empty() : OptionalLong.of(expected), (Long) reply.get(1), (Long)
                        reply.get(2));
    }

    @Override
    public boolean evict(String runId) {
        long answer = waitFor(() -> redis.<Long>call(EVICT, List.of(Names.run(runId))));
        if (answer < 0) {
            throw new IllegalStateException(
                    "run '%s' has not ended, or its gather job has not, so it cannot be evicted; cancel it before, or wait for the gather"
                            .formatted(runId));
        }
        return answer > 0;
    }

    private String ttl() {
        return Long.toString(redis.settings().workOutput().ttl().toMillis());
    }

    private <T> T read(String unitId, String json, Class<T> type) {
        try {
            JsonText text = redis.codec().json(json);
            return text.as(type);
        } catch (UnreadableJsonException ex) {
            throw ex.of("the output of unit '" + unitId + "'");
        }
    }
}
