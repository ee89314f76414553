package io.jobqueue.benchmarks;

import io.jobqueue.spring.JobHandler;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.core.StringRedisTemplate;

/**
 * The smallest application with a job handler, for {@link StartUp}. Runs as well without the starter's configuration, and
 * uses Redis then only when it is told to.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
final class SmallApplication {

    static final String KIND = "hello";

    /** The argument that lets it ask Redis for something, without the queue. */
    static final String PING = "--ping";

    SmallApplication() {}

    /** Starts, says when it was where, and lives until its standard input ends. */
    public static void main(String... args) throws IOException {
        Mark.MAIN.print(System.currentTimeMillis());
        ConfigurableApplicationContext context = SpringApplication.run(SmallApplication.class, args);
        Mark.STARTED.print(System.currentTimeMillis());
        if (context.getEnvironment().containsProperty(PING.substring(2))) {
            context.getBean(StringRedisTemplate.class).hasKey("anything");
            answered();
        }
        while (System.in.read() >= 0) {
            // whoever started it has not ended yet
        }
        context.close();
    }

    @JobHandler(KIND)
    void hello() {
        answered();
    }

    private static void answered() {
        Mark.ANSWERED.print(System.currentTimeMillis());
        Mark.CLASSES.print(ManagementFactory.getClassLoadingMXBean().getTotalLoadedClassCount());
    }
}
