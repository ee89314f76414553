package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.spi.ILoggingEvent;
import com.sun.management.UnixOperatingSystemMXBean;
import io.jobqueue.CapturedLog;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.SelfSignedCertificate;
import io.lettuce.core.RedisURI;
import io.lettuce.core.resource.Transports.NativeTransports;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A failed attempt to connect leaves neither threads nor open files behind. */
class FailedConnectTests {

    private static final List<EmbeddedRedis> servers = new ArrayList<>();

    private static EmbeddedRedis guarded;
    private static EmbeddedRedis encrypted;
    private static EmbeddedRedis lonelyNode;
    private static EmbeddedRedis sentinel;

    private final CapturedLog lettuce = new CapturedLog("io.lettuce");
    private final CapturedLog netty = new CapturedLog("io.netty");

    @BeforeAll
    static void start(@TempDir Path folder) {
        guarded = started(EmbeddedRedis.start("--requirepass", "right"));
        lonelyNode = started(EmbeddedRedis.start("--cluster-enabled", "yes"));
        sentinel = started(EmbeddedRedis.start());
        EmbeddedRedis free = EmbeddedRedis.start();
        int port = free.port();
        free.close();
        encrypted = started(
                EmbeddedRedis.startOn(port, SelfSignedCertificate.in(folder).flags(port, "right")));
    }

    private static EmbeddedRedis started(EmbeddedRedis server) {
        servers.add(server);
        return server;
    }

    @AfterAll
    static void end() {
        servers.forEach(EmbeddedRedis::close);
    }

    @AfterEach
    void listenNoMore() {
        lettuce.close();
        netty.close();
    }

    /** A way to fail. */
    private record Kind(String name, Supplier<RedisLink> link) {

        static Kind of(String name, Supplier<String> uri) {
            return new Kind(name, () -> RedisLink.to(RedisURI.create(uri.get())));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Kind> kinds() {
        return Stream.of(
                Kind.of("wrong port", () -> "redis://127.0.0.1:1"),
                Kind.of("wrong password", () -> "redis://:wrong@127.0.0.1:" + guarded.port()),
                Kind.of("certificate that nobody trusts", () -> "rediss://:right@127.0.0.1:" + encrypted.port()),
                Kind.of("plain text to a server with TLS", () -> "redis://:right@127.0.0.1:" + encrypted.port()),
                Kind.of("Sentinels that are away", () -> "redis-sentinel://127.0.0.1:1,127.0.0.1:2#mymaster"),
                Kind.of("a Sentinel that is none", () -> "redis-sentinel://127.0.0.1:" + sentinel.port() + "#mymaster"),
                new Kind("cluster that is away", () -> RedisLink.toCluster(List.of(RedisURI.create("127.0.0.1", 1)))),
                new Kind(
                        "no cluster at all",
                        () -> RedisLink.toCluster(List.of(RedisURI.create("127.0.0.1", sentinel.port())))));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void twoHundredFailedAttemptsLeaveNothingBehind(Kind kind) {
        fail(kind, 3); // loads classes and opens what the JVM keeps open
        Footprint before = Footprint.now();

        fail(kind, 40);
        RedisLink link = kind.link().get();
        for (int i = 0; i < 160; i++) {
            assertThatThrownBy(i % 2 == 0 ? link::connect : link::connectPubSub).isNotNull();
        }
        link.close();

        assertThat(netty.events())
                .extracting(ILoggingEvent::getFormattedMessage)
                .isEmpty();
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(Footprint.now().over(before)).isEmpty());
    }

    private static void fail(Kind kind, int times) {
        for (int i = 0; i < times; i++) {
            RedisConnector connector = new RedisConnector(kind.link());
            JobQueue queue = new RedisQueues(connector, RedisQueues.Options.defaults()).queue("q");
            assertThatExceptionOfType(EnqueueRefusedException.class)
                    .isThrownBy(() -> queue.enqueue(JobRequest.of("work", null)));
            connector.stop();
        }
    }

    @Test
    void twoHundredUrisThatCannotBeUsedLeaveNothingBehind() {
        Footprint before = Footprint.now();
        for (int i = 0; i < 200; i++) {
            assertThatThrownBy(() -> RedisLink.to(new RedisURI())).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> RedisLink.toCluster(
                            List.of(RedisURI.create("redis://127.0.0.1:1"), RedisURI.create("rediss://127.0.0.1:2"))))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        await().untilAsserted(() -> assertThat(Footprint.now().over(before)).isEmpty());
    }

    @Test
    void aSocketWithoutANativeTransportIsRefusedWithTheRemedy() {
        assumeThat(NativeTransports.isDomainSocketSupported()).isFalse();

        assertThatIllegalStateException()
                .isThrownBy(() -> RedisLink.to(RedisURI.create("redis-socket:///run/redis.sock")))
                .withMessageContaining("/run/redis.sock")
                .withMessageContaining("io.netty:netty-transport-native-epoll");
    }

    @Test
    void sentinelsWithoutTheNameOfAMasterAreRefusedWithTheRemedy() {
        RedisURI uri = RedisURI.builder().withSentinel("127.0.0.1", 26379).build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> RedisLink.to(uri))
                .withMessageContaining("127.0.0.1:26379")
                .withMessageContaining("#mymaster");
    }

    /** What a process holds. */
    private record Footprint(List<String> threads, long files) {

        static Footprint now() {
            List<String> threads = Thread.getAllStackTraces().keySet().stream()
                    .map(Thread::getName)
                    .filter(name -> name.startsWith("lettuce-") || name.startsWith("jobqueue-"))
                    .sorted()
                    .toList();
            long files = ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                    ? unix.getOpenFileDescriptorCount()
                    : 0;
            return new Footprint(threads, files);
        }

        /** What there is more than before; a few files come and go with the tests themselves. */
        List<String> over(Footprint before) {
            List<String> more = new ArrayList<>(threads);
            before.threads().forEach(more::remove);
            if (files > before.files() + 5) {
                more.add((files - before.files()) + " open files");
            }
            return more;
        }
    }
}
