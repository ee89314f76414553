package io.jobqueue;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.TreeNode;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JacksonSerializable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.SerializationConfig;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.deser.DeserializationProblemHandler;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.BeanPropertyWriter;
import tools.jackson.databind.ser.ValueSerializerModifier;

/**
 * Checks once per type of payload that the type reads back what it writes. It reads the first payload of the type and
 * writes it again, and both documents must be equal. Without the check, a handler could receive empty fields.
 *
 * <p>A property that is written but never read is an error, unless it is computed from other properties, or the type
 * declares it with {@code @JsonProperty(access = READ_ONLY)} or {@code @JsonIgnoreProperties(allowGetters = true)}.
 *
 * <p>Maps and JSON trees are not checked: they are read into the same form.
 *
 * <p>Thread-safe. Two threads may check a new type at the same time, which does no harm.
 */
final class ReadBack {

    /**
     * How often a type is checked when its payloads prove nothing. A property that the type does not read may come back
     * by chance while its value is false, zero or empty.
     */
    private static final int MOST_CHECKS = 100;

    private final JsonMapper mapper;
    private final ReadableTypes types;
    private final Map<Class<?>, Integer> checks = new ConcurrentHashMap<>();
    private volatile @Nullable JsonMapper withoutReadOnly;

    ReadBack(JsonMapper mapper, ReadableTypes types) {
        this.mapper = mapper;
        this.types = types;
    }

    /**
     * Checks the type of a payload unless it has been checked.
     *
     * @param document the payload as it was written
     * @return why the payload cannot be read back and the remedy, or {@code null} when it can
     */
    @Nullable
    String fault(Object payload, byte[] document) {
        Class<?> type = payload.getClass();
        if (checks.getOrDefault(type, 0) >= MOST_CHECKS || isReadAsItIs(payload)) {
            return null;
        }
        Optional<UnreadableType> unreadable = types.unreadable(mapper.constructType(type));
        if (unreadable.isPresent()) {
            return unreadable.get().reason() + "; " + unreadable.get().remedy();
        }
        AtomicBoolean undecided = new AtomicBoolean();
        String fault = fault(payload, document, new Unread(undecided));
        if (fault == null) {
            checks.merge(type, undecided.get() ? 1 : MOST_CHECKS, Integer::sum);
        }
        return fault;
    }

    private static boolean isReadAsItIs(Object payload) {
        return payload instanceof Map || payload instanceof TreeNode || payload instanceof JacksonSerializable;
    }

    private @Nullable String fault(Object payload, byte[] document, Unread unread) {
        Class<?> type = payload.getClass();
        Object back;
        try {
            ObjectReader reader = mapper.readerFor(type)
                    .with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .withHandler(unread);
            back = reader.readValue(document);
        } catch (JacksonException ex) {
            return "%s does not read what it writes: %s"
                    .formatted(type.getName(), JsonFault.ofReading(ex, tree(document)));
        }
        String changed = changed(tree(document), tree(mapper.writeValueAsBytes(back)), "");
        if (changed != null) {
            JsonMapper lenient = withoutReadOnly();
            changed = changed(tree(lenient.writeValueAsBytes(payload)), tree(lenient.writeValueAsBytes(back)), "");
        }
        if (changed == null) {
            return null;
        }
        String remedy = types.lacksKotlin(type)
                ? ReadableTypes.KOTLIN
                : "let the type read the property under the name by which it is written, or say that it is only written: @JsonProperty(access = READ_ONLY)";
        return "property '%s' of %s comes back as another value; %s".formatted(changed, type.getName(), remedy);
    }

    private JsonNode tree(byte[] document) {
        return mapper.reader()
                .with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .readTree(document);
    }

    private JsonMapper withoutReadOnly() {
        JsonMapper known = withoutReadOnly;
        if (known == null) {
            known = mapper.rebuild()
                    .addModule(
                            new SimpleModule("jobqueue-without-read-only").setSerializerModifier(new WithoutReadOnly()))
                    .build();
            withoutReadOnly = known;
        }
        return known;
    }

    /** The path of the first value that was lost or changed, or {@code null}. What came in addition is no loss. */
    private static @Nullable String changed(JsonNode before, @Nullable JsonNode after, String path) {
        if (provesNothing(before) && after == null) {
            return null;
        }
        if (after == null || before.isNull()) {
            return before.isNull() ? null : path;
        }
        if (before.isObject() && after.isObject()) {
            for (Map.Entry<String, JsonNode> field : before.properties()) {
                String at = path.isEmpty() ? field.getKey() : path + "." + field.getKey();
                String changed = changed(field.getValue(), after.get(field.getKey()), at);
                if (changed != null) {
                    return changed;
                }
            }
            return null;
        }
        if (before.isArray() && after.isArray()) {
            return changedElement(before, after, path);
        }
        boolean same = before.isNumber() && after.isNumber()
                ? before.decimalValue().compareTo(after.decimalValue()) == 0
                : before.equals(after);
        return same ? null : path;
    }

    /** A set may come back in another order. */
    private static @Nullable String changedElement(JsonNode before, JsonNode after, String path) {
        if (before.size() != after.size()) {
            return path;
        }
        for (int i = 0; i < before.size(); i++) {
            String changed = changed(before.get(i), after.get(i), path + "[" + i + "]");
            if (changed != null) {
                return counts(before).equals(counts(after)) ? null : changed;
            }
        }
        return null;
    }

    private static Map<String, Integer> counts(JsonNode array) {
        Map<String, Integer> counts = new HashMap<>();
        array.forEach(element -> counts.merge(element.toString(), 1, Integer::sum));
        return counts;
    }

    /** Whether a type that ignores the value would have the same value by default. */
    private static boolean provesNothing(JsonNode value) {
        return value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isNumber() && value.decimalValue().signum() == 0)
                || (value.isString() && value.stringValue().isEmpty())
                || (value.isContainer() && value.isEmpty());
    }

    /** Notices a property that is not read and whose value proves nothing. */
    private static final class Unread extends DeserializationProblemHandler {

        private final AtomicBoolean undecided;

        Unread(AtomicBoolean undecided) {
            this.undecided = undecided;
        }

        @Override
        public boolean handleUnknownProperty(
                DeserializationContext context,
                JsonParser parser,
                ValueDeserializer<?> deserializer,
                Object beanOrClass,
                String propertyName) {
            JsonNode value = context.readTree(parser);
            if (provesNothing(value)) {
                undecided.set(true);
            }
            return true;
        }
    }

    /** Writes no property that its type declares as read-only for others. */
    private static final class WithoutReadOnly extends ValueSerializerModifier {

        private static final long serialVersionUID = 1L;

        @Override
        public List<BeanPropertyWriter> changeProperties(
                SerializationConfig config, BeanDescription.Supplier bean, List<BeanPropertyWriter> properties) {
            var ignored = config.getDefaultPropertyIgnorals(bean.getBeanClass(), bean.getClassInfo());
            properties.removeIf(property -> isReadOnly(config, property)
                    || (ignored != null
                            && ignored.findIgnoredForDeserialization().contains(property.getName())));
            return properties;
        }

        private static boolean isReadOnly(SerializationConfig config, BeanPropertyWriter property) {
            return property.getMember() != null
                    && config.getAnnotationIntrospector().findPropertyAccess(config, property.getMember())
                            == JsonProperty.Access.READ_ONLY;
        }
    }
}
