package io.jobqueue.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.protocol.RedisCommand;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Where connections to Redis come from: one open link serves a {@link RedisConnector} until it is closed, then a new
 * one is made.
 *
 * @since 0.1.0
 */
public interface RedisLink extends AutoCloseable {

    /** How long the queue waits for the answer to a command when nothing else is said. */
    Duration COMMAND_TIMEOUT = Duration.ofSeconds(5);

    /** How many commands may be on their way; more are refused, so that memory stays flat whatever Redis does. */
    int REQUESTS = 100_000;

    /**
     * Opens a connection to the master, or to the cluster. Connections of a cluster must be
     * {@code StatefulRedisClusterConnection}s, all others {@code StatefulRedisConnection}s.
     */
    StatefulConnection<String, String> connect();

    /** Opens a connection that hears channels. */
    StatefulRedisPubSubConnection<String, String> connectPubSub();

    /** Whether the keys of a queue need one hash slot. */
    boolean isCluster();

    /** Releases what the link owns; its connections are closed before. */
    @Override
    void close();

    /**
     * A link with a client of its own.
     *
     * @param uri for example {@code RedisURI.create("redis://localhost:6379")}
     */
    static RedisLink to(RedisURI uri) {
        ClientResources resources =
                ClientResources.builder().reconnectDelay(reconnectDelay()).build();
        RedisURI bounded = RedisURI.builder(uri).build();
        if (uri.getTimeout().equals(RedisURI.DEFAULT_TIMEOUT_DURATION)) {
            // also limits the first words on a new connection, which nobody answers when Redis hangs
            bounded.setTimeout(COMMAND_TIMEOUT);
        }
        RedisClient client = RedisClient.create(resources, bounded);
        client.setOptions(options(ClientOptions.create(), COMMAND_TIMEOUT));
        return new OwnLink(new ClientLink(client, true), resources);
    }

    /**
     * A link over a client that stays the caller's: it is not closed, and its options are used as they are. Its options
     * had better be made by {@link #options}.
     *
     * @param client a {@link RedisClient} with a URI, or a {@link RedisClusterClient}
     */
    static RedisLink over(AbstractRedisClient client) {
        return new ClientLink(client, false);
    }

    /**
     * The options that the queue needs: commands fail at once while the connection is down and after
     * {@code commandTimeout} otherwise, blocking commands are left alone, and half-open connections are noticed.
     *
     * @param base the options to start from, of a cluster or not, for example those of the application's own client;
     *     what the queue does not need otherwise stays
     */
    static ClientOptions options(ClientOptions base, Duration commandTimeout) {
        ClientOptions.Builder builder = base instanceof ClusterClientOptions cluster ? cluster.mutate() : base.mutate();
        SocketOptions sockets = base.getSocketOptions();
        boolean ownTimeout = !sockets.getConnectTimeout().equals(SocketOptions.DEFAULT_CONNECT_TIMEOUT_DURATION);
        return builder.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .autoReconnect(true)
                .requestQueueSize(REQUESTS)
                .socketOptions(sockets.mutate()
                        .connectTimeout(ownTimeout ? sockets.getConnectTimeout() : commandTimeout)
                        .keepAlive(SocketOptions.KeepAliveOptions.builder()
                                .enable()
                                .idle(Duration.ofSeconds(10))
                                .interval(Duration.ofSeconds(5))
                                .count(2)
                                .build())
                        .build())
                .timeoutOptions(TimeoutOptions.builder()
                        .timeoutCommands()
                        .timeoutSource(new TimeoutOptions.TimeoutSource() {
                            @Override
                            public long getTimeout(RedisCommand<?, ?, ?> command) {
                                return command.getType().toString().startsWith("BL") ? 0 : commandTimeout.toMillis();
                            }
                        })
                        .build())
                .build();
    }

    /**
     * How long the driver waits before it tries to connect again: at most a second. Its own delay grows to half a minute,
     * for which nothing would work after a long outage.
     */
    static Delay reconnectDelay() {
        return Delay.exponential(Duration.ZERO, Duration.ofSeconds(1), 2, TimeUnit.MILLISECONDS);
    }

    /** A link with a client and threads of its own. */
    record OwnLink(ClientLink link, ClientResources resources) implements RedisLink {

        @Override
        public StatefulConnection<String, String> connect() {
            return link.connect();
        }

        @Override
        public StatefulRedisPubSubConnection<String, String> connectPubSub() {
            return link.connectPubSub();
        }

        @Override
        public boolean isCluster() {
            return link.isCluster();
        }

        @Override
        public void close() {
            link.close();
            // threads that end by themselves; nobody needs to know when
            var unused = resources.shutdown(0, 2, TimeUnit.SECONDS);
        }
    }

    /** A link over a Lettuce client. */
    record ClientLink(AbstractRedisClient client, boolean owned) implements RedisLink {

        /** Refuses clients of other modes. */
        public ClientLink {
            if (!(client instanceof RedisClient) && !(client instanceof RedisClusterClient)) {
                throw new IllegalArgumentException("neither a RedisClient nor a RedisClusterClient: " + client);
            }
        }

        @Override
        public StatefulConnection<String, String> connect() {
            return client instanceof RedisClusterClient cluster
                    ? cluster.connect(StringCodec.UTF8)
                    : ((RedisClient) client).connect(StringCodec.UTF8);
        }

        @Override
        public StatefulRedisPubSubConnection<String, String> connectPubSub() {
            return client instanceof RedisClusterClient cluster
                    ? cluster.connectPubSub(StringCodec.UTF8)
                    : ((RedisClient) client).connectPubSub(StringCodec.UTF8);
        }

        @Override
        public boolean isCluster() {
            return client instanceof RedisClusterClient;
        }

        @Override
        public void close() {
            if (owned) {
                client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
            }
        }
    }
}
