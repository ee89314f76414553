package io.jobqueue.redis;

import io.jobqueue.JobStatus;
import io.jobqueue.worker.Signals;
import io.lettuce.core.ScoredValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Hints and polls for all queues of an application. Without a cluster, one connection receives the hints of all queues.
 * In a cluster, each queue has its own slot and therefore its own connection.
 *
 * <p>The poll finds work without a hint: ids in {@code pending} that producers of the public guide pushed, and delayed
 * jobs whose hint is missing or went to a process that died. The last claim usually told when the next delayed job is
 * due, so the poll looks at {@code delayed} less often.
 */
final class RedisSignals implements Signals {

    /** Between two looks at the first delayed job of a queue. */
    private static final Duration DELAYED_PACE = Duration.ofMillis(2500);

    private final RedisConnector connector;
    private final Function<String, QueueRedis> queues;
    private final Presence presence;
    private final Map<String, HintListener> listeners = new ConcurrentHashMap<>();
    private final Map<String, FirstDelayed> firsts = new ConcurrentHashMap<>();
    private volatile Consumer<String> hinted = queue -> {};

    /** The first delayed job of a queue as it was last seen. */
    private record FirstDelayed(ScoredValue<String> job, long seenAt) {}

    /**
     * Makes the signals.
     *
     * @param queues finds a queue by its name
     */
    RedisSignals(RedisConnector connector, Presence presence, Function<String, QueueRedis> queues) {
        this.connector = connector;
        this.presence = presence;
        this.queues = queues;
    }

    @Override
    public void hear(Consumer<String> listener) {
        hinted = listener;
    }

    @Override
    public void want(String queue) {
        listener(queue).want(queue);
    }

    @Override
    public void ignore(String queue) {
        // works after the connector was stopped, too
        listeners.values().forEach(listener -> listener.ignore(queue));
    }

    private HintListener listener(String queue) {
        return listeners.computeIfAbsent(
                connector.isCluster() ? queue : "",
                slot -> new HintListener(connector, name -> queues.apply(name).keys(), name -> hinted.accept(name)));
    }

    /** Passes on the messages of the channel of cancels. Equal to any other of the same listener. */
    private record CancelChannel(CancelListener listener) implements ChannelListener {

        @Override
        public void message(String id) {
            listener.cancelled(id);
        }

        @Override
        public void subscribed() {
            listener.missed();
        }
    }

    @Override
    public void hearCancels(String queue, CancelListener listener) {
        Subscriptions subscriptions = connector.subscriptions();
        String channel = queues.apply(queue).keys().cancels();
        ChannelListener hearing = new CancelChannel(listener);
        if (!subscriptions.has(channel, hearing)) {
            subscriptions.add(channel, hearing);
        }
    }

    @Override
    public void ignoreCancels(String queue, CancelListener listener) {
        connector.subscriptions().remove(queues.apply(queue).keys().cancels(), new CancelChannel(listener));
    }

    @Override
    public CompletableFuture<Set<String>> unannounced(Collection<String> names) {
        return QueueRedis.attempt(() -> {
            List<String> keys = new ArrayList<>();
            for (String name : names) {
                keys.add(key(name, JobStatus.PENDING));
                keys.add(key(name, JobStatus.SCHEDULED));
            }
            return presence.existing(keys).thenCompose(existing -> withWork(names, existing));
        });
    }

    private String key(String queue, JobStatus status) {
        return queues.apply(queue).keys().of(status);
    }

    private CompletableFuture<Set<String>> withWork(Collection<String> names, Set<String> existing) {
        Set<String> found = ConcurrentHashMap.newKeySet();
        List<CompletableFuture<?>> looks = new ArrayList<>();
        for (String name : names) {
            if (existing.contains(key(name, JobStatus.PENDING))) {
                found.add(name);
            } else if (!existing.contains(key(name, JobStatus.SCHEDULED))) {
                firsts.remove(name);
            } else if (isTime(firsts.get(name))) {
                looks.add(hasNewFirst(name).thenAccept(isNew -> {
                    if (isNew) {
                        found.add(name);
                    }
                }));
            }
        }
        return CompletableFuture.allOf(looks.toArray(CompletableFuture[]::new)).thenApply(all -> found);
    }

    private static boolean isTime(@Nullable FirstDelayed last) {
        return last == null || System.nanoTime() - last.seenAt() >= DELAYED_PACE.toNanos();
    }

    /** Whether another job is the first of the delayed ones than at the last look, or it is due at another time. */
    private CompletableFuture<Boolean> hasNewFirst(String name) {
        String delayed = key(name, JobStatus.SCHEDULED);
        return queues.apply(name)
                .<List<ScoredValue<String>>>command(redis -> redis.zrangeWithScores(delayed, 0, 0))
                .thenApply(first -> {
                    if (first.isEmpty()) {
                        return false;
                    }
                    FirstDelayed last = firsts.put(name, new FirstDelayed(first.get(0), System.nanoTime()));
                    return last == null || !last.job().equals(first.get(0));
                });
    }
}
