package io.jobqueue.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.Collection;

/**
 * Opens connections to Redis. A {@link RedisConnector} uses one link until the link is closed, and then creates a new
 * one.
 *
 * @since 0.1.0
 */
public interface RedisLink extends AutoCloseable {

    /** How long the queue waits for the answer to a command when nothing else is said. */
    Duration COMMAND_TIMEOUT = LinkOptions.COMMAND_TIMEOUT;

    /** How many commands may be on their way; more are refused, so that memory stays flat whatever Redis does. */
    int REQUESTS = LinkOptions.REQUESTS;

    /**
     * Opens a connection to the master, or to the cluster. Connections of a cluster must be
     * {@code StatefulRedisClusterConnection}s, all others {@code StatefulRedisConnection}s.
     */
    StatefulConnection<String, String> connect();

    /** Opens a connection for subscriptions to channels. */
    StatefulRedisPubSubConnection<String, String> connectPubSub();

    /** Whether the keys of a queue need one hash slot. */
    boolean isCluster();

    /**
     * Where Redis is, in words for the log, without credentials: {@code localhost:6379}, for example. Empty when the
     * link does not know.
     */
    default String address() {
        return "";
    }

    /** Releases what the link owns; its connections are closed before. */
    @Override
    void close();

    /**
     * A link with a client of its own, to one server or to the master that Sentinels name.
     *
     * <ul>
     *   <li>{@code redis://localhost:6379}, or {@code rediss://…} for TLS
     *   <li>{@code redis-sentinel://host:26379,host:26379#master-id}, or {@code rediss-sentinel://…}
     *   <li>{@code redis-socket:///run/redis.sock}, a unix domain socket. Netty's native transport for the platform has
     *       to be on the class path.
     * </ul>
     *
     * <p>The default timeout of the URI, 60 s, is shortened to {@link #COMMAND_TIMEOUT}. It limits the first words on a
     * new connection, to which a Redis that hangs does not answer.
     *
     * @param uri for example {@code RedisURI.create("redis://localhost:6379")}
     * @throws IllegalArgumentException when the URI names no server
     * @throws IllegalStateException when the URI needs a native transport and there is none
     */
    static RedisLink to(RedisURI uri) {
        return of(LettuceClient.single(uri));
    }

    /**
     * A link with a client of its own to a Redis cluster.
     *
     * @param nodes some nodes of the cluster, which tell the others; with the same credentials and TLS settings
     * @throws IllegalArgumentException when there are no nodes or when they differ in more than their addresses
     */
    static RedisLink toCluster(Collection<RedisURI> nodes) {
        return of(LettuceClient.cluster(nodes));
    }

    /**
     * A link over a client that stays the caller's: it is not closed, and its options are used as they are.
     *
     * @param client a {@link RedisClient} with a URI, or a {@link RedisClusterClient}; with {@link #options}, unless
     *     there is a reason for others
     */
    static RedisLink over(AbstractRedisClient client) {
        return of(LettuceClient.over(client));
    }

    private static RedisLink of(LettuceClient client) {
        return new RedisLink() {

            @Override
            public StatefulConnection<String, String> connect() {
                return client.connect();
            }

            @Override
            public StatefulRedisPubSubConnection<String, String> connectPubSub() {
                return client.connectPubSub();
            }

            @Override
            public boolean isCluster() {
                return client.isCluster();
            }

            @Override
            public String address() {
                return client.address();
            }

            @Override
            public void close() {
                client.close();
            }
        };
    }

    /**
     * The options that the queue needs: commands fail at once while the connection is down and after
     * {@code commandTimeout} otherwise, blocking commands are left alone, and half-open connections are noticed. The
     * driver restores connections to the nodes of a cluster; the {@link RedisConnector} restores all others.
     *
     * @param base the options to start from, of a cluster or not, for example those of the application's own client;
     *     what the queue does not need otherwise stays
     */
    static ClientOptions options(ClientOptions base, Duration commandTimeout) {
        return LinkOptions.of(base, commandTimeout);
    }

    /**
     * How long the driver waits before it connects to a node of a cluster again: at most a second. Its own delay grows
     * to half a minute, for which nothing would work after a long outage.
     */
    static Delay reconnectDelay() {
        return LinkOptions.reconnectDelay();
    }
}
