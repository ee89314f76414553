package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Job;
import io.jobqueue.JobContext;
import io.jobqueue.JobKind;
import io.jobqueue.spring.elsewhere.PackagePrivateMailer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.springframework.aop.framework.autoproxy.BeanNameAutoProxyCreator;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.scheduling.annotation.Async;
import org.springframework.stereotype.Component;

class UnusableHandlerTests {

    @JobKind("email")
    record SendEmail(String recipient) {}

    /** What an application prints that does not start because of its handlers. */
    private static FailureAnalysis failure(Class<?>... beans) {
        FailureAnalysis[] analysis = new FailureAnalysis[1];
        Applications.offline(beans).run(context -> {
            assertThat(context).hasFailed();
            analysis[0] = new JobQueueStartFailureAnalyzer().analyze(context.getStartupFailure());
        });
        assertThat(analysis[0]).isNotNull();
        return analysis[0];
    }

    @Test
    void theAnalyzerIsRegistered() {
        assertThat(SpringFactoriesLoader.forDefaultResourceLocation()
                        .load(
                                FailureAnalyzer.class,
                                SpringFactoriesLoader.FailureHandler.logging(
                                        org.apache.commons.logging.LogFactory.getLog(getClass()))))
                .hasAtLeastOneElementOfType(JobQueueStartFailureAnalyzer.class);
    }

    @Test
    void twoHandlersOfOneKindAreBothNamed() {
        FailureAnalysis analysis = failure(First.class, Second.class);

        assertThat(analysis.getDescription())
                .contains("The kind 'email' has 2 handlers")
                .contains("io.jobqueue.spring.UnusableHandlerTests$First#send(")
                .contains("io.jobqueue.spring.UnusableHandlerTests$Second#deliver(");
        assertThat(analysis.getAction()).contains("Keep one of them");
    }

    @Component
    static class First {

        @JobHandler
        void send(SendEmail mail) {}
    }

    @Component
    static class Second {

        @JobHandler(queue = "other")
        void deliver(SendEmail mail, JobContext context) {}
    }

    @Test
    void twoBeansOfOneHandlerClassAreBothNamed() {
        FailureAnalysis analysis = failure(TwoBeans.class);

        assertThat(analysis.getDescription()).contains("(bean 'one')", "(bean 'two')");
    }

    @Configuration(proxyBeanMethods = false)
    static class TwoBeans {

        @Bean
        First one() {
            return new First();
        }

        @Bean
        First two() {
            return new First();
        }
    }

    @Test
    void allProblemsAreReportedAtOnce() {
        FailureAnalysis analysis = failure(First.class, Second.class, NoKind.class);

        assertThat(analysis.getDescription()).contains("has 2 handlers").contains("names no kind of job");
    }

    @Test
    void aHandlerMustNameItsKind() {
        FailureAnalysis analysis = failure(NoKind.class);

        assertThat(analysis.getDescription())
                .isEqualTo("The handler io.jobqueue.spring.UnusableHandlerTests$NoKind#take(Map) (bean "
                        + "'unusableHandlerTests.NoKind') names no kind of job.");
        assertThat(analysis.getAction()).contains("@JobHandler(\"email\")").contains("@JobKind");
    }

    @Component
    static class NoKind {

        @JobHandler
        void take(Map<String, Object> payload) {}
    }

    @Test
    void theKindMustBeThatOfThePayload() {
        assertThat(failure(OtherKind.class).getDescription()).contains("'mail'", "'email'");
    }

    @Component
    static class OtherKind {

        @JobHandler("mail")
        void send(SendEmail mail) {}
    }

    @Test
    void theKindMustBePossible() {
        assertThat(failure(ImpossibleKind.class).getDescription()).contains("kind must be 1 to 128 characters");
    }

    @Component
    static class ImpossibleKind {

        @JobHandler("a\u0007b")
        void take() {}
    }

    @Test
    void aHandlerMustNotBePrivate() {
        assertThat(failure(PrivateMethod.class).getDescription()).endsWith("is private.");
    }

    @Component
    static class PrivateMethod {

        @JobHandler
        private void send(SendEmail mail) {}
    }

    @Test
    void aHandlerMustNotBeStatic() {
        assertThat(failure(StaticMethod.class).getDescription()).endsWith("is static.");
    }

    @Component
    static class StaticMethod {

        @JobHandler
        static void send(SendEmail mail) {}
    }

    @Test
    void aHandlerTakesOnePayload() {
        FailureAnalysis analysis = failure(TwoPayloads.class);

        assertThat(analysis.getDescription()).contains("takes more than a handler can be given");
        assertThat(analysis.getAction()).contains("JobContext");
    }

