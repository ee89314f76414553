package io.jobqueue;

import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonValue;
import java.lang.reflect.Type;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.annotation.JsonDeserialize;

/**
 * A JSON document as it is stored, read into a type only when asked. Two documents are equal when their texts are
 * equal. {@code toString} shows only the length, because payloads and results must not be logged.
 *
 * <p>Every JSON mapper writes it as the document that it contains, for example in the response of a controller, and as
 * a string when the document is malformed. Payloads and results may have fields of this type.
 *
 * <p>Immutable and thread-safe.
 *
 * @since 0.1.0
 */
@JsonDeserialize(using = JsonText.Reader.class)
public final class JsonText {

    private final String text;
    private final JsonReading reading;

    JsonText(String text, JsonReading reading) {
        this.text = text;
        this.reading = reading;
    }

    /** The document as it is stored. */
    public String text() {
        return text;
    }

    /**
     * Reads the document. Fields that the type does not have are ignored.
     *
     * @param type a record, a class, {@code Map.class}, {@code tools.jackson.databind.JsonNode.class} …
     * @throws UnreadableJsonException when the text is no JSON, or does not fit the type
     */
    @SuppressWarnings("unchecked") // no cast by the class itself: a primitive one comes as its wrapper
    public <T> T as(Class<T> type) {
        return (T) as((Type) type);
    }

    /**
     * Reads the document into a generic type.
     *
     * @param type for example what {@code Method.getGenericParameterTypes()} gives
     * @throws UnreadableJsonException when the text is no JSON, or does not fit the type
     */
    public Object as(Type type) {
        return type == JsonText.class && reading.tree(text) != null ? this : reading.read(text, type);
    }

    /** What mappers write: a malformed document as a text, so that the document around it is well-formed. */
    @JsonValue
    @JsonRawValue
    String json() {
        return reading.tree(text) == null ? reading.quoted(text) : text;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonText that && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return "JsonText[" + text.length() + " characters]";
    }

    /** Reads a document that is inside another one. */
    static final class Reader extends ValueDeserializer<JsonText> {

        @Override
        public JsonText deserialize(JsonParser parser, DeserializationContext context) {
            JsonReading reading =
                    context.getAttribute(JsonReading.ATTRIBUTE) instanceof JsonReading own ? own : Standard.READING;
            return new JsonText(reading.document(parser), reading);
        }
    }

    /** For mappers of the application. */
    private static final class Standard {

        static final JsonReading READING = JsonReading.standard();
    }
}
