package io.jobqueue.spring;

import io.jobqueue.spring.JobHandlerMethod.Place;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Optional;
import org.springframework.aop.SpringProxy;
import org.springframework.core.BridgeMethodResolver;
import org.springframework.util.ClassUtils;

/** Finds the method to call on a bean, which may be a proxy, so that the handler behind the proxy runs. */
final class ProxiedMethod {

    private ProxiedMethod() {}

    /**
     * Finds the method to call.
     *
     * @param place the handler
     * @param beanType the class of the bean, which is the proxy's class when the bean is a proxy
     * @return empty when the proxy does not have the method, or would run it on itself instead of the bean behind it
     */
    static Optional<Method> find(Place place, Class<?> beanType) {
        Method method = place.method();
        if (method.getDeclaringClass().isAssignableFrom(beanType)) {
            return isProxyOfClass(beanType) && !isOverridable(method, beanType)
                    ? Optional.empty()
                    : Optional.of(method);
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

    private static boolean isProxyOfClass(Class<?> beanType) {
        return SpringProxy.class.isAssignableFrom(beanType);
    }

    /** A proxy passes on only those calls whose methods its class can override. */
    private static boolean isOverridable(Method method, Class<?> proxy) {
        return !Modifier.isFinal(method.getModifiers())
                && (!isPackagePrivate(method) || isOfSamePackage(method.getDeclaringClass(), proxy));
    }

    private static boolean isPackagePrivate(Method method) {
        return (method.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED | Modifier.PRIVATE)) == 0;
    }

    /** Classes of two class loaders are in two packages, even if both packages have the same name. */
    private static boolean isOfSamePackage(Class<?> one, Class<?> other) {
        return one.getClassLoader() == other.getClassLoader()
                && one.getPackageName().equals(other.getPackageName());
    }

    /** A generic interface declares the method with another signature than the class that implements it. */
    private static boolean leadsTo(Method candidate, Place place) {
        Method specific = ClassUtils.getMostSpecificMethod(candidate, place.type());
        return BridgeMethodResolver.findBridgedMethod(specific).equals(place.method());
    }

    /**
     * The problem when nothing is found, with the remedy that helps with this kind of proxy.
     *
     * @param beanType the class of the bean as others see it
     */
    static JobQueueStartException unreachable(Place place, Class<?> beanType) {
        Method method = place.method();
        if (method.getDeclaringClass().isAssignableFrom(beanType)) {
            return Modifier.isFinal(method.getModifiers())
                    ? new JobQueueStartException(
                            "The handler %s is final, so the proxy of its bean cannot pass calls on to it."
                                    .formatted(place),
                            "Make the method non-final.")
                    : new JobQueueStartException(
                            "The handler %s is package-private in %s, so the proxy of its bean cannot pass calls on to it."
                                    .formatted(place, method.getDeclaringClass().getName()),
                            "Make the method protected or public.");
        }
        return new JobQueueStartException(
                "The handler %s is in no interface that the proxy of its bean implements.".formatted(place),
                Modifier.isFinal(place.type().getModifiers())
                        ? "Declare the method in an interface of the bean. No proxy can extend its class, which is final."
                        : isOverridable(method, place.type())
                                ? "Declare the method in an interface of the bean, or let the proxy extend the class (spring.aop.proxy-target-class=true)."
                                : "Declare the method in an interface of the bean.");
    }
}
