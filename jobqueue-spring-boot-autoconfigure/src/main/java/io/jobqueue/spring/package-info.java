/**
 * The queue in a Spring Boot application: {@link io.jobqueue.spring.JobHandler} methods, {@code jobqueue.*} properties
 * and the auto-configuration. Most types are package-private; applications use the annotation, the customizers and
 * the beans {@link io.jobqueue.JobQueue}, {@link io.jobqueue.WorkOutputCache} and
 * {@link io.jobqueue.spring.ApplicationQueues}.
 */
@NullMarked
package io.jobqueue.spring;

import org.jspecify.annotations.NullMarked;
