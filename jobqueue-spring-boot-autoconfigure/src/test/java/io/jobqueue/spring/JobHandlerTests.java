package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Job;
import io.jobqueue.JobContext;
import io.jobqueue.JobKind;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.aopalliance.intercept.MethodInterceptor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.aop.framework.autoproxy.BeanNameAutoProxyCreator;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.core.annotation.AliasFor;
import org.springframework.stereotype.Component;

@RedisServer
class JobHandlerTests {

    private static final AtomicInteger CREATED = new AtomicInteger();
    private static final AtomicInteger THROUGH_PROXY = new AtomicInteger();

    private final EmbeddedRedis redis;

    JobHandlerTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @BeforeEach
    void reset() {
        CREATED.set(0);
        THROUGH_PROXY.set(0);
    }

    @JobKind("email")
    record SendEmail(String recipient) {}

    record Receipt(String line) {}

    /** What the job of a request came to, in an application with one bean. */
    private JobSnapshot run(Class<?> bean, Object request) {
        JobSnapshot[] ended = new JobSnapshot[1];
        application(bean).run(context -> ended[0] = run(context, request));
        return ended[0];
    }

    private ApplicationContextRunner application(Class<?>... beans) {
        return Applications.on(redis, beans);
    }

    private static JobSnapshot run(ApplicationContext context, Object request) {
        JobQueue jobs = context.getBean(JobQueue.class);
        String id = jobs.enqueue(request).id();
        return await().atMost(Duration.ofSeconds(10))
                .until(
                        () -> jobs.find(id).orElseThrow(),
                        job -> job.status() == JobStatus.COMPLETED || job.status() == JobStatus.FAILED);
    }

    private static String line(JobSnapshot job) {
        assertThat(job.lastError()).isNull();
        return job.result().as(Receipt.class).line();
    }

    @Test
    void blanksOfAKindAreLettersLikeAllOthers() {
        assertThat(line(run(BlanksInKind.class, JobRequest.of(" send mail ", null))))
                .isEqualTo("sent");
    }

    @Component
    static class BlanksInKind {

        @JobHandler(" send mail ")
        Receipt send() {
            return new Receipt("sent");
        }
    }

    @Test
    void takesThePayload() {
        assertThat(line(run(TakesPayload.class, new SendEmail("ann")))).isEqualTo("to ann");
    }

    @Component
    static class TakesPayload {

        @JobHandler
        Receipt send(SendEmail mail) {
            return new Receipt("to " + mail.recipient());
        }
    }

    @Test
    void takesPayloadAndContext() {
        assertThat(line(run(TakesContextToo.class, new SendEmail("ann")))).isEqualTo("to ann, attempt 1");
    }

    @Component
    static class TakesContextToo {

        @JobHandler("email")
        Receipt send(SendEmail mail, JobContext context) {
            return new Receipt("to " + mail.recipient() + ", attempt " + context.attempt());
        }
    }

    @Test
    void takesContextFirst() {
        assertThat(line(run(TakesContextFirst.class, new SendEmail("ann")))).isEqualTo("email to ann");
    }

    @Component
    static class TakesContextFirst {

        @JobHandler
        Receipt send(JobContext context, SendEmail mail) {
            return new Receipt(context.kind() + " to " + mail.recipient());
        }
    }

    @Test
    void takesAJob() {
        assertThat(line(run(TakesJob.class, JobRequest.of(new SendEmail("ann")).header("tenant", "acme"))))
                .isEqualTo("to ann of acme");
    }

    @Component
    static class TakesJob {

        @JobHandler
        Receipt send(Job<SendEmail> job) {
            return new Receipt(
                    "to " + job.payload().recipient() + " of " + job.headers().get("tenant"));
        }
    }

    @Test
    void takesAJobAndContext() {
        assertThat(line(run(
                        TakesJobAndContext.class,
                        JobRequest.of(new SendEmail("ann")).id("x1"))))
                .isEqualTo("x1 x1");
    }

    @Component
    static class TakesJobAndContext {

        @JobHandler
        Receipt send(Job<SendEmail> job, JobContext context) {
            return new Receipt(job.id() + " " + context.id());
        }
    }

    @Test
    void takesNothing() {
        assertThat(line(run(TakesNothing.class, JobRequest.of("tick", null)))).isEqualTo("tock");
    }

    @Component
    static class TakesNothing {

