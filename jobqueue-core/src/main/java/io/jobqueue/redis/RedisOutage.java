package io.jobqueue.redis;

import io.jobqueue.RedisUnavailableException;
import io.jobqueue.worker.LogText;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisException;
import java.io.IOException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether the application reaches Redis, and logs outages. An outage begins with the first failure and ends with
 * the first command that Redis answers. It logs one line when an outage begins, one for each new reason, and one when
 * the outage ends.
 *
 * <p>A broken connection is an outage without a known reason until an attempt to connect fails. If the next attempt
 * succeeds, the log has only one line.
 *
 * <p>Thread-safe.
 */
final class RedisOutage {

    private static final Logger log = LoggerFactory.getLogger(RedisOutage.class);

    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    /**
     * A server that refuses only writes, and a cluster of which one server is away, answer some commands all the time.
     */
    private static final Duration QUIET_TIME = Duration.ofSeconds(3);

    // written under the lock, read without
    private volatile boolean on;

    // guarded by this
    private final Set<String> told = new HashSet<>();
    private String address = "";
    private long since;
    private long lastFailure;
    private int attempts;
    private boolean partial;
    private @Nullable Throwable cause;

    /**
     * Notes that Redis could not be reached, or that it serves no client.
     *
     * @param at where Redis is, see {@link RedisLink#address()}
     */
    synchronized void failed(String at, Throwable failure) {
        begin(at);
        cause = failure;
        partial = Refusal.REPLICA.is(failure);
        if (told.isEmpty()) {
            log.warn("{} is unreachable: {}", name(at), reason(failure));
        } else if (!told.contains(kind(failure))) {
            log.warn("{} is still unreachable after {} s: {}", name(at), seconds(lastFailure), reason(failure));
        }
        told.add(kind(failure));
    }

    /** Notes that the connection broke. */
    synchronized void connectionLost(String at) {
        begin(at);
    }

    private void begin(String at) {
        lastFailure = System.nanoTime();
        address = at;
        if (!on) {
            on = true;
            since = lastFailure;
        }
    }

    /**
     * Notes that Redis answered a command.
     *
     * @param severalServers whether commands go to several servers, so that one answer does not speak for all
     */
    void answered(boolean severalServers) {
        if (on) {
            over(severalServers);
        }
    }

    private synchronized void over(boolean severalServers) {
        boolean doubtful = partial || severalServers;
        if (!on || (doubtful && System.nanoTime() - lastFailure < QUIET_TIME.toNanos())) {
            return;
        }
        long end = doubtful ? lastFailure : System.nanoTime();
        if (told.isEmpty()) {
            log.info(
                    "The connection to {} was lost and is open again after {} ms",
                    name(address),
                    (end - since) / 1_000_000);
        } else {
            log.info("{} answers again after {} s", name(address), seconds(end));
        }
        forget();
    }

    /** Ends an outage without a word. */
    synchronized void forget() {
        on = false;
        told.clear();
        attempts = 0;
        partial = false;
        cause = null;
    }

    /** Whether there is an outage whose reason is known. */
    synchronized boolean isKnown() {
        return on && cause != null;
    }

    /** A new exception for a command that is not sent, with the reason of the outage. */
    synchronized RedisUnavailableException asException() {
        Throwable reason = cause == null ? new RedisConnectionException("the connection is lost") : cause;
        return asException(
                address,
                reason instanceof RedisConnectionException
                        ? reason
                        : new RedisConnectionException("not sent, because Redis is unreachable", reason));
    }

    /** A new exception for a command that failed. */
    static RedisUnavailableException asException(String address, Throwable failure) {
        return new RedisUnavailableException(name(address) + " is unreachable: " + reason(failure), failure);
    }

    /**
     * How long to wait before the next attempt to connect: longer each time, as long as the outage lasts.
     *
     * @param afterAttempt whether an attempt failed just now; a connection that broke is replaced at once the first
     *     time
     */
    synchronized Duration nextPause(boolean afterAttempt) {
        int before = attempts++;
        if (before == 0 && !afterAttempt) {
            return Duration.ZERO;
        }
        long pause =
                Math.min(SHORTEST_PAUSE.toNanos() << Math.min(Math.max(before - 1, 0), 10), LONGEST_PAUSE.toNanos());
        return Duration.ofNanos(
                (long) (pause * (0.5 + ThreadLocalRandom.current().nextDouble() / 2)));
    }

    private long seconds(long end) {
        return Duration.ofNanos(end - since).toSeconds();
    }

    /** What the log calls a Redis at an address. */
    static String name(String address) {
        return address.isEmpty() ? "Redis" : "Redis at " + address;
    }

    /** The root cause of a failure in one line. */
    static String reason(Throwable failure) {
        Throwable root = root(failure);
        String message = LogText.oneLine(String.valueOf(root.getMessage()));
        return root instanceof RedisCommandExecutionException ? message : typeName(root) + ": " + message;
    }

    /**
     * What failures of the same reason have in common. A server that goes down resets one connection, closes the next
     * and refuses a third: that is one reason.
     */
    private static String kind(Throwable failure) {
        Throwable root = root(failure);
        if (root instanceof RedisCommandExecutionException) {
            return String.valueOf(root.getMessage()).split(" ", 2)[0];
        }
        boolean speaksForItself = root instanceof UnknownHostException
                || root instanceof SSLException
                || root instanceof RedisCommandTimeoutException
                || !(root instanceof IOException || root instanceof RedisException);
        return speaksForItself ? typeName(root) : "no connection";
    }

    /** The cause that says most: what the network or Redis said, else the last one. */
    static Throwable root(Throwable failure) {
        Throwable root = failure;
        while (!(root instanceof IOException || root instanceof RedisCommandExecutionException)
                && root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    /** The name that users know: Netty derives its own exceptions from those of the JDK. */
    private static String typeName(Throwable failure) {
        Class<?> type = failure.getClass();
        while (type.getName().startsWith("io.netty.") && type.getSuperclass() != null) {
            type = type.getSuperclass();
        }
        return type.getSimpleName();
    }
}
