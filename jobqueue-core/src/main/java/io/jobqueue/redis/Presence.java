package io.jobqueue.redis;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells which of many keys exist, with few commands. Redis deletes a list or a sorted set that becomes empty, so in an idle
 * application one EXISTS tells of hundreds of keys that there is nothing in any of them.
 *
 * <p>When some of the keys exist, halves are asked about until it is known which. Keys that existed the last time are asked
 * about apart from the others, so that a few busy queues do not make the look at the idle ones dear.
 *
 * <p>Thread-safe.
 */
final class Presence {

    private final RedisConnector connector;

    /** The keys that existed when they were last asked about. Only a guess, which decides what is asked together. */
    private final Set<String> existed = ConcurrentHashMap.newKeySet();

    Presence(RedisConnector connector) {
        this.connector = connector;
    }

    /** Those of the keys that exist. */
    CompletableFuture<Set<String>> existing(Collection<String> keys) {
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

    /** How many of the keys exist. The driver sends one command for each slot of a cluster. */
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
