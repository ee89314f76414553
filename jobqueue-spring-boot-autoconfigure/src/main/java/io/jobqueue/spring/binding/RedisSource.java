package io.jobqueue.spring.binding;

import io.jobqueue.redis.RedisConnector;
import io.jobqueue.spring.binding.RedisUri.HostAndPort;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails.Node;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails.Standalone;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.data.redis.connection.NamedNode;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisNode;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.RedisSocketConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Logs once, at the start, which Redis the job queue uses, and where its address comes from. The post-processor of the
 * environment cannot log this, because it knows no beans, and connection details that are beans override properties.
 */
final class RedisSource implements SmartInitializingSingleton {

    private static final Logger log = LoggerFactory.getLogger(RedisSource.class);

    /** Spring Boot's own details, which it makes of the properties. */
    private static final String OF_PROPERTIES = "PropertiesDataRedisConnectionDetails";

    /** The connector that the starter makes from a connection factory. */
    private static final String CONNECTOR_OF_STARTER = "jobqueue.redisConnector";

    private final DataRedisConnectionDetails details;
    private final Supplier<@Nullable RedisConnectionFactory> used;
    private final ConfigurableEnvironment environment;
    private final ConfigurableListableBeanFactory beans;

    /**
     * Creates the source.
     *
     * @param used the connection factory that the queue uses, or {@code null} if it cannot choose
     */
    RedisSource(
            DataRedisConnectionDetails details,
            Supplier<@Nullable RedisConnectionFactory> used,
            ConfigurableEnvironment environment,
            ConfigurableListableBeanFactory beans) {
        this.details = details;
        this.used = used;
        this.environment = environment;
        this.beans = beans;
    }

    @Override
    public void afterSingletonsInstantiated() {
        Optional<String> connector = Arrays.stream(beans.getBeanNamesForType(RedisConnector.class, true, false))
                .filter(name -> !name.equals(CONNECTOR_OF_STARTER))
                .findFirst();
        RedisConnectionFactory factory = used.get();
        if (connector.isPresent()) {
            log.info("Redis of the connector bean '{}'", connector.get());
        } else if (factory != null) {
            String name = nameOf(RedisConnectionFactory.class, factory);
            if (isOfSpringBoot(name)) {
                tell(address(), isTls(), source());
            } else if (factory instanceof LettuceConnectionFactory lettuce) {
                tell(address(lettuce), lettuce.isUseSsl(), "configured by the bean '%s'".formatted(name));
            } else {
                log.info("Redis of the connection factory bean '{}'", name);
            }
        }
    }

    private static void tell(String address, boolean tls, String source) {
        log.info("Redis at {}, TLS {}: {}", address, tls ? "on" : "off", source);
    }

    private boolean isTls() {
        return details.getSslBundle() != null;
    }

    /** Spring Boot's factory follows connection details and properties, any other one does not. */
    private boolean isOfSpringBoot(String name) {
        if (!beans.containsBeanDefinition(name)) {
            return false;
        }
        String configuration = beans.getMergedBeanDefinition(name).getFactoryBeanName();
        return configuration != null && configuration.startsWith("org.springframework.boot.");
    }

    private static String address(LettuceConnectionFactory lettuce) {
        RedisSentinelConfiguration sentinel = lettuce.getSentinelConfiguration();
        if (sentinel != null) {
            NamedNode master = sentinel.getMaster();
            return sentinel(master == null ? "?" : String.valueOf(master.getName()), servers(sentinel.getSentinels()));
        }
        RedisClusterConfiguration cluster = lettuce.getClusterConfiguration();
        if (cluster != null) {
            return "the cluster " + servers(cluster.getClusterNodes());
        }
        RedisSocketConfiguration socket = lettuce.getSocketConfiguration();
        return socket != null
                ? "the socket " + socket.getSocket()
                : HostAndPort.join(lettuce.getHostName(), lettuce.getPort());
    }

    private static String sentinel(String master, String nodes) {
        return "the master '%s' of the Sentinels %s".formatted(master, nodes);
    }

    private static String servers(Collection<RedisNode> nodes) {
        return nodes.stream()
                .map(node -> HostAndPort.join(node.getRequiredHost(), node.getRequiredPort()))
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private String address() {
        if (details.getSentinel() != null) {
            return sentinel(
                    details.getSentinel().getMaster(),
                    nodes(details.getSentinel().getNodes()));
        }
        if (details.getCluster() != null) {
            return "the cluster " + nodes(details.getCluster().getNodes());
        }
        if (details.getMasterReplica() != null) {
            return "the master and replicas " + nodes(details.getMasterReplica().getNodes());
        }
        Standalone server = details.getStandalone();
        return server == null ? "an unknown address" : HostAndPort.join(server.getHost(), server.getPort());
    }

    private static String nodes(List<Node> nodes) {
        return nodes.stream()
                .map(node -> HostAndPort.join(node.host(), node.port()))
                .collect(Collectors.joining(", "));
    }

    private String source() {
        Optional<RedisAddress> configured = RedisAddress.find(environment, source -> true);
        boolean isBound = configured
                .filter(address -> address.source().getName().equals(ServiceBindingEnvironmentPostProcessor.SOURCE))
                .isPresent();
        // the origin of our own properties is the service, in words
        String origin = configured.map(RedisAddress::origin).orElse("").replaceAll("^ \\(|\\)$", "");
        if (!details.getClass().getSimpleName().equals(OF_PROPERTIES)) {
            return "configured by the bean '%s'%s"
                    .formatted(
                            nameOf(DataRedisConnectionDetails.class, details),
                            isBound ? ", which comes before " + origin : "");
        }
        if (isBound) {
            return origin;
        }
        return configured
                .map(address -> "configured by '%s'%s".formatted(address.key(), address.origin()))
                .orElse("by default, because no address is configured and no Redis service is bound");
    }

    private <T> String nameOf(Class<T> type, T bean) {
        return beans.getBeansOfType(type).entrySet().stream()
                .filter(entry -> entry.getValue() == bean)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("?");
    }
}
