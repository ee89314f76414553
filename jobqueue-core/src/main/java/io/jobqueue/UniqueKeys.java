package io.jobqueue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/** Reads the unique key that {@link JobKind#unique()} gives to the jobs of a payload type. */
final class UniqueKeys {

    private UniqueKeys() {}

    /**
     * The key of a payload, or {@code null} when the kind has none, or when the payload's type does not carry the kind.
     *
     * @throws IllegalArgumentException when the payload has no such method, when its value is {@code null} or makes no key, or
     *     when the period is none
     */
    static @Nullable Unique of(String kind, Object payload) {
        JobKind carried = annotation(kind, payload.getClass());
        if (carried == null || carried.unique().value().isEmpty()) {
            return null;
        }
        JobKind.UniqueBy by = carried.unique();
        Object value = value(by, payload);
        if (value == null) {
            throw refused(
                    by, payload, "the value is null, which makes no key; set it, or set a key with JobRequest.unique");
        }
        return new Unique(kind + ":" + value, by.hold(), period(by, payload), by.replace());
    }

    private static @Nullable JobKind annotation(String kind, @Nullable Class<?> type) {
        if (type == null) {
            return null;
        }
        JobKind own = type.getAnnotation(JobKind.class);
        if (own != null) {
            return own.value().equals(kind) ? own : null;
        }
        JobKind inherited = annotation(kind, type.getSuperclass());
        for (Class<?> implemented : type.getInterfaces()) {
            inherited = inherited == null ? annotation(kind, implemented) : inherited;
        }
        return inherited;
    }

    private static @Nullable Object value(JobKind.UniqueBy by, Object payload) {
        try {
            Method method = payload.getClass().getMethod(by.value());
            method.trySetAccessible(); // a public method of a class that is not public
            return method.invoke(payload);
        } catch (NoSuchMethodException ex) {
            throw refused(by, payload, "there is no public method of this name without arguments");
        } catch (IllegalAccessException ex) {
            throw refused(by, payload, "the method is not accessible; make the class public");
        } catch (InvocationTargetException ex) {
            throw refused(by, payload, "the method threw " + ex.getCause());
        }
    }

    private static @Nullable Duration period(JobKind.UniqueBy by, Object payload) {
        try {
            return by.within().isEmpty() ? null : Duration.parse(by.within());
        } catch (DateTimeParseException ex) {
            throw refused(by, payload, "the period '" + by.within() + "' is none; write it like PT5M");
        }
    }

    private static IllegalArgumentException refused(JobKind.UniqueBy by, Object payload, String why) {
        return new IllegalArgumentException("@UniqueBy(\"%s\") of the kind of %s: %s"
                .formatted(by.value(), payload.getClass().getName(), why));
    }
}
