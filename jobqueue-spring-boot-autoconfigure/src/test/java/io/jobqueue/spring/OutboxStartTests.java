package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Specifies what an outbox needs, and how the start fails without it. */
@RedisServer
class OutboxStartTests {

    private final EmbeddedRedis redis;

    OutboxStartTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    private static DataSource database() {
        return new DriverManagerDataSource("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    }

    @Configuration(proxyBeanMethods = false)
    static class OnlyDataSource {

        @Bean
        DataSource dataSource() {
            return database();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class TwoDatabases {

        @Bean
        DataSource one() {
            return database();
        }

        @Bean
        DataSource other() {
            return database();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OtherTransactions {

        @Bean
        DataSource dataSource() {
            return database();
        }

        @Bean
        PlatformTransactionManager transactionManager() {
            return new DataSourceTransactionManager(database());
        }
    }

    private ApplicationContextRunner application(Class<?>... beans) {
        return Applications.on(redis, beans)
                .withPropertyValues("test.url=jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1")
                .withPropertyValues("jobqueue.outbox.enabled=true");
    }

    private static void assertFails(ApplicationContextRunner application, String problem, String remedy) {
        application.run(context -> {
            assertThat(context).hasFailed();
            FailureAnalysis analysis = new JobQueueStartFailureAnalyzer().analyze(context.getStartupFailure());
            assertThat(analysis).isNotNull();
            assertThat(analysis.getDescription()).contains(problem);
            assertThat(analysis.getAction()).contains(remedy);
        });
    }

    @Test
    void withoutADataSourceTheStartFails() {
        assertFails(application(), "no bean of type DataSource", "spring.datasource.url");
    }

    @Test
    void withTwoDataSourcesOneHasToBePrimary() {
        assertFails(application(TwoDatabases.class), "2 beans of type DataSource", "@Primary");
    }

    @Test
    void withoutATransactionManagerTheStartFails() {
        assertFails(application(OnlyDataSource.class), "PlatformTransactionManager", "DataSourceTransactionManager");
    }

    @Test
    void withoutSpringJdbcTheStartFails() {
        assertFails(
                application()
                        .withClassLoader(
                                new FilteredClassLoader("org.springframework.jdbc", "org.springframework.boot.jdbc")),
                "spring-jdbc",
                "spring-boot-starter-jdbc");
    }

    @Test
    void withoutTheTablesTheStartFails() {
        assertFails(
                application(OutboxApplication.Database.class)
                        .withPropertyValues("jobqueue.outbox.initialize-schema=never"),
                "JOBQUEUE_OUTBOX",
                "jobqueue.outbox.initialize-schema=always");
    }

    @Test
    void anEmbeddedDatabaseGetsTheTablesByItself() {
        application(OutboxApplication.Database.class).run(context -> assertThat(new OutboxApplication(context).rows())
                .isZero());
    }

    @Test
    void withoutSpringJdbcAndWithoutAnOutboxNothingChanges() {
        Applications.on(redis)
                .withClassLoader(new FilteredClassLoader("org.springframework.jdbc", "org.springframework.boot.jdbc"))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(DeferredJobs.class)
                        .doesNotHaveBean(OutboxFigures.class));
    }

    @Test
    void anIntervalThatIsTooShortIsRefused() {
        application(OutboxApplication.Database.class)
                .withPropertyValues("jobqueue.outbox.interval=0s")
                .run(context -> assertThat(context)
                        .hasFailed()
                        .getFailure()
                        .hasStackTraceContaining("'jobqueue.outbox.interval' must be at least 10 ms"));
    }

    @Test
    void aTransactionOfAnotherDatabaseRefusesTheJob() {
        application(OtherTransactions.class).run(context -> {
            OutboxApplication application = new OutboxApplication(context);
            TransactionTemplate transaction = application.transaction();
            transaction.setName("Orders.place");

            transaction.executeWithoutResult(status -> {
                assertThatThrownBy(() -> application.enqueue("refused"))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("kind 'work'")
                        .hasMessageContaining("transaction 'Orders.place'")
                        .hasMessageContaining("afterCommit(false)");
                assertThat(application
                                .jobs()
                                .enqueue(JobRequest.of("work", null).afterCommit(false))
                                .state())
                        .isEqualTo(JobRef.State.CREATED);
            });
            assertThat(application.rows()).isZero();
        });
    }
}
