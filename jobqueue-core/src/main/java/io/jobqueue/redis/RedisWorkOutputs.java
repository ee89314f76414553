package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.WorkOutputs;
import io.lettuce.core.KeyValue;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The outputs of one run, for the handler that gathers them. */
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
        return outputs().get(unitId);
    }

    @Override
    public Stream<Map.Entry<String, T>> stream() {
        return outputs().stream();
    }

    private UnitValues<T> outputs() {
        return new UnitValues<>(redis, redis.keys().outputs(runId), type);
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
        List<KeyValue<String, String>> failed = values(redis.keys().failures(runId), units);
        List<KeyValue<String, String>> done = values(redis.keys().outputs(runId), units);
        return IntStream.range(0, units.length)
                .filter(i -> !failed.get(i).hasValue() && !done.get(i).hasValue())
                .mapToObj(i -> units[i]);
    }

    private List<KeyValue<String, String>> values(String key, String[] units) {
        return waitFor(() -> redis.<List<KeyValue<String, String>>>command(commands -> commands.hmget(key, units)));
    }

    @Override
    public Stream<String> late() {
        return Fields.of(redis, redis.keys().late(runId)).map(Map.Entry::getKey);
    }

    @Override
    public String toString() {
        return "WorkOutputs[" + redis.name() + "/" + runId + "]";
    }
}
