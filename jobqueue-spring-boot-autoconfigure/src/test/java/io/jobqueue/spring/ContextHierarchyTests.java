package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.TooLargeException;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

/** Contexts with parents: the child uses the parent's queue, and handlers may be in both. */
@RedisServer
@ExtendWith(OutputCaptureExtension.class)
class ContextHierarchyTests {

    private static final Duration CAP = Duration.ofSeconds(15);

    private static volatile CountDownLatch entered;
    private static volatile CountDownLatch leave;

    private final EmbeddedRedis redis;
    private final Deque<ConfigurableApplicationContext> open = new ArrayDeque<>();

    ContextHierarchyTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @BeforeEach
    void reset() {
        entered = new CountDownLatch(1);
        leave = new CountDownLatch(1);
    }

    @AfterEach
    void close() {
        leave.countDown();
        open.forEach(ConfigurableApplicationContext::close);
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        LifecycleAutoConfiguration.class,
        SslAutoConfiguration.class,
        DataRedisAutoConfiguration.class,
        JobQueueAutoConfiguration.class
    })
    static class WithQueue {}

    private ConfigurableApplicationContext start(Class<?>... beans) {
        return start(new SpringApplicationBuilder(beans));
    }

    private ConfigurableApplicationContext startBelow(ConfigurableApplicationContext parent, Class<?>... beans) {
        return start(new SpringApplicationBuilder(beans).parent(parent));
    }

    private ConfigurableApplicationContext start(SpringApplicationBuilder application, String... properties) {
        List<String> arguments = new ArrayList<>(List.of(
                "--spring.docker.compose.enabled=false",
                "--spring.data.redis.host=127.0.0.1",
                "--spring.data.redis.port=" + redis.port(),
                "--jobqueue.worker.poll-interval=50ms"));
        for (String property : properties) {
            arguments.add("--" + property);
        }
        ConfigurableApplicationContext context = application
                .web(WebApplicationType.NONE)
                .registerShutdownHook(false)
                .run(arguments.toArray(String[]::new));
        open.push(context);
        return context;
    }

    private static JobQueue queue(ApplicationContext context) {
        return context.getBean(JobQueue.class);
    }

    private static JobSnapshot run(ApplicationContext context, String kind) {
        return ended(context, queue(context).enqueue(JobRequest.of(kind, null)));
    }

    private static JobSnapshot ended(ApplicationContext context, JobRef ref) {
        return await().atMost(CAP)
                .until(() -> queue(context).find(ref).orElseThrow(), job -> job.status() == JobStatus.COMPLETED);
    }

    /** One for each pool that works; a pool that has been idle for 2 s has none. */
    private static long dispatchers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().endsWith("-dispatcher"))
                .count();
    }

    static class Ticker {

        @JobHandler("tick")
        void tick() {}
    }

    static class Tocker {

        @JobHandler("tock")
        void tock() {}
    }

    static class OwnQueue {

        @JobHandler(value = "own", queue = "own")
        void run() {}
    }

    static class Blocker {

        @JobHandler("block")
        void block() throws InterruptedException {
            entered.countDown();
            leave.await();
        }
    }

    @Test
    void aChildThatClosesLeavesTheParentsQueueAlone() {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class);
        startBelow(parent, WithQueue.class).close();

        run(parent, "tick");
    }

    @Test
    void aChildWithTheParentsHandlersRunsNoFurtherPool() {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class);
        ConfigurableApplicationContext child = startBelow(parent, WithQueue.class, Ticker.class);

        assertThat(dispatchers()).isLessThanOrEqualTo(1);
        run(child, "tick");
        child.close();
        run(parent, "tick");
    }

    @Test
    void aChildSharesTheQueueOfItsParent() {
        ConfigurableApplicationContext parent = start(WithQueue.class);
        ConfigurableApplicationContext child = startBelow(parent, WithQueue.class);

        assertThat(queue(child)).isSameAs(queue(parent));
        assertThat(child.containsLocalBean("jobqueue.connectionLifecycle")).isFalse();
    }

    @Test
    void jobsOfTheParentReachAHandlerOfTheChildOnAQueueOfItsOwn() {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class);
        startBelow(parent, WithQueue.class, OwnQueue.class);

        assertThat(run(parent, "own").queue()).isEqualTo("own");
    }

    @Test
    void jobsStillGoToTheQueueOfAChildThatHasClosed() {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class);
        startBelow(parent, WithQueue.class, OwnQueue.class).close();

        JobRef ref = queue(parent).enqueue(JobRequest.of("own", null));

        assertThat(ref.queue()).isEqualTo("own");
        startBelow(parent, WithQueue.class, OwnQueue.class);
        ended(parent, ref);
    }

    @Test
    void handlersOfParentAndChildShareAQueue() {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class);
        ConfigurableApplicationContext child = startBelow(parent, WithQueue.class, Tocker.class);
        List<JobRef> jobs = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            jobs.add(queue(parent).enqueue(JobRequest.of("tock", null)));
            jobs.add(queue(child).enqueue(JobRequest.of("tick", null)));
        }

        assertThat(jobs)
                .allSatisfy(ref -> assertThat(ended(parent, ref).attempts()).isOne());
        assertThat(dispatchers()).isLessThanOrEqualTo(1);
    }

    @Test
    void theParentWorksOnAfterAChildWithHandlersHasClosed() {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class);
        ConfigurableApplicationContext child = startBelow(parent, WithQueue.class, Tocker.class, OwnQueue.class);
        run(child, "tock");
        child.close();

        run(parent, "tick");
        assertThat(dispatchers()).isLessThanOrEqualTo(1);
    }

    @Test
    void aChildThatClosesWaitsForItsJobsInThePoolOfTheParent() throws Exception {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class);
        ConfigurableApplicationContext child = startBelow(parent, WithQueue.class, Blocker.class);
        JobRef ref = queue(parent).enqueue(JobRequest.of("block", null));
        assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();

        Thread close = new Thread(child::close);
        close.start();
        close.join(500);
        assertThat(close.isAlive()).isTrue();
        leave.countDown();
        close.join(10_000);

        assertThat(close.isAlive()).isFalse();
        assertThat(ended(parent, ref).attempts()).isOne();
    }

    @Test
    void aChildHandsBackUnspentWhatOutlastsItsDrainTimeInThePoolOfTheParent() throws Exception {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class, Releases.class);
        ConfigurableApplicationContext child = start(
                new SpringApplicationBuilder(WithQueue.class, Blocker.class).parent(parent),
                "jobqueue.shutdown.drain=50ms");
        JobRef ref = queue(parent).enqueue(JobRequest.of("block", null));
        assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();

        child.close();

        await().atMost(CAP)
                .until(() -> parent.getBean(Releases.class).released().contains(ref.id()));
        leave.countDown();
        startBelow(parent, WithQueue.class, Blocker.class);
        ended(parent, ref);
    }

    static class Releases implements JobListener {

        private final List<String> released = new CopyOnWriteArrayList<>();

        @Override
        public void on(JobEvent event) {
            if (event instanceof JobEvent.Released attempt) {
                released.add(attempt.claim().id());
            }
        }

        List<String> released() {
            return released;
        }
    }

    @Test
    void aParentThatClosesWithItsChildStopsWithinOneDrainTime() throws Exception {
        entered = new CountDownLatch(2);
        ConfigurableApplicationContext parent =
                start(new SpringApplicationBuilder(WithQueue.class, Blocker.class), "jobqueue.shutdown.drain=3s");
        start(
                new SpringApplicationBuilder(WithQueue.class, OtherBlocker.class).parent(parent),
                "jobqueue.shutdown.drain=3s");
        queue(parent).enqueue(JobRequest.of("block", null));
        queue(parent).enqueue(JobRequest.of("block-other", null));
        assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
        long begin = System.nanoTime();

        parent.close();

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(4));
    }

    static class OtherBlocker {

        @JobHandler(value = "block-other", queue = "other")
        void block() throws InterruptedException {
            entered.countDown();
            leave.await();
        }
    }

    @Test
    void siblingsShareTheQueueOfTheirParent() {
        ConfigurableApplicationContext parent = start(WithQueue.class);
        ConfigurableApplicationContext one = startBelow(parent, WithQueue.class, Ticker.class);
        ConfigurableApplicationContext two = startBelow(parent, WithQueue.class, Tocker.class, OwnQueue.class);
        List<JobRef> jobs = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            jobs.add(queue(one).enqueue(JobRequest.of("tock", null)));
            jobs.add(queue(two).enqueue(JobRequest.of("tick", null)));
        }
        jobs.add(queue(one).enqueue(JobRequest.of("own", null)));
        assertThat(jobs)
                .allSatisfy(ref -> assertThat(ended(parent, ref).attempts()).isOne());

        one.close();

        run(two, "tock");
        run(parent, "own");
    }

    @Test
    void siblingsBelowAParentWithoutAQueueHaveQueuesOfTheirOwn() {
        ConfigurableApplicationContext parent = start(Plain.class);
        ConfigurableApplicationContext one = startBelow(parent, WithQueue.class, Ticker.class);
        ConfigurableApplicationContext two = startBelow(parent, WithQueue.class, Ticker.class);
        assertThat(queue(one)).isNotSameAs(queue(two));

        one.close();

        run(two, "tick");
    }

    @Configuration(proxyBeanMethods = false)
    static class Plain {}

    /** The context of Actuator with a port of its own is one. */
    @Test
    void aChildWithoutTheAutoConfigurationThatClosesLeavesTheParentAlone() {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class);
        startBelow(parent, Plain.class).close();

        run(parent, "tick");
    }

    @Test
    void aKindHasOneQueueInAllContexts() {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class);

        assertThatThrownBy(() -> startBelow(parent, WithQueue.class, TickerOnAnotherQueue.class))
                .isInstanceOfSatisfying(JobQueueStartException.class, ex -> assertThat(ex.action())
                        .contains("'tick'"))
                .hasMessageContaining(
                        "The kind 'tick' is handled on queue 'another' in this context, but its jobs go to queue 'jobs'");
        run(parent, "tick");
    }

    static class TickerOnAnotherQueue {

        @JobHandler(value = "tick", queue = "another")
        void tick() {}
    }

    @Test
    void theSettingsOfTheChildCountForAQueueThatOnlyTheChildKnows() {
        ConfigurableApplicationContext parent = start(WithQueue.class);
        start(
                new SpringApplicationBuilder(WithQueue.class, OwnQueue.class).parent(parent),
                "jobqueue.queues.own.payload.max-size=1KB");

        assertThatThrownBy(() -> queue(parent).enqueue(JobRequest.of("own", Map.of("text", "x".repeat(2000)))))
                .isInstanceOf(TooLargeException.class);
    }

    @Test
    void theQueuesOfTheApplicationAreThoseOfAllContexts() {
        ConfigurableApplicationContext parent = start(WithQueue.class);
        ConfigurableApplicationContext child = startBelow(parent, WithQueue.class, OwnQueue.class);

        assertThat(child.getBean(ApplicationQueues.class).all())
                .extracting(JobQueue::name)
                .containsExactly("jobs", "own");
    }

    @Test
    void listenersOfTheChildReceiveEventsFromThePoolOfTheParentOnce() {
        ConfigurableApplicationContext parent = start(WithQueue.class, Ticker.class, ParentListener.class);
        ConfigurableApplicationContext child = startBelow(parent, WithQueue.class, Tocker.class, ChildListener.class);

        JobRef ref = queue(parent).enqueue(JobRequest.of("tock", null));
        ended(parent, ref);

        await().untilAsserted(() -> {
            assertThat(child.getBean(ChildListener.class).completed()).containsExactly(ref.id());
            assertThat(parent.getBean(ParentListener.class).completed()).containsExactly(ref.id());
        });
        child.close();
        run(parent, "tick");
        assertThat(child.isActive()).isFalse();
    }

    abstract static class Listener implements JobListener {

        private final List<String> completed = new CopyOnWriteArrayList<>();

        @Override
        public void on(JobEvent event) {
            if (event instanceof JobEvent.Completed ended) {
                completed.add(ended.claim().id());
            }
        }

        List<String> completed() {
            return completed;
        }
    }

    static class ParentListener extends Listener {}

    static class ChildListener extends Listener {}

    @Test
    void theEndOfARunIsPublishedOnceInEachContext() {
        ConfigurableApplicationContext parent = start(WithQueue.class, RunListenerOfParent.class);
        ConfigurableApplicationContext child =
                startBelow(parent, WithQueue.class, Tocker.class, RunListenerOfChild.class);

        parent.getBean(JobRuns.class)
                .start("r", List.of("u"), unit -> unit, unit -> Map.of(), JobRunOptions.of("tock"));

        await().atMost(CAP).untilAsserted(() -> {
            assertThat(child.getBean(RunListenerOfChild.class).ended).containsExactly("r");
            assertThat(parent.getBean(RunListenerOfParent.class).ended).containsExactly("r");
        });
    }

    static class RunListenerOfParent {

        final List<String> ended = new CopyOnWriteArrayList<>();

        @EventListener
        void on(JobEvent.RunEnded event) {
            ended.add(event.runId());
        }
    }

    static class RunListenerOfChild {

        final List<String> ended = new CopyOnWriteArrayList<>();

        @EventListener
        void on(JobEvent.RunEnded event) {
            ended.add(event.runId());
        }
    }

    @Test
    void aPropertyOfAHandlerInAnotherContextIsNotCalledUnread(CapturedOutput output) {
        ConfigurableApplicationContext parent = start(
                new SpringApplicationBuilder(WithQueue.class, Ticker.class), "jobqueue.kinds.tick.max-attempts=2");

        startBelow(parent, WithQueue.class, Tocker.class);

        assertThat(output).doesNotContain("jobqueue.kinds.tick");
    }

    /** As Spring Cloud does: a parent for the environment, and short contexts that look for changed properties. */
    @Test
    void anApplicationBelowABootstrapContextOutlivesTheContextsOfARefresh() {
        ConfigurableApplicationContext bootstrap = start(Plain.class);
        ConfigurableApplicationContext application = startBelow(bootstrap, WithQueue.class, Ticker.class);
        run(application, "tick");

        for (int i = 0; i < 2; i++) {
            start(new SpringApplicationBuilder(Plain.class).environment(application.getEnvironment()))
                    .close();
        }
        run(application, "tick");
    }
}
