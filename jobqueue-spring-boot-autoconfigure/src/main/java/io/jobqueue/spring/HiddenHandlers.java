package io.jobqueue.spring;

import java.lang.reflect.Modifier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.AnnotatedBeanDefinition;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.core.type.MethodMetadata;

/**
 * Finds beans whose handlers may be visible only once the bean exists: a {@code @Bean} method that returns an interface
 * or an abstract class does not reveal the class of its bean.
 *
 * <p>As a filter, it makes Spring create these beans at the start even if {@code spring.main.lazy-initialization} is
 * set. Beans of Spring's own configurations, and beans declared by a type of Java EE or Spring, such as a
 * {@code DataSource}, stay lazy.
 */
final class HiddenHandlers implements LazyInitializationExcludeFilter {

    @Override
    public boolean isExcluded(String beanName, BeanDefinition definition, Class<?> beanType) {
        return areHidden(definition, beanType);
    }

    /**
     * Whether a bean may have handlers that its declared type does not show.
     *
     * @param definition how the bean is made
     * @param declared the type of the bean as far as it is known before the bean exists
     */
    static boolean areHidden(BeanDefinition definition, @Nullable Class<?> declared) {
        return declared != null
                && definition.getFactoryMethodName() != null
                && (Modifier.isAbstract(declared.getModifiers()) || declared == Object.class)
                && !isOfFramework(declared.getName())
                && !isOfFramework(configuration(definition));
    }

    private static boolean isOfFramework(@Nullable String type) {
        return type != null
                && Stream.of(
                                "org.springframework.",
                                "javax.",
                                "jakarta.",
                                "io.jobqueue.spring.JobQueueAutoConfiguration",
                                "io.jobqueue.spring.actuate.")
                        .anyMatch(type::startsWith);
    }

    /** The class that declares the {@code @Bean} method. */
    private static @Nullable String configuration(BeanDefinition definition) {
        MethodMetadata method =
                definition instanceof AnnotatedBeanDefinition annotated ? annotated.getFactoryMethodMetadata() : null;
        return method == null ? definition.getBeanClassName() : method.getDeclaringClassName();
    }
}
