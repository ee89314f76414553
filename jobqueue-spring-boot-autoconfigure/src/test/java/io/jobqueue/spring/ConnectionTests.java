package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.stereotype.Component;

/** The queue reaches whatever Redis the application has. */
@ExtendWith(OutputCaptureExtension.class)
class ConnectionTests {

    private static final String SECRET = "s3cr3t-w0rd";

    @Component
    static class Ticker {

        @JobHandler("tick")
        void tick() {}
    }

    private static ApplicationContextRunner application(EmbeddedRedis redis, String... properties) {
        return Applications.on(redis, Ticker.class).withPropertyValues(properties);
    }

    private static void assertThatJobsFlow(ApplicationContext context) {
        JobQueue jobs = context.getBean(JobQueue.class);
        JobRef ref = jobs.enqueue(JobRequest.of("tick", null));
        await().atMost(Duration.ofSeconds(15))
                .until(() -> jobs.find(ref.id()).orElseThrow().status() == JobStatus.COMPLETED);
    }

    /** What the server tells of the queue's connections, one line for each. */
    private static List<String> clients(RedisURI server, String name) {
        RedisClient client = RedisClient.create(server);
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            return connection
                    .sync()
                    .clientList()
                    .lines()
                    .filter(line -> line.contains(" name=" + name + " "))
                    .toList();
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }

    @Test
    void usesPasswordDatabaseAndNameOfTheApplication() {
        try (EmbeddedRedis redis = EmbeddedRedis.start("--requirepass", SECRET)) {
            application(
                            redis,
                            "spring.data.redis.password=" + SECRET,
                            "spring.data.redis.database=7",
                            "spring.data.redis.client-name=shop")
                    .run(context -> {
                        assertThatJobsFlow(context);
                        RedisURI server = RedisURI.builder(RedisURI.create(redis.uri()))
                                .withPassword(SECRET.toCharArray())
                                .build();
                        assertThat(clients(server, "shop-jobqueue"))
                                .isNotEmpty()
                                .allSatisfy(line -> assertThat(line).contains(" db=7 "));
                    });
        }
    }

    @Test
    void showsNoPasswordInItsLogs(CapturedOutput output) {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        Logger own = (Logger) LoggerFactory.getLogger("io.jobqueue");
        Logger spring = (Logger) LoggerFactory.getLogger("org.springframework.beans");
        Level before = own.getLevel();
        own.setLevel(Level.TRACE);
        spring.setLevel(Level.TRACE);
        try (EmbeddedRedis redis = EmbeddedRedis.start("--requirepass", SECRET)) {
            application(redis, "spring.data.redis.password=" + SECRET).run(context -> {
                assertThatJobsFlow(context);
                redis.kill();
                await().atMost(Duration.ofSeconds(10))
                        .until(() -> output.getAll().contains("WARN"));
            });
            application(redis, "spring.data.redis.password=wrong-" + SECRET)
                    .run(context -> assertThat(context).hasNotFailed());
        } finally {
            own.setLevel(before);
            spring.setLevel(null);
        }
        assertThat(root.getLevel()).isEqualTo(Level.WARN);
        assertThat(output.getAll()).contains("workers started").doesNotContain(SECRET);
    }

    @Test
    void isNotCutOffByTheCommandTimeoutOfTheApplication(CapturedOutput output) {
        try (EmbeddedRedis redis = EmbeddedRedis.start()) {
            application(redis, "spring.data.redis.timeout=100ms", "jobqueue.worker.poll-interval=5s")
                    .run(context -> {
                        JobQueue jobs = context.getBean(JobQueue.class);
                        assertThat(jobs.on("empty").worker().claim(Duration.ofMillis(400)))
                                .isEmpty();
                        assertThatJobsFlow(context);
                    });
        }
        assertThat(output.getAll()).doesNotContain("failed and tries again");
    }

