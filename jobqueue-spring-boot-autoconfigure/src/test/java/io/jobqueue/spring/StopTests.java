package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;

/** An application stops while its web server still answers the last requests. */
@RedisServer
class StopTests {

    private static final Duration CAP = Duration.ofSeconds(10);

    private static volatile CountDownLatch entered;
    private static volatile CountDownLatch leave;
    private static volatile CountDownLatch interrupted;

    private final EmbeddedRedis redis;
    private Thread closing;

    StopTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @BeforeEach
    void reset() {
        entered = new CountDownLatch(1);
        leave = new CountDownLatch(1);
        interrupted = new CountDownLatch(1);
    }

    @AfterEach
    void end() throws InterruptedException {
        leave.countDown();
        if (closing != null) {
            closing.join();
        }
    }

    private ApplicationContextRunner application(Class<?>... beans) {
        return Applications.on(redis, beans).withBean(WebServer.class);
    }

    /** Stops as Spring Boot's web servers do: first of all, and not before the last request has its answer. */
    static final class WebServer implements SmartLifecycle {

        private final CountDownLatch stopping = new CountDownLatch(1);
        private final CountDownLatch drained = new CountDownLatch(1);
        private volatile boolean running;

        @Override
        public void start() {
            running = true;
        }

        @Override
        public void stop() {
            throw new UnsupportedOperationException("it stops by the callback");
        }

        @Override
        public void stop(Runnable callback) {
            stopping.countDown();
            new Thread(() -> {
                        try {
                            drained.await();
                        } catch (InterruptedException ex) {
                            Thread.currentThread().interrupt();
                        }
                        running = false;
                        callback.run();
                    })
                    .start();
        }

        @Override
        public boolean isRunning() {
            return running;
        }

        @Override
        public int getPhase() {
            return SmartLifecycle.DEFAULT_PHASE - 1024;
        }
    }

    static final class Ticker {

        @JobHandler("tick")
        void tick() {}
    }

    static final class Blocker {

        @JobHandler("block")
        void block() throws InterruptedException {
            entered.countDown();
            try {
                leave.await();
            } catch (InterruptedException ex) {
                interrupted.countDown();
                throw ex;
            }
        }

        @JobHandler("deaf")
        void ignoresInterrupts() {
            entered.countDown();
            while (leave.getCount() > 0) {
                try {
                    leave.await();
                } catch (InterruptedException ex) {
                    interrupted.countDown();
                }
            }
        }
    }

    /** Closes the context on a thread of its own; returns when its web server has begun to stop. */
    private void beginClose(ConfigurableApplicationContext context) throws InterruptedException {
        closing = new Thread(context::close);
        closing.start();
        assertThat(context.getBean(WebServer.class).stopping.await(10, TimeUnit.SECONDS))
                .isTrue();
    }

    private void endClose(WebServer web) throws InterruptedException {
        web.drained.countDown();
        closing.join(30_000);
        assertThat(closing.isAlive()).isFalse();
    }

    private JobStatus statusAfterTheEnd(JobRef ref) {
        JobStatus[] status = new JobStatus[1];
        Applications.on(redis)
                .run(context -> status[0] =
                        context.getBean(JobQueue.class).find(ref).orElseThrow().status());
        return status[0];
    }

    @Test
    @Proves(
            fault = "an application closes while its web server still answers requests",
            holds = "it claims no job from the close on; the jobs that wait stay for other instances")
    void noJobIsClaimedWhileTheWebServerDrains() {
        List<JobRef> jobs = new ArrayList<>();
        application(Ticker.class).run(context -> {
            WebServer web = context.getBean(WebServer.class);
            JobQueue queue = context.getBean(JobQueue.class);
            beginClose(context.getSourceApplicationContext());

            for (int i = 0; i < 20; i++) {
                jobs.add(queue.enqueue(JobRequest.of("tick", null)));
            }

            await().during(Duration.ofMillis(500)).until(() -> queue.stats().pendingDepth() == 20);
            endClose(web);
        });
        assertThat(jobs).allSatisfy(ref -> assertThat(statusAfterTheEnd(ref)).isEqualTo(JobStatus.PENDING));
    }

