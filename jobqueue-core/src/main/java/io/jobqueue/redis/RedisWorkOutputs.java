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

    private final RedisJobStore store;
    private final String runId;
    private final Type type;

    RedisWorkOutputs(RedisJobStore store, String runId, Type type) {
        this.store = store;
        this.runId = runId;
        this.type = type;
    }

    @Override
    public String runId() {
        return runId;
    }

    @Override
    public long size() {
        String key = store.keys().outputs(runId);
        return waitFor(() -> store.<Long>read(key, redis -> redis.hlen(key)));
    }

    @Override
    public Optional<T> get(String unitId) {
        Names.unit(unitId);
        String json = waitFor(() ->
                store.<@Nullable String>command(redis -> redis.hget(store.keys().outputs(runId), unitId)));
        return json == null || json.equals(RedisWorkOutputCache.NOTHING)
                ? Optional.empty()
                : Optional.of(read(unitId, json));
    }

    @Override
    public Stream<Map.Entry<String, T>> stream() {
        return Fields.of(store, store.keys().outputs(runId))
                .filter(field -> !field.getValue().equals(RedisWorkOutputCache.NOTHING))
                .map(field -> Map.entry(field.getKey(), read(field.getKey(), field.getValue())));
    }

    @Override
    public Stream<Map.Entry<String, String>> failures() {
        return Fields.of(store, store.keys().failures(runId));
    }

    @Override
    public Stream<String> missing() {
        return Fields.pages(store, store.keys().units(runId))
                .filter(page -> !page.isEmpty())
                .flatMap(this::missing);
    }

    private Stream<String> missing(List<Map.Entry<String, String>> page) {
        String[] units = page.stream().map(Map.Entry::getKey).toArray(String[]::new);
        // the failures first: a unit that goes from failed to done in between is not missing
        List<KeyValue<String, String>> failed = waitFor(() -> store.<List<KeyValue<String, String>>>command(
                redis -> redis.hmget(store.keys().failures(runId), units)));
        List<KeyValue<String, String>> done = waitFor(() -> store.<List<KeyValue<String, String>>>command(
                redis -> redis.hmget(store.keys().outputs(runId), units)));
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
        return Fields.of(store, store.keys().late(runId)).map(Map.Entry::getKey);
    }

    @SuppressWarnings("unchecked") // the type is what T stands for
    private T read(String unitId, String json) {
        try {
            return (T) store.codec().json(json).as(type);
        } catch (UnreadableJsonException ex) {
            throw ex.of("the output of unit '" + unitId + "'");
        }
    }

    @Override
    public String toString() {
        return "WorkOutputs[" + store.queue() + "/" + runId + "]";
    }
}
