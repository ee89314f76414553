package io.jobqueue.spring;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.transaction.support.TransactionTemplate;

/** An application with an outbox in a JVM of its own, to be killed. */
final class OutboxChild {

    /** The relay is held between the send and the delete. */
    private static final CountDownLatch SENT = new CountDownLatch(1);

    private OutboxChild() {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        LifecycleAutoConfiguration.class,
        SslAutoConfiguration.class,
        DataRedisAutoConfiguration.class,
        JobQueueAutoConfiguration.class
    })
    @Import(OutboxApplication.Database.class)
    static class Application {

        /** Stops the relay between the send and the delete, on the thread that reads the reply of Redis. */
        @Bean
        JobListener holder() {
            return event -> {
                if (event instanceof JobEvent.Enqueued && Boolean.getBoolean("hold")) {
                    System.out.println("sent");
                    SENT.countDown();
                    new CompletableFuture<Void>().join(); // for ever
                }
            };
        }
    }

    /** Places orders from a number on, until the JVM is killed; says when the first one is committed. */
    public static void main(String[] arguments) throws InterruptedException {
        OutboxApplication application = new OutboxApplication(new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.NONE)
                .run(arguments));
        int order = Integer.getInteger("first");
        int most = order + Integer.getInteger("orders");
        OutboxApplication.Orders orders = application.orders();
        TransactionTemplate transaction = application.transaction();
        for (int i = order; i < most; i++) {
            if (Boolean.getBoolean("hold") && i == order + (most - order) / 2) {
                SENT.await(); // the other half comes behind the batch that is held
            }
            int next = i;
            transaction.executeWithoutResult(status -> {
                orders.place(next);
            });
            if (i == order) {
                System.out.println("committed");
            }
        }
        System.out.println("all committed");
        new CountDownLatch(1).await(); // until the kill
    }
}
