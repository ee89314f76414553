package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.lettuce.core.MapScanCursor;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Walks a hash page by page. HSCAN may return a field twice while the hash grows; this iterator returns it once. */
final class Fields implements Iterator<List<Map.Entry<String, String>>> {

    private static final int PAGE = 500;

    private final QueueRedis redis;
    private final String key;
    private final Set<String> seen = new HashSet<>();
    private ScanCursor cursor = ScanCursor.INITIAL;

    private Fields(QueueRedis redis, String key) {
        this.redis = redis;
        this.key = key;
    }

    /** The fields one by one; pages are read while the stream is consumed. */
    static Stream<Map.Entry<String, String>> of(QueueRedis redis, String key) {
        return pages(redis, key).flatMap(List::stream);
    }

    /** The pages themselves. */
    static Stream<List<Map.Entry<String, String>>> pages(QueueRedis redis, String key) {
        return StreamSupport.stream(
                Spliterators.spliteratorUnknownSize(
                        new Fields(redis, key), Spliterator.DISTINCT | Spliterator.NONNULL | Spliterator.ORDERED),
                false);
    }

    @Override
    public boolean hasNext() {
        return !cursor.isFinished();
    }

    @Override
    public List<Map.Entry<String, String>> next() {
        if (cursor.isFinished()) {
            throw new NoSuchElementException();
        }
        ScanCursor from = cursor;
        MapScanCursor<String, String> page = waitFor(() -> redis.<MapScanCursor<String, String>>read(
                key, commands -> commands.hscan(key, from, ScanArgs.Builder.limit(PAGE))));
        cursor = page;
        return page.getMap().entrySet().stream()
                .filter(field -> seen.add(field.getKey()))
                .toList();
    }
}
