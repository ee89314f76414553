package io.jobqueue.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.analyzer.AbstractInjectionFailureAnalyzer;
import org.springframework.core.Ordered;
import org.springframework.core.ResolvableType;
import org.springframework.core.env.Environment;

/**
 * Names the property {@code jobqueue.enabled} when a bean needs the job queue but the queue is disabled. It runs before
 * Spring Boot's own analyzer.
 */
final class DisabledQueueFailureAnalyzer extends AbstractInjectionFailureAnalyzer<NoSuchBeanDefinitionException>
        implements Ordered {

    private final Environment environment;

    DisabledQueueFailureAnalyzer(Environment environment) {
        this.environment = environment;
    }

    @Override
    public int getOrder() {
        return 0;
    }

    @Override
    protected @Nullable FailureAnalysis analyze(
            Throwable rootFailure, NoSuchBeanDefinitionException cause, @Nullable String description) {
        ResolvableType type = cause.getResolvableType();
        if (type == null
                || !type.toClass().getName().startsWith("io.jobqueue.")
                || environment.getProperty("jobqueue.enabled", Boolean.class, true)) {
            return null;
        }
        return new FailureAnalysis(
                "%s needs a bean of type '%s', which does not exist because 'jobqueue.enabled' is false."
                        .formatted(description == null ? "A bean" : description, type),
                "Remove 'jobqueue.enabled' or set it to true; set 'jobqueue.worker.enabled' to false if this application is only to enqueue jobs. Otherwise inject an ObjectProvider<%s>."
                        .formatted(type.toClass().getSimpleName()),
                cause);
    }
}
