package io.jobqueue.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.RedisUnavailableException;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.SelfSignedCertificate;
import io.jobqueue.worker.Engine;
import io.jobqueue.worker.Handlers;
import io.jobqueue.worker.Upkeep;
import io.jobqueue.worker.WorkerPool;
import io.jobqueue.worker.WorkerSettings;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an application logs while Redis is away, and how often it tries to reconnect. */
class RedisOutageTests {

    private final CapturedLog own = new CapturedLog("io.jobqueue");
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    @AfterEach
    void close() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
        own.close();
    }

    private <T extends AutoCloseable> T closing(T closeable) {
        open.push(closeable);
        return closeable;
    }

    private RedisConnector connector(String uri) {
        RedisConnector connector = new RedisConnector(() -> RedisLink.to(RedisURI.create(uri)));
        open.push(connector::stop);
        return connector;
    }

    private static JobQueue queue(RedisConnector connector) {
        return new RedisQueues(connector, RedisQueues.Options.defaults()).queue("q");
    }

    private RedisCommands<String, String> raw(EmbeddedRedis server) {
        RedisClient client = RedisClient.create(server.uri());
        open.push(() -> client.shutdown(Duration.ZERO, Duration.ofSeconds(1)));
        StatefulRedisConnection<String, String> connection = client.connect();
        return connection.sync();
    }

    private static long connectionsSoFar(RedisCommands<String, String> redis) {
        return redis.info("stats")
                .lines()
                .filter(line -> line.startsWith("total_connections_received:"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
                .findFirst()
                .orElseThrow();
    }

    private List<String> warnings() {
        return own.lines(Level.WARN, "");
    }

    /** Tries for a while, as a producer does that is told to try again. */
    private static void enqueueFor(Duration time, JobQueue queue) {
        await().pollInterval(Duration.ofMillis(10))
                .during(time)
                .atMost(time.plusSeconds(20))
                .until(() -> {
                    try {
                        queue.enqueue(JobRequest.of("work", null));
                    } catch (RuntimeException ex) {
                        return true;
                    }
                    return true;
                });
    }

    // ---- one line

    @Test
    void anOutageIsOneLineForTheApplicationHoweverManyQueuesItHas() {
        EmbeddedRedis server = closing(EmbeddedRedis.start());
        int port = server.port();
        RedisConnector connector = connector(server.uri());
        RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());
        List<String> names = List.of("a", "b", "c", "d", "e");
        Engine engine = Engine.of(queues.signals(), JobListener.none(), Thread::new);
        for (String name : names) {
            WorkerPool pool = new WorkerPool(
                    engine,
                    queues.store(name),
                    queues.notes(name),
                    Handlers.of(List.of()),
                    WorkerSettings.defaults().withPollInterval(Duration.ofMillis(100)));
            pool.start();
            open.push(pool::stop);
        }
        Upkeep upkeep = new Upkeep(
                names.stream()
                        .flatMap(name -> queues.chores(name, Duration.ofMillis(100)).stream())
                        .toList(),
                JobListener.none());
        upkeep.start();
        open.push(upkeep::stop);
        await().until(() -> queues.queue("e").stats().pendingDepth() == 0);

        server.kill();
        await().until(() -> !warnings().isEmpty());
        await().during(Duration.ofSeconds(3)).atMost(Duration.ofSeconds(5)).untilAsserted(() -> assertThat(warnings())
                .hasSize(1));
        closing(EmbeddedRedis.startOn(port));
        await().atMost(Duration.ofSeconds(15))
                .until(() -> !own.lines(Level.INFO, "answers again").isEmpty());
        await().during(Duration.ofSeconds(2)).until(() -> true);

        assertThat(warnings())
                .singleElement()
                .asString()
                .matches("Redis at 127\\.0\\.0\\.1:" + port
                        + " is unreachable: (ConnectException: .*refused|SocketException: ).*");
        assertThat(own.lines(Level.INFO, "again"))
                .singleElement()
                .asString()
                .matches("Redis at 127\\.0\\.0\\.1:" + port + " answers again after [3-9] s");
    }

    @Test
    void aConnectionThatIsLostAndRestoredAtOnceIsOneInformation() {
        EmbeddedRedis server = closing(EmbeddedRedis.start());
        JobQueue queue = queue(connector(server.uri()));
        queue.enqueue(JobRequest.of("work", null));

        raw(server).clientKill(KillArgs.Builder.typeNormal().skipme());
        await().ignoreExceptions().until(() -> queue.stats().pendingDepth() == 1);

        assertThat(warnings()).isEmpty();
        assertThat(own.lines(Level.INFO, "Redis at"))
                .singleElement()
                .asString()
                .matches("The connection to Redis at 127\\.0\\.0\\.1:" + server.port()
                        + " was lost and is open again after \\d+ ms");
    }

    // ---- the reason

    @Test
    void aRefusedConnectionIsReportedWithItsReason() {
        EmbeddedRedis gone = EmbeddedRedis.start();
        gone.close();

        assertThatTheReasonIs("ConnectException: Connection refused.*", gone.uri());
    }

    @Test
    void aWrongPasswordIsReportedWithItsReasonAndWithoutThePassword() {
        EmbeddedRedis server = closing(EmbeddedRedis.start("--requirepass", "right"));

        assertThatTheReasonIs("WRONGPASS .*", "redis://:wr0ng@127.0.0.1:" + server.port());

        assertThat(warnings()).noneMatch(line -> line.contains("wr0ng"));
    }

    @Test
    void aRefusalIsToldThoughTheFirstConnectionClosedWithoutAReason() throws Exception {
        ServerSocket server = closing(new ServerSocket(0, 10, InetAddress.getLoopbackAddress()));
        Thread accepting = new Thread(() -> closeTheFirstAndRefuseTheOthers(server));
        accepting.start();

        assertThatTheReasonIs("WRONGPASS .*", "redis://:wr0ng@127.0.0.1:" + server.getLocalPort());

        server.close();
        accepting.join();
    }

    private static void closeTheFirstAndRefuseTheOthers(ServerSocket server) {
        try {
            try (Socket first = server.accept()) {
                first.getInputStream().read(new byte[8192]); // unread bytes would reset the connection
            }
            while (true) {
                try (Socket socket = server.accept()) {
                    socket.getInputStream().read(new byte[8192]);
                    socket.getOutputStream()
                            .write("-WRONGPASS invalid\r\n".repeat(2).getBytes(UTF_8));
                    socket.getInputStream().read(new byte[8192]); // until the client closes
                }
            }
        } catch (SocketException closed) {
            // the test is over
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    @Test
    void aMissingPasswordIsReportedWithItsReason() {
        EmbeddedRedis server = closing(EmbeddedRedis.start("--requirepass", "right"));

        assertThatTheReasonIs("NOAUTH .*", server.uri());
    }

    @Test
    void anUnknownHostIsReportedWithItsReason() {
        assertThatTheReasonIs("UnknownHostException: .*nowhere\\.invalid.*", "redis://nowhere.invalid:6379");
    }

    @Test
    void aServerThatDoesNotUnderstandTlsIsReportedWithItsReason() {
        EmbeddedRedis server = closing(EmbeddedRedis.start());

        // the server waits for the rest of what it takes for a command
        assertThatTheReasonIs(
                "RedisCommandTimeoutException: Connection initialization timed out.*",
                "rediss://127.0.0.1:" + server.port());
    }

    @Test
    void anUntrustedCertificateIsReportedWithItsReason(@TempDir java.nio.file.Path folder) {
        EmbeddedRedis free = EmbeddedRedis.start();
        int port = free.port();
        free.close();
        closing(EmbeddedRedis.startOn(port, SelfSignedCertificate.in(folder).flags(port, "right")));

        assertThatTheReasonIs("\\w*(Cert|SSL|Validator)\\w*: .*", "rediss://:right@127.0.0.1:" + port);
    }

    @Test
    void unreachableSentinelsAreToldWithTheirReason() {
        assertThatTheReasonIs(
                "ConnectException: Connection refused.*",
                "redis-sentinel://127.0.0.1:1,127.0.0.1:2#mymaster",
                "the master 'mymaster' of the Sentinels 127.0.0.1:1, 127.0.0.1:2");
    }

    private void assertThatTheReasonIs(String reason, String uri) {
        assertThatTheReasonIs(reason, uri, uri.substring(Math.max(uri.indexOf('@') + 1, uri.indexOf("//") + 2)));
    }

    private void assertThatTheReasonIs(String reason, String uri, String address) {
        JobQueue queue = queue(connector(uri));
        String words = "Redis at " + java.util.regex.Pattern.quote(address) + " is unreachable: " + reason;

        assertThatExceptionOfType(EnqueueRefusedException.class)
                .isThrownBy(() -> queue.enqueue(JobRequest.of("work", null)))
                .havingCause()
                .isInstanceOf(RedisUnavailableException.class)
                .withMessageMatching(words);
        enqueueFor(Duration.ofMillis(1500), queue);

        assertThat(warnings()).singleElement().asString().matches(words);
    }

    @Test
    void aChangeOfTheReasonIsToldOnce() {
        EmbeddedRedis server = closing(EmbeddedRedis.start());
        EmbeddedRedis master = closing(EmbeddedRedis.start());
        RedisCommands<String, String> other = raw(master);
        other.configSet("repl-diskless-sync-delay", "0");
        String kilobytes = "x".repeat(4096);
        for (int i = 0; i < 100; i++) {
            other.set("key-" + i, kilobytes);
        }
        RedisCommands<String, String> redis = raw(server);
        assumeThat(redis.info("server"))
                .as("a Redis that can be told to answer while it loads little")
                .doesNotContain("redis_version:6.");
        redis.configSet("key-load-delay", "30000");
        redis.configSet("loading-process-events-interval-bytes", "1024");
        JobQueue queue = queue(connector(server.uri()));
        queue.enqueue(JobRequest.of("work", null));

        redis.replicaof("127.0.0.1", master.port());
        enqueueFor(Duration.ofSeconds(6), queue);
        await().atMost(Duration.ofSeconds(15)).ignoreExceptions().until(() -> redis.replicaofNoOne()
                .equals("OK"));
        await().atMost(Duration.ofSeconds(15)).ignoreExceptions().until(() -> queue.enqueue(JobRequest.of("work", null))
                .isCreated());
        enqueueFor(Duration.ofSeconds(4), queue);

        assertThat(warnings()).hasSize(2);
        assertThat(warnings()).anySatisfy(line -> assertThat(line).matches("Redis at .* unreachable.*: LOADING .*"));
        assertThat(warnings()).anySatisfy(line -> assertThat(line).matches("Redis at .* unreachable.*: READONLY .*"));
        assertThat(warnings().get(1)).contains("is still unreachable after");
        assertThat(own.lines(Level.INFO, "answers again")).hasSize(1);
    }

    // ---- pauses

    @Test
    void aDemotedMasterIsAskedWithGrowingPauses() {
        EmbeddedRedis server = closing(EmbeddedRedis.start());
        RedisCommands<String, String> redis = raw(server);
        JobQueue queue = queue(connector(server.uri()));
        queue.enqueue(JobRequest.of("work", null));
        long before = connectionsSoFar(redis);

        redis.replicaof("127.0.0.1", 1);
        enqueueFor(Duration.ofSeconds(6), queue);
        long connections = connectionsSoFar(redis) - before;
        redis.replicaofNoOne();

        await().atMost(Duration.ofSeconds(3)).ignoreExceptions().until(() -> queue.enqueue(JobRequest.of("work", null))
                .isCreated());
        assertThat(connections).isBetween(4L, 12L);
        assertThat(warnings()).singleElement().asString().contains("READONLY");
    }

    @Test
    void producersFailAtOnceWhileRedisIsKnownToBeAway() {
        EmbeddedRedis gone = EmbeddedRedis.start();
        JobQueue queue = queue(connector(gone.uri()));
        queue.enqueue(JobRequest.of("work", null));
        gone.kill();
        await().until(() -> {
            enqueueFor(Duration.ofMillis(1), queue);
            return !warnings().isEmpty();
        });

        List<Duration> refusals = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            long begin = System.nanoTime();
            assertThatThrownBy(() -> queue.enqueue(JobRequest.of("work", null)))
                    .isInstanceOf(EnqueueRefusedException.class);
            refusals.add(Duration.ofNanos(System.nanoTime() - begin));
        }

        assertThat(refusals.stream().sorted().toList().get(50)).isLessThan(Duration.ofMillis(20));
    }

    @Test
    void aReasonWithLineBreaksIsOneLine() {
        assertThat(RedisOutage.reason(new RedisCommandExecutionException("ERR one\r\nforged line")))
                .isEqualTo("ERR one\\u000d\\u000aforged line");
    }
}
