package io.jobqueue;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.exc.InvalidFormatException;
import tools.jackson.databind.exc.InvalidTypeIdException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.exc.ValueInstantiationException;

/**
 * Explains why a document cannot be read or a value cannot be written. Jackson's own messages quote the document, which
 * must not appear in logs or in {@code last_error}; these messages name only types and properties.
 */
final class JsonFault {

    private JsonFault() {}

    /**
     * Why a document cannot be read.
     *
     * @param document the whole document, or {@code null} when it is malformed
     */
    static String ofReading(JacksonException ex, @Nullable JsonNode document) {
        if (document == null) {
            return malformed(ex);
        }
        String place = ex.getPath().isEmpty() ? "it" : "property '" + path(ex.getPath()) + "'";
        if (ex instanceof UnrecognizedPropertyException) {
            return place + " is unknown to the type";
        }
        if (ex instanceof InvalidTypeIdException typeId) {
            String type = typeId.getBaseType().getRawClass().getName();
            return place
                    + (typeId.getTypeId() == null
                            ? " names no type of " + type
                            : " names a type that is not known as a " + type);
        }
        if (ex instanceof ValueInstantiationException) {
            return "the constructor of %s threw %s"
                    .formatted(
                            typeOf((ValueInstantiationException) ex),
                            simpleName(Objects.requireNonNullElse(ex.getCause(), ex)));
        }
        if (ex instanceof InvalidDefinitionException definition && definition.getType() != null) {
            return "%s is of type %s, which cannot be read"
                    .formatted(place, definition.getType().getRawClass().getName());
        }
        if (ex instanceof MismatchedInputException mismatch) {
            return mismatch(mismatch, place, find(document, ex.getPath()));
        }
        if (ex instanceof InputCoercionException coercion) {
            return "%s is a number, which cannot be read as %s"
                    .formatted(place, coercion.getTargetType().getTypeName());
        }
        return place + " cannot be read: " + simpleName(ex);
    }

    private static String malformed(JacksonException ex) {
        if (ex instanceof StreamConstraintsException) {
            return "the document is beyond the limits of the JSON reader";
        }
        return ex instanceof StreamReadException && ex.getLocation() != null
                ? "the document is malformed at line %s, column %s"
                        .formatted(
                                ex.getLocation().getLineNr(), ex.getLocation().getColumnNr())
                : "the document is malformed";
    }

    private static String mismatch(MismatchedInputException ex, String place, @Nullable JsonNode value) {
        Class<?> target = ex.getTargetType();
        if (value == null) {
            return place + " is missing";
        }
        if (ex instanceof InvalidFormatException && value.isObject()) {
            // the path of a key that does not fit ends at its map
            return "a key of %s cannot be read as %s".formatted(place, name(target));
        }
        if (ex instanceof InvalidFormatException && target != null && target.isEnum()) {
            return "%s is none of the constants of %s".formatted(place, name(target));
        }
        String what = place + " is " + kind(value);
        return target == null || ex.getPath().isEmpty() ? what : what + ", which cannot be read as " + name(target);
    }

    private static String name(@Nullable Class<?> type) {
        return type == null ? "its type" : type.getTypeName();
    }

    private static String typeOf(ValueInstantiationException ex) {
        return ex.getType() == null ? "a type" : ex.getType().getRawClass().getName();
    }

    private static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case OBJECT -> "an object";
            case ARRAY -> "an array";
            case STRING -> "a text";
            case NUMBER -> "a number";
            case BOOLEAN -> "true or false";
            default -> "null";
        };
    }

    /** The value that a path leads to, or {@code null} when the document has none there. */
    private static @Nullable JsonNode find(JsonNode document, List<JacksonException.Reference> path) {
        JsonNode at = document;
        for (JacksonException.Reference step : path) {
            JsonNode next = step.getPropertyName() == null ? at.get(step.getIndex()) : at.get(step.getPropertyName());
            if (next == null) {
                return null;
            }
            at = next;
        }
        return at;
    }

    /** A path of property names and indexes; the keys of maps are content. */
    private static String path(List<JacksonException.Reference> steps) {
        StringBuilder path = new StringBuilder();
        for (JacksonException.Reference step : steps) {
            if (step.getPropertyName() == null) {
                path.append('[').append(step.getIndex()).append(']');
            } else if (isMap(step.from())) {
                path.append("[]");
            } else {
                path.append(path.isEmpty() ? "" : ".").append(step.getPropertyName());
            }
        }
        return path.toString();
    }

    private static boolean isMap(@Nullable Object from) {
        return from instanceof java.util.Map
                || (from instanceof Class<?> type && java.util.Map.class.isAssignableFrom(type));
    }

    /** Why a value cannot be written. */
    static String ofWriting(Throwable ex, Object value) {
        String root = value.getClass().getName();
        if (!(ex instanceof JacksonException jackson)) {
            return simpleName(ex) + " of " + root;
        }
        String place = jackson.getPath().isEmpty() ? "" : "property '" + path(jackson.getPath()) + "' of ";
        if (ex instanceof InvalidDefinitionException definition
                && definition.getType() != null
                && PayloadSerializers.writesNothing(definition)) {
            String type = definition.getType().getRawClass().getName();
            String holder = place.isEmpty() ? type : place + root + " is of type " + type + ", which";
            return holder + " has no JSON properties, so nothing of it would be stored; use a record, or leave it out";
        }
        Throwable cause = ex.getCause() == null ? ex : ex.getCause();
        return simpleName(cause) + " at " + place + root;
    }

    private static String simpleName(Throwable thrown) {
        return thrown.getClass().getSimpleName();
    }
}
