package io.jobqueue.sample;

import io.jobqueue.embedded.EmbeddedRedis;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Chooses the Redis: one that is configured, else one that answers at localhost:6379, else a redis-server of the
 * application's own. Its property source is the last one, so that it overrules nothing.
 *
 * <p>The own server belongs to the JVM, not to a context: several contexts share it, also those that a restart of
 * Spring Boot's DevTools loads by another class loader. It stops after the contexts have closed, because their
 * connections would try to reach it again otherwise, and ends with the JVM in any case.
 */
final class RedisChoice implements EnvironmentPostProcessor, Ordered {

    /** The property that holds why this Redis was chosen, in words. */
    static final String REASON = "sample.redis-choice";

    /** The system property that holds the port of the JVM's own server: class loaders come and go, it stays. */
    static final String OWN_PORT = "io.jobqueue.sample.own-redis-port";

    private static final String PREFIX = "spring.data.redis.";

    /** A property that, when it is set, means that the user chose a Redis. Credentials and TLS settings count as well. */
    private static final List<String> CHOOSING = List.of(
            "url",
            "host",
            "port",
            "sentinel.master",
            "sentinel.nodes",
            "cluster.nodes",
            "masterreplica.nodes",
            "username",
            "password",
            "ssl.bundle");

    private static final int CONNECT_TIMEOUT_MS = 300;
    private static final int ANSWER_TIMEOUT_MS = 700;

    private final int usualPort;

    RedisChoice() {
        this(6379);
    }

    /** For tests, which cannot rely on what listens at the usual port. */
    RedisChoice(int usualPort) {
        this.usualPort = usualPort;
    }

    /** After application.yml and after whatever translates service bindings. */
    @Override
    public int getOrder() {
        return ConfigDataEnvironmentPostProcessor.ORDER + 20;
    }

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        if (Boolean.getBoolean("spring.aot.processing")) {
            return;
        }
        Map<String, Object> chosen = new HashMap<>();
        Optional<String> configured = configured(environment);
        if (configured.isPresent()) {
            chosen.put(REASON, "configured by " + configured.get());
        } else if (answersPing("localhost", usualPort)) {
            chosen.put(REASON, "none is configured, and this one answers at localhost:" + usualPort);
        } else {
            chosen.put(PREFIX + "host", "127.0.0.1");
            chosen.put(PREFIX + "port", ownServer());
            chosen.put(
                    REASON,
                    "started by this application, because none is configured and none answers at localhost:%s; set '%surl' to use another"
                            .formatted(usualPort, PREFIX));
        }
        environment.getPropertySources().addLast(new MapPropertySource("redisChoice", chosen));
    }

    /** The key that configures a Redis and where it stands, never its value. */
    private static Optional<String> configured(ConfigurableEnvironment environment) {
        for (String key : CHOOSING) {
            ConfigurationPropertyName name = ConfigurationPropertyName.of(PREFIX + key);
            for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
                ConfigurationProperty property = source.getConfigurationProperty(name);
                if (property != null) {
                    String origin = property.getOrigin() == null ? "" : " (" + property.getOrigin() + ")";
                    return Optional.of("'" + name + "'" + origin);
                }
                if (source.containsDescendantOf(name) == ConfigurationPropertyState.PRESENT) {
                    return Optional.of("'" + name + "'");
                }
            }
        }
        if (environment.getProperty(PREFIX + "ssl.enabled", Boolean.class, false)) {
            return Optional.of("'" + PREFIX + "ssl.enabled'");
        }
        return Optional.empty();
    }

    private static boolean answersPing(String host, int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), CONNECT_TIMEOUT_MS);
            socket.setSoTimeout(ANSWER_TIMEOUT_MS);
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            byte[] answer = socket.getInputStream().readNBytes(5);
            return new String(answer, StandardCharsets.US_ASCII).equals("+PONG");
        } catch (IOException ex) {
            return false;
        }
    }

    private static int ownServer() {
        synchronized (RedisChoice.class) {
            Integer running = Integer.getInteger(OWN_PORT);
            if (running != null && answersPing("127.0.0.1", running)) {
                return running;
            }
            try {
                EmbeddedRedis redis = EmbeddedRedis.start();
                System.setProperty(OWN_PORT, String.valueOf(redis.port()));
                SpringApplication.getShutdownHandlers().add(redis::close);
                return redis.port();
            } catch (RuntimeException ex) {
                throw new NoRedisException(ex);
            }
        }
    }

    /** There is no Redis: none configured, none found, none started. */
    static final class NoRedisException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        NoRedisException(RuntimeException cause) {
            super("No Redis is configured, none answers at localhost, and none could be started", cause);
        }
    }

    /** Says what to do about it. */
    static final class NoRedisAnalyzer extends AbstractFailureAnalyzer<NoRedisException> {

        @Override
        protected FailureAnalysis analyze(Throwable root, NoRedisException failure) {
            Throwable cause = failure.getCause() == null ? failure : failure.getCause();
            return new FailureAnalysis(
                    failure.getMessage() + ": " + cause.getMessage(),
                    "Run a Redis, and set '%surl', for example --%surl=redis://localhost:6379"
                            .formatted(PREFIX, PREFIX),
                    failure);
        }
    }
}
