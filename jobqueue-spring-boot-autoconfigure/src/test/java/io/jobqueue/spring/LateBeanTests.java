package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.context.annotation.Scope;

/** Handlers of beans that are created after the application has started. */
@RedisServer
@ExtendWith(OutputCaptureExtension.class)
class LateBeanTests {

    private static final AtomicInteger CREATED = new AtomicInteger();

    private final EmbeddedRedis redis;

    LateBeanTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @BeforeEach
    void reset() {
        CREATED.set(0);
    }

    private ApplicationContextRunner application(Class<?> beans) {
        return Applications.on(redis, beans);
    }

    private ApplicationContextRunner lazyApplication(Class<?> beans) {
        return application(beans)
                .withInitializer(context ->
                        context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()));
    }

    private static void runsAJob(ApplicationContext context) {
        JobQueue jobs = context.getBean(JobQueue.class);
        String id = jobs.enqueue(JobRequest.of("notify", null)).id();
        await().atMost(Duration.ofSeconds(10))
                .until(() -> jobs.find(id).orElseThrow().status() == JobStatus.COMPLETED);
    }

    interface Notifier {

        void send();
    }

    static class EmailNotifier implements Notifier {

        EmailNotifier() {
            CREATED.incrementAndGet();
        }

        @Override
        @JobHandler("notify")
        public void send() {}
    }

    @Configuration(proxyBeanMethods = false)
    static class DeclaresInterface {

        @Bean
        Notifier notifier() {
            return new EmailNotifier();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class DeclaresClass {

        @Bean
        EmailNotifier notifier() {
            return new EmailNotifier();
        }
    }

    @Test
    void withLazyInitializationABeanDeclaredByItsInterfaceKeepsItsHandler() {
        lazyApplication(DeclaresInterface.class).run(LateBeanTests::runsAJob);
    }

    @Test
    void withLazyInitializationABeanDeclaredByItsClassIsCreatedForItsFirstJob() {
        lazyApplication(DeclaresClass.class).run(context -> {
            assertThat(CREATED).hasValue(0);
            runsAJob(context);
            assertThat(CREATED).hasValue(1);
        });
    }

    @Test
    void withLazyInitializationADataSourceStaysLazy() {
        lazyApplication(DeclaresInfrastructure.class)
                .run(context -> assertThat(CREATED).hasValue(0));
    }

    @Configuration(proxyBeanMethods = false)
    static class DeclaresInfrastructure {

        @Bean
        DataSource database() {
            CREATED.incrementAndGet();
            throw new UnsupportedOperationException("not needed");
        }
    }

    @Test
    void aLazyBeanDeclaredByItsInterfaceIsAWarningAtTheStart(CapturedOutput output) {
        application(DeclaresLazyInterface.class).run(context -> {
            assertThat(CREATED).hasValue(0);
            assertThat(output)
                    .contains("The bean 'notifier' is declared as io.jobqueue.spring.LateBeanTests$Notifier")
                    .contains("its @JobHandler methods, if it has any, are not found");
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class DeclaresLazyInterface {

        @Lazy
        @Bean
        Notifier notifier() {
            return new EmailNotifier();
        }
    }

    @Test
    void aPrototypeDeclaredByItsInterfaceIsAWarningAtTheStart(CapturedOutput output) {
        application(DeclaresPrototypeInterface.class)
                .run(context -> assertThat(output).contains("bean 'notifier' is declared as"));
    }

    @Configuration(proxyBeanMethods = false)
    static class DeclaresPrototypeInterface {

        @Bean
        @Scope("prototype")
        Notifier notifier() {
            return new EmailNotifier();
        }
    }

    @Test
    void aBeanThatExistsIsNoWarning(CapturedOutput output) {
        application(DeclaresInterface.class).run(context -> {
            runsAJob(context);
            assertThat(output).doesNotContain("is declared as");
        });
    }
}
