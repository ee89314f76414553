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
 * Auto-configuration of the log line that names the Redis of the job queue. A service binding itself is no bean: it becomes
 * properties before any bean exists.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = DataRedisAutoConfiguration.class)
@ConditionalOnClass(RedisConnectionFactory.class)
@ConditionalOnBean({DataRedisConnectionDetails.class, RedisConnectionFactory.class})
public final class ServiceBindingAutoConfiguration {

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

    /** The line is logged whether or not another bean needs it. */
    @Bean("jobqueue.redisSourceLazyInitializationExcludeFilter")
    static LazyInitializationExcludeFilter jobQueueRedisSourceLazyInitializationExcludeFilter() {
        return LazyInitializationExcludeFilter.forBeanTypes(RedisSource.class);
    }
}
