package io.jobqueue.benchmarks.peer.redisson;

import io.jobqueue.benchmarks.peer.Conversation;
import io.jobqueue.benchmarks.peer.Peer;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.redisson.Redisson;
import org.redisson.api.RBlockingDeque;
import org.redisson.api.RedissonClient;
import org.redisson.api.queue.DequeMoveArgs;
import org.redisson.client.codec.StringCodec;
import org.redisson.config.Config;

/**
 * What one builds from Redisson's deques: workers move a job to a second deque (BLMOVE) and take it out when it is done
 * (LREM). Nothing else: no status, no retries, no history, and nobody who brings back the jobs of the dead.
 */
final class RedissonPeer implements Peer {

    private static final int CONCURRENCY = 50;
    private static final int CONNECTIONS = 2 * CONCURRENCY + 14;

    private final RedissonClient client;
    private final RBlockingDeque<String> pending;
    private final RBlockingDeque<String> processing;
    private final RBlockingDeque<String> parked;
    private final List<Thread> workers = new ArrayList<>();
    private volatile boolean stopping;

    private RedissonPeer(int port) {
        Config config = new Config();
        config.setCodec(StringCodec.INSTANCE);
        config.useSingleServer()
                .setAddress("redis://127.0.0.1:" + port)
                .setConnectionPoolSize(CONNECTIONS)
                .setConnectionMinimumIdleSize(CONCURRENCY);
        client = Redisson.create(config);
        pending = client.getBlockingDeque("pending");
        processing = client.getBlockingDeque("processing");
        parked = client.getBlockingDeque("parked");
    }

    /** The port of Redis is the only argument. */
    public static void main(String... words) throws IOException, InterruptedException {
        PrintStream out = System.out;
        System.setOut(System.err);
        Conversation.with(new RedissonPeer(Integer.parseInt(words[0])), out);
    }

    private static String job(int number) {
        return number + " {\"kind\":\"noop\",\"text\":\"" + TEXT + "\"}";
    }

    @Override
    public void enqueue(int number) {
        pending.addLast(job(number));
    }

    @Override
    public void park(int number) {
        parked.addLast(job(number));
    }

    @Override
    public void start(IntConsumer handler) {
        stopping = false;
        for (int i = 0; i < CONCURRENCY; i++) {
            Thread worker = new Thread(() -> work(handler), "worker");
            workers.add(worker);
            worker.start();
        }
    }

    private void work(IntConsumer handler) {
        while (!stopping) {
            String job = pending.move(
                    Duration.ofSeconds(1), DequeMoveArgs.pollFirst().addLastTo(processing.getName()));
            if (job != null) {
                handler.accept(Integer.parseInt(job.substring(0, job.indexOf(' '))));
                processing.remove(job);
            }
        }
    }

    @Override
    public void stop() {
        stopping = true;
        for (Thread worker : workers) {
            try {
                worker.join();
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        workers.clear();
    }

    @Override
    public boolean isEmpty() {
        return pending.isEmpty() && processing.isEmpty();
    }

    @Override
    public void close() {
        client.shutdown();
    }
}
