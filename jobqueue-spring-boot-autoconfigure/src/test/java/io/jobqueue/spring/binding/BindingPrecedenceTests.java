package io.jobqueue.spring.binding;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.spring.JobQueueStartException;
import java.io.IOException;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/** Which of several addresses and services the application uses. */
class BindingPrecedenceTests extends ServiceBindingTestBase {

    @Test
    void nothingOfAnotherSourceMixesIn() {
        set("spring.data.redis.username", "other");
        set("spring.data.redis.password", "other");
        set("spring.data.redis.ssl.enabled", "true");

        bindTo(vcap("redis", "cache", "\"host\":\"h\""));

        assertThat(environment.getProperty("spring.data.redis.username")).isEmpty();
        assertThat(environment.getProperty("spring.data.redis.password")).isEmpty();
        assertThat(environment.getProperty("spring.data.redis.ssl.enabled")).isEqualTo("false");
    }

    @Test
    void theDatabaseOfTheApplicationStaysWhereTheBindingNamesNone() {
        set("spring.data.redis.database", "5");

        bindTo(vcap("redis", "cache", "\"host\":\"h\""));

        assertThat(environment.getProperty("spring.data.redis.database")).isEqualTo("5");
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
                "masterreplica.nodes[0]"
            })
    void anExplicitAddressKeepsTheWholeBindingOut(String key) {
        set("spring.data.redis." + key, "1234");

        bindTo(vcap("redis", "cache", "\"host\":\"h\",\"password\":\"pw\""));

        assertThat(environment.getPropertySources().contains(ServiceBindingEnvironmentPostProcessor.SOURCE))
                .isFalse();
        assertThat(environment.getProperty("spring.data.redis.password")).isNull();
    }

    @Test
    void anExplicitAddressKeepsAnUnreadableBindingOutToo() {
        environment
                .getPropertySources()
                .addFirst(new SystemEnvironmentPropertySource(
                        "test-systemEnvironment", Map.of("SPRING_DATA_REDIS_URL", "redis://mine:6379")));

        bindTo("{\"redis\":[");

        assertThat(redis()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "${NOT_SET:}"})
    void anEmptyAddressIsNone(String empty) {
        set("spring.data.redis.host", empty);

        bindTo(vcap("redis", "cache", "\"host\":\"h\""));

        assertThat(redis()).containsEntry("host", "h");
    }

    @Test
    void settingsThatAreNoAddressKeepNothingOut() {
        set("spring.data.redis.timeout", "2s");
        set("spring.data.redis.client-name", "app");

        bindTo(vcap("redis", "cache", "\"host\":\"h\""));

        assertThat(redis()).containsEntry("host", "h");
    }

    @Test
    void canBeSwitchedOff() {
        set("jobqueue.service-binding.enabled", "false");

        bindTo("{\"redis\":[");

        assertThat(redis()).isEmpty();
    }

    @Test
    void isAskedAgainWhereAnEnvironmentIsUsedAgain() {
        bindTo(vcap("redis", "cache", "\"host\":\"h\""));
        bindTo(vcap("redis", "cache", "\"host\":\"other\""));

        assertThat(redis()).containsEntry("host", "other");
    }

    @Test
    void runsAfterApplicationYml() {
        assertThat(new ServiceBindingEnvironmentPostProcessor(Supplier::get).getOrder())
                .isEqualTo(ConfigDataEnvironmentPostProcessor.ORDER + 5);
    }

    @Test
    void severalServicesAreListedByNameAndLabelOnly() {
        JobQueueStartException failure = failure(
                """
                {"redis":[{"name":"cache","label":"redis","credentials":{"host":"secret-host","password":"%s"}},
                          {"name":"sessions","label":"redis","credentials":{"host":"b"}}],
                 "user-provided":[{"name":"queue","label":"user-provided","credentials":{"uri":"redis://:%s@c"}}]}
                """
                        .formatted(CANARY, CANARY));

        assertThat(failure.getMessage().lines().map(String::strip))
                .containsExactly(
                        "The application is bound to several Redis services:",
                        "'cache' (redis) of VCAP_SERVICES",
                        "'sessions' (redis) of VCAP_SERVICES",
                        "'queue' (user-provided) of VCAP_SERVICES");
        assertThat(failure.action()).contains("'jobqueue.service-binding.name'");
        assertThat(failure.toString() + failure.getMessage()).doesNotContain(CANARY, "secret-host");
    }

    @Test
    void theNameChooses() {
        set("jobqueue.service-binding.name", "b");

        bindTo("{\"redis\":[" + service("a", "\"host\":\"ha\"") + "," + service("b", "\"host\":\"hb\"") + "]}");

        assertThat(redis()).containsEntry("host", "hb");
    }

    @Test
    void theNameAlsoChoosesWhatNothingElseShowsToBeARedis() {
        set("jobqueue.service-binding.name", "cache");

        bindTo("{\"memory-store\":[" + service("cache", "\"host\":\"h\"") + "]}");

        assertThat(redis()).containsEntry("host", "h");
    }

    @Test
    void twoServicesOfOneNameAreNamed() {
        set("jobqueue.service-binding.name", "cache");

        JobQueueStartException failure = failure("{\"p.redis\":[" + service("cache", "\"host\":\"ha\"")
                + "],\"rediscloud\":[" + service("cache", "\"host\":\"hb\"") + "]}");

        assertThat(failure.getMessage()).contains("'cache' (p.redis)", "'cache' (rediscloud)");
        assertThat(failure.action()).contains("label");
    }

    @Test
    void theLabelChoosesBetweenTwoServicesOfOneName() {
        set("jobqueue.service-binding.name", "rediscloud");

        bindTo("{\"p.redis\":[" + service("cache", "\"host\":\"ha\"") + "],\"rediscloud\":["
                + service("cache", "\"host\":\"hb\"") + "]}");

        assertThat(redis()).containsEntry("host", "hb");
    }

    @Test
    void anUnknownServiceNameIsReported() {
        set("jobqueue.service-binding.name", "nope");

        assertThat(failure(vcap("redis", "cache", "\"host\":\"h\"")).getMessage())
                .contains("'nope'", "'cache' (redis) of VCAP_SERVICES");
        assertThat(failure("{}").getMessage()).contains("It is bound to none");
    }

    @Test
    void aBindingOfThePlatformHidesTheOneInProperties() throws IOException {
        yaml("vcap:\n  services:\n    redis:\n      - name: local\n        credentials:\n          host: typed\n");

        bindTo(vcap("rediscloud", "bound", "\"host\":\"platform\""));

        assertThat(redis()).containsEntry("host", "platform");
    }
}
