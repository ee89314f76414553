package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRuns;
import io.jobqueue.WorkOutputCache;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.UnsatisfiedDependencyException;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The starter beside other beans of the application: the same names, and a queue that is switched off. */
@ExtendWith(OutputCaptureExtension.class)
class CollisionTests {

    @Configuration(proxyBeanMethods = false)
    static class SameNames {

        @Bean
        Queue<String> jobQueue() {
            return new ArrayDeque<>();
        }

        @Bean
        String jobRuns() {
            return "twice";
        }

        @Bean
        String workOutputCache() {
            return "mine";
        }

        @Bean
        String jobQueueSettings() {
            return "mine";
        }
    }

    @Test
    void beansOfTheApplicationMayHaveTheNamesOfTheApi() {
        Applications.offline(SameNames.class).run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context).hasSingleBean(JobQueue.class);
            assertThat(context).hasSingleBean(JobRuns.class);
            assertThat(context).hasSingleBean(WorkOutputCache.class);
            assertThat(context.getBean("jobQueue")).isInstanceOf(ArrayDeque.class);
        });
    }

    @Test
    void allBeansOfTheStarterHaveNamesOfItsOwn() {
        Applications.offline()
                .withConfiguration(
                        AutoConfigurations.of(Applications.autoConfigurations().toArray(Class<?>[]::new)))
                .withBean(SimpleMeterRegistry.class)
                .run(context -> assertThat(
                                Arrays.stream(context.getBeanDefinitionNames()).filter(name -> {
                                    String factory = context.getBeanFactory()
                                            .getBeanDefinition(name)
                                            .getFactoryBeanName();
                                    return factory != null && factory.startsWith("io.jobqueue.");
                                }))
                        .hasSizeGreaterThan(12)
                        .allSatisfy(name -> assertThat(name).matches("jobqueue\\..*|jobqueueHealthIndicator")));
    }

    @Configuration(proxyBeanMethods = false)
    static class Producer {

        @Bean
        String producer(JobQueue jobs) {
            return jobs.name();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class CarefulProducer {

        @Bean
        String producer(ObjectProvider<JobQueue> jobs) {
            return jobs.getIfAvailable() == null ? "none" : "one";
        }
    }

    /** Starts an application whose queue is switched off, as its main method would, and fails. */
    private static void startSwitchedOff(Class<?> bean) {
        try {
            assertThatThrownBy(() -> new SpringApplicationBuilder(bean, Automatic.class)
                            .web(WebApplicationType.NONE)
                            .run("--jobqueue.enabled=false", "--spring.data.redis.repositories.enabled=false"))
                    .isInstanceOf(UnsatisfiedDependencyException.class);
        } finally {
            LoggingSystem.get(CollisionTests.class.getClassLoader())
                    .setLogLevel(LoggingSystem.ROOT_LOGGER_NAME, LogLevel.WARN);
        }
    }

    @EnableAutoConfiguration
    static class Automatic {}

    @Test
    void theFailureOfABeanThatNeedsTheDisabledQueueNamesTheProperty(CapturedOutput output) {
        startSwitchedOff(Producer.class);

        assertThat(output)
                .contains("APPLICATION FAILED TO START")
                .contains("Parameter 0 of method producer in " + Producer.class.getName())
                .contains(
                        " needs a bean of type 'io.jobqueue.JobQueue', which does not exist because 'jobqueue.enabled' is false.")
                .contains("Remove 'jobqueue.enabled' or set it to true; set 'jobqueue.worker.enabled' to false if")
                .contains("ObjectProvider<JobQueue>");
    }

    @Test
    void anotherMissingBeanIsNotBlamedOnTheSwitch(CapturedOutput output) {
        startSwitchedOff(NeedsMore.class);

        assertThat(output)
                .contains("APPLICATION FAILED TO START", "java.lang.StringBuilder")
                .doesNotContain("'jobqueue.enabled'");
    }

    @Configuration(proxyBeanMethods = false)
    static class NeedsMore {

        @Bean
        String producer(StringBuilder text) {
            return text.toString();
        }
    }

    @Test
    void aBeanThatTakesTheQueueOnlyIfThereIsOneStarts() {
        Applications.offline(CarefulProducer.class)
                .withPropertyValues("jobqueue.enabled=false")
                .run(context -> assertThat(context.getBean("producer")).isEqualTo("none"));
    }
}
