package io.jobqueue.spring;

import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRuns;
import io.jobqueue.Redactor;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Engine;
import io.jobqueue.worker.EventLog;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.aot.hint.TypeReference;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SearchStrategy;
import org.springframework.boot.autoconfigure.context.LifecycleProperties;
import org.springframework.boot.context.properties.BoundConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.thread.Threading;
import org.springframework.context.ApplicationContext;
import org.springframework.context.PayloadApplicationEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.context.event.ApplicationEventMulticaster;
import org.springframework.context.support.AbstractApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.task.VirtualThreadTaskExecutor;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Auto-configuration of the job queue on the application's Redis: a {@link JobQueue}, a {@link WorkOutputCache},
 * {@link JobRuns}, worker pools for the {@link JobHandler} methods of the application, and the sweep for jobs whose
 * worker died.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = DataRedisAutoConfiguration.class)
@ConditionalOnClass(name = "io.lettuce.core.RedisClient", value = LettuceConnectionFactory.class)
@Conditional(JobQueueAutoConfiguration.OnRedis.class)
@ConditionalOnBooleanProperty(name = "jobqueue.enabled", matchIfMissing = true)
@EnableConfigurationProperties(JobQueueProperties.class)
@Import({LettuceLinkConfiguration.class, OutboxConfiguration.class})
@ImportRuntimeHints({
    JobQueueAutoConfiguration.Json.class,
    JobQueueAutoConfiguration.Scripts.class,
    PropertiesCheck.Hints.class
})
public final class JobQueueAutoConfiguration {

    JobQueueAutoConfiguration() {}

    @Bean("jobqueue.codec")
    @ConditionalOnMissingBean
    JobCodec jobQueueCodec(JobQueueProperties properties, ObjectProvider<JobMapperCustomizer> customizers) {
        UnaryOperator<JsonMapper.Builder> customizer = builder -> {
            customizers.orderedStream().forEach(each -> each.customize(builder));
            return builder;
        };
        return properties.json().findModules() ? JobCodec.customized(customizer) : JobCodec.withoutModules(customizer);
    }

    @Bean("jobqueue.redisQueues")
    @ConditionalOnMissingBean
    RedisQueues jobQueueRedisQueues(
            RedisConnector connector,
            Settings settings,
            HandlerCatalog handlers,
            JobCodec codec,
            ApplicationListeners listeners,
            CarriedContext context,
            ObjectProvider<CommitStep> step,
            ObjectProvider<DeferredJobs> deferred) {
        QueueContexts contexts = handlers.contexts();
        return new RedisQueues(
                connector,
                new RedisQueues.Options(
                        settings.keyPrefix(),
                        new RedisQueues.Routes(contexts.defaultQueue(), contexts::queueOf, contexts::queues),
                        contexts::settings,
                        codec,
                        listeners::tell,
                        context::captured,
                        afterCommit(step.getIfAvailable(), deferred.getIfAvailable(), settings.afterCommit()),
                        CronSchedule::read));
    }

    private static RedisQueues.Sending afterCommit(
            @Nullable CommitStep step, @Nullable DeferredJobs deferred, boolean byDefault) {
        return step == null || deferred == null ? next -> next : AfterCommitEnqueuer.sending(step, deferred, byDefault);
    }

    /** Child contexts share it, because they share the enqueuer. */
    @Bean("jobqueue.carriedContext")
    @ConditionalOnMissingBean
    CarriedContext jobQueueCarriedContext(JobQueueProperties properties) {
        return CarriedContext.of(properties.mdcKeys(), properties.contextKeys());
    }

    @Bean("jobqueue.deferredJobs")
    @ConditionalOnClass(name = "org.springframework.transaction.support.TransactionSynchronizationManager")
    @ConditionalOnMissingBean
    DeferredJobs jobQueueDeferredJobs(ApplicationListeners listeners) {
        return new DeferredJobs(EventLog.before(listeners::tell));
    }

    @Bean("jobqueue.queue")
    @ConditionalOnMissingBean
    JobQueue jobQueue(RedisQueues queues) {
        return queues.queue();
    }

    @Bean("jobqueue.outputs")
    @ConditionalOnMissingBean
    WorkOutputCache workOutputCache(RedisQueues queues) {
        return queues.queue().outputs();
    }

    @Bean("jobqueue.runs")
    @ConditionalOnMissingBean
    JobRuns jobRuns(RedisQueues queues) {
        return queues.queue().runs();
    }

    @Bean("jobqueue.runEvents")
    RunEvents jobQueueRunEvents(ApplicationContext context) {
        return new RunEvents(
                ParentContext.bean(context, RunEvents.class) == null
                        ? context::publishEvent
                        : event -> publishHereAlone(context, event));
    }

    /** The parent context publishes the same event itself, so it must not reach the parent's listeners from here. */
    private static void publishHereAlone(ApplicationContext context, JobEvent event) {
        context.getBean(
                        AbstractApplicationContext.APPLICATION_EVENT_MULTICASTER_BEAN_NAME,
                        ApplicationEventMulticaster.class)
                .multicastEvent(new PayloadApplicationEvent<>(context, event));
    }

    @Bean("jobqueue.applicationQueues")
    @ConditionalOnMissingBean
    ApplicationQueues jobQueueApplicationQueues(RedisQueues queues, QueueContexts contexts) {
        return () -> {
            Set<String> others = contexts.queues();
            others.remove(contexts.defaultQueue());
            return Stream.concat(Stream.of(contexts.defaultQueue()), others.stream())
                    .map(queues::queue)
                    .toList();
        };
    }

