package io.jobqueue;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.deser.AbstractDeserializer;
import tools.jackson.databind.deser.SettableBeanProperty;
import tools.jackson.databind.deser.ValueInstantiator;
import tools.jackson.databind.deser.bean.BeanDeserializerBase;
import tools.jackson.databind.deser.impl.UnsupportedTypeDeserializer;
import tools.jackson.databind.deser.std.ContainerDeserializerBase;
import tools.jackson.databind.introspect.AnnotatedClass;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.jsontype.NamedType;

/**
 * Finds types that no document can ever be read into, by the type alone: interfaces without type information, classes
 * without a constructor that JSON can use, inner classes; also as a property or an element of another type.
 *
 * <p>Immutable and thread-safe.
 */
final class ReadableTypes {

    private static final String TYPES = ReadableTypes.class.getName();
    private static final String TYPE = TYPES + ".type";

    /** What to do about a class of Kotlin. */
    static final String KOTLIN =
            "for classes of Kotlin, add tools.jackson.module:jackson-module-kotlin to the class path";

    private final JsonMapper mapper;
    private final boolean knowsKotlin;

    ReadableTypes(JsonMapper mapper) {
        this.mapper = mapper;
        this.knowsKotlin = mapper.registeredModules().stream()
                .anyMatch(module -> module.getClass().getName().startsWith("tools.jackson.module.kotlin."));
    }

    /** Why a type can never be read, or empty when some documents can be read into it. */
    Optional<UnreadableType> unreadable(JavaType type) {
        Answer answer = mapper.readerFor(Answer.class)
                .withAttribute(TYPE, type)
                .withAttribute(TYPES, this)
                .readValue("{}");
        return Optional.ofNullable(answer.unreadable());
    }

    /** Whether a class is written in Kotlin and the mapper knows nothing of Kotlin. */
    boolean lacksKotlin(Class<?> type) {
        return !knowsKotlin
                && Stream.of(type.getAnnotations())
                        .anyMatch(annotation ->
                                annotation.annotationType().getName().equals("kotlin.Metadata"));
    }

    /** Only a deserializer has a context that finds other deserializers. */
    @JsonDeserialize(using = Question.class)
    private record Answer(@Nullable UnreadableType unreadable) {}

    private static final class Question extends ValueDeserializer<Answer> {

        @Override
        public Answer deserialize(JsonParser parser, DeserializationContext context) {
            parser.skipChildren();
            JavaType type = (JavaType) context.getAttribute(TYPE);
            try {
                return new Answer(new Walk((ReadableTypes) context.getAttribute(TYPES), context).declared(type, ""));
            } catch (JacksonException ex) {
                return new Answer(new UnreadableType(
                        "%s cannot be read: %s".formatted(type.getRawClass().getName(), ex.getOriginalMessage()),
                        "correct the type, or read a Map<String, Object>"));
            }
        }
    }

    /** One walk through the deserializers of a type, each type once. */
    private static final class Walk {

        private final ReadableTypes types;
        private final DeserializationContext context;
        private final Set<JavaType> seen = new HashSet<>();

        Walk(ReadableTypes types, DeserializationContext context) {
            this.types = types;
            this.context = context;
        }

        /** A type that is named in a declaration, and may be polymorphic. */
        @Nullable
        UnreadableType declared(JavaType type, String path) {
            boolean polymorphic = context.findTypeDeserializer(type) != null;
            ValueDeserializer<?> deserializer = context.findContextualValueDeserializer(type, null);
            return polymorphic ? polymorphic(type, deserializer, path) : read(type, deserializer, path);
        }

