package io.jobqueue.spring.binding;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/**
 * Auto-configuration that tells which Redis the application uses: the one of a service binding, or another. The
 * binding itself is no bean: it becomes properties before there are any.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = DataRedisAutoConfiguration.class)
@ConditionalOnClass(RedisConnectionFactory.class)
@ConditionalOnBean(DataRedisConnectionDetails.class)
@ConditionalOnSingleCandidate(RedisConnectionFactory.class)
public final class ServiceBindingAutoConfiguration {

    ServiceBindingAutoConfiguration() {}

    @Bean
    RedisSource jobQueueRedisSource(
            DataRedisConnectionDetails details,
            RedisConnectionFactory factory,
            ConfigurableEnvironment environment,
            ListableBeanFactory beans) {
        return new RedisSource(details, factory, environment, beans);
    }

    /** It tells whether or not anybody asks for a bean. */
    @Bean
    static LazyInitializationExcludeFilter jobQueueRedisSourceLazyInitializationExcludeFilter() {
        return LazyInitializationExcludeFilter.forBeanTypes(RedisSource.class);
    }
}
