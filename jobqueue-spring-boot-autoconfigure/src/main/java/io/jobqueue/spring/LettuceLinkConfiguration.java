package io.jobqueue.spring;

import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ReadFrom;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.masterreplica.MasterReplica;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.tracing.Tracing;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.RedisStaticMasterReplicaConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.connection.lettuce.RedisCredentialsProviderFactory;

/**
 * Connects the queue to the application's Redis: the same servers, credentials and TLS, but with a separate client. The
 * queue cannot share the application's client. Its command timeout would abort waiting for jobs, its read-from setting
 * would read from replicas, its observation would count and trace each poll, and a pause of the context replaces the
 * client.
 *
 * <p>The only class of this module that knows Lettuce.
 */
@Configuration(proxyBeanMethods = false)
final class LettuceLinkConfiguration {

    @Bean(name = "jobqueue.redisConnector", destroyMethod = "stop")
    @ConditionalOnMissingBean
    RedisConnector jobQueueRedisConnector(
            @JobQueueRedis ObjectProvider<RedisConnectionFactory> marked,
            ObjectProvider<RedisConnectionFactory> all,
            ListableBeanFactory beans,
            ObjectProvider<RedisStaticMasterReplicaConfiguration> masterReplica,
            ObjectProvider<DataRedisConnectionDetails> details) {
        RedisConnectionFactory application = choose(marked, all, beans);
        if (!(application instanceof LettuceConnectionFactory lettuce)) {
            throw new JobQueueStartException(
                    "The job queue needs Lettuce, but the application's RedisConnectionFactory is a %s."
                            .formatted(application.getClass().getName()),
                    "Put io.lettuce:lettuce-core on the class path and remove 'spring.data.redis.client-type', or define a RedisConnector bean, or switch the queue off with 'jobqueue.enabled=false'.");
        }
        Supplier<Optional<RedisStaticMasterReplicaConfiguration>> nodes =
                () -> Optional.ofNullable(masterReplica.getIfAvailable())
                        .or(() -> Optional.ofNullable(details.getIfAvailable())
                                .flatMap(LettuceLinkConfiguration::masterReplica));
        return new RedisConnector(() -> DerivedLink.open(lettuce, nodes));
    }

    private static RedisConnectionFactory choose(
            ObjectProvider<RedisConnectionFactory> marked,
            ObjectProvider<RedisConnectionFactory> all,
            ListableBeanFactory beans) {
        List<RedisConnectionFactory> chosen = marked.stream().toList();
        if (chosen.size() > 1) {
            throw new JobQueueStartException(
                    "Two or more beans are marked with @JobQueueRedis: %s.".formatted(names(beans, chosen::contains)),
                    "Keep the annotation on one of them.");
        }
        RedisConnectionFactory factory = chosen.isEmpty() ? all.getIfUnique() : chosen.get(0);
        if (factory == null) {
            throw new JobQueueStartException(
                    "The job queue cannot choose between the RedisConnectionFactory beans %s."
                            .formatted(names(beans, any -> true)),
                    "Mark the one that it is to use with @JobQueueRedis, make one of them @Primary, or define a RedisConnector bean.");
        }
        return factory;
    }

    private static String names(ListableBeanFactory beans, Predicate<RedisConnectionFactory> filter) {
        return beans.getBeansOfType(RedisConnectionFactory.class).entrySet().stream()
                .filter(bean -> filter.test(bean.getValue()))
                .map(bean -> "'" + bean.getKey() + "'")
                .sorted()
                .collect(Collectors.joining(" and "));
    }

