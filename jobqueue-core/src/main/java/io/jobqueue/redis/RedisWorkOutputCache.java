package io.jobqueue.redis;

import static io.jobqueue.redis.RedisJobQueue.waitFor;

import io.jobqueue.JsonText;
import io.jobqueue.Names;
import io.jobqueue.UnreadableJsonException;
import io.jobqueue.WorkOutputCache;
import io.lettuce.core.MapScanCursor;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.ScriptOutputType;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** The outputs of runs on one queue, in hashes beside it. */
final class RedisWorkOutputCache implements WorkOutputCache {

    private static final Script PUT = Script.of(ScriptOutputType.INTEGER, "endings", "put");
    private static final Script EXPECT = Script.of(ScriptOutputType.INTEGER, "endings", "expect");
    private static final Script PROGRESS = Script.of(ScriptOutputType.MULTI, "progress");
    private static final int PAGE = 500;
    /** The field of a unit that is done and has no value. */
    private static final String NOTHING = "null";

    private final RedisJobStore store;

    RedisWorkOutputCache(RedisJobStore store) {
        this.store = store;
    }

    @Override
    public void put(String runId, String unitId, Object output) {
        String json = store.codec().output(output, store.settings().maxResultBytes());
        waitFor(store.<Long>call(PUT, List.of(Names.run(runId), Names.unit(unitId), json, ttl())));
    }

    @Override
    public <T> Optional<T> get(String runId, String unitId, Class<T> type) {
        String key = store.keys().outputs(Names.run(runId));
        String json = waitFor(store.<@Nullable String>read(key, redis -> redis.hget(key, Names.unit(unitId))));
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
        return fields(store.keys().outputs(Names.run(runId)))
                .filter(field -> !field.getValue().equals(NOTHING))
                .map(field -> Map.entry(field.getKey(), read(field.getKey(), field.getValue(), type)));
    }

    @Override
    public Map<String, String> failures(String runId) {
        Map<String, String> failures = new HashMap<>();
        fields(store.keys().failures(Names.run(runId))).forEach(unit -> failures.put(unit.getKey(), unit.getValue()));
        return failures;
    }

    @Override
    public void expect(String runId, long units) {
        if (units < 0) {
            throw new IllegalArgumentException("expected units must not be negative, was " + units);
        }
        waitFor(store.<Long>call(EXPECT, List.of(Names.run(runId), Long.toString(units), ttl())));
    }

    @Override
    public RunProgress progress(String runId) {
        List<Object> reply = waitFor(store.<List<Object>>call(PROGRESS, List.of(Names.run(runId))));
        long expected = (Long) reply.get(0);
        return new RunProgress(
                expected < 0 ? OptionalLong.empty() : OptionalLong.of(expected), (Long) reply.get(1), (Long)
                        reply.get(2));
    }

    @Override
    public boolean evict(String runId) {
        QueueKeys keys = store.keys();
        Names.run(runId);
        return waitFor(store.<Long>command(
                        redis -> redis.unlink(keys.outputs(runId), keys.failures(runId), keys.run(runId))))
                > 0;
    }

    private String ttl() {
        return Long.toString(store.settings().outputTtl().toMillis());
    }

    private <T> T read(String unitId, String json, Class<T> type) {
        try {
            JsonText text = store.codec().json(json);
            return text.as(type);
        } catch (UnreadableJsonException ex) {
            throw ex.of("the output of unit '" + unitId + "'");
        }
    }

    private Stream<Map.Entry<String, String>> fields(String key) {
        return StreamSupport.stream(
                Spliterators.spliteratorUnknownSize(
                        new Fields(key), Spliterator.DISTINCT | Spliterator.NONNULL | Spliterator.ORDERED),
                false);
    }

    /** Walks a hash page by page. HSCAN may show a field twice while the hash grows; this shows it once. */
    private final class Fields implements Iterator<Map.Entry<String, String>> {

        private final String key;
        private final Set<String> seen = new HashSet<>();
        private ScanCursor cursor = ScanCursor.INITIAL;
        private Iterator<Map.Entry<String, String>> page =
                Map.<String, String>of().entrySet().iterator();

        Fields(String key) {
            this.key = key;
        }

        @Override
        public boolean hasNext() {
            while (!page.hasNext() && !cursor.isFinished()) {
                ScanCursor from = cursor;
                MapScanCursor<String, String> next = waitFor(store.<MapScanCursor<String, String>>read(
                        key, redis -> redis.hscan(key, from, ScanArgs.Builder.limit(PAGE))));
                cursor = next;
                page = next.getMap().entrySet().stream()
                        .filter(field -> seen.add(field.getKey()))
                        .iterator();
            }
            return page.hasNext();
        }

        @Override
        public Map.Entry<String, String> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return page.next();
        }
    }
}
