package io.jobqueue.sample;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Gives the demo's queue, whatever its name, the settings of the guide's demo: three attempts, at once after each other,
 * and no sweep but the one that is asked for. These are defaults and overrule nothing; only a visibility timeout from
 * the command line stands above other properties.
 */
final class DemoQueueDefaults implements EnvironmentPostProcessor, Ordered {

    static final String QUEUE_NAME = "sample.demo.queue-name";
    static final String VISIBILITY_MS = "sample.demo.visibility-ms";

    private static final Duration USUAL_VISIBILITY = Duration.ofSeconds(5);
    private static final Duration USUAL_HEARTBEAT = Duration.ofMillis(1500);

    /** After application.yml. */
    @Override
    public int getOrder() {
        return ConfigDataEnvironmentPostProcessor.ORDER + 21;
    }

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        String queue = environment.getProperty(QUEUE_NAME, "");
        String prefix = prefix(queue.isBlank() ? DemoSettings.DEFAULT_QUEUE : queue);
        String visibilityKey = prefix + "lease.visibility-timeout";
        Map<String, Object> defaults = new HashMap<>();
        defaults.put(prefix + "reclaimer.enabled", "false");
        defaults.put(prefix + "retry.delay", "0ms");
        defaults.put(prefix + "retry.max-attempts", "3");
        Duration asked = duration(environment.getProperty(VISIBILITY_MS));
        Duration configured = duration(environment.getProperty(visibilityKey));
        if (asked != null) {
            Map<String, Object> above = new HashMap<>();
            above.put(visibilityKey, asked.toMillis() + "ms");
            putHeartbeat(above, prefix, asked);
            environment.getPropertySources().addFirst(new MapPropertySource("demoVisibility", above));
        } else if (configured != null) {
            putHeartbeat(defaults, prefix, configured);
        } else {
            defaults.put(visibilityKey, USUAL_VISIBILITY.toMillis() + "ms");
        }
        environment.getPropertySources().addLast(new MapPropertySource("demoQueueDefaults", defaults));
    }

    /** The usual heartbeat fits most visibility timeouts; a short one needs its own. */
    private static void putHeartbeat(Map<String, Object> properties, String prefix, Duration visibility) {
        if (USUAL_HEARTBEAT.multipliedBy(3).compareTo(visibility) > 0) {
            properties.put(prefix + "lease.heartbeat", Math.max(1, visibility.toMillis() / 3) + "ms");
        }
    }

    /** The key of the queue's properties; a name with other characters stands in brackets. */
    static String prefix(String queue) {
        return "jobqueue.queues" + (queue.matches("[a-z0-9-]+") ? "." + queue : "[" + queue + "]") + ".";
    }

    /** What cannot be read is left to the check of the properties, which says so. */
    private static @Nullable Duration duration(@Nullable String value) {
        try {
            return value == null ? null : DurationStyle.detectAndParse(value);
        } catch (RuntimeException ex) {
            return null;
        }
    }
}
