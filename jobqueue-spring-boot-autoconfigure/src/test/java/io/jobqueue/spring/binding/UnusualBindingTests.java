package io.jobqueue.spring.binding;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.spring.JobQueueStartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.MapPropertySource;

/** Bindings with unusual, wrong or very many values. */
class UnusualBindingTests extends ServiceBindingTestBase {

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            "uri":"redis://:p%40%3A%2F%23%25@h"                | p@:/#%
            "uri":"redis://:p@ss#w?rd/x@h"                     | p@ss#w?rd/x
            "uri":"redis://:100%+sure@h"                       | 100%+sure
            "uri":"redis://:p%C3%A4ss%E6%97%A5@h"              | päss日
            "host":"h","password":"päss日\\uD83D\\uDD11"       | päss日🔑
            "host":"h","password":"a%40b","uri":"redis://:a%40b@h" | a%40b
            "host":"h","password":"a@b","uri":"redis://:a%40b@h"   | a@b
            "host":"h","password":"x${HOME}y${no:such}z"       | x${HOME}y${no:such}z
            "host":"h","password":"\\\\${HOME}\\\\\\\\${a}"    | \\${HOME}\\\\${a}
            "host":"h","password":"#{1+1}$1\\\\"               | #{1+1}$1\\
            """)
    void anyPasswordArrivesAsItIs(String credentials, String password) {
        bindTo(vcap("redis", "cache", credentials));

        assertThat(environment.getProperty("spring.data.redis.password")).isEqualTo(password);
        assertThat(Binder.get(environment)
                        .bind("spring.data.redis.password", String.class)
                        .get())
                .isEqualTo(password);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            "host":"2001:db8::7","port":6380         | 2001:db8::7    | 6380
            "host":"[2001:db8::7]","port":"6380"     | 2001:db8::7    | 6380
            "uri":"redis://[::1]:6380"               | ::1            | 6380
            "uri":"redis://:pw@[::1]"                | ::1            | 6379
            "uri":"redis://my_host.svc:6380?x=1"     | my_host.svc    | 6380
            "uri":" redis://h:6380\\n"               | h              | 6380
            "host":"h","port":" 6380 "               | h              | 6380
            "host":" h ","port":""                   | h              | 6379
            "host":"","hostname":"h","port":null     | h              | 6379
            "host":"H","uri":"redis://h:6380"        | H              | 6380
            """)
    void anyAddressArrivesAsItIs(String credentials, String host, String port) {
        bindTo(vcap("redis", "cache", credentials));

        assertThat(redis()).containsEntry("host", host).containsEntry("port", port);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            "password":"c4nary-p4ssword"                                     | has no address: neither 'VCAP_SERVICES: redis[0].credentials.host' nor 'VCAP_SERVICES: redis[0].credentials.uri' is there
            "hostname":"","password":"c4nary-p4ssword"                       | has no address: 'VCAP_SERVICES: redis[0].credentials.hostname' is empty
            "hostname":""                                                    | has no address: 'VCAP_SERVICES: redis[0].credentials.hostname' is empty
            "host":"a","uri":"redis://:c4nary-p4ssword@b"                    | 'VCAP_SERVICES: redis[0].credentials.host' and 'VCAP_SERVICES: redis[0].credentials.uri' do not agree
            "host":"a","hostname":"b"                                        | 'VCAP_SERVICES: redis[0].credentials.host' and 'VCAP_SERVICES: redis[0].credentials.hostname' do not agree
            "port":1,"uri":"redis://:c4nary-p4ssword@b:2"                    | 'VCAP_SERVICES: redis[0].credentials.port' and 'VCAP_SERVICES: redis[0].credentials.uri' do not agree
            "password":"x","uri":"redis://:c4nary-p4ssword@b:2"              | 'VCAP_SERVICES: redis[0].credentials.password' and 'VCAP_SERVICES: redis[0].credentials.uri' do not agree
            "username":"x","uri":"redis://u:c4nary-p4ssword@b:2"             | 'VCAP_SERVICES: redis[0].credentials.username' and 'VCAP_SERVICES: redis[0].credentials.uri' do not agree
            "db":"1","uri":"redis://u:c4nary-p4ssword@b/2"                   | 'VCAP_SERVICES: redis[0].credentials.db' and 'VCAP_SERVICES: redis[0].credentials.uri' do not agree
            "tls":false,"uri":"rediss://u:c4nary-p4ssword@b"                 | 'VCAP_SERVICES: redis[0].credentials.tls' and 'VCAP_SERVICES: redis[0].credentials.uri' do not agree
            "host":"h","port":"c4nary-p4ssword"                              | 'VCAP_SERVICES: redis[0].credentials.port' is no number from 1 to 65535
            "host":"h","port":70000                                          | 'VCAP_SERVICES: redis[0].credentials.port' is no number from 1 to 65535
            "host":"h","tls":"c4nary-p4ssword"                               | says neither yes nor no to TLS: 'VCAP_SERVICES: redis[0].credentials.tls'
            "host":"h","database":"c4nary-p4ssword"                          | 'VCAP_SERVICES: redis[0].credentials.database' has no number
            "host":"c4nary-p4ssword@h"                                       | 'VCAP_SERVICES: redis[0].credentials.host' names no host
            "host":"h:6379"                                                  | 'VCAP_SERVICES: redis[0].credentials.host' holds a port as well
            "uri":"redis://:c4nary-p4ssword@"                                | has no address: 'VCAP_SERVICES: redis[0].credentials.uri' names no host
            "uri":"redis://:c4nary-p4ssword@a:1,b:2"                         | 'VCAP_SERVICES: redis[0].credentials.uri' names several servers
            "uri":"redis://:c4nary-p4ssword@h:x"                             | 'VCAP_SERVICES: redis[0].credentials.uri' names no host
            "uri":"https://:c4nary-p4ssword@h"                               | 'VCAP_SERVICES: redis[0].credentials.uri' has a scheme other than redis and rediss
            "uri":"rediss://h","ca":"c4nary-p4ssword"                        | 'VCAP_SERVICES: redis[0].credentials.ca' is no PEM text
            "sentinel.master":"m","password":"c4nary-p4ssword"               | names a Sentinel incompletely
            "sentinel_master":"m","sentinel_nodes":["c4nary p4ssword@x"]     | 'VCAP_SERVICES: redis[0].credentials.sentinel_nodes[0]' names no host
            """)
    void anUnusableBindingIsRefusedWithItsPlaceAndNeverItsValue(String credentials, String problem) {
        JobQueueStartException failure = failure(vcap("redis", "cache", credentials));

        assertThat(failure.getMessage())
                .startsWith("The bound Redis service 'cache' (redis) of VCAP_SERVICES ")
                .contains(problem);
        assertThat(failure.action()).isNotBlank();
        assertThat(failure.getMessage() + failure.action()).doesNotContain("c4nary");
    }

    @Test
    void aServiceWithoutCredentialsIsRefused() {
        assertThat(failure("{\"redis\":{}}").getMessage()).contains("has no credentials");
        assertThat(failure("{\"redis\":[{\"name\":\"cache\"}]}").getMessage()).contains("has no credentials");
        assertThat(failure("{\"redis\":[{\"name\":\"cache\",\"credentials\":null}]}")
                        .getMessage())
                .contains("has no credentials");
        assertThat(failure("{\"redis\":[{\"name\":\"cache\",\"credentials\":{}}]}")
                        .action())
                .contains("'VCAP_SERVICES: redis[0].credentials.host'");
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 60, 95, 100, 110})
    void truncatedJsonIsRefusedWithItsPlaceAndNeverItsContent(int length) {
        String whole = vcap("redis", "cache", "\"host\":\"h\",\"password\":\"" + CANARY + "\",\"port\":6379,\"x\":[1]");

        JobQueueStartException failure = failure(whole.substring(0, length));

        assertThat(failure.getMessage())
                .startsWith(
                        "The services that the application is bound to cannot be read: VCAP_SERVICES is no JSON at line 1, column ")
                .doesNotContain("c4nary");
        assertThat(failure.action()).contains("'jobqueue.service-binding.enabled'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"c4nary-p4ssword", "{\"redis\":[{\"credentials\":{\"password\":c4nary-p4ssword}}]}", "[1]", "7"})
    void invalidJsonIsRefusedWithoutItsContent(String text) {
        JobQueueStartException failure = failure(text);

        assertThat(failure.getMessage()).contains("VCAP_SERVICES is ").doesNotContain("c4nary");
        assertThat(failure).hasNoCause();
    }

    @Test
    @Timeout(20)
    void aMegabyteOfOtherServicesDoesNotMatter() throws IOException {
        String others = IntStream.range(0, 4000)
                .mapToObj(
                        i -> service("db-" + i, "\"uri\":\"postgres://" + CANARY + i + "@db/" + "x".repeat(200) + "\""))
                .collect(Collectors.joining(","));
        String json = "{\"postgresql\":[" + others + "],\"redis\":[" + service("cache", "\"host\":\"h\"") + "]}";
        assertThat(json.length()).isGreaterThan(1 << 20);
        long start = System.nanoTime();

        bindTo(json);

        assertThat(redis()).containsEntry("host", "h");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));

        set("jobqueue.service-binding.name", "nope");
        assertThat(failure().getMessage()).contains("and 3981 more").hasSizeLessThan(4000);
    }

    @Test
    @Timeout(20)
    void aMegabyteOfOtherTypedServicesDoesNotMatter() {
        Map<String, Object> typed = new LinkedHashMap<>();
        for (int i = 0; i < 4000; i++) {
            typed.put("vcap.services.postgresql[" + i + "].name", "db-" + i);
            typed.put("vcap.services.postgresql[" + i + "].credentials.uri", "postgres://db/" + "x".repeat(200));
        }
        typed.put("vcap.services.redis[0].credentials.host", "h");
        environment.getPropertySources().addFirst(new MapPropertySource("typed", typed));

        bind();

        assertThat(redis()).containsEntry("host", "h");
    }

    @Test
    void theFileOfThePlatformIsReadWhereTheVariableIsTooSmall(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("vcap.json"), vcap("redis", "cache", "\"host\":\"h\""));
        set("VCAP_SERVICES_FILE_PATH", file.toString());
        bind();
        assertThat(redis()).containsEntry("host", "h");

        set("VCAP_SERVICES_FILE_PATH", folder.resolve("none").toString());
        assertThat(failure().getMessage()).contains("VCAP_SERVICES_FILE_PATH");
    }

    @Test
    void nothingShowsASecretAsText() {
        BoundService.Credentials credentials = new BoundService.Credentials("x.");
        credentials.add("password", CANARY, false);
        credentials.add("uri", "redis://:" + CANARY + "@h", false);
        BoundService service = new BoundService("source", "name", "label", List.of(), false, credentials);

        assertThat(List.of(
                                service,
                                credentials,
                                credentials.all("password").toList(),
                                RedisUri.parse("redis://:" + CANARY + "@h"))
                        .toString())
                .doesNotContain("c4nary");
    }
}
