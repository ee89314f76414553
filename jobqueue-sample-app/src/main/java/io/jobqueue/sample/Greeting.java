package io.jobqueue.sample;

import io.jobqueue.redis.RedisQueues;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Says once, after the start, where the pages are, which Redis is used and why. The log gets it in our words, standard
 * output in the three lines that the guide's demo servers print. Addresses are built from host and port, so no password
 * is printed.
 */
@Component
final class Greeting {

    private static final Logger log = LoggerFactory.getLogger(Greeting.class);

    private final Environment environment;
    private final DataRedisConnectionDetails redis;

    private final Duration visibility;

    Greeting(Environment environment, DataRedisConnectionDetails redis, RedisQueues queues, DemoSettings demo) {
        this.environment = environment;
        this.redis = redis;
        this.visibility = queues.store(demo.queueName()).settings().lease().visibilityTimeout();
    }

    @EventListener(ApplicationReadyEvent.class)
    void greet() {
        log.info("The guide's demo is at {}/", url());
        log.info("The census is at {}/census.html", url());
        log.info("Redis is {}: {}", address(), environment.getProperty(RedisChoice.REASON, "configured"));
        System.out.println("Redis job-queue demo server listening on " + url());
        System.out.println("Using Redis at " + address());
        System.out.println("Visibility timeout: " + visibility.toMillis() + " ms");
    }

    private String url() {
        String host = environment.getProperty("server.address", "localhost");
        String reachable = host.equals("0.0.0.0") || host.equals("::") ? "localhost" : host;
        return "http://%s:%s%s"
                .formatted(
                        reachable.contains(":") ? "[" + reachable + "]" : reachable,
                        environment.getProperty("local.server.port"),
                        environment.getProperty("server.servlet.context-path", ""));
    }

    private String address() {
        if (redis.getSentinel() != null) {
            return "the master '%s' of the sentinels %s"
                    .formatted(
                            redis.getSentinel().getMaster(), redis.getSentinel().getNodes());
        }
        if (redis.getCluster() != null) {
            return "the cluster " + redis.getCluster().getNodes();
        }
        if (redis.getMasterReplica() != null) {
            return "the master and replicas " + redis.getMasterReplica().getNodes();
        }
        DataRedisConnectionDetails.Standalone server = redis.getStandalone();
        return server == null ? "unknown" : server.getHost() + ":" + server.getPort();
    }
}
