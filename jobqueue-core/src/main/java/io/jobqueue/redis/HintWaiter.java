package io.jobqueue.redis;

import io.lettuce.core.api.StatefulConnection;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the hint of one queue, on a connection of its own. The blocking command takes only the hint, so a lost
 * reply loses no job. Only one command is in flight at a time, and all waiting callers share it.
 */
final class HintWaiter {

    /** The server counts a block by its wall clock, which may be set back; then the connection is thrown away. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final RedisConnector connector;

    // guarded by this
    private @Nullable StatefulConnection<String, String> connection;
    private @Nullable CompletableFuture<Boolean> waiting;
    private int closed;

    HintWaiter(RedisConnector connector) {
        this.connector = connector;
    }

    CompletableFuture<Boolean> await(String key, Duration timeout) {
        CompletableFuture<Boolean> hint = out(key, timeout);
        return hint.copy().completeOnTimeout(false, timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    private synchronized CompletableFuture<Boolean> out(String key, Duration timeout) {
        if (waiting == null || waiting.isDone()) {
            waiting = usable().thenCompose(open -> Driver.commandsOf(open)
                    .blpop(Math.max(timeout.toMillis(), 1) / 1000.0, key)
                    .toCompletableFuture()
                    .orTimeout(timeout.plus(PATIENCE).toMillis(), TimeUnit.MILLISECONDS)
                    .whenComplete((hint, failure) -> {
                        if (failure != null) {
                            discard(open);
                        }
                    })
                    .thenApply(hint -> hint != null && hint.hasValue()));
        }
        return waiting;
    }

    private CompletableFuture<StatefulConnection<String, String>> usable() {
        StatefulConnection<String, String> open = connection;
        if (open != null && open.isOpen()) {
            return CompletableFuture.completedFuture(open);
        }
        if (open != null) {
            // down, or closed by a stop of the connector
            discard(open);
        }
        int since = closed;
        return connector.furtherConnection().thenApply(made -> keep(made, since));
    }

    private synchronized StatefulConnection<String, String> keep(StatefulConnection<String, String> made, int since) {
        if (closed != since) {
            // nobody waits any more; a command that still blocks would take a hint from another process
            connector.giveBack(made);
            throw new CancellationException("stopped waiting for hints");
        }
        connection = made;
        return made;
    }

    private synchronized void discard(StatefulConnection<String, String> broken) {
        if (connection == broken) {
            connection = null;
            connector.giveBack(broken);
        }
    }

    /** Ends all waits without a hint. */
    void close() {
        CompletableFuture<Boolean> given;
        synchronized (this) {
            if (connection != null) {
                discard(connection);
            }
            given = waiting;
            waiting = null;
            closed++;
        }
        if (given != null) {
            given.complete(false);
        }
    }
}
