package io.jobqueue.spring.binding;

import io.jobqueue.spring.JobQueueRedis;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/**
 * Logs at the start which Redis the job queue uses and where its address came from. It does not read the service binding:
 * {@link ServiceBindingEnvironmentPostProcessor} turns the binding into properties before any bean exists.
 */
@AutoConfiguration(after = DataRedisAutoConfiguration.class)
@ConditionalOnClass(RedisConnectionFactory.class)
@ConditionalOnBean({DataRedisConnectionDetails.class, RedisConnectionFactory.class})
final class ServiceBindingAutoConfiguration {

    ServiceBindingAutoConfiguration() {}

    @Bean("jobqueue.redisSource")
    RedisSource jobQueueRedisSource(
            DataRedisConnectionDetails details,
            @JobQueueRedis ObjectProvider<RedisConnectionFactory> marked,
            ObjectProvider<RedisConnectionFactory> all,
            ConfigurableEnvironment environment,
            ConfigurableListableBeanFactory beans) {
        return new RedisSource(details, () -> marked.getIfAvailable(all::getIfUnique), environment, beans);
    }

    /** Creates the bean even with lazy initialization, since no other bean asks for it. */
    @Bean("jobqueue.redisSourceLazyInitializationExcludeFilter")
    static LazyInitializationExcludeFilter jobQueueRedisSourceLazyInitializationExcludeFilter() {
        return LazyInitializationExcludeFilter.forBeanTypes(RedisSource.class);
    }
}
