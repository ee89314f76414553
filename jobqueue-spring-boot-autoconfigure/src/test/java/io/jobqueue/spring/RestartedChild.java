package io.jobqueue.spring;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * An application for a JVM of its own, which devtools restarts while a job runs. It prints how long the restart took and
 * ends.
 */
final class RestartedChild {

    /** A system property, because a restart loads this class anew. */
    private static final String RESTARTED_AT = "restarted-at";

    private static final CountDownLatch ENTERED = new CountDownLatch(1);

    private RestartedChild() {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        LifecycleAutoConfiguration.class,
        SslAutoConfiguration.class,
        DataRedisAutoConfiguration.class,
        JobQueueAutoConfiguration.class
    })
    static class Application {

        @JobHandler("endless")
        void runUntilInterrupted() throws InterruptedException {
            ENTERED.countDown();
            new CountDownLatch(1).await();
        }
    }

    public static void main(String[] arguments) throws Exception {
        ConfigurableApplicationContext application = new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.NONE)
                .run(arguments);
        String restartedAt = System.getProperty(RESTARTED_AT);
        if (restartedAt != null) {
            long millis = Duration.ofNanos(System.nanoTime() - Long.parseLong(restartedAt))
                    .toMillis();
            System.out.println("drain " + application.getEnvironment().getProperty("jobqueue.shutdown.drain"));
            System.out.println("restarted within " + millis + " ms");
            System.exit(0);
        }
        application.getBean(JobQueue.class).enqueue(JobRequest.of("endless", null));
        if (!ENTERED.await(30, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the job did not start");
        }
        System.setProperty(RESTARTED_AT, String.valueOf(System.nanoTime()));
        Class<?> restarter = Class.forName("org.springframework.boot.devtools.restart.Restarter");
        restarter.getMethod("restart").invoke(restarter.getMethod("getInstance").invoke(null));
    }
}