    /** Boot's order of modes: sentinel, cluster, master and replica, standalone. */
    private static Optional<RedisStaticMasterReplicaConfiguration> masterReplica(DataRedisConnectionDetails details) {
        DataRedisConnectionDetails.MasterReplica nodes = details.getMasterReplica();
        if (nodes == null || details.getSentinel() != null || details.getCluster() != null) {
            return Optional.empty();
        }
        List<DataRedisConnectionDetails.Node> addresses = nodes.getNodes();
        RedisStaticMasterReplicaConfiguration configuration = new RedisStaticMasterReplicaConfiguration(
                addresses.get(0).host(), addresses.get(0).port());
        addresses.stream().skip(1).forEach(node -> configuration.addNode(node.host(), node.port()));
        String username = details.getUsername();
        if (username != null) {
            configuration.setUsername(username);
        }
        String password = details.getPassword();
        if (password != null) {
            configuration.setPassword(password);
        }
        return Optional.of(configuration);
    }

    /**
     * A link by a connection factory that is derived from the application's one, for as long as the link is open.
     *
     * @param masterReplica the addresses to try when the client itself has none, else {@code null}
     */
    private record DerivedLink(
            LettuceConnectionFactory factory,
            DerivedConfiguration configuration,
            @Nullable List<RedisURI> masterReplica,
            RedisLink link)
            implements RedisLink {

        static DerivedLink open(
                LettuceConnectionFactory application,
                Supplier<Optional<RedisStaticMasterReplicaConfiguration>> masterReplica) {
            DerivedConfiguration configuration = DerivedConfiguration.of(application.getClientConfiguration());
            Optional<RedisStaticMasterReplicaConfiguration> nodes =
                    ofMode(application) == null ? masterReplica.get() : Optional.empty();
            LettuceConnectionFactory factory = new LettuceConnectionFactory(
                    nodes.map(RedisConfiguration.class::cast).orElseGet(() -> servers(application)), configuration);
            factory.setShareNativeConnection(false);
            factory.setEarlyStartup(false);
            try {
                factory.afterPropertiesSet();
                factory.start();
                AbstractRedisClient client = factory.getRequiredNativeClient();
                return new DerivedLink(
                        factory, configuration, nodes.map(configuration::uris).orElse(null), RedisLink.over(client));
            } catch (RuntimeException | Error ex) {
                free(factory, configuration);
                throw ex;
            }
        }

        private static void free(LettuceConnectionFactory factory, DerivedConfiguration configuration) {
            try {
                factory.destroy();
            } finally {
                configuration.release();
            }
        }

        /** The servers in a mode that the application's factory tells, else {@code null}. */
        private static @Nullable RedisConfiguration ofMode(LettuceConnectionFactory application) {
            if (application.getSentinelConfiguration() != null) {
                return application.getSentinelConfiguration();
            }
            return application.getClusterConfiguration() != null
                    ? application.getClusterConfiguration()
                    : application.getSocketConfiguration();
        }

        private static RedisConfiguration servers(LettuceConnectionFactory application) {
            RedisConfiguration ofMode = ofMode(application);
            return ofMode == null ? application.getStandaloneConfiguration() : ofMode;
        }

        @Override
        public StatefulConnection<String, String> connect() {
            return masterReplica == null
                    ? link.connect()
                    : MasterReplica.connect(
                            (RedisClient) factory.getRequiredNativeClient(), StringCodec.UTF8, masterReplica);
        }

        @Override
        public StatefulRedisPubSubConnection<String, String> connectPubSub() {
            // what is published on the master is heard on every node
            return masterReplica == null
                    ? link.connectPubSub()
                    : ((RedisClient) factory.getRequiredNativeClient())
                            .connectPubSub(StringCodec.UTF8, masterReplica.get(0));
        }

        @Override
        public boolean isCluster() {
            return link.isCluster();
        }

        @Override
        public void close() {
            free(factory, configuration);
        }

        /** Would show the factory's configuration otherwise, passwords included. */
        @Override
        public String toString() {
            return "DerivedLink[" + configuration.getClientName().orElseThrow() + "]";
        }
    }

