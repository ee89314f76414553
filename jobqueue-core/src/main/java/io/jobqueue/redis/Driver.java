package io.jobqueue.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisAdvancedClusterAsyncCommands;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import java.util.concurrent.CompletableFuture;

/** Hides the differences between a connection to one Redis server and a connection to a cluster. */
final class Driver {

    private Driver() {}

    /** Returns the commands that the connection sends. */
    static RedisClusterAsyncCommands<String, String> commandsOf(StatefulConnection<String, String> connection) {
        return connection instanceof StatefulRedisClusterConnection<String, String> cluster
                ? cluster.async()
                : ((StatefulRedisConnection<String, String>) connection).async();
    }

    /**
     * Returns the commands of the server that holds the key. Only in a cluster does this server depend on the key.
     *
     * @throws RedisConnectionException when no server of the cluster holds the key
     */
    static CompletableFuture<RedisClusterAsyncCommands<String, String>> serverWith(
            String key, StatefulConnection<String, String> connection) {
        if (!(connection instanceof StatefulRedisClusterConnection<String, String> cluster)) {
            return CompletableFuture.completedFuture(commandsOf(connection));
        }
        RedisClusterNode node = cluster.getPartitions().getPartitionBySlot(SlotHash.getSlot(key));
        if (node == null) {
            throw new RedisConnectionException("no server of the cluster has the key " + key);
        }
        return cluster.getConnectionAsync(node.getNodeId()).thenApply(StatefulRedisConnection::async);
    }

    /**
     * Returns whether the driver may send a command twice. After a reconnect the driver sends again the commands that were
     * in flight, although the server may have executed them. A driver that {@linkplain RedisLink#options refuses commands}
     * while the connection is down gives up the commands in flight.
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
}
