package io.jobqueue.spring;

import io.jobqueue.Job;
import io.jobqueue.JobContext;
import io.jobqueue.JobOutcome;
import io.jobqueue.WorkOutputs;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import org.springframework.aot.hint.BindingReflectionHintsRegistrar;
import org.springframework.aot.hint.ExecutableMode;
import org.springframework.aot.hint.ReflectionHints;
import org.springframework.aot.hint.annotation.ReflectiveProcessor;
import org.springframework.core.ResolvableType;

/**
 * Registers hints for a native image: a handler method is called by reflection, and its payload and result are bound to
 * JSON.
 */
final class JobHandlerReflectiveProcessor implements ReflectiveProcessor {

    private final BindingReflectionHintsRegistrar binding = new BindingReflectionHintsRegistrar();

    @Override
    public void registerReflectionHints(ReflectionHints hints, AnnotatedElement element) {
        if (element instanceof Method method) {
            hints.registerMethod(method, ExecutableMode.INVOKE);
            for (int i = 0; i < method.getParameterCount(); i++) {
                bind(hints, ResolvableType.forMethodParameter(method, i));
            }
            bind(hints, ResolvableType.forMethodReturnType(method));
        }
    }

    private void bind(ReflectionHints hints, ResolvableType declared) {
        ResolvableType type = declared.toClass() == Job.class || declared.toClass() == WorkOutputs.class
                ? declared.getGeneric(0)
                : declared;
        Class<?> raw = type.toClass();
        if (raw != void.class
                && raw != Object.class
                && raw != JobContext.class
                && !JobOutcome.class.isAssignableFrom(raw)) {
            Type bound = type.getType();
            binding.registerReflectionHints(hints, bound);
        }
    }
}
