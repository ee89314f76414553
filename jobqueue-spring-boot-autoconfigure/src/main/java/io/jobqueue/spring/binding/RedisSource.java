package io.jobqueue.spring.binding;

import io.jobqueue.spring.binding.RedisUri.HostAndPort;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails.Node;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails.Standalone;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Tells, once at the start, which Redis the application uses and who said so. Not the post-processor's task: it knows
 * no beans, and connection details that are beans come before properties.
 */
final class RedisSource implements SmartInitializingSingleton {

    private static final Logger log = LoggerFactory.getLogger(RedisSource.class);

    /** Spring Boot's own details, which it makes of the properties. */
    private static final String OF_PROPERTIES = "PropertiesDataRedisConnectionDetails";

    private final DataRedisConnectionDetails details;
    private final RedisConnectionFactory factory;
    private final ConfigurableEnvironment environment;
    private final ListableBeanFactory beans;

    RedisSource(
            DataRedisConnectionDetails details,
            RedisConnectionFactory factory,
            ConfigurableEnvironment environment,
            ListableBeanFactory beans) {
        this.details = details;
        this.factory = factory;
        this.environment = environment;
        this.beans = beans;
    }

    @Override
    public void afterSingletonsInstantiated() {
        if (factory instanceof LettuceConnectionFactory lettuce && isOwn(lettuce)) {
            tell(
                    HostAndPort.join(lettuce.getHostName(), lettuce.getPort()),
                    lettuce.isUseSsl(),
                    "said by the application's own connection factory");
        } else {
            tell(address(), isTls(), source());
        }
    }

    private static void tell(String address, boolean tls, String source) {
        log.info("Redis at {}, TLS {}: {}", address, tls ? "on" : "off", source);
    }

    private boolean isTls() {
        return details.getSslBundle() != null;
    }

    /** A connection factory that somebody made himself follows neither connection details nor properties. */
    private boolean isOwn(LettuceConnectionFactory lettuce) {
        Standalone server = details.getStandalone();
        return server != null
                && details.getSentinel() == null
                && details.getCluster() == null
                && details.getMasterReplica() == null
                && (!server.getHost().equals(lettuce.getHostName())
                        || server.getPort() != lettuce.getPort()
                        || isTls() != lettuce.isUseSsl());
    }

    private String address() {
        if (details.getSentinel() != null) {
            return "the master '%s' of the Sentinels %s"
                    .formatted(
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
            return "said by the bean '%s'%s".formatted(beanName(), isBound ? ", which comes before " + origin : "");
        }
        if (isBound) {
            return origin;
        }
        return configured
                .map(address -> "said by '%s'%s".formatted(address.key(), address.origin()))
                .orElse("by default, because no address is configured and no Redis service is bound");
    }

    private String beanName() {
        return beans.getBeansOfType(DataRedisConnectionDetails.class).entrySet().stream()
                .filter(bean -> bean.getValue() == details)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("?");
    }
}
