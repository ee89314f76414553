package io.jobqueue.mutation;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Reports the server that the tests of a launcher session share. {@link DirectedTests} runs it in its session. */
@RedisServer
class ServerProbe {

    @Test
    void reportTheServer(EmbeddedRedis server, TestReporter reporter) {
        reporter.publishEntry(Map.of("uri", server.uri(), "pid", String.valueOf(server.pid())));
    }
}
