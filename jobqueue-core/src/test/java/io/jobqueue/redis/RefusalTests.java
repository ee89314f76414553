package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.lang.reflect.Proxy;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A refusal of Redis is recognized by its text, whatever the names of keys and queues are. */
@RedisServer
class RefusalTests {

    private Bench bench;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void aRunNamedOomIsNotTakenForAFullRedis() {
        bench.redis.set("queue:q:run:OOM", "no hash");

        assertThatThrownBy(() -> bench.queue.runs().open("OOM", JobRunOptions.of("count")))
                .isInstanceOf(RedisCommandExecutionException.class)
                .isNotInstanceOf(EnqueueRefusedException.class)
                .hasMessageContaining("queue:q:run:OOM")
                .hasMessageContaining("WRONGTYPE");
    }

    @Test
    void aFullRedisIsTakenForOne() {
        bench.redis.configSet("maxmemory", "1");
        try {
            assertThatExceptionOfType(EnqueueRefusedException.class)
                    .isThrownBy(() -> bench.queue.runs().open("run", JobRunOptions.of("count")));
        } finally {
            bench.redis.configSet("maxmemory", "0");
        }
    }

    @Test
    void aQueueNamedReadonlyIsNotTakenForAReplica() {
        JobQueue readonly = bench.queues.queue("READONLY");
        readonly.enqueue(JobRequest.of("email", null));
        long connections = connectionsSoFar();
        bench.redis.set("queue:READONLY:failed", "no list");

        assertThatThrownBy(() -> readonly.stats()).hasMessageContaining("READONLY:failed: WRONGTYPE");

        assertThat(readonly.find("nobody")).isEmpty();
        assertThat(connectionsSoFar()).isEqualTo(connections);
    }

    @Test
    void anEnqueueThatADemotedMasterRefusesIsUncertainAndTheNextOneFindsTheNewMaster() {
        bench.queue.enqueue(JobRequest.of("email", null).id("before"));
        bench.redis.replicaof("127.0.0.1", 1);
        long connections = connectionsSoFar();
        try {
            assertThatExceptionOfType(EnqueueUncertainException.class)
                    .isThrownBy(() ->
                            bench.queue.enqueue(JobRequest.of("email", null).id("in-doubt")))
                    .satisfies(ex -> assertThat(ex.ids()).containsExactly("in-doubt"));
        } finally {
            bench.redis.replicaofNoOne();
        }

        bench.queue.enqueue(JobRequest.of("email", null).id("after"));
        assertThat(connectionsSoFar()).isEqualTo(connections + 1);
        assertThat(bench.list("pending")).containsExactly("after", "before");
    }

    @Test
    void aJobThatMayNotBeReadIsNotTakenForOneOfAnotherTypeForItsName() {
        bench.queue.enqueue(JobRequest.of("email", null).id("WRONGTYPE"));
        bench.redis.aclSetuser("default", AclSetuserArgs.Builder.resetKeys().keyPattern("queue:q:pending"));
        try {
            assertThatThrownBy(() -> bench.queue.admin().list(JobStatus.PENDING, 0, 1))
                    .hasMessageContaining("NOPERM");
        } finally {
            bench.redis.aclSetuser("default", AclSetuserArgs.Builder.allKeys());
        }
    }

    @Test
    void anEnqueueThatTheDriverDoesNotSendIsRefusedAndNotInDoubt() {
        EmbeddedRedis server = EmbeddedRedis.start();
        RedisConnector connector = new RedisConnector(() -> new OpenInName(server));
        JobQueue queue = new RedisQueues(connector, RedisQueues.Options.defaults()).queue("q");
        queue.enqueue(JobRequest.of("email", null).id("before"));
        server.kill();

        // what was in flight when the connection broke is in doubt; what comes later never leaves the driver
        await().untilAsserted(() -> assertThatExceptionOfType(EnqueueRefusedException.class)
                .isThrownBy(() -> queue.enqueueAll(List.of(
                        JobRequest.of("email", null).id("one"),
                        JobRequest.of("email", null).id("two"))))
                .withMessageContaining("changed nothing")
                .satisfies(ex -> assertThat(ex.ids()).containsExactly("one", "two")));
        connector.stop();
    }

    /** A link to one server whose connections always claim to be open, as those of clusters do. */
    private static final class OpenInName implements RedisLink {

        private final RedisLink link;

        OpenInName(EmbeddedRedis server) {
            link = RedisLink.to(RedisURI.create(server.uri()));
        }

        @Override
        @SuppressWarnings("unchecked")
        public StatefulConnection<String, String> connect() {
            StatefulConnection<String, String> connection = link.connect();
            return (StatefulConnection<String, String>) Proxy.newProxyInstance(
                    getClass().getClassLoader(),
                    new Class<?>[] {StatefulRedisConnection.class},
                    (proxy, method, arguments) -> switch (method.getName()) {
                        case "isOpen" -> true;
                        case "equals" -> proxy == arguments[0];
                        case "hashCode" -> System.identityHashCode(proxy);
                        default -> method.invoke(connection, arguments);
                    });
        }

        @Override
        public StatefulRedisPubSubConnection<String, String> connectPubSub() {
            return link.connectPubSub();
        }

        @Override
        public boolean isCluster() {
            return false;
        }

        @Override
        public void close() {
            link.close();
        }
    }

    private long connectionsSoFar() {
        return bench.redis
                .info("stats")
                .lines()
                .filter(line -> line.startsWith("total_connections_received:"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
                .findFirst()
                .orElseThrow();
    }
}
