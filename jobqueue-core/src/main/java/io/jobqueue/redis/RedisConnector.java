package io.jobqueue.redis;

import io.jobqueue.RedisUnavailableException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the connections of all queues of an application: the shared connection, which carries all commands, and the
 * further connections that wait for hints or listen to channels. Opens them at first use, closes them in
 * {@link #stop()}, and opens new ones from a new link after the next {@link #start()}.
 *
 * <p>The connector replaces a shared connection that broke, that keeps timing out or that leads to a replica. A new
 * connection looks up the master again. While Redis stays away, the connector tries again with growing pauses, and
 * commands fail at once; {@link RedisOutage} describes what the application logs.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public final class RedisConnector {

    private static final Logger log = LoggerFactory.getLogger(RedisConnector.class);
    private static final int TIMEOUTS_IN_A_ROW = 2;
    private static final Duration MAX_WAIT_FOR_CONNECTIONS = Duration.ofSeconds(2);
    private static final Duration MAX_PAUSE_OF_FURTHER = Duration.ofSeconds(10);

    private final Supplier<? extends RedisLink> links;
    private final RedisOutage outage = new RedisOutage();
    private final AtomicInteger timeouts = new AtomicInteger();
    private final Subscriptions subscriptions =
            new Subscriptions(() -> furtherConnection(RedisLink::connectPubSub), this::giveBack);

    // guarded by this
    private final Set<StatefulConnection<String, String>> connections =
            Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<CompletableFuture<Void>> closing = new HashSet<>();
    private final Set<Thread> connecting = new HashSet<>();
    private @Nullable RedisLink link;
    private @Nullable Opening opening;
    private int stops;
    private boolean stopped;
    private int furtherFailures;
    private long noFurtherBefore;

    // written under the lock, read without
    private volatile @Nullable Shared shared;

    /**
     * Creates a connector that has not connected yet.
     *
     * @param links creates a link when the first connection after a start is opened
     */
    public RedisConnector(Supplier<? extends RedisLink> links) {
        this.links = links;
    }

    /**
     * The shared connection.
     *
     * @param restoresItself whether the driver opens the connection again when it breaks; otherwise this class does
     */
    private record Shared(
            StatefulConnection<String, String> connection,
            RedisClusterAsyncCommands<String, String> commands,
            boolean restoresItself) {

        boolean isOpen() {
            return connection.isOpen();
        }
    }

    /**
     * An attempt to open the shared connection.
     *
     * @param repeated whether an attempt before this one failed, so that callers do not wait for this one
     */
    private record Opening(CompletableFuture<Shared> result, boolean repeated) {}

    /** Says that {@link #stop()} was called. */
    private static final class StoppedException extends IllegalStateException {

        private static final long serialVersionUID = 1L;

        StoppedException() {
            super("the job queue is stopped; its connections are closed until the next start");
        }
    }

    // ---- commands

    /**
     * Sends a command on the shared connection, which is opened when it is not open. Never blocks, as callers may be on
     * a thread of the connection.
     *
     * @return fails with a {@link RedisUnavailableException} when Redis is away; at once when that is known, with a
     *     {@link RedisConnectionException} as its cause because nothing was sent
     */
    <T> CompletableFuture<T> send(
            Function<RedisClusterAsyncCommands<String, String>, ? extends CompletionStage<T>> command) {
        return shared().thenCompose(
                        open -> command.apply(open.commands()).handle((reply, failure) -> ended(open, reply, failure)));
    }

    /** Sends a command that asks a server instead of a key, to the server that has this key. */
    <T> CompletableFuture<T> sendToServerWith(
            String key, Function<RedisClusterAsyncCommands<String, String>, ? extends CompletionStage<T>> command) {
        return shared().thenCompose(open -> Driver.serverWith(key, open.connection())
                .thenCompose(command)
                .handle((reply, failure) -> ended(open, reply, failure)));
    }

    /** Looks at how a command ended, to notice outages and to replace a connection that is of no use. */
    private <T> T ended(Shared on, T reply, @Nullable Throwable failure) {
        if (failure == null) {
            answered(on);
            return reply;
        }
        Throwable cause = Answers.unwrap(failure);
        if (Refusal.isOutage(cause)) {
            failed(on, cause);
            throw RedisOutage.asException(address(), cause);
        }
        if (cause instanceof RedisCommandExecutionException) {
            answered(on);
        }
        throw new CompletionException(cause);
    }

    private void answered(Shared on) {
        if (timeouts.get() > 0) {
            timeouts.set(0);
        }
        outage.answered(on.restoresItself());
    }

    private void failed(Shared on, Throwable cause) {
        if (cause instanceof RedisCommandTimeoutException) {
            outage.failed(address(), cause);
            if (timeouts.incrementAndGet() >= TIMEOUTS_IN_A_ROW) {
                replace(on);
            }
        } else if (cause instanceof RedisCommandExecutionException) {
            outage.failed(address(), cause);
            if (Refusal.REPLICA.is(cause)) {
                replace(on);
            }
        } else if (!on.restoresItself()) {
            outage.connectionLost(address());
            replace(on);
        } else if (Refusal.isBeforeSending(cause)) {
            outage.failed(address(), cause);
        } else {
            outage.connectionLost(address());
        }
    }

    // ---- the shared connection

    private CompletableFuture<Shared> shared() {
        Shared open = shared;
        if (open == null) {
            return opening();
        }
        if (open.isOpen()) {
            return CompletableFuture.completedFuture(open);
        }
        if (open.restoresItself()) {
            RedisConnectionException broken =
                    new RedisConnectionException("the connection is broken and the Redis client opens it again");
            outage.failed(address(), broken);
            return CompletableFuture.failedFuture(RedisOutage.asException(address(), broken));
        }
        // it broke while no command was under way
        outage.connectionLost(address());
        replace(open);
        return opening();
    }

    private synchronized CompletableFuture<Shared> opening() {
        if (stopped) {
            return CompletableFuture.failedFuture(new StoppedException());
        }
        Shared open = shared;
        if (open != null) {
            return CompletableFuture.completedFuture(open);
        }
        Opening under = opening == null ? open(Duration.ZERO) : opening;
        return under.repeated() ? CompletableFuture.failedFuture(outage.asException()) : under.result();
    }

    /** Replaces the shared connection, unless that has happened. */
    private void replace(Shared old) {
        synchronized (this) {
            if (shared != old) {
                return;
            }
            shared = null;
            timeouts.set(0);
            open(outage.nextPause(false));
        }
        giveBack(old.connection());
    }

    private synchronized Opening open(Duration pause) {
        CompletableFuture<Shared> result = connect(pause, RedisLink::connect)
                .handle((connection, failure) -> connection == null ? notOpened(failure) : share(connection));
        Opening made = new Opening(result, !pause.isZero());
        opening = made;
        return made;
    }

    private synchronized Shared share(StatefulConnection<String, String> connection) {
        if (!connections.contains(connection)) {
            throw new StoppedException();
        }
        Shared open = new Shared(
                connection,
                Driver.commandsOf(connection),
                connection.getOptions().isAutoReconnect());
        shared = open;
        opening = null;
        return open;
    }

    /** Lets the connector try again after a pause. Callers that waited for this attempt receive its failure. */
    private Shared notOpened(Throwable failure) {
        Throwable cause = Answers.unwrap(failure);
        synchronized (this) {
            if (stopped || cause instanceof StoppedException) {
                throw new StoppedException();
            }
            outage.failed(address(), cause);
            open(outage.nextPause(true));
        }
        throw outage.asException();
    }

    // ---- further connections

    /** Opens a further connection, unless Redis is away. The caller must {@linkplain #giveBack give it back}. */
    CompletableFuture<StatefulConnection<String, String>> furtherConnection() {
        return furtherConnection(RedisLink::connect);
    }

    private <C extends StatefulConnection<String, String>> CompletableFuture<C> furtherConnection(
            Function<RedisLink, C> kind) {
        if (outage.isKnown()) {
            return CompletableFuture.failedFuture(outage.asException());
        }
        synchronized (this) {
            if (isPausing()) {
                return CompletableFuture.failedFuture(RedisOutage.asException(
                        address(), new RedisConnectionException("no further connection could be opened just now")));
            }
        }
        return connect(Duration.ZERO, kind).whenComplete((connection, failure) -> {
            if (failure == null) {
                furtherOpened();
            } else {
                furtherNotOpened(Answers.unwrap(failure));
            }
        });
    }

    private synchronized void furtherOpened() {
        furtherFailures = 0;
    }

    /** The application works without further connections, only slower: it polls. So this is no outage. */
    private synchronized void furtherNotOpened(Throwable cause) {
        if (stopped || cause instanceof StoppedException) {
            return;
        }
        Shared open = shared;
        if (open == null || !open.isOpen()) {
            outage.failed(address(), cause);
            return;
        }
        if (isPausing()) {
            return; // one of several attempts at the same time
        }
        furtherFailures++;
        noFurtherBefore = System.nanoTime()
                + Math.min(
                        Duration.ofMillis(100).toNanos() << Math.min(furtherFailures, 20),
                        MAX_PAUSE_OF_FURTHER.toNanos());
        if (furtherFailures == 2) {
            log.warn(
                    "No further connection to {} can be opened, so idle workers find jobs by polling: {}",
                    RedisOutage.name(address()),
                    RedisOutage.reason(cause));
        }
    }

    private boolean isPausing() {
        return furtherFailures > 0 && System.nanoTime() - noFurtherBefore < 0;
    }

    /** The subscriptions to the channels of all queues. */
    Subscriptions subscriptions() {
        return subscriptions;
    }

    /** Closes a connection that is not needed any more. Does not wait for that. */
    void giveBack(StatefulConnection<String, String> connection) {
        synchronized (this) {
            if (!connections.remove(connection)) {
                return;
            }
        }
        close(connection);
    }

    /** Not under the lock, for which threads of the connection may wait with locks of the driver in their hands. */
    private void close(StatefulConnection<String, String> connection) {
        CompletableFuture<Void> closed = connection.closeAsync();
        synchronized (this) {
            closing.add(closed);
        }
        var unused = closed.whenComplete((done, failure) -> {
            synchronized (this) {
                closing.remove(closed);
                notifyAll();
            }
        });
    }

    // ---- connecting

    boolean isCluster() {
        return uninterrupted(() -> link(starts()).isCluster());
    }

    private synchronized String address() {
        return link == null ? "" : link.address();
    }

    /** Connects on a thread of its own, because that waits for threads of the connection. */
    private <C extends StatefulConnection<String, String>> CompletableFuture<C> connect(
            Duration pause, Function<RedisLink, C> kind) {
        int start = starts();
        Executor thread = task -> {
            Thread made = new Thread(task, "jobqueue-connect");
            made.setDaemon(true);
            made.start();
        };
        return CompletableFuture.supplyAsync(
                () -> connectNow(start, kind),
                pause.isZero()
                        ? thread
                        : CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS, thread));
    }

    private <C extends StatefulConnection<String, String>> C connectNow(int start, Function<RedisLink, C> kind) {
        RedisLink from;
        synchronized (this) {
            from = link(start);
            connecting.add(Thread.currentThread());
        }
        try {
            C connection = kind.apply(from);
            if (!keep(connection, from)) {
                connection.close();
                throw new StoppedException();
            }
            return connection;
        } finally {
            synchronized (this) {
                connecting.remove(Thread.currentThread());
                notifyAll();
            }
            // an interrupt by stop() is not for those that are chained to this thread
            Thread.interrupted();
        }
    }

    /** Whether the link is still in use, so that the connection belongs to it. */
    private synchronized boolean keep(StatefulConnection<String, String> connection, RedisLink from) {
        return link == from && connections.add(connection);
    }

    private synchronized RedisLink link(int start) {
        if (stopped || start != stops) {
            throw new StoppedException();
        }
        if (link == null) {
            link = links.get();
        }
        return link;
    }

    private synchronized int starts() {
        return stops;
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

    // ---- start and stop

    /** Allows connections again after {@link #stop()}. They are opened at first use. */
    public synchronized void start() {
        stopped = false;
    }

    /** Whether {@link #stop()} was not called since the last start. */
    public synchronized boolean isRunning() {
        return !stopped;
    }

    /**
     * Closes all connections and then the link. Until the next {@link #start()} every use fails with an
     * {@link IllegalStateException}. Waits a few seconds at most.
     */
    public void stop() {
        List<StatefulConnection<String, String>> open;
        RedisLink left;
        synchronized (this) {
            stopped = true;
            stops++;
            open = List.copyOf(connections);
            left = link;
            link = null;
            shared = null;
            opening = null;
        }
        open.forEach(this::giveBack);
        subscriptions.close();
        boolean interrupted = Thread.interrupted();
        try {
            // what connects or closes while its client is shut down meets dead threads, which Netty logs as errors
            awaitConnections();
            if (left != null) {
                close(left);
            }
        } finally {
            outage.forget();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private synchronized void awaitConnections() {
        long end = System.nanoTime() + MAX_WAIT_FOR_CONNECTIONS.toNanos();
        long left = MAX_WAIT_FOR_CONNECTIONS.toMillis();
        try {
            while (left > 0 && !(connecting.isEmpty() && closing.isEmpty())) {
                wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private void close(RedisLink left) {
        try {
            left.close();
        } catch (RuntimeException ex) {
            log.warn("The client of {} did not close: {}", RedisOutage.name(left.address()), RedisOutage.reason(ex));
        }
        synchronized (this) {
            // an attempt whose client is shut down never ends by itself
            connecting.forEach(Thread::interrupt);
        }
    }
}
