package io.jobqueue.spring;

import io.jobqueue.Names;
import io.jobqueue.RetryPolicy;
import io.jobqueue.SettingException;
import io.jobqueue.spring.JobQueueProperties.Group;
import io.jobqueue.worker.WorkerSettings;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.origin.Origin;
import org.springframework.core.env.Environment;

/**
 * Checks all properties at the start, long before a job needs them, and reports every problem with its key, value,
 * origin and remedy. It uses the rules of the core's settings: it applies each group of properties to the core's
 * defaults, first each value alone, then all values together.
 */
final class PropertiesCheck {

    private static final String ALL_QUEUES = "jobqueue";
    private static final Pattern PLAIN_ELEMENT = Pattern.compile("[A-Za-z0-9_-]+");
    private static final int MOST_CONTEXT_KEYS = 8;
    private static final int LONGEST_CONTEXT_KEY = 64;
    private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(1);

    private final Environment environment;
    private final List<String> problems = new ArrayList<>();

    private PropertiesCheck(Environment environment) {
        this.environment = environment;
    }

    /**
     * Checks all properties.
     *
     * @param environment the source of the properties
     * @throws JobQueueStartException when any value is refused; it names all of them
     */
    static void check(JobQueueProperties properties, Environment environment) {
        PropertiesCheck check = new PropertiesCheck(environment);
        check.everything(properties);
        if (!check.problems.isEmpty()) {
            throw new JobQueueStartException(
                    check.problems.stream()
                            .map(problem -> "%n    %s".formatted(problem))
                            .collect(Collectors.joining("", "These properties cannot be used:%n".formatted(), "")),
                    "Change the values as described, or remove them to get the defaults.");
        }
    }

    /**
     * A key of a map, as a part of a property's key: {@code .mail}, or {@code [report.daily]} where brackets are
     * needed.
     */
    static String element(String key) {
        return PLAIN_ELEMENT.matcher(key).matches() ? "." + key : "[" + key + "]";
    }

    private void everything(JobQueueProperties properties) {
        Map<String, QueueProperties> queues = new TreeMap<>(properties.queues());
        check("jobqueue.key-prefix", properties.keyPrefix(), Names::keyPrefix);
        check("jobqueue.default-queue", properties.defaultQueue(), Names::queue);
        contextKeys("jobqueue.mdc-keys", properties.mdcKeys());
        contextKeys("jobqueue.context-keys", properties.contextKeys());
        eachAlone(ALL_QUEUES, properties);
        queues.forEach((name, queue) -> {
            check(queueKey(name), name, Names::queue);
            eachAlone(queueKey(name), queue);
        });
        new TreeMap<>(properties.kinds()).forEach(this::kind);
        new TreeMap<>(properties.recurring())
                .forEach((name, own) -> check("jobqueue.recurring" + element(name), name, Names::recurring));
        if (problems.isEmpty()) {
            QueueProperties all = properties.allQueues();
            together(ALL_QUEUES, all, all);
            if (problems.isEmpty()) {
                queues.forEach((name, queue) -> together(queueKey(name), queue, all));
            }
        }
    }

    private void contextKeys(String key, List<String> names) {
        check(key, names, all -> {
            if (all.size() > MOST_CONTEXT_KEYS) {
                throw new IllegalArgumentException(
                        "at most %s keys are carried, was %s".formatted(MOST_CONTEXT_KEYS, all.size()));
            }
        });
        for (int i = 0; i < names.size(); i++) {
            check(key + "[" + i + "]", names.get(i), name -> {
                if (name.isBlank() || name.length() > LONGEST_CONTEXT_KEY) {
                    throw new IllegalArgumentException("a key has 1 to %s characters and is not blank, was '%s'"
                            .formatted(LONGEST_CONTEXT_KEY, name));
                }
            });
        }
    }

    private static String queueKey(String name) {
        return "jobqueue.queues" + element(name);
    }

    private void kind(String name, KindProperties kind) {
        String key = "jobqueue.kinds" + element(name);
        check(key, name, Names::kind);
        check(key + ".queue", kind.queue(), Names::queue);
        check(key + ".max-attempts", kind.maxAttempts(), RetryPolicy.defaults()::withMaxAttempts);
        check(key + ".timeout", kind.timeout(), PropertiesCheck::timeout);
        check(key + ".unknown-for", kind.unknownFor(), WorkerSettings::checkUnknownFor);
        eachAlone(key, kind);
    }

    private static void timeout(Duration timeout) {
        if (timeout.compareTo(SHORTEST_TIMEOUT) < 0) {
            throw new IllegalArgumentException("timeout must be at least 1 ms, was " + timeout);
        }
    }

