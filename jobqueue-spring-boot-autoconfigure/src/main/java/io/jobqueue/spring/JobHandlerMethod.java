package io.jobqueue.spring;

import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;

/**
 * A method that handles one kind of job, and the values of its annotation.
 *
 * @param place the method and the bean it is called on
 * @param kind the kind, from the annotation or the payload's type
 * @param payloadType the type of the payload
 * @param resultType the declared type of the result, which decides how it is written
 * @param outputType the type of outputs, or {@code null} when the method takes none
 * @param arguments the parameters of the method, in order
 * @param queue the queue of the annotation, or {@code null}
 * @param maxAttempts the limit of attempts of the annotation, or {@code null}
 * @param timeout the time limit of the annotation, or {@code null}
 * @param noRetryFor exceptions after which the job is not retried
 */
record JobHandlerMethod(
        Place place,
        String kind,
        Type payloadType,
        Type resultType,
        @Nullable Type outputType,
        List<Argument> arguments,
        @Nullable String queue,
        @Nullable Integer maxAttempts,
        @Nullable Duration timeout,
        Set<Class<? extends Throwable>> noRetryFor) {

    /** What a parameter is given. */
    enum Argument {
        PAYLOAD,
        JOB,
        CONTEXT,
        OUTPUTS,
        DEAD_LETTER
    }

    /**
     * Where a handler is.
     *
     * @param beanName the bean that the method is called on
     * @param type the bean's class behind its proxies
     * @param method the method, of that class or one of its supertypes
     */
    record Place(String beanName, Class<?> type, Method method) {

        /** For messages: {@code com.acme.Mailer#send(SendEmail) (bean 'mailer')}. */
        @Override
        public String toString() {
            return "%s#%s(%s) (bean '%s')"
                    .formatted(
                            type.getName(),
                            method.getName(),
                            Stream.of(method.getParameterTypes())
                                    .map(ClassUtils::getShortName)
                                    .collect(Collectors.joining(", ")),
                            beanName);
        }
    }
}
