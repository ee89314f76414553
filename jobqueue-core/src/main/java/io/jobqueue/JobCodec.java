package io.jobqueue;

import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * How payloads, results and work outputs are written and read: compact JSON in UTF-8 by a mapper of our own, which the
 * application's {@code spring.jackson.*} does not colour, so that what is stored does not change with a web setting.
 * Fields that a type does not have are ignored; no type information is written, and none is obeyed.
 *
 * <p>Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class JobCodec {

    private static final TypeOfHeaders HEADERS = new TypeOfHeaders();
    private static final byte[] KIND = "\"kind\"".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] KIND_FIRST = "{\"kind\":".getBytes(StandardCharsets.US_ASCII);

    private final JsonMapper mapper;

    private JobCodec(JsonMapper mapper) {
        this.mapper = mapper;
    }

    /** The codec of a queue that says nothing else. */
    public static JobCodec standard() {
        return customized(UnaryOperator.identity());
    }

    /**
     * A codec whose mapper is customized, for example by a module for own types.
     *
     * @param customizer gets the builder after our own settings
     */
    public static JobCodec customized(UnaryOperator<JsonMapper.Builder> customizer) {
        JsonMapper.Builder builder = JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION);
        // one line, whatever the customizer likes: the kind is put in by position
        return new JobCodec(customizer
                .apply(builder)
                .disable(SerializationFeature.INDENT_OUTPUT)
                .build());
    }

    /** A stored document, to be read later. */
    public JsonText json(String text) {
        return new JsonText(text, this);
    }

    /**
     * Writes a payload as one flat JSON object that begins with its kind. So a map that it is read into gets the kind as
     * well, and must be able to hold a text.
     *
     * @param payload a record, bean or map; {@code null} for none
     * @param maxBytes the largest document
     * @throws IllegalArgumentException when it is no JSON object, cannot be written, is too large, or has a field
     *     {@code kind} of another value
     */
    public String payload(String kind, @Nullable Object payload, int maxBytes) {
        byte[] object = payload == null
                ? new byte[] {'{', '}'}
                : write("payload of kind '" + kind + "'", payload, Object.class);
        if (object.length == 0 || object[0] != '{') {
            throw new IllegalArgumentException(
                    "the payload of kind '%s' must be written as a JSON object, %s is not; wrap it in a record"
                            .formatted(
                                    kind,
                                    payload == null
                                            ? "null"
                                            : payload.getClass().getName()));
        }
        byte[] document = contains(object, KIND) ? withKind(kind, object) : splice(kind, object);
        checkSize("payload of kind '" + kind + "'", document, maxBytes);
        return new String(document, StandardCharsets.UTF_8);
    }

    /** The usual case: no field of that name anywhere, so the kind is put before the first field. */
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

    private byte[] withKind(String kind, byte[] object) {
        ObjectNode fields;
        try {
            fields = (ObjectNode) mapper.reader()
                    .with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .without(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                    .readTree(object);
        } catch (JacksonException ex) {
            // a number or a name of more digits or letters than a reader takes
            throw new IllegalArgumentException(
                    "the payload of kind '%s' could not be read again: %s".formatted(kind, place(ex)), ex);
        }
        JsonNode own = fields.remove("kind");
        if (own != null
                && !own.isNull()
                && !(own.isString() && own.stringValue().equals(kind))) {
            throw new IllegalArgumentException(
                    "the payload of kind '%s' has a field 'kind' of another value; rename the field".formatted(kind));
        }
        return splice(kind, mapper.writeValueAsBytes(fields));
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

    /** Reads headers; anything but an object has none, and a header that is null is none. */
    public Map<String, String> headers(@Nullable String json) {
        if (json == null || json.isEmpty()) {
            return Map.of();
        }
        try {
            Map<String, String> headers = mapper.readValue(json, mapper.constructType(HEADERS.type()));
            if (headers == null) {
                return Map.of();
            }
            headers.values().removeIf(Objects::isNull);
            return headers;
        } catch (JacksonException ex) {
            return Map.of();
        }
    }

    /**
     * Reads what a foreign producer says about its job in the payload itself.
     *
     * @return the top-level texts {@code kind}, {@code run_id} and {@code unit_id}, each {@code null} when there is none
     *     or the document is no JSON object
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

    @SuppressWarnings("unchecked") // no cast by the class itself: a primitive one comes as its wrapper
    <T> T read(String json, Class<T> type) {
        return (T) read(json, (Type) type);
    }

    Object read(String json, Type type) {
        Object value;
        try {
            value = mapper.readValue(json, mapper.constructType(type));
        } catch (JacksonException ex) {
            throw new UnreadableJsonException(
                    "cannot be read as %s: %s".formatted(type.getTypeName(), place(ex)), isWellFormed(json));
        } catch (StackOverflowError ex) {
            throw new UnreadableJsonException(
                    "cannot be read as %s: nested too deep".formatted(type.getTypeName()), false);
        }
        if (value == null) {
            throw new UnreadableJsonException("cannot be read as %s: it is null".formatted(type.getTypeName()), false);
        }
        return value;
    }

    /** Whether the whole document is JSON within the limits of the reader. */
    private boolean isWellFormed(String json) {
        try {
            return !mapper.readTree(json).isMissingNode();
        } catch (JacksonException ex) {
            return false;
        }
    }

    /** The original message quotes the document, which must not reach logs or {@code last_error}. */
    private static String place(JacksonException ex) {
        String what = ex.getClass().getSimpleName();
        String at = ex.getLocation() == null
                ? ""
                : " at line %s, column %s"
                        .formatted(
                                ex.getLocation().getLineNr(), ex.getLocation().getColumnNr());
        StringBuilder path = new StringBuilder();
        for (JacksonException.Reference step : ex.getPath()) {
            path.append(step.getPropertyName() == null ? "[" + step.getIndex() + "]" : "." + step.getPropertyName());
        }
        return what + at + (path.isEmpty() ? "" : " in " + path);
    }

    private byte[] write(String what, Object value, Type declared) {
        try {
            if (declared instanceof Class<?>) {
                return mapper.writeValueAsBytes(value);
            }
            return mapper.writerFor(refined(mapper.constructType(declared), value.getClass()))
                    .writeValueAsBytes(value);
        } catch (RuntimeException | StackOverflowError ex) {
            throw new IllegalArgumentException(
                    "the %s cannot be written as JSON: %s of %s"
                            .formatted(
                                    what,
                                    ex.getClass().getSimpleName(),
                                    value.getClass().getName()),
                    ex instanceof RuntimeException ? ex : null);
        }
    }

    /**
     * The class of a value with the generics of its declared type. The declared type alone would drop the properties of
     * a subclass.
     */
    private JavaType refined(JavaType declared, Class<?> type) {
        return declared.getRawClass().isAssignableFrom(type)
                ? mapper.getTypeFactory().constructSpecializedType(declared, type)
                : mapper.constructType(type);
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

    /** {@code Map<String, String>} as a type at run time. */
    private static final class TypeOfHeaders extends tools.jackson.core.type.TypeReference<Map<String, String>> {

        Type type() {
            return getType();
        }
    }
}