    /** Checks each value below a key as if no other value were set. */
    private void eachAlone(String key, Record properties) {
        for (RecordComponent component : properties.getClass().getRecordComponents()) {
            Object value = value(component, properties);
            if (value instanceof Group<?> && value instanceof Record group) {
                eachAlone(key(key, component.getName()), group);
            } else if (value != null && properties instanceof Group<?>) {
                Group<?> alone = (Group<?>) only(properties.getClass(), component.getName(), value);
                check(key(key, component.getName()), alone, PropertiesCheck::overDefaults);
            }
        }
    }

    private static <S> void overDefaults(Group<S> group) {
        try {
            group.over(group.defaults());
        } catch (SettingException ex) {
            // a conflict with a default counts only if nothing else is set
            if (ex.conflict().isEmpty()) {
                throw ex;
            }
        }
    }

    /** Checks the values of a queue together: its own, and those of all queues where it has none. */
    private void together(String key, Record own, Record all) {
        for (RecordComponent component : own.getClass().getRecordComponents()) {
            if (value(component, own) instanceof Record ownGroup && value(component, all) instanceof Record group) {
                together(key(key, component.getName()), key(ALL_QUEUES, component.getName()), ownGroup, group);
            }
        }
    }

    private void together(String key, String keyOfAll, Record own, Record all) {
        try {
            put((Group<?>) own, (Group<?>) all);
        } catch (SettingException ex) {
            String setting = ex.setting();
            String conflict = ex.conflict().orElseThrow();
            boolean hasSetting = isSet(own, setting);
            boolean hasConflict = isSet(own, conflict);
            if (hasSetting || hasConflict || own == all) {
                refuse(
                        key(hasSetting ? key : keyOfAll, setting),
                        "%s; set '%s', or change '%s'"
                                .formatted(
                                        ex.getMessage(),
                                        key(key, setting),
                                        key(hasConflict ? key : keyOfAll, conflict)));
            }
        }
    }

    /** Puts a group over another of the same type, and both over the defaults. */
    @SuppressWarnings("unchecked")
    private static <S> void put(Group<?> own, Group<S> all) {
        ((Group<S>) own).over(all.over(all.defaults()));
    }

    private static boolean isSet(Record group, String name) {
        return Arrays.stream(group.getClass().getRecordComponents())
                .anyMatch(component -> component.getName().equals(name) && value(component, group) != null);
    }

    private static @Nullable Object value(RecordComponent component, Record owner) {
        try {
            return component.getAccessor().invoke(owner);
        } catch (ReflectiveOperationException ex) {
            throw new IllegalStateException("cannot read " + component, ex);
        }
    }

    /** A group in which one value is set. */
    private static Record only(Class<? extends Record> type, String name, Object value) {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        Object[] values = Arrays.stream(components)
                .map(component -> component.getName().equals(name) ? value : null)
                .toArray();
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException ex) {
            throw new IllegalStateException("cannot create " + type, ex);
        }
    }

    private static String key(String parent, String component) {
        return parent + "." + DataObjectPropertyName.toDashedForm(component);
    }

    private <T> void check(String key, @Nullable T value, Consumer<T> rule) {
        if (value != null) {
            try {
                rule.accept(value);
            } catch (IllegalArgumentException ex) {
                refuse(key, String.valueOf(ex.getMessage()));
            }
        }
    }

    private void refuse(String key, String rule) {
        problems.add(key + ": " + rule + origin(key));
    }

    /** The place where the value was written, for applications with several files. */
    private String origin(String key) {
        ConfigurationPropertyName name = ConfigurationPropertyName.adapt(key, '.');
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            ConfigurationProperty property = source.getConfigurationProperty(name);
            if (property != null) {
                Origin origin = property.getOrigin();
                return origin == null ? "" : " (from " + origin + ")";
            }
        }
        return "";
    }

    /** A native image must be able to read the groups and to create them. */
    static final class Hints implements RuntimeHintsRegistrar {

        @Override
        public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
            Stream.concat(
                            Stream.of(
                                    JobQueueProperties.class,
                                    QueueProperties.class,
                                    KindProperties.class,
                                    RecurringProperties.class),
                            nested(JobQueueProperties.class))
                    .filter(Class::isRecord)
                    .forEach(type -> hints.reflection()
                            .registerType(
                                    type,
                                    MemberCategory.INVOKE_DECLARED_CONSTRUCTORS,
                                    MemberCategory.INVOKE_PUBLIC_METHODS));
        }

        private static Stream<Class<?>> nested(Class<?> type) {
            return Arrays.stream(type.getDeclaredClasses())
                    .flatMap(inner -> Stream.concat(Stream.of(inner), nested(inner)));
        }
    }
}