    @Component
    static class TwoPayloads {

        @JobHandler
        void send(SendEmail mail, Job<SendEmail> job) {}
    }

    @Test
    void aPayloadIsAJsonObject() {
        assertThat(failure(TextPayload.class).getDescription())
                .contains("payload of type String, but payloads are JSON objects");
        assertThat(failure(ListPayload.class).getDescription())
                .contains("payload of type List, but payloads are JSON objects");
    }

    @Component
    static class TextPayload {

        @JobHandler("text")
        void take(String payload) {}
    }

    @Component
    static class ListPayload {

        @JobHandler("list")
        void take(Job<List<SendEmail>> job) {}
    }

    @Test
    void aMapHoldsTheKindToo() {
        assertThat(failure(NumbersPayload.class).getAction()).contains("Map<String, Object>");
    }

    @Component
    static class NumbersPayload {

        @JobHandler("numbers")
        void take(Map<String, Integer> payload) {}
    }

    @Test
    void aTypeVariableMustBeBound() {
        assertThat(failure(Unbound.class).getDescription()).contains("payload of type T, which is not known");
    }

    @Component
    static class Unbound<T> {

        @JobHandler("unbound")
        void take(T payload) {}
    }

    @Test
    void aHandlerReturnsWhenItsWorkIsDone() {
        assertThat(failure(ReturnsFuture.class).getDescription()).contains("returns before its work is done");
        assertThat(failure(RunsAsync.class).getDescription()).contains("is @Async");
    }

    @Component
    static class ReturnsFuture {

        @JobHandler
        CompletableFuture<Void> send(SendEmail mail) {
            return CompletableFuture.completedFuture(null);
        }
    }

    @Component
    static class RunsAsync {

        @Async
        @JobHandler
        void send(SendEmail mail) {}
    }

    @Test
    void aTimeoutMustBeReadable() {
        assertThat(failure(SoonTimeout.class).getDescription())
                .contains("has an unusable timeout \"soon\"")
                .contains("'soon' is not a valid duration");
    }

    @Component
    static class SoonTimeout {

        @JobHandler(timeout = "soon")
        void send(SendEmail mail) {}
    }

    @Test
    void aTimeoutMustBePositive() {
        assertThat(failure(NoTimeout.class).getDescription()).contains("timeout must be at least 1 ms");
    }

    @Component
    static class NoTimeout {

        @JobHandler(timeout = "0s")
        void send(SendEmail mail) {}
    }

    @Test
    void maxAttemptsMustBeANumber() {
        assertThat(failure(ManyAttempts.class).getDescription())
                .contains("has an unusable maxAttempts \"many\": 'many' is no whole number");
    }

    @Component
    static class ManyAttempts {

        @JobHandler(maxAttempts = "many")
        void send(SendEmail mail) {}
    }

    @Test
    void aPlaceholderMustResolve() {
        FailureAnalysis analysis = failure(UnknownPlaceholder.class);

        assertThat(analysis.getDescription()).contains("has an unusable queue \"${no.such.property}\"");
        assertThat(analysis.getAction()).contains("'queue'");
    }

    @Component
    static class UnknownPlaceholder {

        @JobHandler(queue = "${no.such.property}")
        void send(SendEmail mail) {}
    }

    @Test
    void aQueueMustHaveAPossibleName() {
        assertThat(failure(ImpossibleQueue.class).getDescription()).contains("queue name must be 1 to 64 characters");
    }

    @Component
    static class ImpossibleQueue {

        @JobHandler(queue = "my queue")
        void send(SendEmail mail) {}
    }

    @Test
    void aProxyMustShowTheMethod() {
        FailureAnalysis analysis = failure(HiddenByProxy.class);

        assertThat(analysis.getDescription())
                .contains("UnusableHandlerTests$RunnableMailer#send(")
                .contains("is in no interface that the proxy of its bean implements");
        assertThat(analysis.getAction()).contains("spring.aop.proxy-target-class=true");
    }

    static class RunnableMailer implements Runnable {

        @JobHandler
        public void send(SendEmail mail) {}

        @Override
        public void run() {}
    }

    @Configuration(proxyBeanMethods = false)
    static class HiddenByProxy {

        @Bean
        RunnableMailer proxied() {
            return new RunnableMailer();
        }

        @Bean
        static BeanNameAutoProxyCreator proxies() {
            BeanNameAutoProxyCreator creator = new BeanNameAutoProxyCreator();
            creator.setBeanNames("proxied");
            return creator;
        }
    }

