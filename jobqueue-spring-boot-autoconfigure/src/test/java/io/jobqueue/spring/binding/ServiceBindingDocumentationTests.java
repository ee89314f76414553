package io.jobqueue.spring.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.SelfSignedCertificate;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import javax.tools.ToolProvider;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.service.connection.ConnectionDetailsFactories;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.docker.compose.core.ConnectionPorts;
import org.springframework.boot.docker.compose.core.ImageReference;
import org.springframework.boot.docker.compose.core.RunningService;
import org.springframework.boot.docker.compose.service.connection.DockerComposeConnectionSource;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.mock.env.MockEnvironment;
import org.testcontainers.containers.GenericContainer;
import org.yaml.snakeyaml.Yaml;

/** Every block of docs/service-bindings.md works; only addresses, ports and certificates are those of the test. */
@Timeout(120)
class ServiceBindingDocumentationTests {

    @TempDir
    static Path folder;

    private static List<Block> blocks;
    private static SelfSignedCertificate certificate;
    private static EmbeddedRedis secure;
    private static EmbeddedRedis plain;

    /** One block of code. */
    private record Block(String section, String language, String text) {

        static List<Block> read(Path page) throws IOException {
            List<Block> blocks = new ArrayList<>();
            String section = "";
            String language = null;
            StringBuilder text = new StringBuilder();
            for (String line : Files.readAllLines(page)) {
                if (line.startsWith("```") && language == null) {
                    language = line.substring(3);
                } else if (line.equals("```")) {
                    blocks.add(new Block(section, language, text.toString()));
                    text.setLength(0);
                    language = null;
                } else if (language != null) {
                    text.append(line).append('\n');
                } else if (line.startsWith("## ")) {
                    section = line.substring(3);
                }
            }
            return blocks;
        }
    }

    @BeforeAll
    static void start() throws IOException {
        assumeThat(EmbeddedRedis.isSupported()).isTrue();
        blocks = Block.read(Path.of("..", "docs", "service-bindings.md"));
        certificate = SelfSignedCertificate.in(folder);
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        secure = EmbeddedRedis.startOn(port, certificate.flags(port, "open-sesame"));
        plain = EmbeddedRedis.start();
    }

    @AfterAll
    static void stop() {
        if (plain != null) {
            secure.close();
            plain.close();
        }
    }

    @Test
    void everyBlockHasItsTest() {
        assertThat(blocks.stream().map(block -> block.section() + "/" + block.language()))
                .containsExactly(
                        "/java",
                        "Cloud Foundry/yaml",
                        "Cloud Foundry/json",
                        "A workstation/yaml",
                        "A workstation/json",
                        "Kubernetes/yaml",
                        "Docker Compose/yaml",
                        "Testcontainers/java",
                        "Which source wins/");
    }

    @Test
    void cloudFoundry() {
        Map<?, ?> manifest = new Yaml().load(block("Cloud Foundry", "yaml"));
        Map<?, ?> application = (Map<?, ?>) ((List<?>) manifest.get("applications")).get(0);
        assertThat((List<?>) application.get("services")).isEqualTo(List.of("work"));

        assertThatJobsFlow("--VCAP_SERVICES="
                + secured(block("Cloud Foundry", "json"))
                        .replace("…", pemLines().replace("\n", "\\n")));
    }

    @Test
    void workstation() throws IOException {
        try (EmbeddedRedis protectedByPassword = EmbeddedRedis.start("--requirepass", "local")) {
            String yaml = block("A workstation", "yaml").replace("6379", String.valueOf(protectedByPassword.port()));
            Path file = Files.writeString(folder.resolve("application.yml"), yaml);

            assertThatJobsFlow("--spring.config.location=" + file.toUri(), "--REDIS_PASSWORD=local");
        }
    }

    @Test
    void workstationOfASteeltoeApplication() throws IOException {
        String json = block("A workstation", "json").replace("6379", String.valueOf(plain.port()));
        Path file = Files.writeString(folder.resolve("appsettings.json"), json);

        assertThatJobsFlow("--spring.config.import=file:" + file + "[.yml]");
    }

