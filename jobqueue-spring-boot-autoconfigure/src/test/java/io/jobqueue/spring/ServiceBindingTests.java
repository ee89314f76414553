package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ByteArrayResource;

/** What becomes of a binding, without a server. */
class ServiceBindingTests {

    private static final String CANARY = "c4nary-" + "p4ssword";
    private static final String PEM =
            """
            -----BEGIN CERTIFICATE-----
            MIIB
            -----END CERTIFICATE-----
            """;

    private final StandardEnvironment environment = new StandardEnvironment();

    ServiceBindingTests() {
        ConfigurationPropertySources.attach(environment);
    }

    // ---- brokers

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            rediscloud            | "port":"12345","hostname":"rc.example","password":"pw"                                                         | host=rc.example port=12345 username= password=pw ssl.enabled=false
            p.redis               | "host":"q.example","port":6379,"tls_port":16379,"tls_versions":["tlsv1.2"],"password":"pw"                     | host=q.example port=16379 username= password=pw ssl.enabled=true
            p-redis               | "host":"10.0.0.7","port":6379,"password":"pw"                                                                  | host=10.0.0.7 port=6379 username= password=pw ssl.enabled=false
            redis                 | "host":"h","port":6379,"tls_port":0,"password":"pw"                                                            | host=h port=6379 username= password=pw ssl.enabled=false
            aws-elasticache-redis | "host":"m.example","hostname":"m.example","password":"pw","port":"6379","uri":"rediss://:pw@m.example:6379"      | host=m.example port=6379 username= password=pw ssl.enabled=true
            azure-cache           | "hostname":"a.example","port":6379,"ssl_port":6380,"primaryKey":"pw="                                           | host=a.example port=6380 username= password=pw= ssl.enabled=true
            csb-azure-redis       | "host":"a.example","password":"pw","port":6379,"uri":"rediss://:pw@a.example:6380"                              | host=a.example port=6380 username= password=pw ssl.enabled=true
            redis-cache           | "cluster_mode":false,"hostname":"s.example","password":"pw","port":1234,"tls":true,"uri":"rediss://no:pw@s.example:1234" | host=s.example port=1234 username=no password=pw ssl.enabled=true
            user-provided         | "uri":"redis://user:pw@u.example:6390/3"                                                                        | host=u.example port=6390 username=user password=pw database=3 ssl.enabled=false
            user-provided         | "url":"REDISS://pw@u.example"                                                                                   | host=u.example port=6379 username= password=pw ssl.enabled=true
            valkey                | "host":"v.example","username":"app","password":"pw","db":"2"                                                    | host=v.example port=6379 username=app password=pw database=2 ssl.enabled=false
            """)
    void theCredentialsOfBrokersAreUnderstood(String label, String credentials, String expected) {
        bindTo(vcap(label, "cache", credentials));

        assertThat(redis()).isEqualTo(expected(expected));
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "{'redislabs':[{'name':'a','credentials':{'host':'h'}}]}",
                "{'broker':[{'name':'a','label':'p.redis','credentials':{'host':'h'}}]}",
                "{'broker':[{'name':'a','tags':['pivotal','REDIS'],'credentials':{'host':'h'}}]}",
                "{'user-provided':[{'name':'my-Redis','tags':[],'credentials':{'host':'h'}}]}",
                "{'user-provided':[{'name':'cache','credentials':{'uri':'redis://h'}}]}",
                "{'user-provided':[{'name':'cache','credentials':{'redisUrl':'rediss://h'}}]}",
                "{'azure-cache':[{'name':'cache','credentials':{'host':'h'}}]}"
            })
    void aRedisIsRecognisedByLabelTagNameOrUri(String json) {
        bindTo(json.replace('\'', '"'));

        assertThat(redis()).containsEntry("host", "h");
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "{'postgresql':[{'name':'db','tags':['sql'],'credentials':{'host':'h'}}]}",
                "{'user-provided':[{'name':'redis-audit','credentials':{'uri':'postgres://h'}}]}",
                "{'user-provided':[{'name':'x','credentials':{'uri':'https://h/redis'}}]}",
                "{'redis':[]}",
                "{'redis':null}",
                "{'redis':['x',null,7]}",
                "{}",
                " "
            })
    void whatIsNoRedisIsLeftAlone(String json) {
        bindTo(json.replace('\'', '"'));

        assertThat(environment.getPropertySources().contains(ServiceBindingEnvironmentPostProcessor.SOURCE))
                .isFalse();
    }

    @Test
    void sentinelsAreUsedWhereTheCredentialsNameThem() {
        bindTo(vcap(
                "p.redis",
                "cache",
                "\"host\":\"ignored\",\"master_name\":\"mymaster\",\"password\":\"pw\",\"sentinel_password\":\"spw\","
                        + "\"sentinels\":[{\"host\":\"s1\",\"port\":26380},{\"host\":\"::1\"}]"));

        assertThat(redis())
                .isEqualTo(expected("sentinel.master=mymaster sentinel.nodes=s1:26380,[::1]:26379 sentinel.username= "
                        + "sentinel.password=spw username= password=pw ssl.enabled=false"));
    }

    @Test
    void clusterNodesAreUsedWhereTheCredentialsNameThem() {
        bindTo(vcap("redis", "cache", "\"cluster_nodes\":[\"a:7000\",\"b\"],\"password\":\"pw\",\"tls\":\"true\""));

        assertThat(redis()).isEqualTo(expected("cluster.nodes=a:7000,b:6379 username= password=pw ssl.enabled=true"));
    }

    @Test
    void aClusterMayBeOneAddress() {
        bindTo(vcap("redis-cache", "c", "\"cluster_mode\":true,\"uri\":\"rediss://:pw@c.example:1234\""));

        assertThat(redis()).isEqualTo(expected("cluster.nodes=c.example:1234 username= password=pw ssl.enabled=true"));
    }

    @Test
    void theCaBecomesABundle() {
        String oneLine = PEM.strip().replace("\n", "\\\\n");
        bindTo(vcap("redis", "cache", "\"uri\":\"rediss://h\",\"ca_certificate\":\"" + oneLine + "\""));

        assertThat(redis()).containsEntry("ssl.bundle", "jobqueue-service-binding");
        assertThat(environment.getProperty("spring.ssl.bundle.pem.jobqueue-service-binding.truststore.certificate"))
                .isEqualTo(PEM.strip());
    }

    @Test
    void aCaAloneMeansTls() {
        bindTo(vcap("redis", "cache", "\"host\":\"h\",\"ca\":\"" + PEM.replace("\n", "\\n") + "\""));

        assertThat(redis()).containsEntry("ssl.enabled", "true").containsKey("ssl.bundle");
    }

    @Test
    void aBundleOfTheApplicationStays() {
        set("spring.data.redis.ssl.bundle", "mine");

        bindTo(vcap("redis", "cache", "\"uri\":\"rediss://h\",\"ca\":\"" + PEM.replace("\n", "\\n") + "\""));

        assertThat(environment.getProperty("spring.data.redis.ssl.bundle")).isEqualTo("mine");
        assertThat(redis()).containsEntry("ssl.enabled", "true").doesNotContainKey("ssl.bundle");
    }

    // ---- all or nothing, and who comes first

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

    // ---- several

    @Test
    void severalServicesAreListedByNameAndLabelOnly() {
        FailureAnalysis analysis = failure(
                """
                {"redis":[{"name":"cache","label":"redis","credentials":{"host":"secret-host","password":"%s"}},
                          {"name":"sessions","label":"redis","credentials":{"host":"b"}}],
                 "user-provided":[{"name":"queue","label":"user-provided","credentials":{"uri":"redis://:%s@c"}}]}
                """
                        .formatted(CANARY, CANARY));

        assertThat(analysis.getDescription().lines().map(String::strip))
                .containsExactly(
                        "The application is bound to several Redis services:",
                        "'cache' (redis) of VCAP_SERVICES",
                        "'sessions' (redis) of VCAP_SERVICES",
                        "'queue' (user-provided) of VCAP_SERVICES");
        assertThat(analysis.getAction()).contains("'jobqueue.service-binding.name'");
        assertThat(analysis.toString() + analysis.getDescription()).doesNotContain(CANARY, "secret-host");
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
    void twoServicesOfOneNameAreTold() {
        set("jobqueue.service-binding.name", "cache");

        FailureAnalysis analysis = failure("{\"p.redis\":[" + service("cache", "\"host\":\"ha\"") + "],\"rediscloud\":["
                + service("cache", "\"host\":\"hb\"") + "]}");

        assertThat(analysis.getDescription()).contains("'cache' (p.redis)", "'cache' (rediscloud)");
        assertThat(analysis.getAction()).contains("label");
    }

    @Test
    void theLabelChoosesBetweenTwoServicesOfOneName() {
        set("jobqueue.service-binding.name", "rediscloud");

        bindTo("{\"p.redis\":[" + service("cache", "\"host\":\"ha\"") + "],\"rediscloud\":["
                + service("cache", "\"host\":\"hb\"") + "]}");

        assertThat(redis()).containsEntry("host", "hb");
    }

    @Test
    void aNameThatNothingHasIsTold() {
        set("jobqueue.service-binding.name", "nope");

        assertThat(failure(vcap("redis", "cache", "\"host\":\"h\"")).getDescription())
                .contains("'nope'", "'cache' (redis) of VCAP_SERVICES");
        assertThat(failure("{}").getDescription()).contains("It is bound to none");
    }

    @Test
    void whatThePlatformSaysHidesWhatIsTyped() throws IOException {
        yaml("vcap:\n  services:\n    redis:\n      - name: local\n        credentials:\n          host: typed\n");

        bindTo(vcap("rediscloud", "bound", "\"host\":\"platform\""));

        assertThat(redis()).containsEntry("host", "platform");
    }

    // ---- typed into configuration

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
    void aPlaceholderThatNothingResolvesIsTold() {
        set("vcap.services.redis[0].credentials.host", "h");
        set("vcap.services.redis[0].credentials.password", "${REDIS_PASSWORD_THAT_IS_NOT_SET}");

        assertThat(failure().getDescription())
                .contains("placeholder that nothing resolves: 'vcap.services.redis[0].credentials.password'");
    }

    @Test
    void whatSpringBootMakesOfVcapServicesIsNoSecondService() {
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

    // ---- SERVICE_BINDING_ROOT

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
    void theUserOfAKubernetesBindingMayStandBesideItsUri(@TempDir Path root) throws IOException {
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

    // ---- odd input

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
    void whatCannotWorkIsRefusedWithItsPlaceAndNeverItsValue(String credentials, String problem) {
        FailureAnalysis analysis = failure(vcap("redis", "cache", credentials));

        assertThat(analysis.getDescription())
                .startsWith("The bound Redis service 'cache' (redis) of VCAP_SERVICES ")
                .contains(problem);
        assertThat(analysis.getAction()).isNotBlank();
        assertThat(analysis.getDescription() + analysis.getAction()).doesNotContain("c4nary");
    }

    @Test
    void aServiceWithoutCredentialsIsRefused() {
        assertThat(failure("{\"redis\":{}}").getDescription()).contains("has no credentials");
        assertThat(failure("{\"redis\":[{\"name\":\"cache\"}]}").getDescription())
                .contains("has no credentials");
        assertThat(failure("{\"redis\":[{\"name\":\"cache\",\"credentials\":null}]}")
                        .getDescription())
                .contains("has no credentials");
        assertThat(failure("{\"redis\":[{\"name\":\"cache\",\"credentials\":{}}]}")
                        .getAction())
                .contains("'VCAP_SERVICES: redis[0].credentials.host'");
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 60, 95, 100, 110})
    void truncatedJsonIsRefusedWithItsPlaceAndNeverItsContent(int length) {
        String whole = vcap("redis", "cache", "\"host\":\"h\",\"password\":\"" + CANARY + "\",\"port\":6379,\"x\":[1]");

        FailureAnalysis analysis = failure(whole.substring(0, length));

        assertThat(analysis.getDescription())
                .startsWith(
                        "The services that the application is bound to cannot be read: VCAP_SERVICES is no JSON at line 1, column ")
                .doesNotContain("c4nary");
        assertThat(analysis.getAction()).contains("'jobqueue.service-binding.enabled'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"c4nary-p4ssword", "{\"redis\":[{\"credentials\":{\"password\":c4nary-p4ssword}}]}", "[1]", "7"})
    void whatIsNoJsonIsRefusedWithoutItsContent(String text) {
        FailureAnalysis analysis = failure(text);

        assertThat(analysis.getDescription()).contains("VCAP_SERVICES is ").doesNotContain("c4nary");
        assertThat(analysis.getCause()).hasNoCause();
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
        assertThat(failure().getDescription()).contains("and 3981 more").hasSizeLessThan(4000);
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
        assertThat(failure().getDescription()).contains("VCAP_SERVICES_FILE_PATH");
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

    // ---- helpers

    private void set(String key, String value) {
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

    private void yaml(String text) throws IOException {
        for (PropertySource<?> source :
                new YamlPropertySourceLoader().load("application.yml", new ByteArrayResource(text.getBytes()))) {
            environment.getPropertySources().addLast(source);
        }
    }

    private void bindTo(String vcapServices) {
        set("VCAP_SERVICES", vcapServices);
        bind();
    }

    private void bind() {
        new ServiceBindingEnvironmentPostProcessor(Supplier::get)
                .postProcessEnvironment(environment, new SpringApplication());
    }

    private FailureAnalysis failure(String vcapServices) {
        set("VCAP_SERVICES", vcapServices);
        return failure();
    }

    private FailureAnalysis failure() {
        JobQueueStartException[] failure = new JobQueueStartException[1];
        assertThatExceptionOfType(JobQueueStartException.class)
                .isThrownBy(this::bind)
                .satisfies(ex -> failure[0] = ex);
        assertThat(environment.getPropertySources().contains(ServiceBindingEnvironmentPostProcessor.SOURCE))
                .isFalse();
        return new JobQueueStartFailureAnalyzer().analyze(failure[0], failure[0]);
    }

    private static String vcap(String label, String name, String credentials) {
        return "{\"%s\":[%s]}".formatted(label, service(name, credentials));
    }

    private static String service(String name, String credentials) {
        return "{\"name\":\"%s\",\"tags\":[],\"credentials\":{%s}}".formatted(name, credentials);
    }

    private static void folder(Path root, String name, Map<String, String> entries) throws IOException {
        Path folder = Files.createDirectories(root.resolve(name));
        for (Map.Entry<String, String> entry : entries.entrySet()) {
            Files.writeString(folder.resolve(entry.getKey()), entry.getValue());
        }
    }

    private String origin(String key) {
        return String.valueOf(OriginLookup.getOrigin(
                environment.getPropertySources().get(ServiceBindingEnvironmentPostProcessor.SOURCE), key));
    }

    /** What the binding says about spring.data.redis, as the application will read it. */
    private Map<String, String> redis() {
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

    private static Map<String, String> expected(String pairs) {
        Map<String, String> expected = new TreeMap<>();
        for (String pair : pairs.split(" ")) {
            int equals = pair.indexOf('=');
            expected.put(pair.substring(0, equals), pair.substring(equals + 1));
        }
        return expected;
    }
}
