package io.jobqueue.spring;

import io.jobqueue.JobCodec;
import io.jobqueue.JobRequest;
import io.jobqueue.Recurring;
import io.jobqueue.Recurring.Missed;
import io.jobqueue.Recurring.Overlap;
import io.jobqueue.Schedule;
import io.jobqueue.UnreadableJsonException;
import io.jobqueue.spring.JobHandlerMethod.Place;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.annotation.AnnotatedElementUtils;

/**
 * Reads the recurring jobs that an application declares by {@link RecurringJob} and by {@code jobqueue.recurring.*}, and
 * refuses those that cannot run.
 */
final class RecurringDeclarations {

    private static final Logger log = LoggerFactory.getLogger(RecurringDeclarations.class);

    private static final String DISABLED = "-";

    private final Function<String, @Nullable String> placeholders;
    private final Map<String, RecurringProperties> properties;
    private final JobCodec codec;
    private final List<JobQueueStartException> problems = new ArrayList<>();

    /**
     * Makes a reader.
     *
     * @param placeholders resolves <code>${…}</code>
     * @param properties the properties by the names of recurring jobs
     * @param codec writes the payloads of slots
     */
    RecurringDeclarations(
            Function<String, @Nullable String> placeholders,
            Map<String, RecurringProperties> properties,
            JobCodec codec) {
        this.placeholders = placeholders;
        this.properties = properties;
        this.codec = codec;
    }

    /** The name of the recurring job that a method declares, or {@code null} when it declares none. */
    static @Nullable String nameOf(Place place, Function<String, @Nullable String> placeholders) {
        RecurringJob annotation = annotation(place);
        if (annotation == null) {
            return null;
        }
        String name = placeholders.apply(annotation.name());
        return name == null || name.isBlank() ? place.method().getName() : name.strip();
    }

    private static @Nullable RecurringJob annotation(Place place) {
        return AnnotatedElementUtils.findMergedAnnotation(place.method(), RecurringJob.class);
    }

    /**
     * Reads all recurring jobs.
     *
     * @param handlers the handlers of this context
     * @param kinds the kinds that have a handler, in this context or another one
     * @return those that are enabled
     * @throws JobQueueStartException when any of them cannot run; it names all problems
     */
    List<Recurring> read(List<JobHandlerMethod> handlers, Collection<String> kinds) {
        Map<String, JobHandlerMethod> methods = methodsByName(handlers);
        List<Recurring> read = new ArrayList<>();
        methods.forEach((name, method) -> {
            RecurringProperties own = properties.get(name);
            if (own != null && own.kind() != null) {
                problems.add(new JobQueueStartException(
                        "'%s.kind' is '%s', but the recurring job '%s' is the method %s, whose kind is '%s'."
                                .formatted(key(name), own.kind(), name, method.place(), method.kind()),
                        "Remove the property, or rename the recurring job."));
            }
            RecurringJob annotation = annotation(method.place());
            add(read, new Declaration(name, annotation, own, method.kind(), "of " + method.place()));
        });
        new TreeMap<>(properties).forEach((name, own) -> {
            if (!methods.containsKey(name) && isKnown(name, own, methods.keySet(), kinds)) {
                String kind = String.valueOf(own.kind());
                add(read, new Declaration(name, null, own, kind, "below '%s'".formatted(key(name))));
            }
        });
        read.forEach(recurring -> handlers.stream()
                .filter(handler -> handler.kind().equals(recurring.job().kind()))
                .forEach(handler -> refuseUnreadable(recurring, handler)));
        if (!problems.isEmpty()) {
            throw JobQueueStartException.of(problems);
        }
        return List.copyOf(read);
    }

    private Map<String, JobHandlerMethod> methodsByName(List<JobHandlerMethod> handlers) {
        Map<String, JobHandlerMethod> methods = new TreeMap<>();
        for (JobHandlerMethod handler : handlers) {
            String name = nameOf(handler.place(), placeholders);
            JobHandlerMethod other = name == null ? null : methods.putIfAbsent(name, handler);
            if (other != null) {
                problems.add(new JobQueueStartException(
                        "Two recurring jobs are named '%s':%n    %s%n    %s"
                                .formatted(name, other.place(), handler.place()),
                        "Name one of them otherwise, as in @RecurringJob(name = \"…\")."));
            }
        }
        return methods;
    }

    private boolean isKnown(
            String name, RecurringProperties own, Collection<String> methods, Collection<String> kinds) {
        String kind = own.kind();
        if (kinds.isEmpty() || (kind != null && kinds.contains(kind))) {
            // an application without handlers may share its configuration with one that has some
            return kind != null && !kinds.isEmpty();
        }
        if (kind == null) {
            log.warn(
                    "'{}' has no effect: no @RecurringJob method of this application is named '{}'. {}",
                    key(name),
                    name,
                    Nearest.of(name, methods)
                            .map("Did you mean '%s'?"::formatted)
                            .orElse("Set '%s.kind' to the kind of a @JobHandler, or remove it.".formatted(key(name))));
        } else {
            problems.add(new JobQueueStartException(
                    "'%s.kind' is '%s', but no handler of this application is for that kind."
                            .formatted(key(name), kind),
                    Nearest.of(kind, kinds)
                            .map("Did you mean '%s'?"::formatted)
                            .orElse("Name the kind of a @JobHandler, or add a handler.")));
        }
        return false;
    }

