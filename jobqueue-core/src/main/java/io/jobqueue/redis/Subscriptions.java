package io.jobqueue.redis;

import io.jobqueue.worker.LogText;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to channels, on one connection that is open only while there are listeners. When the connection breaks, all
 * listeners are removed and {@linkplain ChannelListener#lost notified}; they may be added again. Messages that are
 * published meanwhile are lost. So listeners must also check Redis when they are
 * {@linkplain ChannelListener#subscribed subscribed}, and from time to time.
 *
 * <p>Without channels the queue works with delays. When the Redis user lacks the right to the channels, the log gets
 * one warning for subscribing and one for publishing, and all subscriptions pause for {@link #PAUSE_AFTER_REFUSAL}.
 *
 * <p>Listeners are called on the thread of the connection and must not block it. Thread-safe.
 */
final class Subscriptions {

    private static final Logger log = LoggerFactory.getLogger(Subscriptions.class);
    private static final Duration PAUSE_AFTER_REFUSAL = Duration.ofMinutes(1);

    private final Supplier<CompletableFuture<StatefulRedisPubSubConnection<String, String>>> connect;
    private final Consumer<StatefulConnection<String, String>> giveBack;

    /** Changed under the lock of this, read without it. */
    private final Map<String, Set<ChannelListener>> listeners = new ConcurrentHashMap<>();

    // guarded by this
    private @Nullable StatefulRedisPubSubConnection<String, String> connection;
    private boolean opening;
    private @Nullable Long refusedAt;
    private boolean warnedOfListening;
    private boolean warnedOfPublishing;

    Subscriptions(
            Supplier<CompletableFuture<StatefulRedisPubSubConnection<String, String>>> connect,
            Consumer<StatefulConnection<String, String>> giveBack) {
        this.connect = connect;
        this.giveBack = giveBack;
    }

    /** Listens to a channel, as soon as the connection is open. Does not wait for that. */
    void add(String channel, ChannelListener listener) {
        List<ChannelListener> forgotten = List.of();
        boolean open;
        synchronized (this) {
            if (isRefused()) {
                return;
            }
            if (connection != null && !connection.isOpen()) {
                forgotten = forget();
            }
            Set<ChannelListener> ofChannel = listeners.computeIfAbsent(channel, any -> ConcurrentHashMap.newKeySet());
            if (ofChannel.add(listener) && ofChannel.size() == 1 && connection != null) {
                subscribe(connection, channel);
            }
            open = connection == null && !opening;
            opening = opening || open;
        }
        forgotten.stream().filter(each -> each != listener).forEach(ChannelListener::lost);
        if (open) {
            var unused = connect.get().whenComplete(this::opened);
        }
    }

    private void opened(@Nullable StatefulRedisPubSubConnection<String, String> made, @Nullable Throwable failure) {
        List<ChannelListener> forgotten = List.of();
        synchronized (this) {
            opening = false;
            if (made == null) {
                forgotten = forget();
            } else if (listeners.isEmpty()) {
                giveBack.accept(made);
            } else {
                connection = made;
                listenOn(made);
                listeners.keySet().forEach(channel -> subscribe(made, channel));
            }
        }
        forgotten.forEach(ChannelListener::lost);
    }

    private void listenOn(StatefulRedisPubSubConnection<String, String> made) {
        made.addListener(new RedisPubSubAdapter<>() {
            @Override
            public void message(String channel, String message) {
                of(channel).forEach(each -> each.message(message));
            }

            @Override
            public void subscribed(String channel, long count) {
                of(channel).forEach(ChannelListener::subscribed);
            }
        });
        if (!made.getOptions().isAutoReconnect()) {
            made.addListener(new RedisConnectionStateListener() {
                @Override
                public void onRedisDisconnected(RedisChannelHandler<?, ?> broken) {
                    discardLater(made);
                }
            });
        }
    }

    private Set<ChannelListener> of(String channel) {
        return listeners.getOrDefault(channel, Set.of());
    }

    /** Removes all listeners when it fails, because a listener without a subscription would wait forever. */
    private void subscribe(StatefulRedisPubSubConnection<String, String> open, String channel) {
        var unused = open.async().subscribe(channel).whenComplete((done, failure) -> {
            if (failure != null) {
                if (Refusal.isMissingRight(String.valueOf(failure.getMessage()))) {
                    listeningRefused(channel, String.valueOf(failure.getMessage()));
                }
                discardLater(open);
            }
        });
    }

    private synchronized boolean isRefused() {
        return refusedAt != null && System.nanoTime() - refusedAt < PAUSE_AFTER_REFUSAL.toNanos();
    }

    private synchronized void listeningRefused(String channel, String reason) {
        refusedAt = System.nanoTime();
        if (!warnedOfListening) {
            warnedOfListening = true;
            log.warn(
                    "The Redis user may not subscribe to the channel {}, so ends of runs, of awaited jobs and of other clients' jobs, and cancels of running jobs are found later, by polling: {}. Grant the right with: {}",
                    channel,
                    LogText.oneLine(reason),
                    AclLine.grantChannel(channel, reason, "+subscribe +unsubscribe"));
        }
    }

    /**
     * Notes that Redis refused a message of a script, which has done all the rest.
     *
     * @param refusal the channel, a blank, and what Redis said
     */
    void publishingRefused(String refusal) {
        synchronized (this) {
            if (warnedOfPublishing) {
                return;
            }
            warnedOfPublishing = true;
        }
        String channel = refusal.split(" ", 2)[0];
        String reason = refusal.substring(channel.length()).strip();
        log.warn(
                "The Redis user may not publish to the channel {}, so other processes find ended jobs and runs later, by polling; jobs, outputs and runs are complete: {}. Grant the right with: {}",
                channel,
                LogText.oneLine(reason),
                AclLine.grantChannel(channel, reason, "+publish"));
    }

    /**
     * On another thread, because the caller may hold locks of the driver or of this, and listeners have locks of their
     * own.
     */
    private void discardLater(StatefulRedisPubSubConnection<String, String> broken) {
        var unused = CompletableFuture.runAsync(() -> discard(broken));
    }

    private void discard(StatefulRedisPubSubConnection<String, String> broken) {
        List<ChannelListener> forgotten;
        synchronized (this) {
            forgotten = connection == broken ? forget() : List.of();
        }
        forgotten.forEach(ChannelListener::lost);
    }

    synchronized void remove(String channel, ChannelListener listener) {
        Set<ChannelListener> ofChannel = listeners.get(channel);
        if (ofChannel == null || !ofChannel.remove(listener) || !ofChannel.isEmpty()) {
            return;
        }
        listeners.remove(channel);
        if (listeners.isEmpty()) {
            forget();
        } else if (connection != null) {
            var unused = connection.async().unsubscribe(channel);
        }
    }

    /** Whether a listener was added and was not lost with the connection since. */
    synchronized boolean has(String channel, ChannelListener listener) {
        return (connection == null || connection.isOpen()) && of(channel).contains(listener);
    }

    /** Forgets all listeners and gives the connection back. */
    void close() {
        List<ChannelListener> forgotten;
        synchronized (this) {
            forgotten = forget();
        }
        forgotten.forEach(ChannelListener::lost);
    }

    // guarded by this
    private List<ChannelListener> forget() {
        List<ChannelListener> forgotten =
                listeners.values().stream().flatMap(Set::stream).toList();
        listeners.clear();
        if (connection != null) {
            giveBack.accept(connection);
            connection = null;
        }
        return forgotten;
    }
}
