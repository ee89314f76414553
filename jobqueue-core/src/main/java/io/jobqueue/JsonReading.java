package io.jobqueue;

import java.io.ByteArrayOutputStream;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/** Reads stored documents, by the mapper of a codec. Immutable and thread-safe. */
final class JsonReading {

    /** The attribute through which nested documents find the current reading. */
    static final String ATTRIBUTE = JsonReading.class.getName();

    private final JsonMapper mapper;
    private final ObjectReader reader;

    JsonReading(JsonMapper mapper) {
        this.mapper = mapper;
        this.reader = mapper.reader().withAttribute(ATTRIBUTE, this);
    }

    /** The reading with the default mapper. */
    static JsonReading standard() {
        return new JsonReading(PayloadMapper.build(true, UnaryOperator.identity()));
    }

    /**
     * Reads a document.
     *
     * @throws UnreadableJsonException when the text is no JSON, or does not fit the type
     */
    Object read(String json, Type type) {
        Object value;
        try {
            value = reader.forType(mapper.constructType(type)).readValue(json);
        } catch (JacksonException ex) {
            JsonNode document = tree(json);
            throw new UnreadableJsonException(
                    "cannot be read as %s: %s".formatted(type.getTypeName(), JsonFault.ofReading(ex, document)),
                    document != null);
        } catch (StackOverflowError ex) {
            throw new UnreadableJsonException(
                    "cannot be read as %s: nested too deep".formatted(type.getTypeName()), false);
        }
        if (value == null) {
            throw new UnreadableJsonException("cannot be read as %s: it is null".formatted(type.getTypeName()), false);
        }
        return value;
    }

    /** The whole document, or {@code null} when it is malformed or beyond the limits of the reader. */
    @Nullable
    JsonNode tree(String json) {
        try {
            JsonNode document = mapper.readTree(json);
            return document.isMissingNode() ? null : document;
        } catch (JacksonException ex) {
            return null;
        }
    }

    /**
     * The value of an object whose only field is {@code value}; {@code null} for every other document, and when the
     * value is an object or nothing.
     */
    @Nullable
    String onlyValue(String json) {
        try (JsonParser parser = mapper.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT || !"value".equals(parser.nextName())) {
                return null;
            }
            JsonToken token = parser.nextToken();
            if (token == JsonToken.START_OBJECT || token == JsonToken.VALUE_NULL) {
                return null;
            }
            String value = document(parser);
            return parser.nextToken() == JsonToken.END_OBJECT ? value : null;
        } catch (JacksonException ex) {
            return null; // reading the whole document tells what is wrong with it
        }
    }

    /** The current value of a parser, as a separate document. */
    String document(JsonParser parser) {
        ByteArrayOutputStream document = new ByteArrayOutputStream();
        try (JsonGenerator generator = mapper.createGenerator(document)) {
            copy(parser, generator);
        }
        return document.toString(StandardCharsets.UTF_8);
    }

    /** A text as a JSON string. */
    String quoted(String text) {
        return mapper.writeValueAsString(text);
    }

    /** Copies the current value of a parser; numbers keep their text. */
    static void copy(JsonParser parser, JsonGenerator generator) {
        int depth = 0;
        for (JsonToken token = parser.currentToken(); token != null; token = parser.nextToken()) {
            if (token == JsonToken.PROPERTY_NAME) {
                generator.writeName(parser.currentName());
                continue;
            }
            if (token.isNumeric()) {
                generator.writeNumber(parser.getString());
            } else {
                generator.copyCurrentEvent(parser);
            }
            depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            if (depth == 0) {
                return;
            }
        }
    }
}