    private static String key(String name) {
        return "jobqueue.recurring" + PropertiesCheck.element(name);
    }

    /** What is said of one recurring job, by its annotation and by its properties. */
    private record Declaration(
            String name,
            @Nullable RecurringJob annotation,
            @Nullable RecurringProperties own,
            String kind,
            String place) {

        boolean isEnabled() {
            return own == null || !Boolean.FALSE.equals(own.enabled());
        }

        <T> @Nullable T own(Function<RecurringProperties, @Nullable T> value) {
            return own == null ? null : value.apply(own);
        }

        <T> T policy(
                Function<RecurringProperties, @Nullable T> property, Function<RecurringJob, T> attribute, T otherwise) {
            T set = own(property);
            if (set != null) {
                return set;
            }
            return annotation == null ? otherwise : attribute.apply(annotation);
        }
    }

    private void add(List<Recurring> read, Declaration declaration) {
        if (!declaration.isEnabled()) {
            return;
        }
        try {
            Optional<Schedule> schedule = schedule(declaration);
            if (schedule.isPresent()) {
                read.add(recurring(declaration, schedule.get()));
            }
        } catch (IllegalArgumentException | DateTimeException ex) {
            problems.add(new JobQueueStartException(
                    "The recurring job '%s' %s cannot run: %s."
                            .formatted(declaration.name(), declaration.place(), ex.getMessage()),
                    "Change it in the annotation, or below '%s'.".formatted(key(declaration.name()))));
        }
    }

    private static Recurring recurring(Declaration declaration, Schedule schedule) {
        return Recurring.of(declaration.name(), schedule, JobRequest.of(declaration.kind(), null))
                .overlap(declaration.policy(RecurringProperties::overlap, RecurringJob::overlap, Overlap.SKIP))
                .missed(
                        declaration.policy(RecurringProperties::missed, RecurringJob::missed, Missed.ONCE),
                        declaration.policy(RecurringProperties::missedLimit, RecurringJob::missedLimit, 100));
    }

    /** When it is due: by its properties if they say so, else by its annotation; empty when it is switched off. */
    private Optional<Schedule> schedule(Declaration declaration) {
        String cron = declaration.own(RecurringProperties::cron);
        Duration every = declaration.own(RecurringProperties::every);
        String zone = declaration.own(RecurringProperties::zone);
        RecurringJob annotation = declaration.annotation();
        if (annotation != null) {
            if (cron == null && every == null) {
                cron = text(annotation.cron());
                every = duration(text(annotation.every()));
            }
            zone = zone != null || every != null && text(annotation.cron()) != null ? zone : text(annotation.zone());
        }
        if (cron != null && every != null) {
            throw new IllegalArgumentException(
                    "it has both cron '%s' and every '%s', but one of them decides when it is due"
                            .formatted(cron, every));
        }
        if (DISABLED.equals(cron)) {
            return Optional.empty();
        }
        if (cron != null) {
            return Optional.of(cron(cron, zone == null ? "UTC" : zone));
        }
        if (every == null) {
            throw new IllegalArgumentException("it has neither cron nor every, so nothing says when it is due");
        }
        if (zone != null) {
            throw new IllegalArgumentException(
                    "it has the zone '%s', but every '%s' has no use for one; use cron, or remove the zone"
                            .formatted(zone, every));
        }
        return Optional.of(Schedule.every(every));
    }

    private static Schedule cron(String expression, String zone) {
        ZoneId id;
        try {
            id = ZoneId.of(zone.strip());
        } catch (DateTimeException ex) {
            throw new IllegalArgumentException(
                    "the zone '%s' is unknown%s"
                            .formatted(
                                    zone,
                                    Nearest.of(zone, ZoneId.getAvailableZoneIds())
                                            .map("; did you mean '%s'?"::formatted)
                                            .orElse("; name one as in 'Europe/Berlin'")),
                    ex);
        }
        try {
            return CronSchedule.of(expression, id);
        } catch (IllegalArgumentException ex) {
            throw new IllegalArgumentException(
                    "the cron expression '%s' is not allowed (%s); it has six fields that begin with the seconds, as in '0 0 3 * * *' for 3 o'clock"
                            .formatted(expression, ex.getMessage()),
                    ex);
        }
    }

    private @Nullable String text(String value) {
        String resolved = placeholders.apply(value);
        return resolved == null || resolved.isBlank() ? null : resolved.strip();
    }

    private static @Nullable Duration duration(@Nullable String text) {
        return text == null ? null : DurationStyle.detectAndParse(text);
    }

    private void refuseUnreadable(Recurring recurring, JobHandlerMethod handler) {
        String payload = codec.payload(handler.kind(), null, Integer.MAX_VALUE);
        try {
            codec.json(payload).as(handler.payloadType());
        } catch (UnreadableJsonException ex) {
            problems.add(new JobQueueStartException(
                    "The recurring job '%s' has no payload, but its handler %s needs one: %s."
                            .formatted(recurring.name(), handler.place(), ex.getMessage()),
                    "Take no payload there; the slot is in JobContext.headers()."));
        }
    }
}
