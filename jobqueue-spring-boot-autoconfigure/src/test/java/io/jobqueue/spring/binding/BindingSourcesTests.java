package io.jobqueue.spring.binding;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/** Where bindings are read: typed properties, and files below SERVICE_BINDING_ROOT. */
class BindingSourcesTests extends ServiceBindingTestBase {

    @Test
    void theSameShapeMayBeTyped() throws IOException {
        yaml(
                """
                vcap:
                  services:
                    p.redis:
                      - name: cache
                        label: p.redis
                        plan: small
                        tags: [pivotal, cache]
                        credentials:
                          host: 127.0.0.1
                          port: 6390
                          tls_port: ""
                          password: ${REDIS_PASSWORD:pw}
                    postgres:
                      - name: db
                        credentials:
                          uri: postgres://${UNKNOWN}@db
                """);

        bind();

        assertThat(redis()).isEqualTo(expected("host=127.0.0.1 port=6390 username= password=pw ssl.enabled=false"));
        assertThat(origin("spring.data.redis.host")).startsWith("the service 'cache' (p.redis) of vcap.services (");
    }

    @Test
    void theShapeOfSpringBootMayBeTypedToo() {
        set("vcap.services.cache.credentials.uri", "redis://h:1");

        bind();

        assertThat(redis()).containsEntry("host", "h").containsEntry("port", "1");
    }

    @Test
    void theArticlesKeyMayBeTyped() {
        set("vcap:services.rediscloud[0].name", "redislocationcache");
        set("vcap:services.rediscloud[0].credentials.hostname", "10.0.0.1");
        set("vcap:services.rediscloud[0].credentials.port", "6379");
        set("vcap:services.rediscloud[0].credentials.password", "");

        bind();

        assertThat(redis()).isEqualTo(expected("host=10.0.0.1 port=6379 username= password= ssl.enabled=false"));
    }

    @Test
    void aTypedListComesFromOneSourceAsAWhole() {
        environment
                .getPropertySources()
                .addLast(new MapPropertySource(
                        "application.yml",
                        Map.of(
                                "vcap.services.redis[0].credentials.host",
                                "base",
                                "vcap.services.redis[0].credentials.password",
                                CANARY)));
        set("vcap.services.redis[0].credentials.host", "profile");

        bind();

        assertThat(redis()).containsEntry("host", "profile").containsEntry("password", "");
    }

    @Test
    void environmentVariablesMayHoldTheShape() {
        environment
                .getPropertySources()
                .addFirst(new SystemEnvironmentPropertySource(
                        "test-systemEnvironment",
                        Map.of(
                                "VCAP_SERVICES_REDIS_0_CREDENTIALS_HOST", "h",
                                "VCAP_SERVICES_REDIS_0_CREDENTIALS_TLS_PORT", "1234")));

        bind();

        assertThat(redis()).containsEntry("host", "h").containsEntry("port", "6379");
    }

    @Test
    void anUnresolvedPlaceholderIsNamed() {
        set("vcap.services.redis[0].credentials.host", "h");
        set("vcap.services.redis[0].credentials.password", "${REDIS_PASSWORD_THAT_IS_NOT_SET}");

        assertThat(failure().getMessage())
                .contains("placeholder that nothing resolves: 'vcap.services.redis[0].credentials.password'");
    }

    @Test
    void thePropertiesThatSpringBootDerivesFromVcapServicesAreNoSecondService() {
        environment
                .getPropertySources()
                .addFirst(new MapPropertySource("vcap", Map.of("vcap.services.cache.credentials.uri", "redis://h")));

        bindTo(vcap("redis", "cache", "\"uri\":\"redis://h\""));

        assertThat(redis()).containsEntry("host", "h");
    }

    @Test
    void anEmptyBlockIsNone() throws IOException {
        yaml("vcap:\n  services:\n    redis: []\n    rediscloud: {}\n    p.redis:\n");

        bind();

        assertThat(redis()).isEmpty();
    }

    @Test
    void aKubernetesBindingIsRead(@TempDir Path root) throws IOException {
        folder(
                root,
                "cache",
                Map.of(
                        "type",
                        "redis\n",
                        "provider",
                        "bitnami\n",
                        "host",
                        "r.svc\n",
                        "port",
                        "6380\n",
                        "username",
                        "app\n",
                        "password",
                        "p w \n",
                        "database",
                        "2",
                        "certificates",
                        PEM));
        folder(root, "redis-like-db", Map.of("type", "postgresql", "host", "db", "password", CANARY));
        folder(root, "..2026_11_21", Map.of("type", "redis", "host", "old"));
        folder(root, "no-binding", Map.of("host", "x"));
        Files.writeString(root.resolve("file"), "redis");

        set("SERVICE_BINDING_ROOT", root.toString());
        bind();

        assertThat(redis())
                .containsEntry("host", "r.svc")
                .containsEntry("port", "6380")
                .containsEntry("username", "app")
                .containsEntry("password", "p w ")
                .containsEntry("database", "2")
                .containsEntry("ssl.enabled", "true");
        assertThat(environment.getProperty("spring.ssl.bundle.pem.jobqueue-service-binding.truststore.certificate"))
                .contains("MIIB");
    }

    @Test
    void aKubernetesBindingMayBeAUri(@TempDir Path root) throws IOException {
        folder(root, "cache", Map.of("type", "user-provided", "uri", "rediss://app:p%40ss@[2001:db8::7]:6380/1\n"));

        set("SERVICE_BINDING_ROOT", root.toString());
        bind();

        assertThat(redis())
                .isEqualTo(
                        expected("host=2001:db8::7 port=6380 username=app password=p@ss database=1 ssl.enabled=true"));
    }

    @Test
    void theUserOfAKubernetesBindingMayBeSeparateFromItsUri(@TempDir Path root) throws IOException {
        folder(root, "cache", Map.of("type", "redis", "uri", "rediss://h", "username", "app", "password", "pw"));

        set("SERVICE_BINDING_ROOT", root.toString());
        bind();

        assertThat(redis())
                .containsEntry("username", "app")
                .containsEntry("password", "pw")
                .containsEntry("host", "h");
    }

    @Test
    void sentinelAndClusterEntriesOfAKubernetesBindingAreUsed(@TempDir Path root) throws IOException {
        folder(root, "a", Map.of("type", "redis", "sentinel.master", "m", "sentinel.nodes", "s1:1,s2:2"));
        folder(root, "b", Map.of("type", "redis", "cluster.nodes", "n1:1, n2:2"));
        set("SERVICE_BINDING_ROOT", root.toString());

        set("jobqueue.service-binding.name", "a");
        bind();
        assertThat(redis()).containsEntry("sentinel.master", "m").containsEntry("sentinel.nodes", "s1:1,s2:2");

        set("jobqueue.service-binding.name", "b");
        bind();
        assertThat(redis()).containsEntry("cluster.nodes", "n1:1,n2:2").doesNotContainKey("sentinel.master");
    }

    @Test
    void aRootThatIsNotThereBindsNothing(@TempDir Path root) {
        set("SERVICE_BINDING_ROOT", root.resolve("missing").toString());

        bind();

        assertThat(redis()).isEmpty();
    }
}
