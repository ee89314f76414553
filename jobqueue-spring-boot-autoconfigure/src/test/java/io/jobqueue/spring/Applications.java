package io.jobqueue.spring;

import io.jobqueue.embedded.EmbeddedRedis;
import java.util.List;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.autoconfigure.context.PropertyPlaceholderAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.context.annotation.UserConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.util.ClassUtils;

/** Small applications for the tests, as the starter would configure them. */
final class Applications {

    private Applications() {}

    /** An application on a server, with beans by their classes. */
    static ApplicationContextRunner on(EmbeddedRedis redis, Class<?>... beans) {
        return on(redis.port(), beans);
    }

    /** An application whose server never answers, for what must not need one. */
    static ApplicationContextRunner offline(Class<?>... beans) {
        return on(1, beans);
    }

    /** Every auto-configuration that this module lists for Spring Boot. */
    static List<Class<?>> autoConfigurations() {
        ClassLoader loader = Applications.class.getClassLoader();
        return ImportCandidates.load(AutoConfiguration.class, loader).getCandidates().stream()
                .filter(name -> name.startsWith("io.jobqueue."))
                .<Class<?>>map(name -> ClassUtils.resolveClassName(name, loader))
                .toList();
    }

    private static ApplicationContextRunner on(int port, Class<?>... beans) {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        PropertyPlaceholderAutoConfiguration.class,
                        LifecycleAutoConfiguration.class,
                        SslAutoConfiguration.class,
                        DataRedisAutoConfiguration.class,
                        JobQueueAutoConfiguration.class))
                .withConfiguration(UserConfigurations.of(beans))
                .withPropertyValues(
                        "spring.data.redis.host=127.0.0.1",
                        "spring.data.redis.port=" + port,
                        "jobqueue.worker.poll-interval=50ms");
    }
}
