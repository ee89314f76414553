package io.jobqueue.spring;

import io.jobqueue.DeadLetterNotice;
import io.jobqueue.Job;
import io.jobqueue.JobContext;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.Names;
import io.jobqueue.WorkOutputs;
import io.jobqueue.spring.JobHandlerMethod.Argument;
import io.jobqueue.spring.JobHandlerMethod.Place;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeanUtils;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.GenericTypeResolver;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.annotation.MergedAnnotations.SearchStrategy;
import org.springframework.scheduling.annotation.Async;
import org.springframework.util.ClassUtils;
import tools.jackson.databind.JsonNode;

/** Reads an annotated method, and refuses it with the reason and the remedy when it cannot be a handler. */
final class JobHandlerReader {

    private static final String SIGNATURES =
            "A handler takes the payload or a Job<Payload>, a JobContext, and the WorkOutputs<Output> that it gathers, each at most once and in any order.";

    private final Function<String, @Nullable String> placeholders;

    /**
     * Makes a reader.
     *
     * @param placeholders resolves <code>${…}</code>
     */
    JobHandlerReader(Function<String, @Nullable String> placeholders) {
        this.placeholders = placeholders;
    }

    /**
     * Reads one method.
     *
     * @throws JobQueueStartException when it cannot be a handler
     */
    JobHandlerMethod read(Place place, JobHandler annotation) {
        refuseUncallable(place);
        refuseAsynchronous(place);
        List<Argument> arguments = new ArrayList<>();
        Type payload = Object.class;
        @Nullable Type output = null;
        Method method = place.method();
        for (int i = 0; i < method.getParameterCount(); i++) {
            Type type = GenericTypeResolver.resolveType(method.getGenericParameterTypes()[i], place.type());
            Argument argument = argument(type);
            boolean ofPayload = argument == Argument.PAYLOAD || argument == Argument.JOB;
            if (arguments.contains(argument) || (ofPayload && takesPayload(arguments))) {
                throw refused(place, "takes more than a handler can be given", SIGNATURES);
            }
            if (argument == Argument.DEAD_LETTER && onDeadLetter(place) == null) {
                throw refused(
                        place,
                        "takes a JobSnapshot, which only an @OnDeadLetter method is given",
                        "Take the payload, a Job<Payload> or the JobContext.");
            }
            arguments.add(argument);
            if (ofPayload) {
                payload = payload(place, argument, type);
            } else if (argument == Argument.OUTPUTS) {
                output = output(place, type);
            }
        }
        return new JobHandlerMethod(
                place,
                kind(place, annotation, payload),
                payload,
                result(place),
                output,
                List.copyOf(arguments),
                text(place, "queue", annotation.queue(), queue -> Names.queue(queue.strip())),
                text(place, "maxAttempts", annotation.maxAttempts(), JobHandlerReader::attempts),
                text(place, "timeout", annotation.timeout(), JobHandlerReader::duration),
                Set.of(annotation.noRetryFor()));
    }

    private static void refuseUncallable(Place place) {
        int modifiers = place.method().getModifiers();
        if (Modifier.isPrivate(modifiers)) {
            throw refused(place, "is private", "Make the method package-private or public.");
        }
        if (Modifier.isStatic(modifiers)) {
            throw refused(place, "is static", "Make it an instance method of the bean.");
        }
    }

    /** A job is completed when its handler returns, so the work must be done by then. */
    private static void refuseAsynchronous(Place place) {
        Class<?> result =
                ResolvableType.forMethodReturnType(place.method(), place.type()).resolve(Object.class);
        boolean later = Future.class.isAssignableFrom(result)
                || CompletionStage.class.isAssignableFrom(result)
                || ClassUtils.getAllInterfacesForClassAsSet(result).stream()
                        .anyMatch(type -> type.getName().equals("org.reactivestreams.Publisher"))
                || result.getName().equals("org.reactivestreams.Publisher")
                || KotlinDetector.isSuspendingFunction(place.method());
        if (later) {
            throw refused(
                    place,
                    "returns before its work is done",
                    "Wait for the outcome and return it; handlers run on threads of their own.");
        }
        if (isAnnotated(place.method(), Async.class) || isAnnotated(place.type(), Async.class)) {
            throw refused(
                    place,
                    "is @Async, so its job would be completed before its work is done",
                    "Remove @Async; handlers run on threads of their own.");
        }
    }

    private static boolean isAnnotated(AnnotatedElement element, Class<? extends Annotation> annotation) {
        return MergedAnnotations.from(element, SearchStrategy.TYPE_HIERARCHY).isPresent(annotation);
    }

    private static Argument argument(Type type) {
        Class<?> raw = ResolvableType.forType(type).toClass();
        if (raw == JobContext.class) {
            return Argument.CONTEXT;
        }
        if (raw == WorkOutputs.class) {
            return Argument.OUTPUTS;
        }
        if (raw == JobSnapshot.class) {
            return Argument.DEAD_LETTER;
        }
        return raw == Job.class ? Argument.JOB : Argument.PAYLOAD;
    }

    private static Type output(Place place, Type type) {
        ResolvableType output = ResolvableType.forType(type).getGeneric(0);
        if (output.getType() instanceof TypeVariable<?>) {
            throw refused(
                    place,
                    "gathers outputs of type %s, which is not known for this bean".formatted(output.getType()),
                    "Bind the type variable in the class of the bean, or name the type, as in WorkOutputs<Report>.");
        }
        return output.toClass() == Object.class ? Object.class : output.getType();
    }

    /** A {@code JobOutcome} does not say the type of its value. */
    private static Type result(Place place) {
        Type type = GenericTypeResolver.resolveType(place.method().getGenericReturnType(), place.type());
        Class<?> raw = ResolvableType.forType(type).toClass();
        return raw == void.class || JobOutcome.class.isAssignableFrom(raw) ? Object.class : type;
    }

