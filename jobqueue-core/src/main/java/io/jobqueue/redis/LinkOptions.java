package io.jobqueue.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.protocol.RedisCommand;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** How the queue wants its connections to behave; {@link RedisLink} documents it for users. */
final class LinkOptions {

    static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(5);
    static final int REQUESTS = 100_000;

    private LinkOptions() {}

    /** What {@link RedisLink#options} documents. */
    static ClientOptions of(ClientOptions base, Duration commandTimeout) {
        ClientOptions.Builder builder = base instanceof ClusterClientOptions cluster ? cluster.mutate() : base.mutate();
        SocketOptions sockets = base.getSocketOptions();
        boolean ownTimeout = !sockets.getConnectTimeout().equals(SocketOptions.DEFAULT_CONNECT_TIMEOUT_DURATION);
        return builder.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .autoReconnect(base instanceof ClusterClientOptions)
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

    /** The same options for a unix domain socket, which knows no keep-alive. */
    static ClientOptions withoutKeepAlive(ClientOptions options) {
        return options.mutate()
                .socketOptions(
                        options.getSocketOptions().mutate().keepAlive(false).build())
                .build();
    }

    /** What {@link RedisLink#reconnectDelay} documents. */
    static Delay reconnectDelay() {
        return Delay.exponential(Duration.ZERO, Duration.ofSeconds(1), 2, TimeUnit.MILLISECONDS);
    }
}
