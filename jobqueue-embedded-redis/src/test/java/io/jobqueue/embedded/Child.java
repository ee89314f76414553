package io.jobqueue.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * What a {@link ChildJvm} runs: starts a server, says its pid, and waits to be ended. Its shutdown takes until its
 * standard input ends, as that of an application takes until its work is done.
 */
final class Child {

    private Child() {}

    public static void main(String[] flags) {
        EmbeddedRedis redis = EmbeddedRedis.start(flags);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            System.out.println("stopping");
            awaitEndOfInput();
            redis.close();
            System.out.println("stopped");
        }));
        System.out.println("port " + redis.port());
        System.out.println("pid " + redis.pid());
        awaitEndOfInput();
    }

    private static void awaitEndOfInput() {
        try {
            System.in.read();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
