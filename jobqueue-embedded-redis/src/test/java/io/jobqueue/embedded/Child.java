package io.jobqueue.embedded;

import java.io.IOException;

/** What a {@link ChildJvm} runs: starts a server, says its pid, and waits to be ended. */
final class Child {

    private Child() {}

    public static void main(String[] flags) throws IOException {
        EmbeddedRedis redis = EmbeddedRedis.start(flags);
        System.out.println("port " + redis.port());
        System.out.println("pid " + redis.pid());
        System.in.read();
    }
}