    @Test
    void leavesTheApplicationsFactoryAlone() {
        try (EmbeddedRedis redis = EmbeddedRedis.start()) {
            application(redis).run(context -> {
                RedisConnectionFactory factory = context.getBean(RedisConnectionFactory.class);
                context.getBean(ConnectionLifecycle.class).stop();

                assertThat(factory.getConnection().ping()).isEqualTo("PONG");
                assertThat(context).hasSingleBean(RedisConnectionFactory.class);
            });
        }
    }

    @Test
    void followsAFactoryOfTheUser() {
        try (EmbeddedRedis redis = EmbeddedRedis.start()) {
            Applications.offline(Ticker.class)
                    .withBean(
                            LettuceConnectionFactory.class,
                            () -> new LettuceConnectionFactory(
                                    new RedisStandaloneConfiguration("127.0.0.1", redis.port())))
                    .run(ConnectionTests::assertThatJobsFlow);
        }
    }

    @Test
    void refusesAFactoryThatIsNotLettuce() {
        RedisConnectionFactory other = (RedisConnectionFactory) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {RedisConnectionFactory.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "hashCode" -> 1;
                    case "equals" -> proxy == arguments[0];
                    case "toString" -> "other";
                    default -> throw new UnsupportedOperationException(method.getName());
                });
        Applications.offline(Ticker.class)
                .withBean(RedisConnectionFactory.class, () -> other)
                .run(context -> {
                    assertThat(context).hasFailed();
                    FailureAnalysis analysis = new JobQueueStartFailureAnalyzer().analyze(context.getStartupFailure());
                    assertThat(analysis.getDescription())
                            .contains("needs Lettuce", other.getClass().getName());
                    assertThat(analysis.getAction())
                            .contains("io.lettuce:lettuce-core", "spring.data.redis.client-type", "jobqueue.enabled");
                });
    }

    @Test
    void reachesAServerByTls(@TempDir Path folder) throws Exception {
        Certificate certificate = Certificate.make(folder);
        Optional<EmbeddedRedis> started = startWithTls(certificate);
        org.junit.jupiter.api.Assumptions.assumeTrue(started.isPresent(), "this redis-server knows no TLS");
        try (EmbeddedRedis redis = started.orElseThrow()) {
            application(
                            redis,
                            "spring.data.redis.ssl.bundle=redis",
                            "spring.ssl.bundle.pem.redis.truststore.certificate="
                                    + certificate.pem().toUri())
                    .run(ConnectionTests::assertThatJobsFlow);
        }
    }

    private static Optional<EmbeddedRedis> startWithTls(Certificate certificate) {
        int port;
        try (EmbeddedRedis free = EmbeddedRedis.start()) {
            port = free.port();
        }
        try {
            // the later flag wins: no plain port
            return Optional.of(EmbeddedRedis.startOn(
                    port,
                    "--port",
                    "0",
                    "--tls-port",
                    String.valueOf(port),
                    "--tls-cert-file",
                    certificate.pem().toString(),
                    "--tls-key-file",
                    certificate.key().toString(),
                    "--tls-auth-clients",
                    "no"));
        } catch (IllegalStateException ex) {
            return Optional.empty();
        }
    }

    /** A certificate for the loopback address, as the files that redis-server reads. */
    private record Certificate(Path pem, Path key) {

        static Certificate make(Path folder) throws Exception {
            Path store = folder.resolve("store.p12");
            Process keytool = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "keytool")
                                    .toString(),
                            "-genkeypair",
                            "-alias",
                            "redis",
                            "-keyalg",
                            "RSA",
                            "-dname",
                            "CN=localhost",
                            "-ext",
                            "SAN=IP:127.0.0.1",
                            "-storetype",
                            "PKCS12",
                            "-storepass",
                            "changeit",
                            "-keystore",
                            store.toString())
                    .inheritIO()
                    .start();
            assertThat(keytool.waitFor()).isZero();
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(store)) {
                keys.load(in, "changeit".toCharArray());
            }
            Key key = keys.getKey("redis", "changeit".toCharArray());
            return new Certificate(
                    pem(
                            folder.resolve("redis.crt"),
                            "CERTIFICATE",
                            keys.getCertificate("redis").getEncoded()),
                    pem(folder.resolve("redis.key"), "PRIVATE KEY", key.getEncoded()));
        }

        private static Path pem(Path file, String what, byte[] content) throws IOException {
            String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
            return Files.writeString(file, "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, base64, what));
        }
    }

    @Test
    void findsTheMasterOfAStaticGroup() {
        try (EmbeddedRedis master = EmbeddedRedis.start("--requirepass", SECRET, "--masterauth", SECRET);
                EmbeddedRedis replica = EmbeddedRedis.start(
                        "--requirepass",
                        SECRET,
                        "--masterauth",
                        SECRET,
                        "--replicaof",
                        "127.0.0.1",
                        String.valueOf(master.port()))) {
            application(
                            master,
                            "spring.data.redis.password=" + SECRET,
                            "spring.data.redis.lettuce.read-from=replica",
                            "spring.data.redis.masterreplica.nodes[0]=127.0.0.1:" + replica.port(),
                            "spring.data.redis.masterreplica.nodes[1]=127.0.0.1:" + master.port())
                    .run(ConnectionTests::assertThatJobsFlow);
        }
    }

    @Test
    void reachesAClusterWithTheKeysOfAQueueInOneSlot() {
        try (EmbeddedRedis node = EmbeddedRedis.start("--cluster-enabled", "yes")) {
            RedisClient client = RedisClient.create(node.uri());
            try (StatefulRedisConnection<String, String> connection = client.connect()) {
                connection
                        .sync()
                        .clusterAddSlots(IntStream.rangeClosed(0, 16383).toArray());
                await().atMost(Duration.ofSeconds(10))
                        .until(() -> connection.sync().clusterInfo().contains("cluster_state:ok"));
                application(node, "spring.data.redis.cluster.nodes=127.0.0.1:" + node.port())
                        .run(context -> {
                            assertThatJobsFlow(context);
                            assertThat(connection.sync().keys("queue:{jobs}:*")).isNotEmpty();
                            assertThat(clients(RedisURI.create(node.uri()), "jobqueue"))
                                    .isNotEmpty();
                        });
            } finally {
                client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
            }
        }
    }

    @Test
    void doesNotTraceItsPolls() {
        try (EmbeddedRedis redis = EmbeddedRedis.start()) {
            RecordingTracing tracing = new RecordingTracing();
            application(redis)
                    .withBean(
                            org.springframework.boot.data.redis.autoconfigure.ClientResourcesBuilderCustomizer.class,
                            () -> builder -> builder.tracing(tracing))
                    .run(context -> {
                        assertThatJobsFlow(context);
                        assertThat(tracing.asked).isZero();
                    });
        }
    }

    /** Says that it is on, and counts who wants a tracer. */
    private static final class RecordingTracing implements io.lettuce.core.tracing.Tracing {

        private volatile int asked;

        @Override
        public io.lettuce.core.tracing.TracerProvider getTracerProvider() {
            asked++;
            return io.lettuce.core.tracing.Tracing.disabled().getTracerProvider();
        }

        @Override
        public io.lettuce.core.tracing.TraceContextProvider initialTraceContextProvider() {
            return io.lettuce.core.tracing.Tracing.disabled().initialTraceContextProvider();
        }

        @Override
        public boolean isEnabled() {
            return true;
        }

        @Override
        public boolean includeCommandArgsInSpanTags() {
            return false;
        }

        @Override
        public Endpoint createEndpoint(java.net.SocketAddress address) {
            return io.lettuce.core.tracing.Tracing.disabled().createEndpoint(address);
        }
    }
}
