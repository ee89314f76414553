package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.Names;
import io.jobqueue.UnreadableJsonException;
import io.jobqueue.WorkOutputs;
import io.lettuce.core.KeyValue;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the units of a run came to, in the hashes beside its queue. */
final class RedisWorkOutputs<T> implements WorkOutputs<T> {

    private final QueueRedis redis;
    private final String runId;
    private final Type type;

    RedisWorkOutputs(QueueRedis redis, String runId, Type type) {
        this.redis = redis;
        this.runId = runId;
        this.type = type;
    }

    @Override
    public String runId() {
        return runId;
    }

    @Override
    public long size() {
        String key = redis.keys().outputs(runId);
        return waitFor(() -> redis.<Long>read(key, commands -> commands.hlen(key)));
    }

    @Override
    public Optional<T> get(String unitId) {
        Names.unit(unitId);
        String json = waitFor(() -> redis.<@Nullable String>command(
                commands -> commands.hget(redis.keys().outputs(runId), unitId)));
        return json == null || json.equals(RedisWorkOutputCache.NOTHING)
                ? Optional.empty()
                : Optional.of(read(unitId, json));
    }

    @Override
    public Stream<Map.Entry<String, T>> stream() {
        return Fields.of(redis, redis.keys().outputs(runId))
                .filter(field -> !field.getValue().equals(RedisWorkOutputCache.NOTHING))
                .map(field -> Map.entry(field.getKey(), read(field.getKey(), field.getValue())));
    }

    @Override
    public Stream<Map.Entry<String, String>> failures() {
        return Fields.of(redis, redis.keys().failures(runId));
    }

    @Override
    public Stream<String> missing() {
        return Fields.pages(redis, redis.keys().units(runId))
                .filter(page -> !page.isEmpty())
                .flatMap(this::missing);
    }

    private Stream<String> missing(List<Map.Entry<String, String>> page) {
        String[] units = page.stream().map(Map.Entry::getKey).toArray(String[]::new);
        // the failures first: a unit that goes from failed to done in between is not missing
        List<KeyValue<String, String>> failed = waitFor(() -> redis.<List<KeyValue<String, String>>>command(
                commands -> commands.hmget(redis.keys().failures(runId), units)));
        List<KeyValue<String, String>> done = waitFor(() -> redis.<List<KeyValue<String, String>>>command(
                commands -> commands.hmget(redis.keys().outputs(runId), units)));
        List<String> missing = new ArrayList<>();
        for (int i = 0; i < units.length; i++) {
            if (!failed.get(i).hasValue() && !done.get(i).hasValue()) {
                missing.add(units[i]);
            }
        }
        return missing.stream();
    }

    @Override
    public Stream<String> late() {
        return Fields.of(redis, redis.keys().late(runId)).map(Map.Entry::getKey);
    }

    @SuppressWarnings("unchecked") // the type is what T stands for
    private T read(String unitId, String json) {
        try {
            return (T) redis.codec().json(json).as(type);
        } catch (UnreadableJsonException ex) {
            throw ex.of("the output of unit '" + unitId + "'");
        }
    }

    @Override
    public String toString() {
        return "WorkOutputs[" + redis.name() + "/" + runId + "]";
    }
}