    @Bean("jobqueue.contexts")
    @ConditionalOnMissingBean
    QueueContexts jobQueueContexts(Settings settings) {
        return new QueueContexts(settings.defaultQueue(), settings::queue);
    }

    @Bean("jobqueue.settings")
    Settings jobQueueSettings(
            JobQueueProperties properties,
            Environment environment,
            ObjectProvider<QueueSettingsCustomizer> queueCustomizers,
            ObjectProvider<WorkerSettingsCustomizer> workerCustomizers) {
        PropertiesCheck.check(properties, environment);
        return new Settings(properties, queueCustomizers, workerCustomizers);
    }

    @Bean("jobqueue.handlers")
    HandlerCatalog jobQueueHandlers(
            ConfigurableListableBeanFactory beans,
            Settings settings,
            JobQueueProperties properties,
            JobCodec codec,
            QueueContexts contexts,
            CarriedContext carried,
            ConfigurableEnvironment environment,
            ObjectProvider<BoundConfigurationProperties> bound) {
        HandlerCatalog handlers = new HandlerCatalog(
                beans,
                settings,
                new UnreadKeys(environment, properties, () -> bound.stream()
                        .flatMap(all -> all.getAll().keySet().stream())
                        .toList()),
                codec,
                contexts,
                carried);
        handlers.join();
        return handlers;
    }

    @Bean("jobqueue.listeners")
    ApplicationListeners jobQueueListeners(ObjectProvider<JobListener> listeners, ApplicationContext context) {
        return new ApplicationListeners(listeners, ParentContext.bean(context, ApplicationListeners.class));
    }

    /** Connections belong to the context that made the connector; a child context must not stop them. */
    @Bean("jobqueue.connectionLifecycle")
    @ConditionalOnBean(value = RedisConnector.class, search = SearchStrategy.CURRENT)
    ConnectionLifecycle jobQueueConnectionLifecycle(RedisConnector connector) {
        return new ConnectionLifecycle(connector);
    }

    /** The pools of all contexts that share a queue share an engine. */
    @Bean("jobqueue.engine")
    @ConditionalOnMissingBean
    Engine jobQueueEngine(
            RedisQueues queues,
            ApplicationListeners listeners,
            Environment environment,
            ObjectProvider<Redactor> redactor) {
        return Engine.of(
                queues.signals(),
                listeners::tell,
                handlerThreads(environment),
                redactor.getIfAvailable(Redactor::none));
    }

    @Bean("jobqueue.workLifecycle")
    WorkLifecycle jobQueueWorkLifecycle(
            RedisQueues queues,
            Engine engine,
            HandlerCatalog handlers,
            Settings settings,
            ApplicationListeners listeners,
            ObjectProvider<LifecycleProperties> lifecycle,
            ApplicationContext context) {
        return new WorkLifecycle(
                new WorkLifecycle.Materials(queues, engine, listeners::tell),
                handlers,
                settings,
                lifecycle.getIfAvailable(LifecycleProperties::new).getTimeoutPerShutdownPhase(),
                context);
    }

    /** Workers run whether or not anybody asks for a bean. */
    @Bean("jobqueue.lazyInitializationExcludeFilter")
    static LazyInitializationExcludeFilter jobQueueLazyInitializationExcludeFilter() {
        return LazyInitializationExcludeFilter.forBeanTypes(
                ConnectionLifecycle.class, WorkLifecycle.class, HandlerCatalog.class, ApplicationListeners.class);
    }

    @Bean("jobqueue.hiddenHandlers")
    static LazyInitializationExcludeFilter jobQueueHiddenHandlers() {
        return new HiddenHandlers();
    }

    private static ThreadFactory handlerThreads(Environment environment) {
        return Threading.VIRTUAL.isActive(environment)
                ? new VirtualThreadTaskExecutor().getVirtualThreadFactory()
                : Thread::new;
    }

    /** The queue needs the application's Redis, or a connector that the application makes itself. */
    static final class OnRedis extends AnyNestedCondition {

        OnRedis() {
            super(ConfigurationPhase.REGISTER_BEAN);
        }

        @ConditionalOnBean(RedisConnectionFactory.class)
        static final class ByFactory {}

        @ConditionalOnBean(RedisConnector.class)
        static final class ByConnector {}
    }

    /** A native image must find what the JSON mapper makes by reflection. */
    static final class Json implements RuntimeHintsRegistrar {

        private static final List<String> TYPES = List.of(
                "JsonText",
                "JsonText$Reader",
                "JobCodec$Declared",
                "JobCodec$DeclaredWriter",
                "ReadableTypes$Answer",
                "ReadableTypes$Question");

        @Override
        public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
            TYPES.forEach(type -> hints.reflection()
                    .registerType(
                            TypeReference.of("io.jobqueue." + type),
                            MemberCategory.INVOKE_DECLARED_CONSTRUCTORS,
                            MemberCategory.INVOKE_DECLARED_METHODS));
        }
    }

    /** A native image must carry the scripts. */
    static final class Scripts implements RuntimeHintsRegistrar {

        @Override
        public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
            hints.resources().registerPattern("io/jobqueue/redis/**/*.lua");
        }
    }
}
