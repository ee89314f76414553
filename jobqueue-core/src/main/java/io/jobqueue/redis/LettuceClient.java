package io.jobqueue.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Transports.NativeTransports;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A Lettuce client for one server or for a cluster, behind a {@link RedisLink}. It can also create a client, and
 * releases the client's resources when that fails.
 */
final class LettuceClient {

    private static final Duration MAX_WAIT_FOR_SHUTDOWN = Duration.ofSeconds(2);

    /** Lettuce may still greet a server, on a thread of the JDK, when the attempt to connect has failed. */
    private static final Duration QUIET_TIME_AFTER_FAILURES = Duration.ofMillis(50);

    /** How often a connect is tried while its failures hide the reason. */
    private static final int MAX_ATTEMPTS = 3;

    private final AbstractRedisClient client;
    private final @Nullable ClientResources resources;
    private final String address;
    private volatile boolean failed;
    private volatile boolean closing;

    private LettuceClient(AbstractRedisClient client, @Nullable ClientResources resources, String address) {
        this.client = client;
        this.resources = resources;
        this.address = address;
    }

    /**
     * A client that stays the caller's.
     *
     * @throws IllegalArgumentException for a client of another kind
     */
    static LettuceClient over(AbstractRedisClient client) {
        if (!(client instanceof RedisClient) && !(client instanceof RedisClusterClient)) {
            throw new IllegalArgumentException("neither a RedisClient nor a RedisClusterClient: " + client);
        }
        return new LettuceClient(client, null, "");
    }

    static LettuceClient single(RedisURI uri) {
        check(uri);
        uri.getSentinels().forEach(LettuceClient::check);
        return owning(address(uri), resources -> {
            RedisClient client = RedisClient.create(resources, new BoundedUri(uri));
            ClientOptions options = LinkOptions.of(ClientOptions.create(), LinkOptions.COMMAND_TIMEOUT);
            client.setOptions(uri.getSocket() == null ? options : LinkOptions.withoutKeepAlive(options));
            return client;
        });
    }

    static LettuceClient cluster(Collection<RedisURI> nodes) {
        if (nodes.isEmpty()) {
            throw new IllegalArgumentException("no node of the cluster is given; at least one is needed");
        }
        nodes.forEach(LettuceClient::check);
        List<RedisURI> uris = nodes.stream().<RedisURI>map(BoundedUri::new).toList();
        return owning("the cluster " + addresses(nodes), resources -> {
            RedisClusterClient client = RedisClusterClient.create(resources, uris);
            client.setOptions(
                    (ClusterClientOptions) LinkOptions.of(ClusterClientOptions.create(), LinkOptions.COMMAND_TIMEOUT));
            return client;
        });
    }

    private static LettuceClient owning(String address, Function<ClientResources, AbstractRedisClient> client) {
        ClientResources resources = ClientResources.builder()
                .reconnectDelay(LinkOptions.reconnectDelay())
                .build();
        try {
            return new LettuceClient(client.apply(resources), resources, address);
        } catch (RuntimeException | Error ex) {
            resources.shutdown(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
            throw ex;
        }
    }

    /** Finds out before anything is made whether there can be a client for a URI. */
    private static void check(RedisURI uri) {
        if (!uri.getSentinels().isEmpty() && uri.getSentinelMasterId() == null) {
            throw new IllegalArgumentException(
                    "the Sentinels %s need the name of a master: put it behind '#', as in redis-sentinel://host:26379#mymaster"
                            .formatted(addresses(uri.getSentinels())));
        }
        if (uri.getSentinels().isEmpty() && uri.getHost() == null && uri.getSocket() == null) {
            throw new IllegalArgumentException(
                    "a RedisURI needs a host, a socket, or Sentinels with the name of a master");
        }
        if (uri.getSocket() != null && !NativeTransports.isDomainSocketSupported()) {
            throw new IllegalStateException(
                    "the unix domain socket '%s' needs a native transport of Netty, and none is on the class path: add io.netty:netty-transport-native-epoll (Linux) or io.netty:netty-transport-native-kqueue (macOS) with the classifier of the platform"
                            .formatted(uri.getSocket()));
        }
    }

    private static String address(RedisURI uri) {
        if (!uri.getSentinels().isEmpty()) {
            return "the master '%s' of the Sentinels %s"
                    .formatted(uri.getSentinelMasterId(), addresses(uri.getSentinels()));
        }
        if (uri.getSocket() != null) {
            return uri.getSocket();
        }
        return (uri.getHost().indexOf(':') >= 0 ? "[" + uri.getHost() + "]" : uri.getHost()) + ":" + uri.getPort();
    }

    private static String addresses(Collection<RedisURI> uris) {
        return uris.stream().map(LettuceClient::address).collect(Collectors.joining(", "));
    }

    StatefulConnection<String, String> connect() {
        return noted(() -> client instanceof RedisClusterClient cluster
                ? cluster.connect(StringCodec.UTF8)
                : ((RedisClient) client).connect(StringCodec.UTF8));
    }

    StatefulRedisPubSubConnection<String, String> connectPubSub() {
        return noted(() -> client instanceof RedisClusterClient cluster
                ? cluster.connectPubSub(StringCodec.UTF8)
                : ((RedisClient) client).connectPubSub(StringCodec.UTF8));
    }

    private <C> C noted(Supplier<C> attempt) {
        for (int number = 1; ; number++) {
            try {
                return attempt.get();
            } catch (RuntimeException ex) {
                failed = true;
                if (closing || number == MAX_ATTEMPTS || !hidesTheReason(ex)) {
                    throw ex;
                }
            }
        }
    }

    /**
     * Whether a failure may hide why the server refused a connection. Lettuce closes a refused connection, and in about
     * one of 200 attempts it reports the close instead of the refusal. Another attempt tells the reason.
     */
    private static boolean hidesTheReason(Throwable failure) {
        Throwable root = RedisOutage.root(failure);
        String message = String.valueOf(root.getMessage());
        return root instanceof ClosedChannelException
                || message.equals("Connection closed prematurely")
                || message.equals("RedisHandshakeHandler not registered");
    }

    boolean isCluster() {
        return client instanceof RedisClusterClient;
    }

    String address() {
        return address;
    }

    void close() {
        if (resources == null) {
            return;
        }
        closing = true;
        try {
            // first the connections, then the threads that they end on
            long quiet = failed ? QUIET_TIME_AFTER_FAILURES.toMillis() : 0;
            client.shutdownAsync(quiet, MAX_WAIT_FOR_SHUTDOWN.toMillis(), TimeUnit.MILLISECONDS)
                    .get(MAX_WAIT_FOR_SHUTDOWN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException ex) {
            throw new IllegalStateException("the Redis client did not shut down in " + MAX_WAIT_FOR_SHUTDOWN, ex);
        } finally {
            resources
                    .shutdown(0, MAX_WAIT_FOR_SHUTDOWN.toMillis(), TimeUnit.MILLISECONDS)
                    .awaitUninterruptibly(MAX_WAIT_FOR_SHUTDOWN.toMillis());
        }
    }

    /** A copy of a URI, Sentinels included, whose default timeouts are shortened. */
    private static final class BoundedUri extends RedisURI {

        BoundedUri(RedisURI uri) {
            super(uri);
            shorten(this);
            getSentinels().forEach(BoundedUri::shorten);
        }

        private static void shorten(RedisURI uri) {
            if (uri.getTimeout().equals(DEFAULT_TIMEOUT_DURATION)) {
                uri.setTimeout(LinkOptions.COMMAND_TIMEOUT);
            }
        }
    }
}
