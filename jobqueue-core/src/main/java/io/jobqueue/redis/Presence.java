package io.jobqueue.redis;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Finds which of many keys exist, with few commands. Redis deletes a list or a sorted set that becomes empty. So in an
 * idle application, one EXISTS shows that hundreds of lists are empty.
 *
 * <p>When some of the keys exist, it asks about each half of them until it knows which. It asks separately about the
 * keys that existed the last time, so that a few busy queues do not make the look at the idle ones expensive.
 *
 * <p>In a cluster it asks about each key alone. Queues are in slots of their own there, and a slot on its way to another
 * server answers commands of one key only.
 *
 * <p>Thread-safe.
 */
final class Presence {

    private final RedisConnector connector;

    /** The keys that existed when they were last asked about. Only a guess, which decides what is asked together. */
    private final Set<String> existed = ConcurrentHashMap.newKeySet();

    // guarded by this
    private Batch gathering = new Batch();
    private boolean isOut;

    Presence(RedisConnector connector) {
        this.connector = connector;
    }

    /**
     * What a look at a key saw.
     *
     * @param exists whether the key exists
     * @param at the time of the look by Redis's clock (ms), not later than the look; empty in a cluster, whose servers
     *     have a clock each
     */
    record Seen(boolean exists, OptionalLong at) {}

    /** The keys that are looked at together. */
    private static final class Batch {

        final List<String> keys = new ArrayList<>();
        final CompletableFuture<Map.Entry<OptionalLong, Set<String>>> seen = new CompletableFuture<>();
    }

    /** Looks at one key. Looks that are asked for while one is out go together in the next. */
    CompletableFuture<Seen> look(String key) {
        if (connector.isCluster()) {
            return count(List.of(key)).thenApply(count -> new Seen(count > 0, OptionalLong.empty()));
        }
        Batch mine;
        boolean sends;
        synchronized (this) {
            mine = gathering;
            mine.keys.add(key);
            sends = !isOut;
            if (sends) {
                isOut = true;
                gathering = new Batch();
            }
        }
        if (sends) {
            send(mine);
        }
        return mine.seen.thenApply(seen -> new Seen(seen.getValue().contains(key), seen.getKey()));
    }

    private void send(Batch batch) {
        CompletableFuture<OptionalLong> time = time(); // first, so that it is not later than the look
        CompletableFuture<Set<String>> existing = existing(batch.keys);
        var unused = time.thenCombine(existing, Map::entry).whenComplete((seen, failure) -> {
            Batch next;
            synchronized (this) {
                next = gathering;
                gathering = new Batch();
                isOut = !next.keys.isEmpty();
            }
            if (failure == null) {
                batch.seen.complete(seen);
            } else {
                batch.seen.completeExceptionally(failure);
            }
            if (!next.keys.isEmpty()) {
                send(next);
            }
        });
    }

    private CompletableFuture<OptionalLong> time() {
        return QueueRedis.attempt(() -> connector
                .<List<String>>send(redis -> redis.time())
                .thenApply(time ->
                        OptionalLong.of(Long.parseLong(time.get(0)) * 1000 + Long.parseLong(time.get(1)) / 1000)));
    }

    /** Those of the keys that exist. */
    CompletableFuture<Set<String>> existing(Collection<String> keys) {
        if (connector.isCluster()) {
            return each(keys);
        }
        List<String> likely = new ArrayList<>();
        List<String> unlikely = new ArrayList<>();
        for (String key : keys) {
            (existed.contains(key) ? likely : unlikely).add(key);
        }
        return search(likely).thenCombine(search(unlikely), Presence::union).thenApply(found -> {
            for (String key : keys) {
                if (found.contains(key)) {
                    existed.add(key);
                } else {
                    existed.remove(key);
                }
            }
            return found;
        });
    }

    private CompletableFuture<Set<String>> search(List<String> keys) {
        if (keys.isEmpty()) {
            return CompletableFuture.completedFuture(Set.of());
        }
        return count(keys).thenCompose(count -> {
            if (count == 0) {
                return CompletableFuture.completedFuture(Set.of());
            }
            if (count == keys.size()) {
                return CompletableFuture.completedFuture(Set.copyOf(keys));
            }
            int half = keys.size() / 2;
            return search(keys.subList(0, half)).thenCombine(search(keys.subList(half, keys.size())), Presence::union);
        });
    }

    /** Those of the keys that exist, asked about one by one. */
    private CompletableFuture<Set<String>> each(Collection<String> keys) {
        Set<String> found = ConcurrentHashMap.newKeySet();
        CompletableFuture<?>[] looks = keys.stream()
                .map(key -> count(List.of(key)).thenAccept(count -> {
                    if (count > 0) {
                        found.add(key);
                    }
                }))
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(looks).thenApply(any -> found);
    }

    /** How many of the keys exist. */
    private CompletableFuture<Long> count(List<String> keys) {
        return QueueRedis.attempt(() -> connector.send(redis -> redis.exists(keys.toArray(String[]::new))));
    }

    private static Set<String> union(Set<String> one, Set<String> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return one.isEmpty() ? other : one;
        }
        Set<String> all = new HashSet<>(one);
        all.addAll(other);
        return all;
    }
}