    @Test
    void aProxyMustBeAbleToPassTheCallOn() {
        FailureAnalysis analysis = failure(FinalBehindProxy.class);

        assertThat(analysis.getDescription()).contains("is final, so the proxy of its bean cannot pass calls on to it");
        assertThat(analysis.getAction()).isEqualTo("Make the method non-final.");
    }

    @Test
    void theRemedyForAFinalMethodBehindAProxyOfInterfacesIsNoClassProxy() {
        FailureAnalysis analysis = failure(FinalHiddenByProxy.class);

        assertThat(analysis.getDescription()).contains("is in no interface that the proxy of its bean implements");
        assertThat(analysis.getAction()).isEqualTo("Declare the method in an interface of the bean.");
    }

    static class FinalRunnableMailer implements Runnable {

        @JobHandler
        public final void send(SendEmail mail) {}

        @Override
        public void run() {}
    }

    @Configuration(proxyBeanMethods = false)
    @Import(Proxies.class)
    static class FinalHiddenByProxy {

        @Bean
        FinalRunnableMailer proxied() {
            return new FinalRunnableMailer();
        }
    }

    @Test
    void theRemedyForAFinalClassBehindAProxyIsNoClassProxy() {
        assertThat(failure(RecordBehindProxy.class).getAction())
                .isEqualTo(
                        "Declare the method in an interface of the bean. No proxy can extend its class, which is final.");
    }

    record RecordMailer() implements Runnable {

        @JobHandler
        public void send(SendEmail mail) {}

        @Override
        public void run() {}
    }

    @Configuration(proxyBeanMethods = false)
    @Import(Proxies.class)
    static class RecordBehindProxy {

        @Bean
        RecordMailer proxied() {
            return new RecordMailer();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Proxies {

        @Bean
        static BeanNameAutoProxyCreator proxies() {
            BeanNameAutoProxyCreator creator = new BeanNameAutoProxyCreator();
            creator.setBeanNames("proxied");
            return creator;
        }
    }

    @Test
    void theRemedyForAFinalMethodBehindAClassProxyIsNoClassProxy() {
        assertThat(failure(FinalBehindProxy.class).getAction()).isEqualTo("Make the method non-final.");
    }

    @Test
    void aProxyInAnotherPackageCannotPassACallOnToAPackagePrivateMethod() {
        FailureAnalysis analysis = failure(PackagePrivateBehindProxy.class);

        assertThat(analysis.getDescription())
                .contains("UnusableHandlerTests$MailerOfThisPackage#send(")
                .contains("is package-private in io.jobqueue.spring.elsewhere.PackagePrivateMailer")
                .contains("so the proxy of its bean cannot pass calls on to it");
        assertThat(analysis.getAction()).isEqualTo("Make the method protected or public.");
    }

    static class MailerOfThisPackage extends PackagePrivateMailer {

        private final String sender = "ann";

        @Override
        protected String sender() {
            return sender;
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class PackagePrivateBehindProxy {

        @Bean
        MailerOfThisPackage proxied() {
            return new MailerOfThisPackage();
        }

        @Bean
        static BeanNameAutoProxyCreator proxies() {
            BeanNameAutoProxyCreator creator = new BeanNameAutoProxyCreator();
            creator.setBeanNames("proxied");
            creator.setProxyTargetClass(true);
            return creator;
        }
    }

    @Test
    void aPackagePrivateMethodOfAnotherPackageIsFineWithoutAProxy() {
        Applications.offline(WithoutProxy.class)
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Configuration(proxyBeanMethods = false)
    static class WithoutProxy {

        @Bean
        MailerOfThisPackage plain() {
            return new MailerOfThisPackage();
        }
    }

    static class FinalMailer {

        @JobHandler
        public final void send(SendEmail mail) {}
    }

    @Configuration(proxyBeanMethods = false)
    static class FinalBehindProxy {

        @Bean
        FinalMailer proxied() {
            return new FinalMailer();
        }

        @Bean
        static BeanNameAutoProxyCreator proxies() {
            BeanNameAutoProxyCreator creator = new BeanNameAutoProxyCreator();
            creator.setBeanNames("proxied");
            creator.setProxyTargetClass(true);
            return creator;
        }
    }

    @Test
    void aProducerIsCheckedAsWell() {
        Applications.offline(First.class, Second.class)
                .withPropertyValues("jobqueue.worker.enabled=false")
                .run(context -> assertThat(context).hasFailed());
    }

    @Test
    void nothingIsCheckedWhenTheQueueIsDisabled() {
        Applications.offline(First.class, Second.class)
                .withPropertyValues("jobqueue.enabled=false")
                .run(context -> assertThat(context).hasNotFailed());
    }
}
