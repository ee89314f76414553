package io.jobqueue;

import java.io.ByteArrayOutputStream;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JacksonSerializable;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.annotation.JsonSerialize;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes and reads payloads, results and work outputs: compact JSON in UTF-8. The codec has its own mapper, so the
 * application's {@code spring.jackson.*} properties do not change what is stored.
 *
 * <p>Rules for types:
 * <ul>
 * <li>Fields that a type does not have are ignored. An absent primitive takes its default. Dates keep their zone. A
 *     constant of an enum is stored by its name.
 * <li>A value of a type with {@code @JsonTypeInfo} is always written with its type id. No other type information is
 *     written or read.
 * <li>A payload that could not be read back is refused when it is written, see {@link #payload}.
 * <li>Jackson modules on the class path, such as {@code jackson-module-kotlin}, are used.
 * </ul>
 *
 * <p>Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class JobCodec {

    private static final byte[] KIND = "\"kind\"".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] KIND_FIRST = "{\"kind\":".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] EMPTY = {'{', '}'};
    private static final Pattern NOTHING = Pattern.compile("\\s*\\{\\s*}\\s*");

    private final JsonMapper mapper;
    private final JsonReading reading;
    private final ReaderLimits limits;
    private final ReadableTypes types;
    private final ReadBack readBack;

    private JobCodec(JsonMapper mapper) {
        this.mapper = mapper;
        this.reading = new JsonReading(mapper);
        this.limits = new ReaderLimits(mapper.tokenStreamFactory().streamReadConstraints());
        this.types = new ReadableTypes(mapper);
        this.readBack = new ReadBack(mapper, types);
    }

    /** The codec with the standard settings and the modules that the class path offers. */
    public static JobCodec standard() {
        return customized(UnaryOperator.identity());
    }

    /**
     * A codec whose mapper is customized, for example by a module for own types. It uses the modules that a
     * {@link java.util.ServiceLoader} finds on the class path.
     *
     * @param customizer gets the builder after our own settings
     */
    public static JobCodec customized(UnaryOperator<JsonMapper.Builder> customizer) {
        return new JobCodec(PayloadMapper.build(true, customizer));
    }

    /**
     * A codec whose mapper has no other modules than those of the customizer.
     *
     * @param customizer gets the builder after our own settings
     */
    public static JobCodec withoutModules(UnaryOperator<JsonMapper.Builder> customizer) {
        return new JobCodec(PayloadMapper.build(false, customizer));
    }

    /** A stored document, to be read later. */
    public JsonText json(String text) {
        return new JsonText(text, reading);
    }

    /**
     * Tells whether a type can never be read, whatever the document is: an interface without type information, a class
     * without a constructor that JSON can use, an inner class; also as a property or an element of the type.
     *
     * @param type for example the type of a handler's payload
     * @return why it cannot be read, or empty when some documents can be read into it
     */
    public Optional<UnreadableType> unreadable(Type type) {
        return types.unreadable(mapper.constructType(type));
    }

    /**
     * Writes a payload as one flat JSON object that begins with its kind. So a map that it is read into gets the kind
     * as well, and must be able to hold a text. A {@link JsonText} that names the kind is written as it is.
     *
     * <p>The first payload of each type is read back for a check. A property that is written and not read is refused,
     * unless it is computed from the others, or is declared as written only:
     * {@code @JsonProperty(access = READ_ONLY)}.
     *
     * @param payload a record, bean, map or {@link JsonText}; {@code null} for none
     * @param maxBytes the largest document
     * @throws IllegalArgumentException when it is no JSON object, cannot be written, could not be read back, is too
     *     large, or has a field {@code kind} of another value
     */
    public String payload(String kind, @Nullable Object payload, int maxBytes) {
        String what = "payload of kind '" + kind + "'";
        byte[] document = payload instanceof JsonText stored ? stored(kind, stored) : written(kind, what, payload);
        checkSize(what, document, maxBytes);
        return new String(document, StandardCharsets.UTF_8);
    }

    private byte[] written(String kind, String what, @Nullable Object payload) {
        byte[] object = payload == null ? EMPTY : write(what, payload, Object.class);
        if (object.length == 0 || object[0] != '{') {
            throw new IllegalArgumentException("the %s must be written as a JSON object, %s is not; wrap it in a record"
                    .formatted(
                            what, payload == null ? "null" : payload.getClass().getName()));
        }
        String fault = payload == null ? null : readBack.fault(payload, object);
        if (fault != null) {
            throw new IllegalArgumentException("the %s cannot be read back: %s".formatted(what, fault));
        }
        if (payload instanceof JacksonSerializable
                && reading.tree(new String(object, StandardCharsets.UTF_8)) == null) {
            throw new IllegalArgumentException("the %s is written as malformed JSON by %s"
                    .formatted(what, payload.getClass().getName()));
        }
        return contains(object, KIND) ? withKind(kind, object) : splice(kind, object);
    }

    /** A document that names the kind stays as it is, to the last digit. */
    private byte[] stored(String kind, JsonText stored) {
        if (!(reading.tree(stored.text()) instanceof ObjectNode fields)) {
            throw new IllegalArgumentException(
                    "the payload of kind '%s' must be a JSON object, the stored document is none".formatted(kind));
        }
        byte[] document = stored.text().strip().getBytes(StandardCharsets.UTF_8);
        JsonNode own = fields.get("kind");
        if (own == null) {
            return splice(kind, fields.isEmpty() ? EMPTY : document);
        }
        boolean named = own.isString() && own.stringValue().equals(kind);
        return named ? stored.text().getBytes(StandardCharsets.UTF_8) : withKind(kind, document);
    }

    /** Puts the kind before the first field of an object that has no field {@code kind}. */
    private byte[] splice(String kind, byte[] object) {
        byte[] quoted =
                isPlain(kind) ? ('"' + kind + '"').getBytes(StandardCharsets.US_ASCII) : mapper.writeValueAsBytes(kind);
        boolean alone = object.length == 2;
        byte[] document = new byte[KIND_FIRST.length + quoted.length + object.length - (alone ? 1 : 0)];
        System.arraycopy(KIND_FIRST, 0, document, 0, KIND_FIRST.length);
        int at = KIND_FIRST.length;
        System.arraycopy(quoted, 0, document, at, quoted.length);
        at += quoted.length;
        if (!alone) {
            document[at++] = ',';
        }
        System.arraycopy(object, 1, document, at, object.length - 1);
        return document;
    }

    /** Whether JSON writes a text as it is. */
    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char letter = text.charAt(i);
            if (letter < ' ' || letter > '~' || letter == '"' || letter == '\\') {
                return false;
            }
        }
        return true;
    }

    /** Puts the kind first, and copies all other fields. */
    private byte[] withKind(String kind, byte[] object) {
        ByteArrayOutputStream document = new ByteArrayOutputStream(object.length + kind.length());
        try (JsonParser parser = mapper.createParser(object);
                JsonGenerator generator = mapper.createGenerator(document)) {
            generator.writeStartObject().writeStringProperty("kind", kind);
            parser.nextToken();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (!name.equals("kind")) {
                    generator.writeName(name);
                    JsonReading.copy(parser, generator);
                } else if (value != JsonToken.VALUE_NULL
                        && !(value == JsonToken.VALUE_STRING
                                && parser.getString().equals(kind))) {
                    throw new IllegalArgumentException(
                            "the payload of kind '%s' has a field 'kind' of another value; rename the field"
                                    .formatted(kind));
                }
            }
            generator.writeEndObject();
        } catch (JacksonException ex) {
            // raw JSON that is malformed
            throw new IllegalArgumentException(
                    "the payload of kind '%s' cannot be read back: %s".formatted(kind, JsonFault.ofReading(ex, null)),
                    ex);
        }
        return document.toByteArray();
    }

    /**
     * Writes a result in both of its forms. The value is written once, because an iterator can be read only once.
     *
     * @param declared the type that the handler declares, see {@link #output(Object, Type, int)}
     * @throws IllegalArgumentException when the value cannot be written or is too large
     */
    public Result result(@Nullable Object value, Type declared, int maxBytes) {
        String output = output(value, declared, maxBytes);
        if (value == null) {
            return new Result(output, "{}");
        }
        return new Result(output, output.startsWith("{") ? output : "{\"value\":" + output + "}");
    }

    /**
     * A written result.
     *
     * @param output the value's plain JSON, as a work output is stored
     * @param object a JSON object, as the guide's clients expect a result: {@code {}} for {@code null},
     *     <code>{"value":…}</code> for a value that is written as anything but an object
     * @since 0.1.0
     */
    public record Result(String output, String object) {}

    /**
     * Reads a result from the {@linkplain Result#object() object} that a job stores. What {@link #result} has put into
     * an object is taken out of it again.
     *
     * @param object the result as it is stored
     * @param type a type as in {@link JsonText#as(Class)}, or {@code Void.class} when the result does not matter
     * @return the result, or {@code null} for an object without fields, which means that there is none
     * @throws UnreadableJsonException when the text is no JSON, or does not fit the type
     */
    public <T> @Nullable T readResult(String object, Class<T> type) {
        if (type == Void.class || NOTHING.matcher(object).matches()) {
            return null;
        }
        String value = reading.onlyValue(object);
        if (value == null) {
            return json(object).as(type);
        }
        try {
            return json(value).as(type);
        } catch (UnreadableJsonException ex) {
            try {
                return json(object).as(type); // of a type with the one property "value"
            } catch (UnreadableJsonException alsoWhole) {
                throw ex;
            }
        }
    }

    /**
     * Writes a work output as the value's plain JSON, by the type of the value.
     *
     * @throws IllegalArgumentException when the value cannot be written or is too large
     */
    public String output(@Nullable Object value, int maxBytes) {
        return output(value, Object.class, maxBytes);
    }

    /**
     * Writes a work output as the value's plain JSON.
     *
     * @param declared the declared type of the value. Its generics tell the types of elements, which the value itself
     *     does not know. A type that the value is no instance of is ignored.
     * @throws IllegalArgumentException when the value cannot be written or is too large
     */
    public String output(@Nullable Object value, Type declared, int maxBytes) {
        byte[] document = value == null ? new byte[] {'n', 'u', 'l', 'l'} : write("result", value, declared);
        checkSize("result", document, maxBytes);
        return new String(document, StandardCharsets.UTF_8);
    }

    /** Writes headers as a JSON object. */
    public String headers(Map<String, String> headers) {
        // by way of bytes, because then halves of surrogate pairs are escaped
        return new String(mapper.writeValueAsBytes(headers), StandardCharsets.UTF_8);
    }

    /** Reads headers. A header that is no text, number or truth value is left out; what is no object has no headers. */
    public Map<String, String> headers(@Nullable String json) {
        Map<String, String> headers = new LinkedHashMap<>();
        if (json == null || json.isEmpty()) {
            return headers;
        }
        try (JsonParser parser = mapper.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return headers;
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (value.isScalarValue() && value != JsonToken.VALUE_NULL) {
                    headers.put(name, parser.getString());
                } else {
                    parser.skipChildren();
                }
            }
            return headers;
        } catch (JacksonException ex) {
            // the headers before the malformed place are whole
            return headers;
        }
    }

    /**
     * Reads the information about a job that other producers write into the payload itself.
     *
     * @return the top-level texts {@code kind}, {@code run_id} and {@code unit_id}, each {@code null} when there is
     *     none or the document is no JSON object
     */
    public Envelope envelope(String payload) {
        String kind = null;
        String runId = null;
        String unitId = null;
        try (JsonParser parser = mapper.createParser(payload)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Envelope.EMPTY;
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                boolean text = parser.nextToken() == JsonToken.VALUE_STRING;
                // of a field that stands there twice the last one counts, as for every reader
                switch (name) {
                    case "kind" -> kind = text ? parser.getString() : null;
                    case "run_id" -> runId = text ? parser.getString() : null;
                    case "unit_id" -> unitId = text ? parser.getString() : null;
                    default -> {}
                }
                parser.skipChildren();
            }
            return new Envelope(kind, runId, unitId);
        } catch (JacksonException ex) {
            // what is broken further on shows when the handler's type is read
            return new Envelope(kind, null, null);
        }
    }

    /**
     * What a payload says about its job.
     *
     * @since 0.1.0
     */
    public record Envelope(@Nullable String kind, @Nullable String runId, @Nullable String unitId) {

        static final Envelope EMPTY = new Envelope(null, null, null);
    }

    private byte[] write(String what, Object value, Type declared) {
        byte[] document;
        try {
            document = mapper.writeValueAsBytes(
                    declared instanceof Class<?> ? value : new Declared(value, refined(value, declared)));
        } catch (RuntimeException | StackOverflowError ex) {
            throw new IllegalArgumentException(
                    "the %s cannot be written as JSON: %s".formatted(what, JsonFault.ofWriting(ex, value)),
                    ex instanceof RuntimeException ? ex : null);
        }
        String exceeded = limits.exceededBy(document);
        if (exceeded != null) {
            throw new IllegalArgumentException("the %s holds %s".formatted(what, exceeded));
        }
        return document;
    }

    /**
     * The class of a value with the generics of its declared type. The declared type alone would hide the properties of
     * a subclass.
     */
    private JavaType refined(Object value, Type type) {
        JavaType declared = mapper.constructType(type);
        return declared.getRawClass().isInstance(value)
                ? mapper.getTypeFactory().constructSpecializedType(declared, value.getClass())
                : mapper.constructType(value.getClass());
    }

    /**
     * A value that is written by its declared type. Jackson's {@code writerFor} would write each element by its
     * declared type, too, and hide the properties of its subclass.
     */
    @JsonSerialize(using = DeclaredWriter.class)
    private record Declared(Object value, JavaType type) {}

    private static final class DeclaredWriter extends ValueSerializer<Declared> {

        @Override
        public void serialize(Declared declared, JsonGenerator generator, SerializationContext context) {
            context.findTypedValueSerializer(declared.type(), true).serialize(declared.value(), generator, context);
        }
    }

    private static void checkSize(String what, byte[] document, int maxBytes) {
        if (document.length > maxBytes) {
            throw new TooLargeException(what, document.length, maxBytes);
        }
    }

    private static boolean contains(byte[] text, byte[] part) {
        outer:
        for (int i = 0; i <= text.length - part.length; i++) {
            for (int j = 0; j < part.length; j++) {
                if (text[i + j] != part[j]) {
                    continue outer;
                }
            }
            return true;
        }
        return false;
    }
}