        @JobHandler("tick")
        Receipt tick() {
            return new Receipt("tock");
        }
    }

    @Test
    void takesContextAlone() {
        assertThat(line(run(TakesContextAlone.class, JobRequest.of("tick", null).id("t1"))))
                .isEqualTo("t1");
    }

    @Component
    static class TakesContextAlone {

        @JobHandler("tick")
        Receipt tick(JobContext context) {
            return new Receipt(context.id());
        }
    }

    @Test
    void takesAMap() {
        assertThat(line(run(TakesMap.class, JobRequest.of("free", Map.of("a", 1)))))
                .isEqualTo("a=1");
    }

    @Component
    static class TakesMap {

        @JobHandler("free")
        Receipt take(Map<String, Object> payload) {
            return new Receipt("a=" + payload.get("a"));
        }
    }

    @Test
    void takesAGenericPayload() {
        assertThat(line(run(TakesGeneric.class, JobRequest.of("batch", new Batch<>(List.of(new Line("x", 2)))))))
                .isEqualTo("x2");
    }

    record Line(String article, int count) {}

    record Batch<T>(List<T> lines) {}

    @Component
    static class TakesGeneric {

        @JobHandler("batch")
        Receipt take(Batch<Line> batch) {
            Line first = batch.lines().get(0);
            return new Receipt(first.article() + first.count());
        }
    }

