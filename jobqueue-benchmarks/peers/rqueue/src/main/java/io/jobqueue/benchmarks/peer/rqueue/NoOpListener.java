package io.jobqueue.benchmarks.peer.rqueue;

import com.github.sonus21.rqueue.annotation.RqueueListener;
import java.util.function.IntConsumer;

/** What works on the jobs. */
public class NoOpListener {

    volatile IntConsumer handler = number -> {};

    @RqueueListener(value = RqueuePeer.QUEUE, concurrency = "50", batchSize = "${peer.batch}")
    public void handle(NoOp job) {
        handler.accept(job.getNumber());
    }
}
