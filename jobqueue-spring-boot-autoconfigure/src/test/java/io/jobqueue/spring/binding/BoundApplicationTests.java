package io.jobqueue.spring.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.spring.JobHandler;
import io.jobqueue.spring.JobQueueStartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.actuate.context.properties.ConfigurationPropertiesReportEndpoint;
import org.springframework.boot.actuate.endpoint.Show;
import org.springframework.boot.actuate.env.EnvironmentEndpoint;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;

/** Applications that have nothing but a binding, on a real server. */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class BoundApplicationTests {

    @TempDir
    static Path folder;

    private static TlsRedis redis;

    private ConfigurableApplicationContext application;

    /** One handler and one injected interface. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import({Zombies.class, Sightings.class})
    static class Application {}

    static class Zombies {

        @JobHandler("sighting")
        String locate(Sighting sighting) {
            return sighting.who() + " at the mall";
        }
    }

    record Sighting(String who) {}

    static class Sightings {

        final WorkOutputCache outputs;

        Sightings(WorkOutputCache outputs) {
            this.outputs = outputs;
        }
    }

    @BeforeAll
    static void start() throws IOException {
        assumeThat(EmbeddedRedis.isSupported()).isTrue();
        redis = TlsRedis.start(folder);
    }

    @AfterAll
    static void stop() {
        if (redis != null) {
            redis.close();
        }
    }

    @AfterEach
    void close() {
        if (application != null) {
            application.close();
        }
        LoggingSystem.get(getClass().getClassLoader()).setLogLevel(LoggingSystem.ROOT_LOGGER_NAME, LogLevel.WARN);
    }

    // ---- it works

    @Test
    void vcapServicesAreEnough(CapturedOutput output) {
        run("--VCAP_SERVICES=" + redis.vcapServices());

        assertThatJobsFlow();
        assertThatItIsTold(output, "Redis at 127.0.0.1:%d, TLS on: the service 'work' (p.redis) of VCAP_SERVICES");
    }

    @Test
    void aBlockInYamlIsEnough(CapturedOutput output) throws IOException {
        Path yaml = Files.writeString(
                folder.resolve("application.yml"),
                """
                vcap:
                  services:
                    p.redis:
                      - name: work
                        credentials:
                          hostname: localhost
                          port: "%d"
                          tls: true
                          password: 'c4nary-\\${HOME}-p@ss/w#rd'
                          ca: |
                %s
                """
                        .formatted(redis.port(), redis.pem().indent(12)));

        run("--spring.config.location=" + yaml.toUri());

        assertThatJobsFlow();
        assertThatItIsTold(output, "Redis at localhost:%d, TLS on: the service 'work' (p.redis) of vcap.services (");
    }

    @Test
    void theArticlesJsonIsEnough() throws IOException {
        Path json = Files.writeString(
                folder.resolve("appsettings.json"),
                "{\"vcap:services\":%s}".formatted(redis.vcapServices().replace("${", "\\\\${")));

        run("--spring.config.import=file:" + json + "[.yml]");

        assertThatJobsFlow();
    }

    @Test
    void aKubernetesBindingIsEnough(CapturedOutput output) throws IOException {
        Path binding = Files.createDirectories(folder.resolve("bindings/work"));
        Files.writeString(binding.resolve("type"), "redis\n");
        Files.writeString(
                binding.resolve("uri"),
                "rediss://default:c4nary-$%7BHOME%7D-p%40ss%2Fw%23rd@127.0.0.1:" + redis.port() + "\n");
        Files.writeString(binding.resolve("username"), "default\n");
        Files.writeString(binding.resolve("certificates"), redis.pem());

        run("--SERVICE_BINDING_ROOT=" + folder.resolve("bindings"));

        assertThatJobsFlow();
        assertThatItIsTold(output, "Redis at 127.0.0.1:%d, TLS on: the service 'work' (redis) of SERVICE_BINDING_ROOT");
    }

    @Test
    void aServerWithoutTlsAndPasswordNeedsNeither(CapturedOutput output) {
        try (EmbeddedRedis plain = EmbeddedRedis.start()) {
            run(
                    "--VCAP_SERVICES={\"rediscloud\":[{\"name\":\"redislocationcache\",\"label\":\"rediscloud\","
                            + "\"plan\":\"30mb\",\"credentials\":{\"port\":\"%d\",\"hostname\":\"127.0.0.1\",\"password\":\"\"}}]}"
                                    .formatted(plain.port()),
                    "--spring.data.redis.ssl.enabled=true",
                    "--spring.data.redis.username=other",
                    "--spring.data.redis.password=other");

            assertThatJobsFlow();
            assertThat(output).contains("Redis at 127.0.0.1:" + plain.port() + ", TLS off: the service");
            application.close();
        }
    }

    @Test
    void aUserOfTheServerIsGreetedByAnyPassword() {
        try (EmbeddedRedis plain = EmbeddedRedis.start()) {
            String password = "pä ss:日\"\\@%2F+${x}";
            run("--spring.data.redis.host=127.0.0.1", "--spring.data.redis.port=" + plain.port());
            // over the wire: the arguments of a process go through the encoding of its platform
            application
                    .getBean(StringRedisTemplate.class)
                    .execute((org.springframework.data.redis.connection.RedisConnection connection) -> {
                        connection.execute(
                                "ACL",
                                "SETUSER".getBytes(),
                                "app".getBytes(),
                                "on".getBytes(),
                                (">" + password).getBytes(java.nio.charset.StandardCharsets.UTF_8),
                                "~*".getBytes(),
                                "&*".getBytes(),
                                "+@all".getBytes());
                        connection.serverCommands().setConfig("requirepass", "another");
                        return null;
                    });
            application.close();

            run(
                    "--VCAP_SERVICES={\"redis\":[{\"credentials\":{\"host\":\"127.0.0.1\",\"port\":%d,\"username\":\"app\",\"password\":\"%s\"}}]}"
                            .formatted(
                                    plain.port(), password.replace("\\", "\\\\").replace("\"", "\\\"")));

            assertThatJobsFlow();
            application.close();
        }
    }

    // ---- who comes first, row by row

    @Test
    void connectionDetailsComeBeforeAnExplicitAddressAndTheBinding(CapturedOutput output) {
        try (EmbeddedRedis own = EmbeddedRedis.start()) {
            Details.port = own.port();

            run(
                    new Class<?>[] {Application.class, Details.class},
                    "--VCAP_SERVICES=" + redis.vcapServices(),
                    "--spring.data.redis.host=nowhere.invalid");

            assertThatJobsFlow();
            assertThat(output)
                    .containsOnlyOnce(
                            "Redis at 127.0.0.1:" + own.port() + ", TLS off: configured by the bean 'myDetails'\n");
            application.close();
        }
    }

    @Test
    void connectionDetailsComeBeforeTheBinding(CapturedOutput output) {
        try (EmbeddedRedis own = EmbeddedRedis.start()) {
            Details.port = own.port();

            run(new Class<?>[] {Application.class, Details.class}, "--VCAP_SERVICES=" + redis.vcapServices());

            assertThatJobsFlow();
            assertThat(output)
                    .containsOnlyOnce(
                            "Redis at 127.0.0.1:" + own.port()
                                    + ", TLS off: configured by the bean 'myDetails', which comes before the service 'work' (p.redis) of VCAP_SERVICES");
            application.close();
        }
    }

    @Test
    void anExplicitAddressComesBeforeTheBinding(CapturedOutput output) {
        try (EmbeddedRedis own = EmbeddedRedis.start()) {
            run("--VCAP_SERVICES=" + redis.vcapServices(), "--spring.data.redis.url=redis://127.0.0.1:" + own.port());

            assertThatJobsFlow();
            assertThat(output)
                    .containsOnlyOnce(
                            "The bound Redis service 'work' (p.redis) of VCAP_SERVICES is not used, because 'spring.data.redis.url' is set")
                    .containsOnlyOnce(
                            "Redis at 127.0.0.1:" + own.port() + ", TLS off: configured by 'spring.data.redis.url' (");
            application.close();
        }
    }

    @Test
    void theBindingComesBeforeLocalhost() {
        run("--VCAP_SERVICES=" + redis.vcapServices(), "--jobqueue.worker.enabled=false");

        assertThat(application.getBean(LettuceConnectionFactory.class).getPort())
                .isEqualTo(redis.port());
    }

    @Test
    void withoutAnythingItIsLocalhost(CapturedOutput output) {
        run("--jobqueue.worker.enabled=false");

        assertThat(output)
                .containsOnlyOnce(
                        "Redis at localhost:6379, TLS off: by default, because no address is configured and no Redis service is bound");
    }

    @Test
    void theLogNamesAConnectionFactoryOfTheApplication(CapturedOutput output) {
        try (EmbeddedRedis own = EmbeddedRedis.start()) {
            Details.port = own.port();

            run(new Class<?>[] {Application.class, Factory.class}, "--VCAP_SERVICES=" + redis.vcapServices());

            assertThatJobsFlow();
            assertThat(output)
                    .containsOnlyOnce("Redis at 127.0.0.1:" + own.port()
                            + ", TLS off: configured by the bean 'redisConnectionFactory'");
            application.close();
        }
    }

    // ---- what it says, and what it never says

    @Test
    void noLogLevelAndNoEndpointShowsAPassword(CapturedOutput output) {
        run(
                "--VCAP_SERVICES=" + redis.vcapServices(),
                "--logging.level.root=debug",
                "--logging.level.io.jobqueue=trace",
                "--logging.level.org.springframework=trace",
                "--spring.main.log-startup-info=true");
        assertThatJobsFlow();

        List<Object> told = new ArrayList<>();
        told.add(new EnvironmentEndpoint(application.getEnvironment(), List.of(), Show.NEVER)
                .environment(null).getPropertySources().stream()
                        .flatMap(source -> source.getProperties().entrySet().stream())
                        .map(property -> property.getKey() + "="
                                + property.getValue().getValue() + " "
                                + property.getValue().getOrigin())
                        .toList());
        ConfigurationPropertiesReportEndpoint properties =
                new ConfigurationPropertiesReportEndpoint(List.of(), Show.NEVER);
        properties.setApplicationContext(application);
        told.add(properties.configurationProperties().getContexts().values().stream()
                .flatMap(context -> context.getBeans().values().stream())
                .map(bean -> bean.getProperties() + "" + bean.getInputs())
                .toList());
        told.add(application.getEnvironment().getPropertySources().get(ServiceBindingEnvironmentPostProcessor.SOURCE));
        told.add(application.getBean(RedisSource.class));
        told.add(application.getBean(JobQueue.class));

        assertThat(output.toString()).contains("DEBUG").doesNotContain("c4nary");
        assertThat(told.toString())
                .contains("spring.data.redis.password=******")
                .doesNotContain("c4nary");
    }

    @Test
    void aFailedStartNamesThePlaceButNoPassword(CapturedOutput output) {
        String truncated = redis.vcapServices().substring(0, 120);

        Throwable failure = catchThrowable(() -> run("--VCAP_SERVICES=" + truncated, "--debug"));

        assertThat(failure).isInstanceOf(JobQueueStartException.class).hasMessageNotContaining("c4nary");
        assertThat(output.toString())
                .contains("APPLICATION FAILED TO START", "VCAP_SERVICES is no JSON at line 1, column 12")
                .contains("Action:", "jobqueue.service-binding.enabled")
                .doesNotContain("c4nary");
    }

    @Test
    void severalServicesStopTheStartWithAnAnalysis(CapturedOutput output) {
        String two = "{\"p.redis\":[{\"name\":\"a\",\"credentials\":%s},{\"name\":\"b\",\"credentials\":%s}]}"
                .formatted(redis.credentials(), redis.credentials());

        Throwable failure = catchThrowable(() -> run("--VCAP_SERVICES=" + two));

        assertThat(failure).isInstanceOf(JobQueueStartException.class);
        assertThat(output.toString())
                .contains(
                        "APPLICATION FAILED TO START",
                        "'a' (p.redis)",
                        "'b' (p.redis)",
                        "jobqueue.service-binding.name")
                .doesNotContain("c4nary");
    }

    @Test
    void aFailedStartDoesNotShowAWrongPassword(CapturedOutput output) {
        run(
                "--VCAP_SERVICES=" + redis.vcapServices().replace("c4nary", "c4nary-wrong"),
                "--jobqueue.worker.enabled=false");

        Throwable failure = catchThrowable(
                () -> application.getBean(JobQueue.class).enqueue(JobRequest.of("sighting", new Sighting("x"))));

        StringBuilder texts = new StringBuilder(output.toString());
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            texts.append(cause);
        }
        assertThat(failure).isNotNull();
        assertThat(texts.toString()).contains("WRONGPASS").doesNotContain("c4nary");
    }

    // ---- injection

    @Test
    void nothingThatTheStarterRegistersHasASecondConstructor() {
        run("--VCAP_SERVICES=" + redis.vcapServices());

        assertThat(Arrays.stream(application.getBeanDefinitionNames())
                        .map(application::getBean)
                        .filter(bean -> bean.getClass().getName().startsWith("io.jobqueue.")))
                .hasSizeGreaterThan(8)
                .allSatisfy(bean ->
                        assertThat(bean.getClass().getDeclaredConstructors()).hasSize(1));
    }

    @Test
    void aCacheOfTheApplicationIsInjectedInItsPlace() {
        run(new Class<?>[] {Application.class, OwnCache.class}, "--VCAP_SERVICES=" + redis.vcapServices());

        assertThat(application.getBeansOfType(WorkOutputCache.class)).containsOnlyKeys("myCache");
        assertThat(application.getBean(Sightings.class).outputs).isSameAs(application.getBean("myCache"));
    }

    // ---- helpers

    private static final AtomicInteger runs = new AtomicInteger();

    private void assertThatJobsFlow() {
        String run = "run-" + runs.incrementAndGet();
        JobQueue jobs = application.getBean(JobQueue.class);
        String id = jobs.enqueue(JobRequest.of("sighting", new Sighting("herd")).unit(run, "1"))
                .id();

        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> jobs.find(id)
                .filter(job -> job.status() == JobStatus.COMPLETED)
                .isPresent());
        assertThat(application.getBean(Sightings.class).outputs.all(run, String.class))
                .isEqualTo(Map.of("1", "herd at the mall"));
        // the application's own template sees the same server
        assertThat(application.getBean(StringRedisTemplate.class).hasKey("queue:jobs:outputs:" + run))
                .isTrue();
    }

    private static void assertThatItIsTold(CapturedOutput output, String line) {
        assertThat(output.toString())
                .containsOnlyOnce(line.formatted(redis.port()))
                .containsOnlyOnce("TLS on")
                .doesNotContain("c4nary");
    }

    private void run(String... arguments) {
        run(new Class<?>[] {Application.class}, arguments);
    }

    private void run(Class<?>[] sources, String... arguments) {
        application = new SpringApplicationBuilder(sources)
                .web(WebApplicationType.NONE)
                .properties("spring.data.redis.repositories.enabled=false", "jobqueue.worker.poll-interval=50ms")
                .run(arguments);
    }

    @Configuration(proxyBeanMethods = false)
    static class Details {

        static int port;

        @Bean
        DataRedisConnectionDetails myDetails() {
            return new DataRedisConnectionDetails() {

                @Override
                public Standalone getStandalone() {
                    return Standalone.of("127.0.0.1", port);
                }

                @Override
                public SslBundle getSslBundle() {
                    return null;
                }
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Factory {

        @Bean
        LettuceConnectionFactory redisConnectionFactory() {
            return new LettuceConnectionFactory(new RedisStandaloneConfiguration("127.0.0.1", Details.port));
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnCache {

        @Bean
        WorkOutputCache myCache() {
            return (WorkOutputCache) java.lang.reflect.Proxy.newProxyInstance(
                    getClass().getClassLoader(),
                    new Class<?>[] {WorkOutputCache.class},
                    (proxy, method, arguments) -> null);
        }
    }
}
