package io.jobqueue.spring;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Optional;
import org.springframework.aop.SpringProxy;
import org.springframework.core.BridgeMethodResolver;
import org.springframework.util.ClassUtils;

/** Finds the method of a bean, which may be a proxy, that leads to a handler's method behind the proxy. */
final class ProxiedMethod {

    private ProxiedMethod() {}

    /**
     * Finds the method to call.
     *
     * @param place the handler
     * @param beanType the class of the bean as others see it
     * @return empty when the proxy does not show the method, or would run it on itself
     */
    static Optional<Method> find(JobHandlerMethod.Place place, Class<?> beanType) {
        Method method = place.method();
        if (method.getDeclaringClass().isAssignableFrom(beanType)) {
            boolean lostInProxy =
                    SpringProxy.class.isAssignableFrom(beanType) && Modifier.isFinal(method.getModifiers());
            return lostInProxy ? Optional.empty() : Optional.of(method);
        }
        for (Class<?> shown : ClassUtils.getAllInterfacesForClass(beanType)) {
            for (Method candidate : shown.getMethods()) {
                if (candidate.getName().equals(method.getName()) && leadsTo(candidate, place)) {
                    return Optional.of(candidate);
                }
            }
        }
        return Optional.empty();
    }

    /** A generic interface shows another signature than the class that implements it. */
    private static boolean leadsTo(Method candidate, JobHandlerMethod.Place place) {
        Method specific = ClassUtils.getMostSpecificMethod(candidate, place.type());
        return BridgeMethodResolver.findBridgedMethod(specific).equals(place.method());
    }

    /** What is wrong when nothing is found. */
    static String missing(JobHandlerMethod.Place place) {
        return Modifier.isFinal(place.method().getModifiers())
                ? "%s is final, so the proxy of its bean cannot pass calls on to it".formatted(place)
                : "%s is in no interface that the proxy of its bean implements".formatted(place);
    }
}
