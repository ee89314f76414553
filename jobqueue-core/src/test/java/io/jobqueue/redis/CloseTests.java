package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.RedisUnavailableException;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.lettuce.core.RedisURI;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Closing logs no error, whatever is in progress at that time. */
@RedisServer
class CloseTests {

    private static final int CLOSES = 50;

    private final CapturedLog netty = new CapturedLog("io.netty");
    private final CapturedLog lettuce = new CapturedLog("io.lettuce");
    private final CapturedLog own = new CapturedLog("io.jobqueue");

    @AfterEach
    void listenNoMore() {
        List.of(netty, lettuce, own).forEach(CapturedLog::close);
    }

    @Test
    void fiftyClosesWithoutTrafficAreQuiet(EmbeddedRedis server) {
        for (int i = 0; i < CLOSES; i++) {
            RedisConnector connector = connector(server.uri());
            RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());
            queues.queue().stats();
            queues.queue().worker().claim(Duration.ofMillis(20));
            connector.stop();
        }
        assertThatItWasQuiet();
    }

    @Test
    void fiftyClosesInTheMidstOfTrafficAreQuiet(EmbeddedRedis server) {
        for (int i = 0; i < CLOSES; i++) {
            RedisConnector connector = connector(server.uri());
            JobQueue queue = new RedisQueues(connector, RedisQueues.Options.defaults()).queue();
            queue.stats();
            List<CompletableFuture<?>> out = new ArrayList<>();
            for (int n = 0; n < 200; n++) {
                out.add(queue.enqueueAsync(JobRequest.of("work", null)));
                out.add(queue.findAsync("nobody"));
            }
            out.add(queue.on("empty").worker().claimAsync(Duration.ofSeconds(30)));
            out.add(CompletableFuture.runAsync(
                    () -> queue.on("waiting").worker().claim(Duration.ofSeconds(30))));
            connector.stop();
            assertThat(CompletableFuture.allOf(out.toArray(CompletableFuture[]::new))
                            .exceptionally(ex -> null))
                    .as("what was under way ends")
                    .succeedsWithin(Duration.ofSeconds(10));
        }
        assertThatItWasQuiet();
    }

    @Test
    void fiftyClosesInTheMidstOfConnectingAreQuiet(EmbeddedRedis server) {
        for (int i = 0; i < CLOSES; i++) {
            RedisConnector connector = connector(server.uri());
            RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());
            List<CompletableFuture<?>> out = IntStream.range(0, 4)
                    .<CompletableFuture<?>>mapToObj(
                            n -> queues.queue("q" + n).worker().claimAsync(Duration.ofSeconds(30)))
                    .toList();
            int pause = i * 20;
            for (long end = System.nanoTime() + pause * 10_000L; System.nanoTime() < end; ) {
                Thread.onSpinWait();
            }
            connector.stop();
            assertThat(CompletableFuture.allOf(out.toArray(CompletableFuture[]::new))
                            .exceptionally(ex -> null))
                    .as("what was under way ends")
                    .succeedsWithin(Duration.ofSeconds(10));
        }
        assertThatItWasQuiet();
    }

    @Test
    void fiftyClosesInTheMidstOfAnOutageAreQuiet() {
        EmbeddedRedis gone = EmbeddedRedis.start();
        gone.close();
        for (int i = 0; i < CLOSES; i++) {
            RedisConnector connector = connector(gone.uri());
            JobQueue queue = new RedisQueues(connector, RedisQueues.Options.defaults()).queue();
            assertThatThrownBy(queue::stats).isInstanceOf(RedisUnavailableException.class);
            for (int n = 0; n < i % 4; n++) {
                queue.enqueueAsync(JobRequest.of("work", null));
            }
            connector.stop();
        }
        assertThatItWasQuietBut("is unreachable");
    }

    @Test
    void aCloseDoesNotWaitLongForAServerThatDoesNotGreet() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            for (int i = 0; i < 3; i++) {
                RedisConnector connector = connector("redis://127.0.0.1:" + silent.getLocalPort());
                JobQueue queue = new RedisQueues(connector, RedisQueues.Options.defaults()).queue();
                CompletableFuture<?> waiting = queue.statsAsync();
                Socket accepted = silent.accept();

                long begin = System.nanoTime();
                connector.stop();

                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(6));
                assertThat(waiting).failsWithin(Duration.ofSeconds(5));
                accepted.close();
            }
        }
        assertThatItWasQuiet();
    }

    private static RedisConnector connector(String uri) {
        return new RedisConnector(() -> RedisLink.to(RedisURI.create(uri)));
    }

    private void assertThatItWasQuiet() {
        assertThatItWasQuietBut("no exceptions");
    }

    private void assertThatItWasQuietBut(String exception) {
        await().during(Duration.ofMillis(300)).until(() -> true);
        assertThat(List.of(netty, lettuce, own))
                .flatExtracting(CapturedLog::events)
                .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .filteredOn(event -> !event.getFormattedMessage().contains(exception))
                .extracting(event -> event.getLevel() + " " + event.getLoggerName() + " " + event.getThreadName() + ": "
                        + event.getFormattedMessage()
                        + (event.getThrowableProxy() == null
                                ? ""
                                : " with a stack trace: "
                                        + event.getThrowableProxy().getMessage()))
                .isEmpty();
    }
}
