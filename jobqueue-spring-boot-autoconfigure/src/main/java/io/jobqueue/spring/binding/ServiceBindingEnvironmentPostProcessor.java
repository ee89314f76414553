package io.jobqueue.spring.binding;

import io.jobqueue.spring.JobQueueStartException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.logging.Log;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.logging.DeferredLogFactory;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;

/**
 * Lets the application use the Redis that it is bound to: it translates the service binding into
 * {@code spring.data.redis.*} properties, which everything that uses Redis reads.
 *
 * <p>It is a post-processor and not a bean of connection details for two reasons. Ahead-of-time processing decides
 * about beans when the application is built, but the binding is only known at run time. And a bean of connection
 * details would override the properties of the user.
 *
 * <p>It uses the binding as a whole or not at all. The properties of the binding come first in the environment, so that
 * no other source overrides a part of them. If an address is configured anywhere else, the binding is ignored.
 */
final class ServiceBindingEnvironmentPostProcessor implements EnvironmentPostProcessor, Ordered {

    /** The property source with what the binding says. */
    static final String SOURCE = "jobqueueServiceBinding";

    private static final String ENABLED = "jobqueue.service-binding.enabled";
    private static final String NAME = "jobqueue.service-binding.name";
    private static final int MOST_TOLD = 20;

    /**
     * What java-cfenv and spring-cloud-bindings make of the same bindings: no address that somebody configured. They
     * leave out users and certificates, so it cannot stay as it is either.
     */
    private static final Set<String> OTHER_TRANSLATORS =
            Set.of("RedisCfEnvProcessor", "kubernetesServiceBindingSpecific");

    private static final Pattern CONNECTION = Pattern.compile(
            "spring\\.data\\.redis\\.(url|host|port|username|password|database|ssl.*|sentinel.*|cluster\\.nodes.*)");

    private final Log log;

    ServiceBindingEnvironmentPostProcessor(DeferredLogFactory logs) {
        this.log = logs.getLog(ServiceBindingEnvironmentPostProcessor.class);
    }

