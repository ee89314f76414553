package io.jobqueue.spring.binding;

import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;

/**
 * The property that contains the address of Redis.
 *
 * @param key its name
 * @param origin its origin, in parentheses, or empty
 * @param source the property source it comes from
 */
record RedisAddress(String key, String origin, PropertySource<?> source) {

    private static final List<ConfigurationPropertyName> KEYS = List.of(
                    "url", "host", "port", "sentinel.master", "sentinel.nodes", "cluster.nodes", "masterreplica.nodes")
            .stream()
            .map(key -> ConfigurationPropertyName.of("spring.data.redis." + key))
            .toList();

    /**
     * Finds the property in the first source that has one; an empty value is an absent one.
     *
     * @param sources which property sources to look into
     */
    static Optional<RedisAddress> find(ConfigurableEnvironment environment, Predicate<PropertySource<?>> sources) {
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (source.getUnderlyingSource() instanceof PropertySource<?> underlying && sources.test(underlying)) {
                for (ConfigurationPropertyName key : KEYS) {
                    ConfigurationProperty property = source.getConfigurationProperty(key);
                    boolean isThere = property != null
                            ? hasText(environment, property)
                            : source.containsDescendantOf(key) == ConfigurationPropertyState.PRESENT;
                    if (isThere) {
                        String origin = property == null || property.getOrigin() == null
                                ? ""
                                : " (" + property.getOrigin() + ")";
                        return Optional.of(new RedisAddress(key.toString(), origin, underlying));
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static boolean hasText(ConfigurableEnvironment environment, ConfigurationProperty property) {
        return !environment
                .resolvePlaceholders(String.valueOf(property.getValue()))
                .isBlank();
    }
}
