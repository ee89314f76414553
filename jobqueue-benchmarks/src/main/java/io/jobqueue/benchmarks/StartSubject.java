package io.jobqueue.benchmarks;

import io.jobqueue.JobRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An application that starts in a certain way.
 *
 * @param name what it is called in tables
 * @param jdk what it runs on
 * @param folder where it is started
 * @param arguments what stands behind {@code java}
 * @param queue the queue that it works on
 * @param job the job that waits for it, or {@code null} for none
 * @param last the mark that it comes to last
 */
record StartSubject(
        String name, Jdk jdk, Path folder, List<String> arguments, String queue, @Nullable JobRequest job, Mark last) {

    StartSubject {
        arguments = List.copyOf(arguments);
    }

    /** The same under another name, with further options of the JVM. */
    StartSubject with(String newName, String... options) {
        List<String> more = new ArrayList<>(List.of(options));
        more.addAll(arguments);
        return new StartSubject(newName, jdk, folder, more, queue, job, last);
    }

    /** The same under another name, without a job and with further arguments. */
    StartSubject idle(String newName, Mark newLast, String... words) {
        List<String> more = new ArrayList<>(arguments);
        more.addAll(List.of(words));
        return new StartSubject(newName, jdk, folder, more, queue, null, newLast);
    }

    /** The command that starts it on a Redis at a port. */
    List<String> command(int port) {
        List<String> command = new ArrayList<>(List.of(jdk.java()));
        command.addAll(arguments);
        command.addAll(List.of("--spring.data.redis.host=127.0.0.1", "--spring.data.redis.port=" + port));
        return command;
    }
}
