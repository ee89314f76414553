package io.jobqueue.spring;

import io.jobqueue.spring.JobHandlerMethod.Place;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.util.ClassUtils;

/**
 * Finds the {@link JobHandler} methods of all beans by their types alone: it creates no bean, so it can run at any
 * time, and lazy beans stay lazy.
 */
final class JobHandlerScanner {

    private static final Logger log = LoggerFactory.getLogger(JobHandlerScanner.class);

    private final ConfigurableListableBeanFactory beans;
    private final JobHandlerReader reader;

    JobHandlerScanner(ConfigurableListableBeanFactory beans) {
        this.beans = beans;
        this.reader = new JobHandlerReader(beans::resolveEmbeddedValue);
    }

    /**
     * What a scan found.
     *
     * @param handlers the handlers that can be used
     * @param problems what is wrong with the others
     * @param hidden beans that may have further handlers, by their names, and the types that they are declared as
     */
    record Found(
            List<JobHandlerMethod> handlers, List<JobQueueStartException> problems, Map<String, Class<?>> hidden) {}

    /** Scans all beans. */
    Found scan() {
        Found found = new Found(new ArrayList<>(), new ArrayList<>(), new TreeMap<>());
        for (Iterator<String> names = beans.getBeanNamesIterator(); names.hasNext(); ) {
            String name = names.next();
            if (!ScopedProxyUtils.isScopedTarget(name) && !isAbstract(name)) {
                scan(name, found);
            }
        }
        return found;
    }

    private boolean isAbstract(String name) {
        return beans.containsBeanDefinition(name)
                && beans.getMergedBeanDefinition(name).isAbstract();
    }

    private void scan(String name, Found found) {
        Class<?> type = targetClass(name);
        if (type != null && isHidden(name, type)) {
            found.hidden().put(name, type);
        }
        if (type == null
                || type.getName().startsWith("org.springframework.")
                || !AnnotationUtils.isCandidateClass(type, JobHandler.class)) {
            return;
        }
        annotatedMethods(name, type).forEach((method, annotation) -> {
            Place place = new Place(name, type, method);
            try {
                JobHandlerMethod handler = reader.read(place, annotation);
                refuseUnreachable(place);
                found.handlers().add(handler);
            } catch (JobQueueStartException ex) {
                found.problems().add(ex);
            }
        });
    }

    /** A bean that exists shows its class. */
    private boolean isHidden(String name, Class<?> declared) {
        String behind = behindScope(name);
        return !beans.containsSingleton(behind)
                && beans.containsBeanDefinition(behind)
                && HiddenHandlers.areHidden(beans.getMergedBeanDefinition(behind), declared);
    }

    private static Map<Method, JobHandler> annotatedMethods(String name, Class<?> type) {
        try {
            return MethodIntrospector.selectMethods(type, (MethodIntrospector.MetadataLookup<JobHandler>)
                    method -> AnnotatedElementUtils.findMergedAnnotation(method, JobHandler.class));
        } catch (NoClassDefFoundError | TypeNotPresentException ex) {
            // the bean mentions an optional class; Spring itself is as tolerant
            log.debug("Methods of bean '{}' cannot be read: {}", name, ex.toString());
            return Map.of();
        }
    }

    /** The class behind the proxies of a bean, or {@code null} when it is not known before the bean exists. */
    private @Nullable Class<?> targetClass(String name) {
        String behind = behindScope(name);
        if (beans.containsBeanDefinition(behind)) {
            BeanDefinition definition = beans.getMergedBeanDefinition(behind);
            if (definition.getAttribute(AutoProxyUtils.ORIGINAL_TARGET_CLASS_ATTRIBUTE) instanceof Class<?> original) {
                return ClassUtils.getUserClass(original);
            }
        }
        Class<?> type = typeOf(behind);
        return type == null ? null : ClassUtils.getUserClass(type);
    }

    /** The name of the bean behind a scoped proxy, else the name itself. */
    private String behindScope(String name) {
        String scopedTarget = ScopedProxyUtils.getTargetBeanName(name);
        return beans.containsBeanDefinition(scopedTarget) ? scopedTarget : name;
    }

    /** Does not create a factory bean to ask it. */
    private @Nullable Class<?> typeOf(String name) {
        try {
            return beans.getType(name, false);
        } catch (RuntimeException ex) {
            log.debug("The type of bean '{}' is not known: {}", name, ex.toString());
            return null;
        }
    }

    private void refuseUnreachable(Place place) {
        Class<?> seen = typeOf(place.beanName());
        if (seen != null
                && !seen.equals(place.type())
                && ProxiedMethod.find(place, seen).isEmpty()) {
            throw ProxiedMethod.unreachable(place, seen);
        }
    }
}
