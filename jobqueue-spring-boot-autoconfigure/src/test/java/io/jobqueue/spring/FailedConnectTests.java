package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.sun.management.UnixOperatingSystemMXBean;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.redis.RedisConnector;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** An application whose Redis cannot be reached, by all modes of Spring Boot. */
@Tag("story")
class FailedConnectTests {

    private static final int ATTEMPTS = 200;

    private static EmbeddedRedis redis;

    @BeforeAll
    static void start() {
        redis = EmbeddedRedis.start("--requirepass", "right");
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    static Stream<Arguments> modes() {
        return Stream.of(
                Arguments.of("wrong port", "spring.data.redis.port=1"),
                Arguments.of("wrong password", "spring.data.redis.password=wrong"),
                Arguments.of(
                        "Sentinels that are away",
                        "spring.data.redis.sentinel.master=m,spring.data.redis.sentinel.nodes=127.0.0.1:1"),
                Arguments.of("cluster that is away", "spring.data.redis.cluster.nodes=127.0.0.1:1"),
                Arguments.of(
                        "master and replica that are away",
                        "spring.data.redis.masterreplica.nodes[0]=127.0.0.1:1,spring.data.redis.masterreplica.nodes[1]=127.0.0.1:2"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("modes")
    void twoHundredFailedAttemptsLeaveNothingBehind(String mode, String properties) {
        ApplicationContextRunner application = Applications.on(redis)
                .withPropertyValues("jobqueue.worker.enabled=false", "jobqueue.reclaimer.enabled=false")
                .withPropertyValues(properties.split(","));
        application.run(context -> {
            RedisConnector connector = context.getBean(RedisConnector.class);
            JobQueue queue = context.getBean(JobQueue.class);
            fail(queue, connector, 5); // loads classes and starts the threads of the application's client
            Footprint before = Footprint.now();

            fail(queue, connector, ATTEMPTS);

            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(
                            () -> assertThat(Footprint.now().over(before)).isEmpty());
        });
    }

    private static void fail(JobQueue queue, RedisConnector connector, int times) {
        for (int i = 0; i < times; i++) {
            assertThatExceptionOfType(EnqueueRefusedException.class)
                    .isThrownBy(() -> queue.enqueue(JobRequest.of("work", null)));
            connector.stop();
            connector.start();
        }
    }

    /** What a process holds. */
    private record Footprint(long threads, long files) {

        static Footprint now() {
            long threads = Thread.getAllStackTraces().keySet().stream()
                    .map(Thread::getName)
                    .filter(name -> name.startsWith("lettuce-") || name.startsWith("jobqueue-"))
                    .count();
            long files = ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                    ? unix.getOpenFileDescriptorCount()
                    : 0;
            return new Footprint(threads, files);
        }

        /** What this is over another; a few threads and files more are those that the JVM opens by itself. */
        String over(Footprint before) {
            boolean less = threads <= before.threads + 4 && files <= before.files + 20;
            return less ? "" : "%s after %s".formatted(this, before);
        }
    }
}