    @Test
    void jobsEndWhileTheWebServerDrains() {
        application(Blocker.class).run(context -> {
            WebServer web = context.getBean(WebServer.class);
            JobQueue queue = context.getBean(JobQueue.class);
            JobRef ref = queue.enqueue(JobRequest.of("block", null));
            assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
            beginClose(context.getSourceApplicationContext());

            leave.countDown();

            await().atMost(CAP).until(() -> queue.find(ref).orElseThrow().status() == JobStatus.COMPLETED);
            endClose(web);
        });
    }

    @Test
    void theDrainTimeCountsFromTheCloseAndNotFromTheEndOfTheWebServer() {
        application(Blocker.class)
                .withPropertyValues("jobqueue.shutdown.drain=1s")
                .run(context -> {
                    WebServer web = context.getBean(WebServer.class);
                    JobQueue queue = context.getBean(JobQueue.class);
                    JobRef ref = queue.enqueue(JobRequest.of("block", null));
                    assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
                    beginClose(context.getSourceApplicationContext());

                    assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
                    await().atMost(CAP)
                            .until(() -> queue.find(ref).orElseThrow().status() == JobStatus.PENDING);
                    assertThat(queue.find(ref).orElseThrow().attempts()).isZero();
                    endClose(web);
                });
    }

    @Test
    @Proves(
            fault = "an application closes while a handler runs that ignores the interrupt",
            holds = "the whole stop takes no longer than `jobqueue.shutdown.drain`, and the job goes back to the queue")
    void theWholeStopFitsTheDrainTimeAlthoughAHandlerIgnoresTheInterrupt() {
        JobRef[] ref = new JobRef[1];
        application(Blocker.class)
                .withPropertyValues("jobqueue.shutdown.drain=4s")
                .run(context -> {
                    ref[0] = context.getBean(JobQueue.class).enqueue(JobRequest.of("deaf", null));
                    assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
                    WebServer web = context.getBean(WebServer.class);
                    long begin = System.nanoTime();
                    beginClose(context.getSourceApplicationContext());
                    endClose(web);

                    assertThat(Duration.ofNanos(System.nanoTime() - begin))
                            .isBetween(Duration.ofSeconds(3), Duration.ofSeconds(5));
                });
        assertThat(statusAfterTheEnd(ref[0])).isEqualTo(JobStatus.PENDING);
    }

    @Test
    void theWholeStopFitsTheDrainTimeAlthoughRedisIsAway() {
        EmbeddedRedis own = EmbeddedRedis.start();
        Applications.on(own, Blocker.class)
                .withBean(WebServer.class)
                .withPropertyValues("jobqueue.shutdown.drain=4s")
                .run(context -> {
                    context.getBean(JobQueue.class).enqueue(JobRequest.of("block", null));
                    assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
                    WebServer web = context.getBean(WebServer.class);
                    own.close();
                    long begin = System.nanoTime();
                    beginClose(context.getSourceApplicationContext());
                    endClose(web);

                    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
                });
    }

    @Test
    void aClosedContextThatNeverRanStopsNothing() {
        application(Ticker.class, FailsToStart.class)
                .run(context -> assertThat(context).hasFailed());
    }

    static final class FailsToStart {

        FailsToStart() {
            throw new IllegalStateException("no");
        }
    }

    /** A pause of the context, by a test that uses another one, publishes no event. */
    @Test
    void aStopWithoutACloseDrainsInTheDrainTimeToo() {
        application(Blocker.class)
                .withPropertyValues("jobqueue.shutdown.drain=1s")
                .run(context -> {
                    JobQueue queue = context.getBean(JobQueue.class);
                    JobRef ref = queue.enqueue(JobRequest.of("block", null));
                    assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
                    context.getBean(WebServer.class).drained.countDown();
                    long begin = System.nanoTime();

                    context.getSourceApplicationContext().stop();

                    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
                    leave.countDown();
                    context.getSourceApplicationContext().start();
                    await().atMost(CAP)
                            .until(() -> queue.find(ref).orElseThrow().status() == JobStatus.COMPLETED);
                });
    }
}
