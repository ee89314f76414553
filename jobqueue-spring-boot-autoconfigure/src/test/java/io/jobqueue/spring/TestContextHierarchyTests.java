package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestClassOrder;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.test.context.ContextHierarchy;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/**
 * Tests as users write them, whose contexts have a common parent. Spring caches the contexts, and pauses those that the
 * running test class does not use.
 */
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
class TestContextHierarchyTests {

    private static final EmbeddedRedis REDIS = EmbeddedRedis.start();

    @AfterAll
    static void stopRedis() {
        REDIS.close();
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        LifecycleAutoConfiguration.class,
        SslAutoConfiguration.class,
        DataRedisAutoConfiguration.class,
        JobQueueAutoConfiguration.class
    })
    static class WithQueue {}

    static class Ticker {

        @JobHandler("tick")
        void tick() {}
    }

    static class Tocker {

        @JobHandler("tock")
        void tock() {}
    }

    @SpringBootTest(properties = {"spring.docker.compose.enabled=false", "jobqueue.worker.poll-interval=50ms"})
    @ContextHierarchy({
        @ContextConfiguration(
                name = "parent",
                classes = {WithQueue.class, Ticker.class}),
        @ContextConfiguration(name = "child", classes = WithQueue.class)
    })
    abstract static class Hierarchy {

        @Autowired
        private JobQueue jobs;

        @DynamicPropertySource
        static void redis(DynamicPropertyRegistry registry) {
            registry.add("spring.data.redis.host", () -> "127.0.0.1");
            registry.add("spring.data.redis.port", REDIS::port);
        }

        JobSnapshot run(String kind) {
            JobRef ref = jobs.enqueue(JobRequest.of(kind, null));
            return await().atMost(Duration.ofSeconds(20))
                    .until(() -> jobs.find(ref).orElseThrow(), job -> job.status() == JobStatus.COMPLETED);
        }
    }

    @Nested
    @Order(1)
    @ContextHierarchy(@ContextConfiguration(name = "child", classes = Tocker.class))
    class WithAHandlerInTheChild extends Hierarchy {

        @Test
        void handlersOfBothContextsWork() {
            run("tick");
            run("tock");
        }
    }

    @Nested
    @Order(2)
    class WithoutAHandlerInTheChild extends Hierarchy {

        @Test
        void theHandlerOfTheParentWorks() {
            run("tick");
        }
    }

    @Nested
    @Order(3)
    @ContextHierarchy(@ContextConfiguration(name = "child", classes = Tocker.class))
    class WithAHandlerInTheChildOnceMore extends Hierarchy {

        @Test
        void theCachedContextsWorkAgain() {
            run("tick");
            run("tock");
        }
    }

    @Nested
    @Order(4)
    @DirtiesContext(hierarchyMode = DirtiesContext.HierarchyMode.CURRENT_LEVEL)
    @ContextHierarchy(@ContextConfiguration(name = "child", classes = Tocker.class))
    class WithAChildThatIsThrownAway extends Hierarchy {

        @Test
        void theJobsOfTheChildEnd() {
            assertThat(run("tock").attempts()).isOne();
        }
    }

    @Nested
    @Order(5)
    @DirtiesContext
    class AfterAChildThatWasThrownAway extends Hierarchy {

        @Test
        void theHandlerOfTheParentStillWorks() {
            run("tick");
        }
    }
}
