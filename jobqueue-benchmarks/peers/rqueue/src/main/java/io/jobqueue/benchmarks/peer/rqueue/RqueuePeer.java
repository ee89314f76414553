package io.jobqueue.benchmarks.peer.rqueue;

import com.github.sonus21.rqueue.core.RqueueEndpointManager;
import com.github.sonus21.rqueue.core.RqueueMessageEnqueuer;
import com.github.sonus21.rqueue.listener.RqueueMessageListenerContainer;
import io.jobqueue.benchmarks.peer.Conversation;
import io.jobqueue.benchmarks.peer.Peer;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.data.redis.core.StringRedisTemplate;

/** RQueue in a Spring Boot application, with its defaults or tuned; 50 jobs at a time in both. */
final class RqueuePeer implements Peer {

    static final String QUEUE = "noop";
    private static final String PARKED = "parked";

    private final ConfigurableApplicationContext context;
    private final RqueueMessageEnqueuer enqueuer;
    private final RqueueMessageListenerContainer container;
    private final NoOpListener listener;
    private final StringRedisTemplate redis;

    private RqueuePeer(ConfigurableApplicationContext context) {
        this.context = context;
        this.enqueuer = context.getBean(RqueueMessageEnqueuer.class);
        this.container = context.getBean(RqueueMessageListenerContainer.class);
        this.listener = context.getBean(NoOpListener.class);
        this.redis = context.getBean(StringRedisTemplate.class);
        context.getBean(RqueueEndpointManager.class).registerQueue(PARKED);
        container.stop(); // it starts with the application, and queues exist once it has
    }

    /** The port of Redis, and {@code default} or {@code tuned}. */
    public static void main(String... words) throws IOException, InterruptedException {
        PrintStream out = System.out;
        System.setOut(System.err);
        boolean tuned = words[1].equals("tuned");
        ConfigurableApplicationContext context = new SpringApplicationBuilder(RqueueApplication.class)
                .web(WebApplicationType.NONE)
                .properties(Map.of(
                        "spring.data.redis.port", words[0],
                        "logging.level.root", "ERROR",
                        "spring.main.banner-mode", "off",
                        "peer.batch", tuned ? "100" : "-1",
                        "peer.poll-interval", tuned ? "1" : ""))
                .run();
        Conversation.with(new RqueuePeer(context), out);
        System.exit(0);
    }

    @Override
    public void enqueue(int number) {
        enqueuer.enqueue(QUEUE, new NoOp(number, TEXT));
    }

    @Override
    public void park(int number) {
        enqueuer.enqueue(PARKED, new NoOp(number, TEXT));
    }

    @Override
    public void start(IntConsumer handler) {
        listener.handler = handler;
        container.start();
    }

    @Override
    public void stop() {
        container.stop();
    }

    @Override
    public boolean isEmpty() {
        return List.of("queue", "p-queue", "d-queue").stream()
                .map(kind -> "__rq::" + kind + "::{" + QUEUE + "}")
                .noneMatch(redis::hasKey);
    }

    @Override
    public void close() {
        context.close();
    }
}