    /** After application.yml and what it imports have been read. */
    @Override
    public int getOrder() {
        return ConfigDataEnvironmentPostProcessor.ORDER + 5;
    }

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        // a context that is started on the environment of another one
        environment.getPropertySources().remove(SOURCE);
        Binder binder = Binder.get(environment);
        if (!binder.bind(ENABLED, Boolean.class).orElse(true)) {
            return;
        }
        String name = binder.bind(NAME, String.class).orElse("");
        Optional<RedisAddress> configured =
                RedisAddress.find(environment, ServiceBindingEnvironmentPostProcessor::isUsers);
        if (configured.isPresent()) {
            tellWhatIsNotUsed(environment, name, configured.get());
            return;
        }
        BoundService service = choose(new BoundServices(environment), name);
        if (service != null) {
            use(service, environment);
        }
    }

    private static boolean isUsers(PropertySource<?> source) {
        return !OTHER_TRANSLATORS.contains(source.getName());
    }

    private void tellWhatIsNotUsed(ConfigurableEnvironment environment, String name, RedisAddress configured) {
        try {
            BoundService service = choose(new BoundServices(environment), name);
            if (service != null) {
                log.info("The bound Redis service %s is not used, because '%s' is set%s"
                        .formatted(service.title(), configured.key(), configured.origin()));
            }
        } catch (JobQueueStartException ex) {
            log.info("The bound services are not used, because '%s' is set%s"
                    .formatted(configured.key(), configured.origin()));
        }
    }

    /**
     * The service to use. What the platform says hides what is typed into the configuration: that is for machines
     * without a platform.
     *
     * @return {@code null} when no Redis is bound
     * @throws JobQueueStartException when several are, or none has the name that is asked for
     */
    private static @Nullable BoundService choose(BoundServices bound, String name) {
        List<BoundService> platform = bound.ofPlatform();
        List<BoundService> candidates = candidates(platform, name);
        if (candidates.isEmpty()) {
            List<BoundService> configured = bound.ofConfiguration();
            candidates = candidates(configured, name);
            if (candidates.isEmpty() && !name.isBlank()) {
                throw notThere(
                        name,
                        Stream.concat(platform.stream(), configured.stream()).toList());
            }
        }
        if (candidates.size() > 1) {
            throw several(name, candidates);
        }
        return candidates.isEmpty() ? null : candidates.get(0);
    }

    private static List<BoundService> candidates(List<BoundService> services, String name) {
        if (name.isBlank()) {
            return services.stream().filter(BoundService::isRedis).toList();
        }
        List<BoundService> byName =
                services.stream().filter(service -> service.name().equals(name)).toList();
        return byName.isEmpty()
                ? services.stream()
                        .filter(service -> service.label().equals(name))
                        .toList()
                : byName;
    }

    private static JobQueueStartException several(String name, List<BoundService> candidates) {
        return new JobQueueStartException(
                name.isBlank()
                        ? "The application is bound to several Redis services:" + listed(candidates)
                        : "The application is bound to several services that '%s' = '%s' may mean:%s"
                                .formatted(NAME, name, listed(candidates)),
                "Set '%s' to the name of the one to use, or to its label where two have one name. Or set '%s' to false."
                        .formatted(NAME, ENABLED));
    }

    private static JobQueueStartException notThere(String name, List<BoundService> services) {
        return new JobQueueStartException(
                "The application is not bound to the service that '%s' asks for, '%s'.%s"
                        .formatted(
                                NAME,
                                name,
                                services.isEmpty() ? " It is bound to none." : " It is bound to:" + listed(services)),
                "Bind the service, or correct the name, or remove the property.");
    }

    private static String listed(List<BoundService> services) {
        String newLine = System.lineSeparator() + "    ";
        String rest = services.size() > MOST_TOLD ? newLine + "and %s more".formatted(services.size() - MOST_TOLD) : "";
        return services.stream()
                .limit(MOST_TOLD)
                .map(BoundService::title)
                .collect(Collectors.joining(newLine, newLine, rest));
    }

    private static void use(BoundService service, ConfigurableEnvironment environment) {
        MutablePropertySources sources = environment.getPropertySources();
        Map<String, String> properties = BoundRedis.properties(service);
        OTHER_TRANSLATORS.forEach(translator -> silence(translator, sources));
        if (!environment.getProperty(BoundRedis.BUNDLE_KEY, "").isBlank()) {
            // somebody who has made a bundle knows more about trust than the binding, perhaps a client certificate
            properties.keySet().removeIf(key -> key.equals(BoundRedis.BUNDLE_KEY) || key.startsWith("spring.ssl."));
        }
        sources.addFirst(new BoundProperties(service, properties));
    }

    /** Takes out what another translator says about the connection: its URL, for one, would come before our host. */
    private static void silence(String translator, MutablePropertySources sources) {
        if (sources.get(translator) instanceof MapPropertySource source) {
            Map<String, Object> rest = new LinkedHashMap<>(source.getSource());
            rest.keySet().removeIf(key -> CONNECTION.matcher(key).matches());
            sources.replace(translator, new MapPropertySource(translator, rest));
        }
    }

    /**
     * What a service says. Not one of Spring's own sources: those show their values as text while they are debugged.
     */
    private static final class BoundProperties extends EnumerablePropertySource<BoundService>
            implements OriginLookup<String> {

        private final Map<String, String> properties;

        BoundProperties(BoundService service, Map<String, String> properties) {
            super(SOURCE, service);
            this.properties = properties;
        }

        @Override
        public String[] getPropertyNames() {
            return properties.keySet().toArray(String[]::new);
        }

        @Override
        public @Nullable Object getProperty(String name) {
            String value = properties.get(name);
            // a password may look like a placeholder
            return value == null ? null : value.replace("${", "\\${");
        }

        @Override
        public @Nullable Origin getOrigin(String key) {
            return properties.containsKey(key)
                    ? new ServiceOrigin("the service " + getSource().title())
                    : null;
        }

        /** Never the values. */
        @Override
        public String toString() {
            return SOURCE + " " + properties.keySet();
        }
    }

    /** What Actuator and failure analyses show as the place of a property. */
    private record ServiceOrigin(String text) implements Origin {

        @Override
        public String toString() {
            return text;
        }
    }
}
