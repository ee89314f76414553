package io.jobqueue.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

@RedisServer({"--maxmemory", "32mb"})
class RedisServerTests {

    @RepeatedTest(2)
    void isEmptyAtTheStartOfEachTest(EmbeddedRedis redis) throws IOException {
        assertThat(ask(redis, "INCR count")).isEqualTo(":1");
    }

    @Nested
    class InANestedClass {

        @Test
        void isTheServerOfTheOuterClass(EmbeddedRedis redis) throws IOException {
            assertThat(ask(redis, "CONFIG GET maxmemory")).isEqualTo("*2 $9 maxmemory $8 33554432");
        }
    }

    private static String ask(EmbeddedRedis redis, String command) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), redis.port())) {
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return String.join(" ", answer.lines().toList());
        }
    }
}
