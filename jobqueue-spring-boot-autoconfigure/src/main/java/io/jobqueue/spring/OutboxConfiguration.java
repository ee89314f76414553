package io.jobqueue.spring;

import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.EventLog;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.init.PropertiesBasedDataSourceScriptDatabaseInitializer;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.context.annotation.Primary;
import org.springframework.transaction.PlatformTransactionManager;

/** Sets up the outbox where {@code jobqueue.outbox.enabled} asks for it, and says what it lacks. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnBooleanProperty("jobqueue.outbox.enabled")
class OutboxConfiguration {

    private static final String INITIALIZER =
            "org.springframework.boot.jdbc.init.PropertiesBasedDataSourceScriptDatabaseInitializer";

    /** The outbox on spring-jdbc. A child context uses that of its parent. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = INITIALIZER)
    @ConditionalOnMissingBean(OutboxFigures.class)
    @EnableConfigurationProperties(OutboxProperties.class)
    @ImportRuntimeHints(Schemas.class)
    static class OnJdbc {

        @Bean("jobqueue.outboxSchema")
        PropertiesBasedDataSourceScriptDatabaseInitializer<OutboxProperties> jobQueueOutboxSchema(
                ObjectProvider<DataSource> dataSources, OutboxProperties properties) {
            return new PropertiesBasedDataSourceScriptDatabaseInitializer<>(dataSource(dataSources), properties);
        }

        @Bean("jobqueue.outboxTable")
        @DependsOnDatabaseInitialization
        OutboxTable jobQueueOutboxTable(
                ObjectProvider<DataSource> dataSources, ObjectProvider<PlatformTransactionManager> managers) {
            DataSource dataSource = dataSource(dataSources);
            if (managers.stream().findAny().isEmpty()) {
                throw new JobQueueStartException(
                        "The outbox of the job queue is enabled, but there is no bean of type PlatformTransactionManager, so no transaction could write to it.",
                        "Declare a DataSourceTransactionManager or JpaTransactionManager for the DataSource, or remove 'jobqueue.outbox.enabled'.");
            }
            OutboxTable table = new OutboxTable(dataSource);
            table.requireTables();
            return table;
        }

        private static DataSource dataSource(ObjectProvider<DataSource> dataSources) {
            DataSource found = dataSources.getIfUnique();
            if (found == null) {
                long several = dataSources.stream().count();
                throw new JobQueueStartException(
                        several == 0
                                ? "The outbox of the job queue is enabled, but there is no bean of type DataSource."
                                : "The outbox of the job queue is enabled, but there are %s beans of type DataSource and none of them is primary."
                                        .formatted(several),
                        "Declare the DataSource whose transactions enqueue jobs%s, or remove 'jobqueue.outbox.enabled'."
                                .formatted(several == 0 ? ", for example by 'spring.datasource.url'" : " as @Primary"));
            }
            return found;
        }

        @Bean("jobqueue.outboxStep")
        @Primary
        OutboxStep jobQueueOutboxStep(OutboxTable table) {
            return new OutboxStep(table);
        }

        @Bean("jobqueue.outboxRelay")
        OutboxRelay jobQueueOutboxRelay(
                OutboxTable table,
                OutboxStep commits,
                RedisQueues queues,
                OutboxProperties properties,
                ApplicationListeners listeners) {
            return new OutboxRelay(
                    table, commits, queues.relay(), properties.getInterval(), EventLog.before(listeners::tell));
        }

        @Bean("jobqueue.outboxIsNotLazy")
        static LazyInitializationExcludeFilter jobQueueOutboxIsNotLazy() {
            return LazyInitializationExcludeFilter.forBeanTypes(OutboxRelay.class);
        }
    }

    /** Refuses the start. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingClass(INITIALIZER)
    static class WithoutJdbc {

        WithoutJdbc() {
            throw new JobQueueStartException(
                    "The outbox of the job queue is enabled, but spring-jdbc and Spring Boot's support for it are not on the class path.",
                    "Add the dependency org.springframework.boot:spring-boot-starter-jdbc, or remove 'jobqueue.outbox.enabled'.");
        }
    }

    /** A native image must carry the schemas. */
    static final class Schemas implements RuntimeHintsRegistrar {

        @Override
        public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
            hints.resources().registerPattern("io/jobqueue/spring/outbox/*.sql");
        }
    }
}
