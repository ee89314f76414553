package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobKind;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import io.lettuce.core.RedisURI;
import jakarta.annotation.PostConstruct;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.util.ReflectionUtils;
import tools.jackson.databind.PropertyNamingStrategies;

@RedisServer
@ExtendWith(OutputCaptureExtension.class)
class JobQueueAutoConfigurationTests {

    private final EmbeddedRedis redis;

    JobQueueAutoConfigurationTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    private ApplicationContextRunner application(Class<?>... beans) {
        return Applications.on(redis, beans);
    }

    private static void awaitStatus(JobQueue jobs, JobRef ref, JobStatus status) {
        await().atMost(Duration.ofSeconds(10))
                .until(() -> jobs.on(ref.queue()).find(ref.id()).orElseThrow().status() == status);
    }

    private static Set<String> threads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith(prefix))
                .collect(Collectors.toSet());
    }

    @JobKind("email")
    record SendEmail(String recipient) {}

    @Component
    static class Mailer {

        @JobHandler(queue = "mail")
        void send(SendEmail mail) {}
    }

    @Component
    static class Ticker {

        @JobHandler("tick")
        Map<String, Object> tick() {
            return Map.of("thread", Thread.currentThread().getName());
        }
    }

    @Test
    void aBeanOfTheApplicationReplacesThePublicBeanOfTheStarter() {
        List<Class<?>> configurations = new ArrayList<>(Applications.autoConfigurations());
        configurations.add(LettuceLinkConfiguration.class);
        for (Class<?> configuration : configurations) {
            assertThat(ReflectionUtils.getDeclaredMethods(configuration))
                    .filteredOn(method -> method.isAnnotationPresent(Bean.class))
                    .filteredOn(
                            method -> Modifier.isPublic(method.getReturnType().getModifiers())
                                    && method.getReturnType().getName().startsWith("io.jobqueue"))
                    .allSatisfy(method -> assertThat(method.isAnnotationPresent(ConditionalOnMissingBean.class))
                            .isTrue());
        }
    }

    @Test
    void configuresAQueueOnTheApplicationsRedis() {
        application(Mailer.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);

            JobRef ref = jobs.enqueue(new SendEmail("ann"));

            awaitStatus(jobs, ref, JobStatus.COMPLETED);
            assertThat(jobs.name()).isEqualTo("jobs");
            assertThat(context).hasSingleBean(WorkOutputCache.class);
        });
    }

    @Test
    void usesPrefixAndDefaultQueueOfTheProperties() {
        application(Ticker.class)
                .withPropertyValues("jobqueue.key-prefix=acme", "jobqueue.default-queue=work")
                .run(context -> {
                    JobQueue jobs = context.getBean(JobQueue.class);

                    JobRef ref = jobs.enqueue(JobRequest.of("tick", null));

                    assertThat(ref.queue()).isEqualTo("work");
                    awaitStatus(jobs, ref, JobStatus.COMPLETED);
                    assertThat(context.getBean(org.springframework.data.redis.core.StringRedisTemplate.class)
                                    .hasKey("acme:work:job:" + ref.id()))
                            .isTrue();
                });
    }

    @Test
    void isDisabledByItsProperty() {
        application(Mailer.class).withPropertyValues("jobqueue.enabled=false").run(context -> assertThat(context)
                .hasNotFailed()
                .doesNotHaveBean(JobQueue.class)
                .doesNotHaveBean(RedisConnector.class));
    }

    @Test
    void backsOffWithoutLettuce() {
        application()
                .withClassLoader(new FilteredClassLoader("io.lettuce"))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(JobQueue.class));
    }

    @Test
    void backsOffWithoutRedis() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(JobQueueAutoConfiguration.class))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(JobQueue.class));
    }

    @Test
    void backsOffWhenUserDefinesJobQueue() {
        application(Ticker.class, OwnJobQueue.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);

            assertThat(jobs.name()).isEqualTo("special");
            assertThat(context).hasSingleBean(WorkOutputCache.class);
            awaitStatus(jobs, jobs.on("jobs").enqueue(JobRequest.of("tick", null)), JobStatus.COMPLETED);
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnJobQueue {

        @Bean
        JobQueue ownJobQueue(RedisQueues queues) {
            return queues.queue("special");
        }
    }

    @Test
    void backsOffWhenUserDefinesRedisQueues() {
        application(Ticker.class, OwnRedisQueues.class)
                .run(context ->
                        assertThat(context.getBean(JobQueue.class).name()).isEqualTo("own"));
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnRedisQueues {

        @Bean
        RedisQueues ownQueues(RedisConnector connector) {
            return new RedisQueues(connector, RedisQueues.Options.defaults().withRoutes(RedisQueues.Routes.to("own")));
        }
    }

    @Test
    void backsOffWhenUserDefinesACodec() {
        JobCodec own = JobCodec.standard();

        application().withBean(JobCodec.class, () -> own).run(context -> assertThat(context.getBean(JobCodec.class))
                .isSameAs(own));
    }

    @Test
    void backsOffWhenUserDefinesAnOutputCache() {
        application(OwnOutputCache.class)
                .run(context ->
                        assertThat(context).hasSingleBean(WorkOutputCache.class).hasBean("ownOutputs"));
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnOutputCache {

        @Bean
        WorkOutputCache ownOutputs(RedisQueues queues) {
            return queues.queue("special").outputs();
        }
    }

    @Test
    void aConnectorOfTheUserNeedsNoConnectionFactory() {
        RedisLink link = RedisLink.to(RedisURI.create(redis.uri()));
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(JobQueueAutoConfiguration.class))
                .withBean(RedisConnector.class, () -> new RedisConnector(() -> link))
                .withBean(Ticker.class)
                .run(context -> {
                    JobQueue jobs = context.getBean(JobQueue.class);
                    awaitStatus(jobs, jobs.enqueue(JobRequest.of("tick", null)), JobStatus.COMPLETED);
                });
    }

    @Test
    void customizersShapeWhatIsStored() {
        application()
                .withBean(
                        JobMapperCustomizer.class,
                        () -> builder -> builder.propertyNamingStrategy(PropertyNamingStrategies.UPPER_CAMEL_CASE))
                .run(context -> {
                    JobQueue jobs = context.getBean(JobQueue.class);

                    JobRef ref = jobs.enqueue(new SendEmail("ann"));

                    assertThat(jobs.find(ref.id()).orElseThrow().payload().text())
                            .isEqualTo("{\"kind\":\"email\",\"Recipient\":\"ann\"}");
                });
    }

    @Test
    void anEnqueueGoesToTheQueueOfItsHandler() {
        application(Mailer.class).run(context -> assertThat(context.getBean(JobQueue.class)
                        .enqueue(new SendEmail("ann"))
                        .queue())
                .isEqualTo("mail"));
    }

    @Test
    void propertiesRouteAKindElsewhere() {
        application(Mailer.class)
                .withPropertyValues("jobqueue.kinds.email.queue=bulk")
                .run(context -> {
                    JobQueue jobs = context.getBean(JobQueue.class);

                    JobRef ref = jobs.enqueue(new SendEmail("ann"));

                    assertThat(ref.queue()).isEqualTo("bulk");
                    awaitStatus(jobs, ref, JobStatus.COMPLETED);
                });
    }

    @Test
    void aProducerRoutesByProperties() {
        application().withPropertyValues("jobqueue.kinds.email.queue=mail").run(context -> assertThat(
                        context.getBean(JobQueue.class)
                                .enqueue(new SendEmail("ann"))
                                .queue())
                .isEqualTo("mail"));
    }

    @Test
    void anEnqueueDuringTheStartIsRoutedRight() {
        EnqueuesEarly.ref = null;
        application(EnqueuesEarly.class, LateMailer.class).run(context -> {
            assertThat(EnqueuesEarly.ref.queue()).isEqualTo("mail");
            awaitStatus(context.getBean(JobQueue.class), EnqueuesEarly.ref, JobStatus.COMPLETED);
        });
    }

    @Component
    static class EnqueuesEarly {

        static JobRef ref;

        private final JobQueue jobs;

        EnqueuesEarly(JobQueue jobs) {
            this.jobs = jobs;
        }

        @PostConstruct
        void enqueue() {
            assertThat(LateMailer.created).isFalse();
            ref = jobs.enqueue(new SendEmail("ann"));
            assertThat(LateMailer.created).isFalse();
        }
    }

    @Component
    static class LateMailer {

        static boolean created;

        LateMailer(EnqueuesEarly after) {
            created = true;
        }

        @JobHandler(queue = "${mail.queue:mail}")
        void send(SendEmail mail) {}
    }

    @Test
    void aHandlerMayEnqueueItself() {
        application(Chain.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);

            jobs.enqueue(JobRequest.of("first", null));

            await().atMost(Duration.ofSeconds(10)).until(() -> jobs.find("second")
                    .filter(job -> job.status() == JobStatus.COMPLETED)
                    .isPresent());
        });
    }

    @Component
    static class Chain {

        @Autowired
        JobQueue jobs;

        @JobHandler("first")
        void first() {
            jobs.enqueue(JobRequest.of("second", null).id("second"));
        }

        @JobHandler("second")
        void second() {}
    }

    @Test
    void listenersAreCalledInTheirOrderAndMayUseTheQueue() {
        Heard.EVENTS.clear();
        application(Ticker.class, SecondListener.class, FirstListener.class, EnqueuesEarlyToo.class)
                .run(context -> await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> assertThat(Heard.EVENTS)
                        .containsSubsequence(
                                "first Enqueued", "second Enqueued", "first Completed", "second Completed")));
    }

    static final class Heard {

        static final ConcurrentLinkedQueue<String> EVENTS = new ConcurrentLinkedQueue<>();
    }

    @Component
    @Order(1)
    static class FirstListener implements JobListener {

        FirstListener(JobQueue jobs) {
            // the cycle that must not be one
        }

        @Override
        public void on(JobEvent event) {
            Heard.EVENTS.add("first " + event.getClass().getSimpleName());
        }
    }

    @Component
    @Order(2)
    static class SecondListener implements JobListener {

        @Override
        public void on(JobEvent event) {
            Heard.EVENTS.add("second " + event.getClass().getSimpleName());
        }
    }

    @Component
    static class EnqueuesEarlyToo {

        @Autowired
        void enqueue(JobQueue jobs) {
            jobs.enqueue(JobRequest.of("tick", null));
        }
    }

    @Test
    void aPoolRunsOnlyForQueuesWithAHandler() {
        application(Mailer.class)
                .withPropertyValues("jobqueue.queues.other.worker.concurrency=2")
                .run(context -> {
                    assertThat(threads("jobqueue-mail-dispatcher")).isNotEmpty();
                    assertThat(threads("jobqueue-other-dispatcher")).isEmpty();
                    assertThat(threads("jobqueue-jobs-dispatcher")).isEmpty();
                });
    }

    @Test
    void oneUpkeepSweepsEveryQueueOfTheApplication(CapturedOutput output) {
        application(Mailer.class)
                .withPropertyValues(
                        "jobqueue.queues.other.reclaimer.enabled=true", "jobqueue.queues.unswept.worker.concurrency=2")
                .run(context -> {
                    assertThat(threads("jobqueue-upkeep")).hasSize(1);
                    assertThat(output).contains("Upkeep started for queues [mail, other]");
                });
    }

    @Test
    void theApplicationsQueuesAreKnown() {
        application(Mailer.class)
                .withPropertyValues("jobqueue.queues.bulk.worker.concurrency=2", "jobqueue.kinds.report.queue=archive")
                .run(context -> assertThat(
                                context.getBean(ApplicationQueues.class).all())
                        .extracting(JobQueue::name)
                        .containsExactly("jobs", "archive", "bulk", "mail"));
    }

    @Test
    void aProducerRunsNoThreadsOfTheEngine(CapturedOutput output) {
        application(Mailer.class)
                .withPropertyValues("jobqueue.worker.enabled=false")
                .run(context -> {
                    JobQueue jobs = context.getBean(JobQueue.class);

                    JobRef ref = jobs.enqueue(new SendEmail("ann"));

                    // the thread that opened the connection may be ending still
                    await().untilAsserted(() -> assertThat(threads("jobqueue-")).isEmpty());
                    assertThat(jobs.on("mail").find(ref.id()).orElseThrow().status())
                            .isEqualTo(JobStatus.PENDING);
                    assertThat(output).contains("This application enqueues jobs and handles none");
                });
    }

    @Test
    void aQueueCanBeLeftToOthers() {
        application(Mailer.class, Ticker.class)
                .withPropertyValues("jobqueue.queues.mail.worker.enabled=false")
                .run(context -> {
                    assertThat(threads("jobqueue-mail-dispatcher")).isEmpty();
                    assertThat(threads("jobqueue-jobs-dispatcher")).isNotEmpty();
                });
    }

    @Test
    void workersRunInALazyApplication() {
        LazyListener.created = false;
        application(Ticker.class, LazyListener.class)
                .withInitializer(context ->
                        context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
                .run(context -> {
                    assertThat(threads("jobqueue-jobs-dispatcher")).isNotEmpty();
                    JobQueue jobs = context.getBean(JobQueue.class);
                    awaitStatus(jobs, jobs.enqueue(JobRequest.of("tick", null)), JobStatus.COMPLETED);
                    assertThat(LazyListener.created).isTrue();
                });
    }

    @Lazy
    @Component
    static class LazyListener implements JobListener {

        static boolean created;

        LazyListener() {
            created = true;
        }

        @Override
        public void on(JobEvent event) {}
    }

    @Test
    void handlersRunOnPlatformThreads() {
        application(WhichThread.class)
                .withPropertyValues("spring.threads.virtual.enabled=false")
                .run(context ->
                        assertThat(thread(context.getBean(JobQueue.class))).matches("jobqueue-jobs-worker-\\d+"));
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void handlersRunOnVirtualThreadsWhereBootSaysSo() {
        application(WhichThread.class)
                .withPropertyValues("spring.threads.virtual.enabled=true")
                .run(context ->
                        assertThat(thread(context.getBean(JobQueue.class))).startsWith("virtual "));
    }

    private static String thread(JobQueue jobs) {
        JobRef ref = jobs.enqueue(JobRequest.of("which", null));
        awaitStatus(jobs, ref, JobStatus.COMPLETED);
        return jobs.find(ref.id())
                .orElseThrow()
                .result()
                .as(WhichThread.Answer.class)
                .thread();
    }

    @Component
    static class WhichThread {

        record Answer(String thread) {}

        @JobHandler("which")
        Answer which() {
            Thread thread = Thread.currentThread();
            // its class, because the method isVirtual came with Java 21
            boolean virtual = thread.getClass().getSimpleName().equals("VirtualThread");
            return new Answer((virtual ? "virtual " : "") + thread.getName());
        }
    }

    @Test
    void springBootFindsTheAutoConfigurations() {
        assertThat(Applications.autoConfigurations())
                .extracting(Class::getName)
                .contains(
                        "io.jobqueue.spring.JobQueueAutoConfiguration",
                        "io.jobqueue.spring.actuate.JobQueueMetricsAutoConfiguration",
                        "io.jobqueue.spring.binding.ServiceBindingAutoConfiguration");
    }

    @Test
    void anOutputOfAUnitIsInTheCache() {
        application(Ticker.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            WorkOutputCache outputs = context.getBean(WorkOutputCache.class);

            JobRef ref = jobs.enqueue(JobRequest.of("tick", null).unit("run-1", "unit-1"));

            awaitStatus(jobs, ref, JobStatus.COMPLETED);
            assertThat(outputs.get("run-1", "unit-1", Map.class)).isPresent();
            assertThat(List.copyOf(outputs.all("run-1", Map.class).keySet())).containsExactly("unit-1");
        });
    }
}
