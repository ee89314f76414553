package io.jobqueue.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisAdvancedClusterAsyncCommands;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the connections of all queues of an application: one that all commands share, and those that wait for hints.
 * Opens them at first use, closes them in {@link #stop()}, and opens new ones, from a new link, after the next
 * {@link #start()}.
 *
 * <p>A connection that keeps timing out, or that leads to a server which is no master any more, is replaced: a new one
 * asks anew where the master is.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public final class RedisConnector {

    private static final Logger log = LoggerFactory.getLogger(RedisConnector.class);
    private static final int TIMEOUTS_IN_A_ROW = 2;

    private final Supplier<? extends RedisLink> links;
    private final AtomicInteger timeouts = new AtomicInteger();
    private final Subscriptions subscriptions =
            new Subscriptions(() -> connect(RedisLink::connectPubSub), this::giveBack);

    private final Set<Thread> connecting = ConcurrentHashMap.newKeySet();

    // guarded by this
    private final Set<StatefulConnection<String, String>> connections = new HashSet<>();
    private @Nullable RedisLink link;
    private @Nullable CompletableFuture<Shared> opening;
    private boolean stopped;

    // written under the lock, read without
    private volatile @Nullable Shared shared;

    /**
     * Makes a connector that has not connected yet.
     *
     * @param links makes a link whenever connections are opened anew
     */
    public RedisConnector(Supplier<? extends RedisLink> links) {
        this.links = links;
    }

    /** The connection that all commands share, with what it can do. */
    private record Shared(
            StatefulConnection<String, String> connection, RedisClusterAsyncCommands<String, String> commands) {}

    /**
     * The commands of the shared connection, which is opened when it is not open. Never blocks, as callers may be on a
     * connection's own thread.
     *
     * @return fails with a {@link RedisConnectionException} at once when the connection is down, so that surely nothing was
     *     sent
     */
    CompletableFuture<RedisClusterAsyncCommands<String, String>> commands() {
        return open().thenApply(Shared::commands);
    }

    private CompletableFuture<Shared> open() {
        Shared open = shared;
        if (open == null) {
            return opening();
        }
        return open.connection().isOpen()
                ? CompletableFuture.completedFuture(open)
                : CompletableFuture.failedFuture(
                        new RedisConnectionException("the connection to Redis is down; it is being restored"));
    }

    private synchronized CompletableFuture<Shared> opening() {
        if (shared != null) {
            return CompletableFuture.completedFuture(shared);
        }
        CompletableFuture<Shared> under = opening;
        if (under == null || under.isDone()) {
            under = connect().thenApply(this::share);
            opening = under;
        }
        return under;
    }

    private synchronized Shared share(StatefulConnection<String, String> connection) {
        if (!connections.contains(connection)) {
            throw stopped();
        }
        Shared open = new Shared(connection, commandsOf(connection));
        shared = open;
        return open;
    }

    boolean isCluster() {
        return uninterrupted(() -> link().isCluster());
    }

    /**
     * Opens a connection, on a thread of its own, because that waits for connections' threads. It is {@linkplain #giveBack
     * given back}, at the latest by {@link #stop()}.
     */
    CompletableFuture<StatefulConnection<String, String>> connect() {
        return connect(RedisLink::connect);
    }

    /** What hears the channels of all queues. */
    Subscriptions subscriptions() {
        return subscriptions;
    }

    private <C extends StatefulConnection<String, String>> CompletableFuture<C> connect(Function<RedisLink, C> kind) {
        return CompletableFuture.supplyAsync(() -> connectNow(kind), task -> {
            Thread thread = new Thread(task, "jobqueue-connect");
            thread.setDaemon(true);
            thread.start();
        });
    }

    private <C extends StatefulConnection<String, String>> C connectNow(Function<RedisLink, C> kind) {
        connecting.add(Thread.currentThread());
        try {
            RedisLink from = link();
            C connection = kind.apply(from);
            if (!keep(connection, from)) {
                connection.close();
                throw stopped();
            }
            return connection;
        } finally {
            connecting.remove(Thread.currentThread());
            // an interrupt by stop() is not for what others chained to this thread
            Thread.interrupted();
        }
    }

    /** A thread that is interrupted must stay so while a client is made, which Lettuce and Netty do not see to. */
    private static <T> T uninterrupted(Supplier<T> opening) {
        boolean interrupted = Thread.interrupted();
        try {
            return opening.get();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Whether the link was not closed meanwhile. */
    private synchronized boolean keep(StatefulConnection<String, String> connection, RedisLink from) {
        return link == from && connections.add(connection);
    }

    /** Closes a connection that is not needed any more. */
    void giveBack(StatefulConnection<String, String> connection) {
        synchronized (this) {
            connections.remove(connection);
        }
        // nobody needs to know when it is gone
        var unused = connection.closeAsync();
    }

    static RedisClusterAsyncCommands<String, String> commandsOf(StatefulConnection<String, String> connection) {
        return connection instanceof StatefulRedisClusterConnection<String, String> cluster
                ? cluster.async()
                : ((StatefulRedisConnection<String, String>) connection).async();
    }

    /**
     * Whether the driver may send a command twice: it sends what was in flight again after a reconnect, although the server
     * may have executed it. A driver that {@linkplain RedisLink#options refuses commands} while the connection is down gives
     * up what was in flight.
     */
    static boolean maySendTwice(RedisClusterAsyncCommands<String, String> commands) {
        ClientOptions options = commands instanceof RedisAdvancedClusterAsyncCommands<String, String> cluster
                ? cluster.getStatefulConnection().getOptions()
                : ((RedisAsyncCommands<String, String>) commands)
                        .getStatefulConnection()
                        .getOptions();
        return switch (options.getDisconnectedBehavior()) {
            case REJECT_COMMANDS -> false;
            case ACCEPT_COMMANDS -> true;
            case DEFAULT -> options.isAutoReconnect();
        };
    }

    /** The commands of the server that has a key, for those that ask a server and not a key. */
    CompletableFuture<RedisClusterAsyncCommands<String, String>> commandsOfServerWith(String key) {
        return open().thenCompose(open -> {
            if (!(open.connection() instanceof StatefulRedisClusterConnection<String, String> cluster)) {
                return CompletableFuture.completedFuture(open.commands());
            }
            RedisClusterNode node = cluster.getPartitions().getPartitionBySlot(SlotHash.getSlot(key));
            if (node == null) {
                throw new RedisConnectionException("no server of the cluster has the key " + key);
            }
            return cluster.getConnectionAsync(node.getNodeId()).thenApply(StatefulRedisConnection::async);
        });
    }

    /** Hears how a command on the shared connection ended, so that a connection that is of no use is replaced. */
    void heard(@Nullable Throwable failure) {
        Throwable cause = failure == null ? null : Answers.unwrap(failure);
        if (cause instanceof RedisCommandTimeoutException) {
            if (timeouts.incrementAndGet() >= TIMEOUTS_IN_A_ROW) {
                replace("commands keep timing out");
            }
            return;
        }
        timeouts.set(0);
        if (Refusal.REPLICA.is(cause)) {
            replace("it leads to a replica");
        }
    }

    private void replace(String why) {
        Shared old;
        synchronized (this) {
            old = shared;
            shared = null;
        }
        if (old != null) {
            log.warn("The connection to Redis is replaced: {}", why);
            timeouts.set(0);
            giveBack(old.connection());
        }
    }

    private synchronized RedisLink link() {
        if (stopped) {
            throw stopped();
        }
        if (link == null) {
            link = links.get();
        }
        return link;
    }

    private static IllegalStateException stopped() {
        return new IllegalStateException("the job queue is stopped; its connections are closed until the next start");
    }

    /** Allows connections again after {@link #stop()}. They are opened at first use. */
    public synchronized void start() {
        stopped = false;
    }

    /** Whether {@link #stop()} was not called since the last start. */
    public synchronized boolean isRunning() {
        return !stopped;
    }

    /** Closes all connections. Until the next {@link #start()} every use fails with an {@link IllegalStateException}. */
    public void stop() {
        List<StatefulConnection<String, String>> closing;
        RedisLink left;
        synchronized (this) {
            stopped = true;
            closing = List.copyOf(connections);
            connections.clear();
            left = link;
            link = null;
            shared = null;
        }
        subscriptions.close();
        // without the lock: what ends on the connections' threads meanwhile wants it
        closing.forEach(StatefulConnection::close);
        if (left != null) {
            left.close();
        }
        // a connect that is under way when its client is shut down never ends by itself
        connecting.forEach(Thread::interrupt);
    }
}
