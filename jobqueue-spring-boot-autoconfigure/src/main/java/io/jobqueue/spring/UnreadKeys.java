package io.jobqueue.spring;

import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;
import org.springframework.core.env.Environment;

/**
 * Warns of settings that Spring Boot passes over without a word, because the name of a kind or a queue holds a dot or
 * another character that a key can only hold in brackets.
 */
final class UnreadKeys {

    private static final Logger log = LoggerFactory.getLogger(UnreadKeys.class);
    private static final Pattern READ_AS_WRITTEN = Pattern.compile("[A-Za-z0-9_-]+");

    private final Environment environment;

    UnreadKeys(Environment environment) {
        this.environment = environment;
    }

    /**
     * Warns when there are settings for a name, but not in brackets.
     *
     * @param map the key of the map, for example {@code jobqueue.kinds}
     * @param name a kind or queue that is used
     */
    void warn(String map, String name) {
        if (READ_AS_WRITTEN.matcher(name).matches()) {
            return;
        }
        ConfigurationPropertyName withoutBrackets = ConfigurationPropertyName.adapt(map + "." + name, '.');
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (source.containsDescendantOf(withoutBrackets) == ConfigurationPropertyState.PRESENT) {
                log.warn(
                        "What stands below '{}.{}' is not read; write the key as \"[{}]\", in brackets and quotes",
                        map,
                        name,
                        name);
                return;
            }
        }
    }
}