        private @Nullable UnreadableType polymorphic(
                JavaType type, @Nullable ValueDeserializer<?> deserializer, String path) {
            if (type.isConcrete()) {
                return read(type, deserializer, path);
            }
            if (!seen.add(type)) {
                return null;
            }
            AnnotatedClass annotations = context.introspectClassAnnotations(type);
            Collection<NamedType> subtypes = context.getConfig()
                    .getSubtypeResolver()
                    .collectAndResolveSubtypesByTypeId(context.getConfig(), annotations);
            for (NamedType subtype : subtypes) {
                JavaType concrete = context.getTypeFactory().constructSpecializedType(type, subtype.getType());
                if (concrete.isConcrete()) {
                    UnreadableType unreadable =
                            read(concrete, context.findContextualValueDeserializer(concrete, null), path);
                    if (unreadable != null) {
                        return unreadable;
                    }
                }
            }
            return null;
        }

        private @Nullable UnreadableType read(JavaType type, @Nullable ValueDeserializer<?> deserializer, String path) {
            if (deserializer instanceof AbstractDeserializer) {
                return noInstance(type, path);
            }
            if (deserializer instanceof UnsupportedTypeDeserializer) {
                return unreadable(type, path, "is not supported by JSON", "leave it out with @JsonIgnore");
            }
            if (deserializer instanceof BeanDeserializerBase bean) {
                return bean(type, bean, path);
            }
            if (deserializer instanceof ContainerDeserializerBase<?> container) {
                JavaType element = container.getContentType();
                String elements = path + "[]";
                if (element == null || container.getContentDeserializer() == null) {
                    return null;
                }
                return context.findTypeDeserializer(element) == null
                        ? read(element, container.getContentDeserializer(), elements)
                        : polymorphic(element, container.getContentDeserializer(), elements);
            }
            return type.isReferenceType() ? declared(type.getReferencedType(), path) : null;
        }

        private @Nullable UnreadableType bean(JavaType type, BeanDeserializerBase bean, String path) {
            if (!seen.add(type)) {
                return null;
            }
            ValueInstantiator instantiator = bean.getValueInstantiator();
            if (!instantiator.canInstantiate()) {
                return noInstance(type, path);
            }
            for (Iterator<SettableBeanProperty> properties = bean.properties(); properties.hasNext(); ) {
                SettableBeanProperty property = properties.next();
                if (property.isInjectionOnly() || property.getAnnotation(JsonTypeInfo.class) != null) {
                    continue;
                }
                String at = path.isEmpty() ? property.getName() : path + "." + property.getName();
                UnreadableType unreadable = property.hasValueTypeDeserializer()
                        ? polymorphic(property.getType(), property.getValueDeserializer(), at)
                        : read(property.getType(), property.getValueDeserializer(), at);
                if (unreadable != null) {
                    return unreadable;
                }
            }
            return null;
        }

        private UnreadableType noInstance(JavaType type, String path) {
            Class<?> raw = type.getRawClass();
            String typeInfo = "take a class or a record, or annotate it with @JsonTypeInfo(use = Id.NAME)";
            if (raw.isInterface()) {
                return unreadable(type, path, "is an interface, so no document tells its class", typeInfo);
            }
            if (raw.isAnonymousClass()) {
                return unreadable(type, path, "is an anonymous class", "give the class a name");
            }
            if (raw.isLocalClass() || (raw.isMemberClass() && !Modifier.isStatic(raw.getModifiers()))) {
                return unreadable(type, path, "is an inner class, which needs its outer object", "make it static");
            }
            if (Modifier.isAbstract(raw.getModifiers())) {
                return unreadable(type, path, "is abstract, so no document tells its class", typeInfo);
            }
            return unreadable(
                    type,
                    path,
                    "has no constructor that JSON can use",
                    types.lacksKotlin(raw)
                            ? KOTLIN
                            : "make it a record, give it a constructor without arguments, or annotate a constructor or factory method with @JsonCreator");
        }

        private static UnreadableType unreadable(JavaType type, String path, String reason, String remedy) {
            String name = type.getRawClass().getName();
            if (path.isEmpty()) {
                return new UnreadableType(name + " " + reason, remedy);
            }
            String part = path.replace("[]", "").isEmpty() ? "its elements are" : "its property '" + path + "' is";
            return new UnreadableType("%s of type %s, which %s".formatted(part, name, reason), remedy);
        }
    }
}
