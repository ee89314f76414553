package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.Names;
import io.jobqueue.UnreadableJsonException;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A hash of a run that holds one JSON value for each unit: its outputs, or its early outputs.
 *
 * @param key the key of the hash
 * @param type what a value is read into
 */
record UnitValues<T>(QueueRedis redis, String key, Type type) {

    /** The field of a unit that is done and produced nothing. */
    private static final String NOTHING = "null";

    Optional<T> get(String unitId) {
        Names.unit(unitId);
        String json = waitFor(() -> redis.<@Nullable String>read(key, commands -> commands.hget(key, unitId)));
        return json == null || json.equals(NOTHING) ? Optional.empty() : Optional.of(value(unitId, json));
    }

    /** The values that are something, page by page while the stream is consumed. */
    Stream<Map.Entry<String, T>> stream() {
        return Fields.of(redis, key)
                .filter(field -> !field.getValue().equals(NOTHING))
                .map(field -> Map.entry(field.getKey(), value(field.getKey(), field.getValue())));
    }

    @SuppressWarnings("unchecked") // the type is what T stands for
    private T value(String unitId, String json) {
        try {
            return (T) redis.codec().json(json).as(type);
        } catch (UnreadableJsonException ex) {
            throw ex.of("the output of unit '" + unitId + "'");
        }
    }
}