    @Test
    void kubernetes() throws IOException {
        List<Map<String, Object>> documents = StreamSupport.stream(
                        new Yaml()
                                .loadAll(secured(block("Kubernetes", "yaml"))
                                        .replace("    …\n", pemLines().indent(4)))
                                .spliterator(),
                        false)
                .map(ServiceBindingDocumentationTests::map)
                .toList();
        Map<String, Object> secret = documents.get(0);
        Map<String, Object> pod = at(documents.get(1), "spec", "template", "spec");
        Map<String, Object> container = map(((List<?>) pod.get("containers")).get(0));
        Map<String, Object> variable = map(((List<?>) container.get("env")).get(0));
        Map<String, Object> mount = map(((List<?>) container.get("volumeMounts")).get(0));
        Map<String, Object> volume = map(((List<?>) pod.get("volumes")).get(0));
        assertThat(variable).containsEntry("name", "SERVICE_BINDING_ROOT");
        assertThat(volume).containsEntry("name", mount.get("name"));
        assertThat(at(volume, "secret"))
                .containsEntry("secretName", at(secret, "metadata").get("name"));

        // what the kubelet does
        Path binding =
                Files.createDirectories(Path.of(folder + mount.get("mountPath").toString()));
        for (Map.Entry<String, Object> entry : at(secret, "stringData").entrySet()) {
            Files.writeString(binding.resolve(entry.getKey()), entry.getValue().toString());
        }

        assertThatJobsFlow("--SERVICE_BINDING_ROOT=" + folder + variable.get("value"));
    }

    /** As far as it goes without an engine: the connection details that Spring Boot makes of the running service. */
    @Test
    void dockerCompose() throws Exception {
        Map<String, Object> compose = new Yaml().load(block("Docker Compose", "yaml"));
        Map<String, Object> service = at(compose, "services", "redis");
        int port = Integer.parseInt(((List<?>) service.get("ports")).get(0).toString());
        assertThat(port).isEqualTo(6379);
        Constructor<DockerComposeConnectionSource> constructor =
                DockerComposeConnectionSource.class.getDeclaredConstructor(
                        RunningService.class, org.springframework.core.env.Environment.class);
        constructor.setAccessible(true);
        DockerComposeConnectionSource source = constructor.newInstance(
                new Running(ImageReference.of(service.get("image").toString()), plain.port()), new MockEnvironment());

        DataRedisConnectionDetails details = (DataRedisConnectionDetails)
                new ConnectionDetailsFactories(getClass().getClassLoader())
                        .getConnectionDetails(source, true)
                        .get(DataRedisConnectionDetails.class);

        assertThat(details.getStandalone()).isNotNull();
        assertThatJobsFlow(
                builder -> builder.initializers(context -> ((GenericApplicationContext) context)
                        .registerBean("redisOfCompose", DataRedisConnectionDetails.class, () -> details)),
                "--VCAP_SERVICES={\"redis\":[{\"name\":\"unused\",\"credentials\":{\"host\":\"nowhere.invalid\"}}]}");
    }

    @Test
    void testcontainersBlockCompilesAndDeclaresWhatSpringBootLooksFor() throws Exception {
        Class<?> configuration = compile(
                "TestRedis",
                """
                import org.springframework.boot.test.context.TestConfiguration;
                import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
                import org.springframework.context.annotation.Bean;
                import org.testcontainers.containers.GenericContainer;
                """
                        + block("Testcontainers", "java"));
        Method method = configuration.getDeclaredMethod("redis");
        Constructor<?> constructor = configuration.getDeclaredConstructor();
        constructor.setAccessible(true);
        method.setAccessible(true);

        GenericContainer<?> container = (GenericContainer<?>) method.invoke(constructor.newInstance());

        assertThat(container.getExposedPorts()).containsExactly(6379);
        assertThat(method.getAnnotation(ServiceConnection.class).value()).isEqualTo("redis");
        assertThat(method.isAnnotationPresent(Bean.class)).isTrue();
    }

    /** As far as it goes without an engine: a container that only says that it runs. */
    @Test
    void aServiceConnectionComesBeforeTheBinding() {
        assertThatJobsFlow(
                builder -> builder.sources(Containers.class),
                "--VCAP_SERVICES={\"redis\":[{\"name\":\"unused\",\"credentials\":{\"host\":\"nowhere.invalid\"}}]}");
    }

