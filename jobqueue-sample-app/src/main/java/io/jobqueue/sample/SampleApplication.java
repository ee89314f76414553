package io.jobqueue.sample;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;

/** The guide's demo and the census as one application: {@code --help} prints its arguments. */
@SpringBootApplication(proxyBeanMethods = false)
@EnableConfigurationProperties({SampleApplication.SampleProperties.class, DemoSettings.class})
public final class SampleApplication {

    /** Starts it. */
    public static void main(String[] args) {
        CommandLine line = CommandLine.parse(args);
        if (line.answer() != null) {
            (line.isWrong() ? System.err : System.out).println(line.answer());
            System.exit(line.isWrong() ? 2 : 0);
        }
        start(line);
    }

    static ConfigurableApplicationContext start(CommandLine line) {
        return SpringApplication.run(SampleApplication.class, line.arguments().toArray(String[]::new));
    }

    /**
     * Settings of the sample.
     *
     * @param allowedRoots the folders that a census may read; by default home, the temp folder and the folders of the
     *     class path
     * @param allowedHosts further names by which browsers may reach this server, without a port; {@code localhost},
     *     loopback addresses, {@code server.address} and the address that a request arrived at are always allowed
     */
    @ConfigurationProperties("sample")
    record SampleProperties(@Nullable List<Path> allowedRoots, @Nullable List<String> allowedHosts) {}

    @Bean
    ClassPath classPath() {
        return ClassPath.ofThisApplication();
    }

    @Bean
    RedisMessageListenerContainer announcements(RedisConnectionFactory redis) {
        RedisMessageListenerContainer container = new RedisMessageListenerContainer();
        container.setConnectionFactory(redis);
        return container;
    }

    @Bean
    AllowedRoots allowedRoots(SampleProperties properties, ClassPath classPath) {
        return AllowedRoots.of(properties.allowedRoots(), classPath);
    }
}
