package io.jobqueue.benchmarks.peer;

import java.util.function.IntConsumer;

/** A queue that is measured beside ours, on the Redis it was made for. */
public interface Peer extends AutoCloseable {

    /** What makes a job about 100 bytes, as ours are. */
    String TEXT = "the quick brown fox jumps over the lazy dog, again and again";

    /** Enqueues a no-op job and waits until Redis has it. Called by several threads. */
    void enqueue(int number);

    /** The same on a queue that nobody works on. */
    void park(int number);

    /** Starts workers, 50 at a time, that hand the number of each job to the handler, until {@link #stop}. */
    void start(IntConsumer handler);

    /** Stops them; a job that is being worked on ends before. */
    void stop();

    /** Whether no job waits and none is being worked on. */
    boolean isEmpty();

    @Override
    void close();
}
