package io.jobqueue.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.beans.factory.annotation.Qualifier;

/**
 * Marks the {@link org.springframework.data.redis.connection.RedisConnectionFactory} whose Redis the job queue uses, in
 * an application that has several. Without a marked bean the queue uses the only one, or the one that is
 * {@link org.springframework.context.annotation.Primary}.
 *
 * <pre>{@code
 * @Bean(defaultCandidate = false)      // Spring Boot still creates its own factory
 * @JobQueueRedis
 * LettuceConnectionFactory workRedis() { … }
 * }</pre>
 *
 * @since 0.1.0
 */
@Target({ElementType.METHOD, ElementType.TYPE, ElementType.FIELD, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Qualifier
public @interface JobQueueRedis {}