    @Test
    void theFirstBlockCompiles() throws Exception {
        Class<?> sightings = compile(
                "Sightings",
                "import io.jobqueue.WorkOutputCache;\nimport org.springframework.stereotype.Service;\n"
                        + block("", "java"));

        assertThat(sightings.getDeclaredConstructors()).hasSize(1);
    }

    private static String block(String section, String language) {
        return blocks.stream()
                .filter(block ->
                        block.section().equals(section) && block.language().equals(language))
                .collect(Collectors.collectingAndThen(Collectors.toList(), found -> {
                    assertThat(found).hasSize(1);
                    return found.get(0).text();
                }));
    }

    private static String secured(String text) {
        return text.replace("redis.example.com", "127.0.0.1").replace("6380", String.valueOf(secure.port()));
    }

    /** What stands between the first and the last line. */
    private static String pemLines() {
        return certificate
                .pem()
                .replaceAll("-----(BEGIN|END) CERTIFICATE-----", "")
                .strip();
    }

    private static void assertThatJobsFlow(String... arguments) {
        assertThatJobsFlow(builder -> builder, arguments);
    }

    private static void assertThatJobsFlow(UnaryOperator<SpringApplicationBuilder> customizer, String... arguments) {
        SpringApplicationBuilder builder = new SpringApplicationBuilder(BoundApplicationTests.Application.class)
                .web(WebApplicationType.NONE)
                .properties("spring.data.redis.repositories.enabled=false");
        try (ConfigurableApplicationContext application =
                customizer.apply(builder).run(arguments)) {
            JobQueue jobs = application.getBean(JobQueue.class);
            String id = jobs.enqueue(JobRequest.of("sighting", new BoundApplicationTests.Sighting("herd")))
                    .id();
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> jobs.find(id)
                    .filter(job -> job.status() == JobStatus.COMPLETED)
                    .isPresent());
        }
    }

    private static Class<?> compile(String name, String source) throws Exception {
        Path classes = Files.createDirectories(folder.resolve("classes-" + name));
        Path file = Files.writeString(classes.resolve(name + ".java"), source);
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        int result = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-proc:none", "-cp", path, "-d", classes.toString(), file.toString());
        assertThat(result).as("compilation of %s", name).isZero();
        try (URLClassLoader loader = new URLClassLoader(
                new URL[] {classes.toUri().toURL()}, ServiceBindingDocumentationTests.class.getClassLoader())) {
            return loader.loadClass(name);
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object node) {
        return (Map<String, Object>) node;
    }

    private static Map<String, Object> at(Map<String, Object> node, String... keys) {
        Map<String, Object> found = node;
        for (String key : keys) {
            found = map(found.get(key));
        }
        return found;
    }

    /** The server as a service of a compose file. */
    private record Running(ImageReference image, int port) implements RunningService, ConnectionPorts {

        @Override
        public String name() {
            return "redis";
        }

        @Override
        public String host() {
            return "127.0.0.1";
        }

        @Override
        public ConnectionPorts ports() {
            return this;
        }

        @Override
        public int get(int containerPort) {
            assertThat(containerPort).isEqualTo(6379);
            return port;
        }

        @Override
        public List<Integer> getAll() {
            return List.of(port);
        }

        @Override
        public List<Integer> getAll(String protocol) {
            return getAll();
        }

        @Override
        public Map<String, String> env() {
            return Map.of();
        }

        @Override
        public Map<String, String> labels() {
            return Map.of();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Containers {

        @Bean
        @ServiceConnection("redis")
        GenericContainer<?> redis() {
            return new RunningContainer().withExposedPorts(6379);
        }
    }

    /** The server as a container. */
    private static final class RunningContainer extends GenericContainer<RunningContainer> {

        RunningContainer() {
            super("redis:7.2");
        }

        @Override
        public void start() {
            // it runs
        }

        @Override
        public void stop() {
            // it goes on
        }

        @Override
        public boolean isRunning() {
            return true;
        }

        @Override
        public String getHost() {
            return "127.0.0.1";
        }

        @Override
        public Integer getMappedPort(int originalPort) {
            return plain.port();
        }

        @Override
        public Integer getFirstMappedPort() {
            return plain.port();
        }
    }
}
