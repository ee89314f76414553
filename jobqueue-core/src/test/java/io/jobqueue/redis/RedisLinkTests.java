package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.SelfSignedCertificate;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.resource.Transports.NativeTransports;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of URI leads to a queue. */
class RedisLinkTests {

    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    @AfterEach
    void close() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    private <T extends AutoCloseable> T closing(T closeable) {
        open.push(closeable);
        return closeable;
    }

    private JobQueue queue(RedisLink link) {
        RedisConnector connector = new RedisConnector(() -> link);
        open.push(connector::stop);
        return new RedisQueues(connector, RedisQueues.Options.defaults()).queue("q");
    }

    private static void assertThatJobsFlow(JobQueue queue) {
        queue.enqueue(JobRequest.of("work", null).id("one"));
        queue.worker().complete(queue.worker().claim(Duration.ofSeconds(5)).orElseThrow(), null);

        assertThat(queue.find("one").orElseThrow().status()).isEqualTo(JobStatus.COMPLETED);
    }

    @Test
    void aPlainUri() {
        EmbeddedRedis server = closing(EmbeddedRedis.start());
        RedisLink link = RedisLink.to(RedisURI.create(server.uri() + "/7"));

        assertThat(link.address()).isEqualTo("127.0.0.1:" + server.port());
        assertThatJobsFlow(queue(link));
    }

    @Test
    void aUriWithTls(@TempDir Path folder) {
        EmbeddedRedis free = EmbeddedRedis.start();
        int port = free.port();
        free.close();
        closing(EmbeddedRedis.startOn(port, SelfSignedCertificate.in(folder).flags(port, "secret")));
        RedisURI uri = RedisURI.builder(RedisURI.create("rediss://:secret@127.0.0.1:" + port))
                .withVerifyPeer(SslVerifyMode.NONE)
                .build();

        assertThatJobsFlow(queue(RedisLink.to(uri)));
    }

    @Test
    void aUriOfAUnixDomainSocket(@TempDir Path folder) {
        assumeThat(NativeTransports.isDomainSocketSupported())
                .as("a native transport of Netty")
                .isTrue();
        Path socket = folder.resolve("redis.sock");
        closing(EmbeddedRedis.start("--unixsocket", socket.toString()));
        RedisLink link = RedisLink.to(RedisURI.create("redis-socket://" + socket));

        assertThat(link.address()).isEqualTo(socket.toString());
        assertThatJobsFlow(queue(link));
    }

    @Test
    void nodesOfACluster() {
        EmbeddedRedis node = closing(EmbeddedRedis.start("--cluster-enabled", "yes"));
        RedisClient client = RedisClient.create(node.uri());
        try (StatefulRedisConnection<String, String> raw = client.connect()) {
            raw.sync().clusterAddSlots(IntStream.rangeClosed(0, 16383).toArray());
            await().until(() -> raw.sync().clusterInfo().contains("cluster_state:ok"));
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
        RedisLink link = RedisLink.toCluster(List.of(RedisURI.create(node.uri())));

        assertThat(link.isCluster()).isTrue();
        assertThat(link.address()).isEqualTo("the cluster 127.0.0.1:" + node.port());
        assertThatJobsFlow(queue(link));
    }

    @Test
    void theMasterOfSentinelsAlsoWhenItIsAnotherOneLater() {
        EmbeddedRedis master = EmbeddedRedis.start("--requirepass", "secret", "--masterauth", "secret");
        EmbeddedRedis replica = closing(EmbeddedRedis.start(
                "--requirepass",
                "secret",
                "--masterauth",
                "secret",
                "--replicaof",
                "127.0.0.1",
                String.valueOf(master.port())));
        EmbeddedRedis sentinel = closing(EmbeddedRedis.startSentinel(
                "mymaster",
                master.port(),
                "sentinel auth-pass mymaster secret",
                "sentinel down-after-milliseconds mymaster 500",
                "sentinel failover-timeout mymaster 2000"));
        RedisURI uri = RedisURI.create("redis-sentinel://127.0.0.1:" + sentinel.port() + "#mymaster");
        uri.setAuthentication("secret".toCharArray());
        RedisLink link = RedisLink.to(uri);
        JobQueue queue = queue(link);
        assertThatJobsFlow(queue);
        assertThat(link.address()).isEqualTo("the master 'mymaster' of the Sentinels 127.0.0.1:" + sentinel.port());

        awaitReplica(replica);
        master.kill();

        await().atMost(Duration.ofSeconds(40)).ignoreExceptions().until(() -> queue.enqueue(
                        JobRequest.of("work", null).id("after"))
                .isCreated());
        assertThat(queue.find("one")).isPresent();
    }

    private static void awaitReplica(EmbeddedRedis replica) {
        RedisClient client = RedisClient.create("redis://:secret@127.0.0.1:" + replica.port());
        try (StatefulRedisConnection<String, String> raw = client.connect()) {
            await().until(() -> raw.sync().info("replication").contains("master_link_status:up")
                    && raw.sync().exists("queue:q:job:one") == 1);
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }
}
