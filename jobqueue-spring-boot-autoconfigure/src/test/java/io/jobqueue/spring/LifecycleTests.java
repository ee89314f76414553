package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.stereotype.Component;

@RedisServer
@ExtendWith(OutputCaptureExtension.class)
class LifecycleTests {

    private static final Duration CAP = Duration.ofSeconds(10);

    private static volatile CountDownLatch entered;
    private static volatile CountDownLatch leave;

    private final EmbeddedRedis redis;

    LifecycleTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @BeforeEach
    void reset() {
        entered = new CountDownLatch(1);
        leave = new CountDownLatch(1);
    }

    private ApplicationContextRunner application(Class<?>... beans) {
        return Applications.on(redis, beans);
    }

    private static void awaitStatus(JobQueue jobs, JobRef ref, JobStatus status) {
        await().atMost(CAP)
                .until(() -> jobs.on(ref.queue()).find(ref.id()).orElseThrow().status() == status);
    }

    private static Set<String> threadsOfTheEngine() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(Thread::getName)
                .filter(name -> name.startsWith("jobqueue-"))
                .collect(Collectors.toSet());
    }

    @Component
    static class Ticker {

        @JobHandler("tick")
        void tick() {}
    }

    @Component
    static class Blocker {

        @JobHandler("block")
        void block() throws InterruptedException {
            entered.countDown();
            leave.await();
        }

        @JobHandler(value = "block-other", queue = "other")
        void blockOther() throws InterruptedException {
            entered.countDown();
            leave.await();
        }
    }

    @Test
    void startsAfterTheConnectionFactoryAndStopsBeforeIt() {
        application(Ticker.class).run(context -> {
            int factory = context.getBean(LettuceConnectionFactory.class).getPhase();
            int connections = context.getBean(ConnectionLifecycle.class).getPhase();
            int work = context.getBean(WorkLifecycle.class).getPhase();

            assertThat(factory).isLessThan(connections);
            assertThat(connections).isEqualTo(1000).isLessThan(work);
            assertThat(work).isEqualTo(Integer.MAX_VALUE / 2).isLessThan(SmartLifecycle.DEFAULT_PHASE - 2048);
        });
    }

    @Test
    void jobsFlowAgainAfterTheContextWasStoppedAndStarted() {
        application(Ticker.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            ConfigurableApplicationContext running = context.getSourceApplicationContext();
            awaitStatus(jobs, jobs.enqueue(JobRequest.of("tick", null)), JobStatus.COMPLETED);

            running.stop();
            await().untilAsserted(() -> assertThat(threadsOfTheEngine()).isEmpty());
            assertThatIllegalStateException().isThrownBy(() -> jobs.enqueue(JobRequest.of("tick", null)));
            running.start();

            awaitStatus(jobs, jobs.enqueue(JobRequest.of("tick", null)), JobStatus.COMPLETED);
        });
    }

    @Test
    void jobsFlowAgainAfterTheContextWasPausedAndRestarted() {
        application(Ticker.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            ConfigurableApplicationContext running = context.getSourceApplicationContext();

            for (int i = 0; i < 3; i++) {
                running.pause();
                await().untilAsserted(() -> assertThat(threadsOfTheEngine()).isEmpty());
                running.restart();
            }

            awaitStatus(jobs, jobs.enqueue(JobRequest.of("tick", null)), JobStatus.COMPLETED);
        });
    }

    @Test
    void ownWorkersClaimAgainAfterTheContextWasStoppedAndStarted() {
        application().run(context -> {
            JobQueue own = context.getBean(JobQueue.class).on("own");
            assertThat(own.worker().claim(Duration.ofMillis(50))).isEmpty();

            context.getSourceApplicationContext().stop();
            context.getSourceApplicationContext().start();

            assertThat(own.worker().claim(Duration.ofMillis(50))).isEmpty();
            own.enqueue(JobRequest.of("tick", null));
            assertThat(own.worker().claim(Duration.ofSeconds(5))).isPresent();
        });
    }

    @Test
    void nothingIsLeftOfAnApplicationThatEnded() {
        application(Ticker.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            awaitStatus(jobs, jobs.enqueue(JobRequest.of("tick", null)), JobStatus.COMPLETED);
        });

        await().untilAsserted(() -> assertThat(threadsOfTheEngine()).isEmpty());
        assertThat(clients("jobqueue")).isZero();
    }

    /** How many connections of a client name the server has. */
    private long clients(String name) {
        long[] count = new long[1];
        Applications.on(redis)
                .withPropertyValues("jobqueue.enabled=false")
                .run(context -> count[0] =
                        context
                                .getBean(org.springframework.data.redis.core.StringRedisTemplate.class)
                                .getClientList()
                                .stream()
                                .filter(client -> name.equals(client.getName()))
                                .count());
        return count[0];
    }

    @Test
    void nothingIsLeftOfAnApplicationThatFailedToStart() {
        application(Ticker.class, FailsAfterEnqueue.class)
                .run(context -> assertThat(context).hasFailed());

        await().untilAsserted(() -> assertThat(threadsOfTheEngine()).isEmpty());
        assertThat(clients("jobqueue")).isZero();
    }

    @Component
    static class FailsAfterEnqueue {

        FailsAfterEnqueue(JobQueue jobs) {
            jobs.enqueue(JobRequest.of("tick", null));
            throw new IllegalStateException("no");
        }
    }

    @Test
    void theApplicationStartsWithoutRedisAndWorksOnceItIsThere() {
        EmbeddedRedis own = EmbeddedRedis.start();
        int port = own.port();
        own.close();
        Applications.on(redis, Ticker.class)
                .withPropertyValues("spring.data.redis.port=" + port)
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    try (EmbeddedRedis back = EmbeddedRedis.startOn(port)) {
                        assertThat(back.port()).isEqualTo(port);
                        JobQueue jobs = context.getBean(JobQueue.class);
                        JobRef ref = await().atMost(CAP)
                                .ignoreExceptions()
                                .until(() -> jobs.enqueue(JobRequest.of("tick", null)), enqueued -> true);
                        awaitStatus(jobs, ref, JobStatus.COMPLETED);
                        context.getSourceApplicationContext().stop();
                    }
                });
    }

    @Test
    void runningHandlersEndWithinTheDrainTime() {
        application(Blocker.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            JobRef ref = jobs.enqueue(JobRequest.of("block", null));
            assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();

            Thread stop = new Thread(context.getSourceApplicationContext()::stop);
            stop.start();
            await().atMost(CAP).until(() -> threadsOfTheEngine().contains("jobqueue-stop"));
            leave.countDown();
            stop.join(10_000);

            context.getSourceApplicationContext().start();
            assertThat(jobs.find(ref.id()).orElseThrow().status()).isEqualTo(JobStatus.COMPLETED);
        });
    }

    @Test
    void handlersThatOutlastTheDrainTimeAreHandedBackUnspent() {
        application(Blocker.class)
                .withPropertyValues("jobqueue.shutdown.drain=50ms")
                .run(context -> {
                    JobQueue jobs = context.getBean(JobQueue.class);
                    JobRef ref = jobs.enqueue(JobRequest.of("block", null));
                    assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();

                    context.getSourceApplicationContext().stop();
                    entered = new CountDownLatch(1);
                    context.getSourceApplicationContext().start();

                    assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
                    assertThat(jobs.find(ref.id()).orElseThrow().attempts()).isOne();
                    leave.countDown();
                    awaitStatus(jobs, ref, JobStatus.COMPLETED);
                });
    }

    @Test
    void poolsDrainSideBySide() {
        entered = new CountDownLatch(2);
        application(Blocker.class)
                .withPropertyValues("jobqueue.shutdown.drain=1500ms")
                .run(context -> {
                    JobQueue jobs = context.getBean(JobQueue.class);
                    jobs.enqueue(JobRequest.of("block", null));
                    jobs.enqueue(JobRequest.of("block-other", null));
                    assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();

                    long begin = System.nanoTime();
                    context.getSourceApplicationContext().stop();

                    assertThat(Duration.ofNanos(System.nanoTime() - begin))
                            .isBetween(Duration.ofMillis(1100), Duration.ofMillis(2000));
                });
    }

    @Test
    void aDrainTimeLongerThanTheContextWaitsIsAWarningAtTheStart(CapturedOutput output) {
        application(Ticker.class)
                .withPropertyValues("jobqueue.shutdown.drain=31s")
                .run(context -> assertThat(output)
                        .contains("'jobqueue.shutdown.drain' is PT31S")
                        .contains("'spring.lifecycle.timeout-per-shutdown-phase', which is PT30S"));
    }

    @Test
    void theDefaultDrainIsShortEnough(CapturedOutput output) {
        application(Ticker.class).run(context -> assertThat(output).doesNotContain("timeout-per-shutdown-phase"));
    }
}
