package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** Applications with several connections to Redis. */
@RedisServer
@ExtendWith(OutputCaptureExtension.class)
class SeveralRedisTests {

    private static EmbeddedRedis cache;
    private static EmbeddedRedis work;

    @BeforeAll
    static void start(EmbeddedRedis server) {
        cache = server;
        work = EmbeddedRedis.start();
    }

    @AfterAll
    static void stop() {
        work.close();
    }

    private static LettuceConnectionFactory to(EmbeddedRedis redis) {
        return new LettuceConnectionFactory(new RedisStandaloneConfiguration("127.0.0.1", redis.port()));
    }

    private static ApplicationContextRunner application(Class<?>... beans) {
        return Applications.on(cache, beans)
                .withConfiguration(
                        AutoConfigurations.of(Applications.autoConfigurations().toArray(Class<?>[]::new)));
    }

    private static FailureAnalysis failure(Class<?>... beans) {
        FailureAnalysis[] analysis = new FailureAnalysis[1];
        application(beans).run(context -> {
            assertThat(context).hasFailed();
            analysis[0] = new JobQueueStartFailureAnalyzer().analyze(context.getStartupFailure());
        });
        return analysis[0];
    }

    private static void assertThatJobsAreOn(EmbeddedRedis redis, Class<?>... beans) {
        application(beans).run(context -> {
            String id = context.getBean(JobQueue.class)
                    .enqueue(JobRequest.of("work", null))
                    .id();

            RedisClient client = RedisClient.create(RedisURI.create(redis.uri()));
            try {
                assertThat(client.connect().sync().exists("queue:jobs:job:" + id))
                        .isOne();
            } finally {
                client.shutdown();
            }
        });
    }

    @Test
    void withoutAChoiceTheStartIsRefusedWithBothAndTheRemedy() {
        FailureAnalysis analysis = failure(Two.class);

        assertThat(analysis.getDescription())
                .isEqualTo(
                        "The job queue cannot choose between the RedisConnectionFactory beans 'cacheRedis' and 'workRedis'.");
        assertThat(analysis.getAction()).contains("@JobQueueRedis", "@Primary", "RedisConnector");
    }

    @Configuration(proxyBeanMethods = false)
    static class Two {

        @Bean
        LettuceConnectionFactory cacheRedis() {
            return to(cache);
        }

        @Bean
        LettuceConnectionFactory workRedis() {
            return to(work);
        }
    }

    @Test
    void theMarkedFactoryIsUsedAndLogged(CapturedOutput output) {
        assertThatJobsAreOn(work, Marked.class);

        assertThat(output)
                .containsOnlyOnce("Redis at ")
                .contains("Redis at 127.0.0.1:" + work.port() + ", TLS off: configured by the bean 'workRedis'\n");
    }

    @Configuration(proxyBeanMethods = false)
    static class Marked {

        @Bean
        @Primary
        LettuceConnectionFactory cacheRedis() {
            return to(cache);
        }

        @Bean
        @JobQueueRedis
        LettuceConnectionFactory workRedis() {
            return to(work);
        }
    }

    @Test
    void theMarkedFactoryIsUsedInsteadOfThatOfSpringBoot(CapturedOutput output) {
        assertThatJobsAreOn(work, MarkedBesideBoot.class);

        assertThat(output)
                .contains("Redis at 127.0.0.1:" + work.port() + ", TLS off: configured by the bean 'workRedis'\n");
    }

    @Configuration(proxyBeanMethods = false)
    static class MarkedBesideBoot {

        @Bean(defaultCandidate = false)
        @JobQueueRedis
        LettuceConnectionFactory workRedis() {
            return to(work);
        }
    }

    @Test
    void thePrimaryOneIsUsedWhenNoneIsMarked(CapturedOutput output) {
        assertThatJobsAreOn(cache, OnePrimary.class);

        assertThat(output)
                .contains("Redis at 127.0.0.1:" + cache.port() + ", TLS off: configured by the bean 'cacheRedis'\n");
    }

    @Configuration(proxyBeanMethods = false)
    static class OnePrimary {

        @Bean
        @Primary
        LettuceConnectionFactory cacheRedis() {
            return to(cache);
        }

        @Bean
        LettuceConnectionFactory workRedis() {
            return to(work);
        }
    }

    @Test
    void twoMarkedOnesAreRefused() {
        assertThat(failure(TwoMarked.class).getDescription())
                .isEqualTo("Two or more beans are marked with @JobQueueRedis: 'cacheRedis' and 'workRedis'.");
    }

    @Configuration(proxyBeanMethods = false)
    static class TwoMarked {

        @Bean
        @JobQueueRedis
        LettuceConnectionFactory cacheRedis() {
            return to(cache);
        }

        @Bean
        @JobQueueRedis
        LettuceConnectionFactory workRedis() {
            return to(work);
        }
    }

    @Test
    void aConnectorOfTheApplicationIsLoggedInstead(CapturedOutput output) {
        assertThatJobsAreOn(work, OwnConnector.class);

        assertThat(output).contains("Redis of the connector bean 'mine'\n").doesNotContain("Redis at ");
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnConnector {

        @Bean(destroyMethod = "stop")
        RedisConnector mine() {
            return new RedisConnector(() -> RedisLink.to(RedisURI.create(work.uri())));
        }
    }

    @Test
    void aClusterOfTheApplicationsOwnFactoryIsLogged(CapturedOutput output) {
        application(OwnCluster.class)
                .withPropertyValues("jobqueue.worker.enabled=false")
                .run(context -> assertThat(output)
                        .contains(
                                "Redis at the cluster a.example:7000, b.example:7001, TLS off: configured by the bean "
                                        + "'clusterRedis'\n"));
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnCluster {

        @Bean
        LettuceConnectionFactory clusterRedis() {
            LettuceConnectionFactory factory = new LettuceConnectionFactory(new RedisClusterConfiguration()
                    .clusterNode("a.example", 7000)
                    .clusterNode("b.example", 7001));
            factory.setAutoStartup(false);
            return factory;
        }
    }
}
