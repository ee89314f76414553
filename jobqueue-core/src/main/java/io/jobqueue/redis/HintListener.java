package io.jobqueue.redis;

import io.lettuce.core.KeyValue;
import io.lettuce.core.api.StatefulConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Listens for the hints of many queues on one connection, with one blocking pop over their {@code wake} lists. The
 * blocking command takes only hints, so a lost reply never loses a job.
 *
 * <h2>One command in flight</h2>
 *
 * <p>At most one blocking command is in flight. It covers the queues that were wanted when it was sent; a queue that is
 * wanted later needs the next command. To send that without delay, the listener makes the current command return with a
 * <em>nudge</em>: every command also waits for a key that only this process uses, and the nudge pushes to that key.
 *
 * <h2>After a hint</h2>
 *
 * <p>After a hint, the queue is no longer wanted. Its dispatcher usually wants the next hint as soon as it has claimed.
 * The listener sends the next command only then, or after {@link #GRACE}, which saves a nudge for each hint.
 *
 * <h2>Outages</h2>
 *
 * <p>While Redis is away, the listener repeats the command with growing pauses. The polls of the engine find the work
 * whose hints are lost meanwhile.
 *
 * <p>Thread-safe. Makes no calls to other objects while it holds its lock.
 */
final class HintListener {

    private static final Duration BLOCK = Duration.ofSeconds(10);

    /** The server counts a block by its wall clock, which may be set back; then the connection is replaced. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** How long the other queues wait for the one that was hinted at, so that one command covers them all. */
    private static final Duration GRACE = Duration.ofMillis(2);

    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    /** A nudge expires after this time if its process died before it took it. */
    private static final Duration NUDGE_LIFE = Duration.ofSeconds(20);

    private final RedisConnector connector;
    private final Function<String, QueueKeys> keys;
    private final Consumer<String> hinted;
    private final String id = Ids.token();

    // all guarded by this
    private final Set<String> wanted = new LinkedHashSet<>();
    private Map<String, String> out = Map.of(); // wake key -> queue of the command that is out
    private @Nullable String nudgeKey; // of the command that is out
    private boolean busy; // a command is out, or will be sent by itself
    private @Nullable String awaited; // the queue that was hinted at and may be wanted again within the grace
    private boolean nudged;
    private int failures;
    private int era; // grows when what is out does not count any more
    private @Nullable StatefulConnection<String, String> connection;

    HintListener(RedisConnector connector, Function<String, QueueKeys> keys, Consumer<String> hinted) {
        this.connector = connector;
        this.keys = keys;
        this.hinted = hinted;
    }

    /** Wants the next hint of a queue. */
    void want(String queue) {
        Runnable next;
        synchronized (this) {
            wanted.add(queue);
            if (!busy || queue.equals(awaited)) {
                next = send();
            } else {
                next = out.isEmpty() || out.containsValue(queue) ? () -> {} : nudge();
            }
        }
        next.run();
    }

    /** Wants no hint of a queue any more. */
    void ignore(String queue) {
        Runnable next = () -> {};
        synchronized (this) {
            wanted.remove(queue);
            if (wanted.isEmpty()) {
                next = close();
            } else if (out.containsValue(queue)) {
                next = nudge();
            }
        }
        next.run();
    }

    /** Prepares the next command; the caller runs what is returned without the lock. */
    private Runnable send() {
        busy = true;
        awaited = null;
        nudged = false;
        era++;
        int sent = era;
        List<String> queues = new ArrayList<>(wanted);
        // the server answers with the first of the keys that has something
        Collections.shuffle(queues);
        out = new HashMap<>();
        return () -> {
            CompletableFuture<KeyValue<String, String>> reply = QueueRedis.attempt(() -> block(queues, sent));
            var unused = reply.whenComplete((hint, failure) -> heard(hint, failure, sent));
        };
    }

    private CompletableFuture<KeyValue<String, String>> block(List<String> queues, int sent) {
        String[] all = new String[queues.size() + 1];
        all[0] = keys.apply(queues.get(0)).wake() + ":" + id;
        Map<String, String> covered = new HashMap<>();
        for (int i = 0; i < queues.size(); i++) {
            all[i + 1] = keys.apply(queues.get(i)).wake();
            covered.put(all[i + 1], queues.get(i));
        }
        synchronized (this) {
            if (era != sent) {
                throw new CancellationException("hints are wanted no more");
            }
            out = covered;
            nudgeKey = all[0];
        }
        return usable(sent).thenCompose(open -> Driver.commandsOf(open)
                .blpop(BLOCK.toMillis() / 1000.0, all)
                .toCompletableFuture()
                .orTimeout(BLOCK.plus(PATIENCE).toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((hint, failure) -> {
                    // a slot on its way to another server refuses a command of two keys, over a sound connection
                    if (failure != null && !Refusal.SLOT_MOVES.is(Answers.unwrap(failure))) {
                        discard(open);
                    }
                }));
    }

    private void heard(@Nullable KeyValue<String, String> hint, @Nullable Throwable failure, int sent) {
        Runnable next;
        String told = null;
        synchronized (this) {
            if (era != sent) {
                return;
            }
            Map<String, String> covered = out;
            out = Map.of();
            busy = false;
            if (failure != null) {
                failures++;
                next = later(pause());
            } else {
                failures = 0;
                String key = hint == null || !hint.hasValue() ? null : hint.getKey();
                String queue = key == null ? null : covered.get(key);
                if (key == null || queue == null) {
                    next = wanted.isEmpty() ? () -> {} : send(); // the time was over, or it was a nudge
                } else if (wanted.remove(queue)) {
                    told = queue;
                    awaited = queue;
                    next = later(GRACE);
                } else {
                    Runnable goOn = wanted.isEmpty() ? () -> {} : send();
                    next = () -> {
                        leaveToOthers(key);
                        goOn.run();
                    };
                }
            }
        }
        try {
            if (told != null) {
                hinted.accept(told);
            }
        } finally {
            next.run();
        }
    }

    private Duration pause() {
        long millis = SHORTEST_PAUSE.toMillis() << Math.min(failures - 1, 10);
        return Duration.ofMillis(Math.min(millis, LONGEST_PAUSE.toMillis()));
    }

    /** Sends the next command after a pause, unless it was sent by then. */
    private Runnable later(Duration pause) {
        if (wanted.isEmpty()) {
            return () -> {};
        }
        busy = true;
        int now = era;
        return () -> CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> {
                    Runnable next;
                    synchronized (this) {
                        if (era != now) {
                            return;
                        }
                        busy = false;
                        awaited = null;
                        next = wanted.isEmpty() ? () -> {} : send();
                    }
                    next.run();
                });
    }

    /** Makes the command that is out return. */
    private Runnable nudge() {
        String key = nudgeKey;
        if (nudged || key == null) {
            return () -> {};
        }
        nudged = true;
        return () -> {
            // without an answer too the time of the block is over soon
            var unused = QueueRedis.attempt(() -> connector.send(redis -> {
                var pushed = redis.lpush(key, "1");
                var limited = redis.pexpire(key, NUDGE_LIFE.toMillis());
                return pushed.thenCombine(limited, (length, set) -> length);
            }));
        };
    }

    /**
     * Returns a hint for a queue that this process no longer wants. Redis may then hold one hint too many, which is
     * harmless.
     */
    private void leaveToOthers(String key) {
        var unused = QueueRedis.attempt(() -> connector.send(redis -> redis.lpush(key, "1")));
    }

    // ---- the connection

    private CompletableFuture<StatefulConnection<String, String>> usable(int sent) {
        StatefulConnection<String, String> open;
        synchronized (this) {
            open = connection;
        }
        if (open != null && open.isOpen()) {
            return CompletableFuture.completedFuture(open);
        }
        if (open != null) {
            // down, or closed by a stop of the connector
            discard(open);
        }
        return connector.furtherConnection().thenApply(made -> keep(made, sent));
    }

    private StatefulConnection<String, String> keep(StatefulConnection<String, String> made, int sent) {
        synchronized (this) {
            if (era == sent) {
                connection = made;
                return made;
            }
        }
        // a command that still blocks would take a hint from another process
        connector.giveBack(made);
        throw new CancellationException("hints are wanted no more");
    }

    private void discard(StatefulConnection<String, String> broken) {
        synchronized (this) {
            if (connection != broken) {
                return;
            }
            connection = null;
        }
        connector.giveBack(broken);
    }

    private Runnable close() {
        StatefulConnection<String, String> open = connection;
        era++;
        busy = false;
        awaited = null;
        out = Map.of();
        connection = null;
        return open == null ? () -> {} : () -> connector.giveBack(open);
    }
}