    /** The application's client configuration with what the queue needs otherwise. */
    private record DerivedConfiguration(
            LettuceClientConfiguration application, ClientOptions options, @Nullable ClientResources resources)
            implements LettuceClientConfiguration {

        static DerivedConfiguration of(LettuceClientConfiguration application) {
            return new DerivedConfiguration(
                    application,
                    RedisLink.options(
                            application.getClientOptions().orElseGet(ClientOptions::create), RedisLink.COMMAND_TIMEOUT),
                    application
                            .getClientResources()
                            .map(DerivedConfiguration::shared)
                            .orElse(null));
        }

        /**
         * The same threads, but neither a span nor a timer for each command. Not by {@code mutate()}: that shares less.
         */
        private static ClientResources shared(ClientResources application) {
            return DefaultClientResources.builder()
                    .eventLoopGroupProvider(application.eventLoopGroupProvider())
                    .eventExecutorGroup(application.eventExecutorGroup())
                    .timer(application.timer())
                    .eventBus(application.eventBus())
                    .addressResolverGroup(application.addressResolverGroup())
                    .socketAddressResolver(application.socketAddressResolver())
                    .nettyCustomizer(application.nettyCustomizer())
                    .reconnectDelay(RedisLink.reconnectDelay())
                    .commandLatencyRecorder(CommandLatencyRecorder.disabled())
                    .tracing(Tracing.disabled())
                    .build();
        }

        /** Gives back what does not belong to the application. */
        void release() {
            if (resources != null) {
                resources.shutdown();
            }
        }

        /** The addresses of a static master and its replicas; the client finds out which is the master. */
        List<RedisURI> uris(RedisStaticMasterReplicaConfiguration servers) {
            return servers.getNodes().stream().map(this::uri).toList();
        }

        private RedisURI uri(RedisStandaloneConfiguration server) {
            RedisURI.Builder uri = RedisURI.builder()
                    .withHost(server.getHostName())
                    .withPort(server.getPort())
                    .withDatabase(server.getDatabase())
                    .withSsl(isUseSsl())
                    .withVerifyPeer(getVerifyMode())
                    .withStartTls(isStartTls())
                    .withTimeout(getCommandTimeout());
            getClientName().ifPresent(uri::withClientName);
            credentials(server).ifPresent(uri::withAuthentication);
            return uri.build();
        }

        private Optional<RedisCredentialsProvider> credentials(RedisStandaloneConfiguration server) {
            RedisCredentialsProviderFactory providers =
                    getRedisCredentialsProviderFactory().orElseGet(() -> new RedisCredentialsProviderFactory() {});
            return server.getPassword().isPresent()
                            || getRedisCredentialsProviderFactory().isPresent()
                    ? Optional.ofNullable(providers.createCredentialsProvider(server))
                    : Optional.empty();
        }

        @Override
        public boolean isUseSsl() {
            return application.isUseSsl();
        }

        @Override
        public boolean isVerifyPeer() {
            return application.isVerifyPeer();
        }

        @Override
        public SslVerifyMode getVerifyMode() {
            return application.getVerifyMode();
        }

        @Override
        public boolean isStartTls() {
            return application.isStartTls();
        }

        @Override
        public Optional<ClientResources> getClientResources() {
            return Optional.ofNullable(resources);
        }

        @Override
        public Optional<ClientOptions> getClientOptions() {
            return Optional.of(options);
        }

        @Override
        public Optional<String> getClientName() {
            return Optional.of(
                    application.getClientName().map(name -> name + "-jobqueue").orElse("jobqueue"));
        }

        @Override
        public Optional<ReadFrom> getReadFrom() {
            return Optional.empty();
        }

        @Override
        public Optional<RedisCredentialsProviderFactory> getRedisCredentialsProviderFactory() {
            return application.getRedisCredentialsProviderFactory();
        }

        @Override
        public Duration getCommandTimeout() {
            return RedisLink.COMMAND_TIMEOUT;
        }

        @Override
        public Duration getShutdownTimeout() {
            return application.getShutdownTimeout();
        }

        @Override
        public Duration getShutdownQuietPeriod() {
            return application.getShutdownQuietPeriod();
        }
    }
}
