package io.jobqueue.spring.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.jobqueue.spring.JobQueueStartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ByteArrayResource;

/** An environment to bind, without a server. */
abstract class ServiceBindingTestBase {

    static final String CANARY = "c4nary-" + "p4ssword";
    static final String PEM =
            """
            -----BEGIN CERTIFICATE-----
            MIIB
            -----END CERTIFICATE-----
            """;

    final StandardEnvironment environment = new StandardEnvironment();

    ServiceBindingTestBase() {
        ConfigurationPropertySources.attach(environment);
    }

    void set(String key, String value) {
        MapPropertySource source =
                (MapPropertySource) environment.getPropertySources().get("set");
        if (source == null) {
            source = new MapPropertySource("set", new LinkedHashMap<>());
            environment.getPropertySources().addFirst(source);
            ConfigurationPropertySources.attach(environment);
        }
        Map<String, Object> changed = new LinkedHashMap<>(source.getSource());
        changed.put(key, value);
        environment.getPropertySources().replace("set", new MapPropertySource("set", changed));
    }

    void yaml(String text) throws IOException {
        for (PropertySource<?> source :
                new YamlPropertySourceLoader().load("application.yml", new ByteArrayResource(text.getBytes()))) {
            environment.getPropertySources().addLast(source);
        }
    }

    void bindTo(String vcapServices) {
        set("VCAP_SERVICES", vcapServices);
        bind();
    }

    void bind() {
        new ServiceBindingEnvironmentPostProcessor(Supplier::get)
                .postProcessEnvironment(environment, new SpringApplication());
    }

    JobQueueStartException failure(String vcapServices) {
        set("VCAP_SERVICES", vcapServices);
        return failure();
    }

    JobQueueStartException failure() {
        JobQueueStartException[] failure = new JobQueueStartException[1];
        assertThatExceptionOfType(JobQueueStartException.class)
                .isThrownBy(this::bind)
                .satisfies(ex -> failure[0] = ex);
        assertThat(environment.getPropertySources().contains(ServiceBindingEnvironmentPostProcessor.SOURCE))
                .isFalse();
        return failure[0];
    }

    static String vcap(String label, String name, String credentials) {
        return "{\"%s\":[%s]}".formatted(label, service(name, credentials));
    }

    static String service(String name, String credentials) {
        return "{\"name\":\"%s\",\"tags\":[],\"credentials\":{%s}}".formatted(name, credentials);
    }

    static void folder(Path root, String name, Map<String, String> entries) throws IOException {
        Path folder = Files.createDirectories(root.resolve(name));
        for (Map.Entry<String, String> entry : entries.entrySet()) {
            Files.writeString(folder.resolve(entry.getKey()), entry.getValue());
        }
    }

    String origin(String key) {
        return String.valueOf(OriginLookup.getOrigin(
                environment.getPropertySources().get(ServiceBindingEnvironmentPostProcessor.SOURCE), key));
    }

    /** What the binding says about spring.data.redis, as the application will read it. */
    Map<String, String> redis() {
        Map<String, String> redis = new TreeMap<>();
        if (environment.getPropertySources().get(ServiceBindingEnvironmentPostProcessor.SOURCE)
                instanceof EnumerablePropertySource<?> source) {
            for (String name : source.getPropertyNames()) {
                if (name.startsWith("spring.data.redis.")) {
                    redis.put(name.substring("spring.data.redis.".length()), environment.getProperty(name));
                }
            }
        }
        return redis;
    }

    static Map<String, String> expected(String pairs) {
        Map<String, String> expected = new TreeMap<>();
        for (String pair : pairs.split(" ")) {
            int equals = pair.indexOf('=');
            expected.put(pair.substring(0, equals), pair.substring(equals + 1));
        }
        return expected;
    }
}