    private static boolean takesPayload(List<Argument> arguments) {
        return arguments.contains(Argument.PAYLOAD) || arguments.contains(Argument.JOB);
    }

    private static Type payload(Place place, Argument argument, Type type) {
        ResolvableType payload = ResolvableType.forType(type);
        if (argument == Argument.JOB) {
            payload = payload.getGeneric(0);
        }
        if (payload.getType() instanceof TypeVariable<?>) {
            throw refused(
                    place,
                    "has a payload of type %s, which is not known for this bean".formatted(payload.getType()),
                    "Bind the type variable in the class of the bean, as in 'class Mailer extends Handler<SendEmail>'.");
        }
        Class<?> raw = payload.toClass();
        boolean list = Iterable.class.isAssignableFrom(raw) && !JsonNode.class.isAssignableFrom(raw);
        if (BeanUtils.isSimpleProperty(raw) || raw.isArray() || list) {
            throw refused(
                    place,
                    "has a payload of type %s, but payloads are JSON objects".formatted(raw.getSimpleName()),
                    "Take a record, a bean or a Map. " + SIGNATURES);
        }
        if (Map.class.isAssignableFrom(raw) && !holdsText(payload.asMap().getGeneric(1))) {
            throw refused(
                    place,
                    "has a payload of type %s, but the field 'kind' of every payload is a text".formatted(payload),
                    "Take a Map<String, Object>, or a record.");
        }
        return raw == Object.class ? Object.class : payload.getType();
    }

    private static boolean holdsText(ResolvableType value) {
        Class<?> type = value.toClass();
        return type.isAssignableFrom(String.class) || type.isAssignableFrom(JsonNode.class);
    }

    private String kind(Place place, JobHandler annotation, Type payload) {
        OnDeadLetter notice = onDeadLetter(place);
        if (notice != null) {
            return kindOfNotice(place, notice, payload);
        }
        String onPayload = kindOf(place, ResolvableType.forType(payload).toClass());
        String named = text(place, "value", annotation.value(), kind -> kind);
        if (named == null && onPayload == null) {
            named = RecurringDeclarations.nameOf(place, placeholders);
        }
        if (named == null && onPayload == null) {
            throw refused(
                    place,
                    "names no kind of job",
                    "Name it in the annotation, as in @JobHandler(\"email\"), or put @JobKind on the payload's type.");
        }
        if (named != null && onPayload != null && !named.equals(onPayload)) {
            throw refused(
                    place,
                    "is for kind '%s', but its payload type %s is of kind '%s'"
                            .formatted(
                                    named,
                                    ResolvableType.forType(payload).toClass().getName(),
                                    onPayload),
                    "Give both the same kind, or leave the one of @JobHandler out.");
        }
        String kind = named == null ? Objects.requireNonNull(onPayload) : named;
        try {
            return Names.kind(kind);
        } catch (IllegalArgumentException ex) {
            throw refused(place, "names an impossible kind: " + ex.getMessage(), "Choose another kind.");
        }
    }

    private static @Nullable OnDeadLetter onDeadLetter(Place place) {
        return AnnotatedElementUtils.findMergedAnnotation(place.method(), OnDeadLetter.class);
    }

    private String kindOfNotice(Place place, OnDeadLetter annotation, Type payload) {
        String named = text(place, "value", annotation.value(), kind -> kind);
        String kind =
                named == null ? kindOf(place, ResolvableType.forType(payload).toClass()) : named;
        if (kind == null) {
            throw refused(
                    place,
                    "names no kind of dead letters",
                    "Name it in the annotation, as in @OnDeadLetter(\"email\"), or put @JobKind on the payload's type; \"*\" stands for all other kinds.");
        }
        try {
            return DeadLetterNotice.kindFor(kind);
        } catch (IllegalArgumentException ex) {
            throw refused(place, "names an impossible kind: " + ex.getMessage(), "Choose another kind.");
        }
    }

    private static @Nullable String kindOf(Place place, Class<?> payload) {
        try {
            return JobRequest.kindOf(payload).orElse(null);
        } catch (IllegalArgumentException ex) {
            throw refused(
                    place, "has a payload of two kinds: " + ex.getMessage(), "Put @JobKind on the payload's own type.");
        }
    }

    private <T> @Nullable T text(Place place, String attribute, String value, Function<String, T> parser) {
        try {
            String resolved = placeholders.apply(value);
            return resolved == null || resolved.isBlank() ? null : parser.apply(resolved);
        } catch (IllegalArgumentException ex) {
            throw refused(
                    place,
                    "has an unusable %s \"%s\": %s".formatted(attribute, value, ex.getMessage()),
                    "Correct the attribute '%s' of its @JobHandler, or the property that it refers to."
                            .formatted(attribute));
        }
    }

    private static Integer attempts(String value) {
        int attempts;
        try {
            attempts = Integer.parseInt(value.strip());
        } catch (NumberFormatException ex) {
            throw new IllegalArgumentException("'%s' is no whole number".formatted(value), ex);
        }
        if (attempts < 1) {
            throw new IllegalArgumentException("max attempts must be at least 1, was " + attempts);
        }
        return attempts;
    }

    private static Duration duration(String value) {
        Duration duration = DurationStyle.detectAndParse(value.strip());
        if (duration.compareTo(Duration.ofMillis(1)) < 0) {
            throw new IllegalArgumentException("timeout must be at least 1 ms, was " + duration);
        }
        return duration;
    }

    private static JobQueueStartException refused(Place place, String reason, String remedy) {
        return new JobQueueStartException("The handler %s %s.".formatted(place, reason), remedy);
    }
}
