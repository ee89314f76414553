package io.jobqueue;

import java.lang.reflect.Type;

/**
 * A JSON document as it is stored, read into a type only when asked. Equal when the texts are equal. Its
 * {@code toString} tells the length only, because payloads and results belong in no log.
 *
 * <p>Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class JsonText {

    private final String text;
    private final JobCodec codec;

    JsonText(String text, JobCodec codec) {
        this.text = text;
        this.codec = codec;
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
    public <T> T as(Class<T> type) {
        return codec.read(text, type);
    }

    /**
     * Reads the document into a generic type.
     *
     * @param type for example what {@code Method.getGenericParameterTypes()} gives
     * @throws UnreadableJsonException when the text is no JSON, or does not fit the type
     */
    public Object as(Type type) {
        return codec.read(text, type);
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
}
