package io.jobqueue;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Iterator;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.BeanProperty;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.SerializationConfig;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.jsontype.TypeSerializer;
import tools.jackson.databind.ser.PropertyWriter;
import tools.jackson.databind.ser.ValueSerializerModifier;
import tools.jackson.databind.ser.bean.BeanSerializerBase;
import tools.jackson.databind.util.NameTransformer;

/**
 * Changes how objects are written in two ways, so that a stored document can be read again.
 *
 * <p>A value of a polymorphic type is always written with its type id. Jackson writes the id only where the declared
 * type of the value is known, so the elements of a {@code List<Shape>} that is itself a root value would lose theirs.
 *
 * <p>A value that has fields but no JSON properties is refused. Jackson would write an empty object for it when its
 * class has any annotation.
 */
final class PayloadSerializers extends ValueSerializerModifier {

    private static final long serialVersionUID = 1L;

    /** How Jackson's own message begins when it refuses a type without properties. */
    private static final String NO_PROPERTIES = "No serializer found";

    /** Whether a value was refused because nothing of it would be written. */
    static boolean writesNothing(InvalidDefinitionException ex) {
        return ex.getOriginalMessage().startsWith(NO_PROPERTIES);
    }

    @Override
    public ValueSerializer<?> modifySerializer(
            SerializationConfig config, BeanDescription.Supplier bean, ValueSerializer<?> serializer) {
        if (serializer instanceof BeanSerializerBase
                && !serializer.properties().hasNext()
                && hasState(bean.getBeanClass())) {
            return new Refused(bean.getType());
        }
        boolean polymorphic =
                config.getAnnotationIntrospector().findPolymorphicTypeInfo(config, bean.getClassInfo()) != null;
        return polymorphic ? new WithTypeId(serializer, bean.getType(), null) : serializer;
    }

    private static boolean hasState(Class<?> type) {
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            for (Field field : at.getDeclaredFields()) {
                int modifiers = field.getModifiers();
                if (!Modifier.isStatic(modifiers)
                        && !Modifier.isTransient(modifiers)
                        && !field.isSynthetic()
                        && !field.isAnnotationPresent(JsonIgnore.class)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Refuses each value. */
    private static final class Refused extends ValueSerializer<Object> {

        private final JavaType type;

        Refused(JavaType type) {
            this.type = type;
        }

        @Override
        public void serialize(Object value, JsonGenerator generator, SerializationContext context) {
            context.reportBadDefinition(type, NO_PROPERTIES + ": it has fields, but no JSON properties");
        }

        @Override
        public void serializeWithType(
                Object value, JsonGenerator generator, SerializationContext context, TypeSerializer typeId) {
            serialize(value, generator, context);
        }
    }

    /** Writes a value with the type id of its own class wherever no type id of a declared type is asked for. */
    private static final class WithTypeId extends ValueSerializer<Object> {

        private final ValueSerializer<Object> plain;
        private final JavaType type;
        private @Nullable TypeSerializer typeId;

        @SuppressWarnings("unchecked") // as Jackson does with every serializer
        WithTypeId(ValueSerializer<?> plain, JavaType type, @Nullable TypeSerializer typeId) {
            this.plain = (ValueSerializer<Object>) plain;
            this.type = type;
            this.typeId = typeId;
        }

        @Override
        public void resolve(SerializationContext context) {
            plain.resolve(context);
            typeId = context.findTypeSerializer(type);
        }

        @Override
        public ValueSerializer<?> createContextual(SerializationContext context, BeanProperty property) {
            return with(plain.createContextual(context, property));
        }

        private ValueSerializer<?> with(ValueSerializer<?> changed) {
            return changed == plain ? this : new WithTypeId(changed, type, typeId);
        }

        @Override
        public void serialize(Object value, JsonGenerator generator, SerializationContext context) {
            if (typeId == null) {
                plain.serialize(value, generator, context);
            } else {
                plain.serializeWithType(value, generator, context, typeId);
            }
        }

        @Override
        public void serializeWithType(
                Object value, JsonGenerator generator, SerializationContext context, TypeSerializer declared) {
            plain.serializeWithType(value, generator, context, declared);
        }

        @Override
        public ValueSerializer<Object> unwrappingSerializer(NameTransformer names) {
            return plain.unwrappingSerializer(names);
        }

        @Override
        public boolean isUnwrappingSerializer() {
            return plain.isUnwrappingSerializer();
        }

        @Override
        public ValueSerializer<?> withFilterId(Object filterId) {
            return with(plain.withFilterId(filterId));
        }

        @Override
        public ValueSerializer<?> withIgnoredProperties(Set<String> ignored) {
            return with(plain.withIgnoredProperties(ignored));
        }

        @Override
        public boolean usesObjectId() {
            return plain.usesObjectId();
        }

        @Override
        public boolean isEmpty(SerializationContext context, Object value) {
            return plain.isEmpty(context, value);
        }

        @Override
        public Class<?> handledType() {
            return plain.handledType();
        }

        @Override
        public ValueSerializer<?> getDelegatee() {
            return plain;
        }

        @Override
        public Iterator<PropertyWriter> properties() {
            return plain.properties();
        }
    }
}