    @Test
    void completesWithoutResultWhenNothingIsReturned() {
        JobSnapshot job = run(ReturnsNothing.class, new SendEmail("ann"));

        assertThat(job.status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(job.result().text()).isEqualTo("{}");
    }

    @Component
    static class ReturnsNothing {

        @JobHandler
        void send(SendEmail mail) {}
    }

    @Test
    void endsAsTheOutcomeSays() {
        JobSnapshot job = run(ReturnsOutcome.class, new SendEmail("ann"));

        assertThat(job.status()).isEqualTo(JobStatus.FAILED);
        assertThat(job.lastError()).isEqualTo("no such mailbox");
        assertThat(job.attempts()).isOne();
    }

    @Component
    static class ReturnsOutcome {

        @JobHandler
        JobOutcome send(SendEmail mail) {
            return JobOutcome.deadLetter("no such mailbox");
        }
    }

    @Test
    void failsWithTheHandlersOwnException() {
        JobSnapshot job = run(Throws.class, JobRequest.of(new SendEmail("ann")).maxAttempts(1));

        assertThat(job.lastError())
                .contains("IllegalStateException", "smtp is down")
                .doesNotContain("Invocation");
    }

    @Component
    static class Throws {

        @JobHandler
        void send(SendEmail mail) {
            throw new IllegalStateException("smtp is down");
        }
    }

    @Test
    void isNotRetriedForExceptionsThatItNames() {
        JobSnapshot job = run(NamesExceptions.class, new SendEmail("ann"));

        assertThat(job.status()).isEqualTo(JobStatus.FAILED);
        assertThat(job.attempts()).isOne();
    }

    @Component
    static class NamesExceptions {

        @JobHandler(noRetryFor = IllegalArgumentException.class)
        void send(SendEmail mail) throws Exception {
            throw new java.io.IOException(new NumberFormatException("never a number"));
        }
    }

    @Test
    void triesAsOftenAsTheAnnotationSays() {
        application(CountsAttempts.class)
                .withPropertyValues("jobqueue.retry.delay=0", "mail.attempts=2")
                .run(context -> assertThat(run(context, new SendEmail("ann")).attempts())
                        .isEqualTo(2));
    }

    @Test
    void triesAsOftenAsThePropertiesOfItsKindSay() {
        application(CountsAttempts.class)
                .withPropertyValues("jobqueue.retry.delay=0", "mail.attempts=2", "jobqueue.kinds.email.max-attempts=3")
                .run(context -> assertThat(run(context, new SendEmail("ann")).attempts())
                        .isEqualTo(3));
    }

    @Test
    void triesAsOftenAsTheRequestSays() {
        application(CountsAttempts.class)
                .withPropertyValues("jobqueue.retry.delay=0", "mail.attempts=2", "jobqueue.kinds.email.max-attempts=3")
                .run(context -> assertThat(
                                run(context, JobRequest.of(new SendEmail("ann")).maxAttempts(1))
                                        .attempts())
                        .isOne());
    }

    @Component
    static class CountsAttempts {

        @JobHandler(maxAttempts = "${mail.attempts}")
        void send(SendEmail mail) {
            throw new IllegalStateException("smtp is down");
        }
    }

    @Test
    void isInterruptedAfterTheTimeoutOfTheAnnotation() {
        JobSnapshot job =
                run(TakesTooLong.class, JobRequest.of(new SendEmail("ann")).maxAttempts(1));

        assertThat(job.lastError()).startsWith("timed-out");
    }

    @Component
    static class TakesTooLong {

        @JobHandler(timeout = "50ms")
        void send(SendEmail mail) throws InterruptedException {
            new java.util.concurrent.CountDownLatch(1).await();
        }
    }

    @Test
    void isFoundByAMetaAnnotation() {
        assertThat(line(run(MetaAnnotated.class, new SendEmail("ann")))).isEqualTo("meta ann");
    }

    @Retention(RetentionPolicy.RUNTIME)
    @JobHandler(maxAttempts = "1")
    @interface OnceOnly {

        @AliasFor(annotation = JobHandler.class, attribute = "value")
        String kind();
    }

    @Component
    static class MetaAnnotated {

        @OnceOnly(kind = "email")
        Receipt send(SendEmail mail) {
            return new Receipt("meta " + mail.recipient());
        }
    }

    @Test
    void isFoundOnAnInterface() {
        assertThat(line(run(OfInterface.class, new SendEmail("ann")))).isEqualTo("interface ann");
    }

    interface Mailer {

        @JobHandler
        Receipt send(SendEmail mail);
    }

    @Component
    static class OfInterface implements Mailer {

        @Override
        public Receipt send(SendEmail mail) {
            return new Receipt("interface " + mail.recipient());
        }
    }

    @Test
    void isInheritedWithItsTypeVariableBound() {
        assertThat(line(run(OfGenericBase.class, new SendEmail("ann")))).isEqualTo("base SendEmail");
    }

    abstract static class GenericBase<T> {

        @JobHandler
        public Receipt handle(Job<T> job) {
            return new Receipt("base " + job.payload().getClass().getSimpleName());
        }
    }

    @Component
    static class OfGenericBase extends GenericBase<SendEmail> {}

    @Test
    void isFoundBehindABridgeMethod() {
        assertThat(line(run(OfGenericInterface.class, new SendEmail("ann")))).isEqualTo("bridge ann");
    }

    interface Handles<T> {

        @JobHandler
        Receipt handle(T payload);
    }

    @Component
    static class OfGenericInterface implements Handles<SendEmail> {

        @Override
        public Receipt handle(SendEmail mail) {
            return new Receipt("bridge " + mail.recipient());
        }
    }

    @Test
    void isCalledThroughAProxyOfItsClass() {
        application(ProxyOfClass.class, Counter.class).run(context -> {
            assertThat(line(run(context, new SendEmail("ann")))).isEqualTo("to ann");
            assertThat(THROUGH_PROXY).hasValue(1);
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class ProxyOfClass {

        @Bean
        TakesPayload proxied() {
            return new TakesPayload();
        }

        @Bean
        static BeanNameAutoProxyCreator proxies() {
            return countingProxies(true);
        }
    }

    @Test
    void isCalledThroughAProxyOfItsInterfaces() {
        application(ProxyOfInterface.class, Counter.class).run(context -> {
            assertThat(line(run(context, new SendEmail("ann")))).isEqualTo("interface ann");
            assertThat(THROUGH_PROXY).hasValue(1);
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class ProxyOfInterface {

        @Bean
        Mailer proxied() {
            return new OfInterface();
        }

        @Bean
        static BeanNameAutoProxyCreator proxies() {
            return countingProxies(false);
        }
    }

    @Test
    void isCalledThroughAProxyOfItsGenericInterface() {
        application(ProxyOfGenericInterface.class, Counter.class).run(context -> {
            assertThat(line(run(context, new SendEmail("ann")))).isEqualTo("bridge ann");
            assertThat(THROUGH_PROXY).hasValue(1);
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class ProxyOfGenericInterface {

        @Bean
        OfGenericInterfaceAnnotatedOnClass proxied() {
            return new OfGenericInterfaceAnnotatedOnClass();
        }

        @Bean
        static BeanNameAutoProxyCreator proxies() {
            return countingProxies(false);
        }
    }

    interface PlainHandles<T> {

        Receipt handle(T payload);
    }

    static class OfGenericInterfaceAnnotatedOnClass implements PlainHandles<SendEmail> {

        @Override
        @JobHandler
        public Receipt handle(SendEmail mail) {
            return new Receipt("bridge " + mail.recipient());
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Counter {

        @Bean
        static MethodInterceptor counter() {
            return call -> {
                if (call.getMethod().getDeclaringClass() != Object.class) {
                    THROUGH_PROXY.incrementAndGet();
                }
                return call.proceed();
            };
        }
    }

    private static BeanNameAutoProxyCreator countingProxies(boolean ofClass) {
        BeanNameAutoProxyCreator creator = new BeanNameAutoProxyCreator();
        creator.setBeanNames("proxied");
        creator.setProxyTargetClass(ofClass);
        creator.setInterceptorNames("counter");
        return creator;
    }

    @Test
    void staysLazyUntilTheFirstJob() {
        application(LazyMailer.class).run(context -> {
            assertThat(CREATED).hasValue(0);

            assertThat(line(run(context, new SendEmail("ann")))).isEqualTo("lazy ann");

            assertThat(CREATED).hasValue(1);
        });
    }

    @Lazy
    @Component
    static class LazyMailer {

        LazyMailer() {
            CREATED.incrementAndGet();
        }

        @JobHandler
        Receipt send(SendEmail mail) {
            return new Receipt("lazy " + mail.recipient());
        }
    }

    @Test
    void isAPrototypeForEachJob() {
        application(PrototypeMailer.class).run(context -> {
            run(context, new SendEmail("ann"));
            run(context, new SendEmail("bob"));

            assertThat(CREATED).hasValue(2);
        });
    }

    @Component
    @Scope(ConfigurableBeanFactory.SCOPE_PROTOTYPE)
    static class PrototypeMailer {

        PrototypeMailer() {
            CREATED.incrementAndGet();
        }

        @JobHandler
        void send(SendEmail mail) {}
    }

    @Test
    void isFoundOnceBehindAScopedProxy() {
        application(ScopedMailer.class).run(context -> assertThat(line(run(context, new SendEmail("ann"))))
                .isEqualTo("scoped ann"));
    }

    @Component
    @Scope(value = ConfigurableBeanFactory.SCOPE_PROTOTYPE, proxyMode = ScopedProxyMode.TARGET_CLASS)
    static class ScopedMailer {

        @JobHandler
        Receipt send(SendEmail mail) {
            return new Receipt("scoped " + mail.recipient());
        }
    }

    @Test
    void mayBeABeanMethodOfAConfiguration() {
        assertThat(line(run(ConfigurationWithHandler.class, new SendEmail("ann"))))
                .isEqualTo("configuration ann");
    }

    @Configuration
    static class ConfigurationWithHandler {

        @JobHandler
        final Receipt send(SendEmail mail) {
            return new Receipt("configuration " + mail.recipient());
        }
    }

    @Test
    void loadsNoClassByTheKindOfAJob() {
        String kind = "io.jobqueue.spring.JobHandlerTests$Bomb";

        application(TakesPayload.class)
                .withPropertyValues("jobqueue.worker.unknown-for=0")
                .run(context -> {
                    JobSnapshot job = run(context, JobRequest.of(kind, Map.of()));

                    assertThat(job.status()).isEqualTo(JobStatus.FAILED);
                    assertThat(job.lastError()).startsWith("unknown-kind");
                });
        assertThat(EXPLODED).hasValue(0);
    }

    @Test
    void handsBackAJobThatItDoesNotKnowForTheTimeThatAPropertyOfItsKindSays() {
        application(TakesPayload.class)
                .withPropertyValues("jobqueue.kinds.tomorrow.unknown-for=0")
                .run(context -> {
                    JobQueue jobs = context.getBean(JobQueue.class);
                    String other =
                            jobs.enqueue(JobRequest.of("other", Map.of())).id();

                    JobSnapshot job = run(context, JobRequest.of("tomorrow", Map.of()));

                    assertThat(job.lastError()).startsWith("unknown-kind: no handler for kind 'tomorrow'");
                    await().until(() -> jobs.find(other).orElseThrow().status() == JobStatus.SCHEDULED);
                });
    }

    private static final AtomicInteger EXPLODED = new AtomicInteger();

    static final class Bomb {

        static {
            EXPLODED.incrementAndGet();
        }
    }
}
