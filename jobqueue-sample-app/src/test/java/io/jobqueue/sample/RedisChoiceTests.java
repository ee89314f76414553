package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.jobqueue.embedded.EmbeddedRedis;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.TestAbortedException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class RedisChoiceTests {

    private static EmbeddedRedis usual;

    private final StandardEnvironment environment = new StandardEnvironment();

    @BeforeAll
    static void aRedisAtTheUsualPort() {
        if (!EmbeddedRedis.isSupported()) {
            throw new TestAbortedException("no redis-server is carried for this platform");
        }
        usual = EmbeddedRedis.start();
    }

    @AfterAll
    static void stop() {
        if (usual != null) {
            usual.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "url",
                "host",
                "port",
                "sentinel.master",
                "sentinel.nodes[0]",
                "cluster.nodes",
                "cluster.nodes[0]",
                "masterreplica.nodes",
                "username",
                "password",
                "ssl.bundle"
            })
    void aConfiguredAddressWinsAndItsValueIsNotShown(String key) {
        environment
                .getPropertySources()
                .addFirst(new MapPropertySource("mine", Map.of("spring.data.redis." + key, "secret")));

        choose(usual.port());

        assertThat(environment.getProperty(RedisChoice.REASON))
                .startsWith("configured by 'spring.data.redis." + key.replace("[0]", ""))
                .doesNotContain("secret");
        assertThat(environment.containsProperty("spring.data.redis.host")).isEqualTo(key.equals("host"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"SPRING_DATA_REDIS_URL", "SPRING_DATA_REDIS_CLUSTER_NODES", "SPRING_DATA_REDIS_HOST"})
    void anEnvironmentVariableWins(String name) {
        environment
                .getPropertySources()
                .addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment", Map.of(name, "secret")));

        choose(usual.port());

        assertThat(environment.getProperty(RedisChoice.REASON))
                .startsWith("configured by '")
                .doesNotContain("secret");
    }

    @Test
    void tlsIsMeantForARedisOfTheUsers() {
        environment
                .getPropertySources()
                .addFirst(new MapPropertySource("mine", Map.of("spring.data.redis.ssl.enabled", "true")));

        choose(usual.port());

        assertThat(environment.getProperty(RedisChoice.REASON))
                .isEqualTo("configured by 'spring.data.redis.ssl.enabled'");
    }

    @Test
    void settingsThatAreNoAddressDecideNothing() {
        environment
                .getPropertySources()
                .addFirst(new MapPropertySource(
                        "mine", Map.of("spring.data.redis.timeout", "1s", "spring.data.redis.ssl.enabled", "false")));

        choose(usual.port());

        assertThat(environment.getProperty(RedisChoice.REASON)).contains("answers at localhost:" + usual.port());
        assertThat(environment.containsProperty("spring.data.redis.host")).isFalse();
    }

    @Test
    void startsOneServerForAllContextsOfTheJvmWhenNoneAnswers() throws Exception {
        int silent = freePort();
        choose(silent);
        StandardEnvironment second = new StandardEnvironment();
        new RedisChoice(silent).postProcessEnvironment(second, new SpringApplication());

        int port = environment.getRequiredProperty("spring.data.redis.port", Integer.class);
        assertThat(second.getRequiredProperty("spring.data.redis.port", Integer.class))
                .isEqualTo(port);
        assertThat(environment.getProperty("spring.data.redis.host")).isEqualTo("127.0.0.1");
        assertThat(environment.getProperty(RedisChoice.REASON))
                .contains("started by this application", "spring.data.redis.url");
        assertThat(environment.getPropertySources().stream()
                        .reduce((first, last) -> last)
                        .orElseThrow()
                        .getName())
                .isEqualTo("redisChoice");
    }

    @Test
    void aRedisThatAsksForAPasswordIsNoneToUse() {
        try (EmbeddedRedis closed = EmbeddedRedis.start("--requirepass", "secret")) {
            choose(closed.port());

            assertThat(environment.getProperty(RedisChoice.REASON)).contains("started by this application");
        }
    }

    @Test
    void doesNotWaitForWhatListensButNeverAnswers() throws Exception {
        try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            choose(mute.getLocalPort());

            assertThat(environment.getProperty(RedisChoice.REASON)).contains("started by this application");
        }
    }

    @Test
    void doesNothingDuringAotProcessing() throws Exception {
        System.setProperty("spring.aot.processing", "true");
        try {
            choose(freePort());
        } finally {
            System.clearProperty("spring.aot.processing");
        }

        assertThat(environment.containsProperty(RedisChoice.REASON)).isFalse();
        assertThat(environment.containsProperty("spring.data.redis.port")).isFalse();
    }

    @Test
    void runsAfterApplicationYmlAndAfterServiceBindings() {
        assertThat(new RedisChoice().getOrder()).isEqualTo(ConfigDataEnvironmentPostProcessor.ORDER + 20);
    }

    @Test
    void namesThePropertyToSetWhereNoServerCanBeStarted() {
        RedisChoice.NoRedisException failure =
                new RedisChoice.NoRedisException(new IllegalStateException("no binary for this platform"));

        FailureAnalysis analysis = new RedisChoice.NoRedisAnalyzer().analyze(failure, failure);

        assertThat(analysis.getDescription()).contains("no binary for this platform");
        assertThat(analysis.getAction()).contains("spring.data.redis.url");
    }

    @Test
    void failsWithThatAnalysisOnAPlatformWithoutABinary() throws Exception {
        String own = System.clearProperty(RedisChoice.OWN_PORT);
        String os = System.setProperty("os.name", "Plan 9");
        try {
            int silent = freePort();
            assertThatExceptionOfType(RedisChoice.NoRedisException.class)
                    .isThrownBy(() -> choose(silent))
                    .havingCause()
                    .withMessageContaining("spring.data.redis.url");
        } finally {
            System.setProperty("os.name", os);
            if (own != null) {
                System.setProperty(RedisChoice.OWN_PORT, own);
            }
        }
    }

    private void choose(int usualPort) {
        new RedisChoice(usualPort).postProcessEnvironment(environment, new SpringApplication());
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
