package io.jobqueue;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobCodecTests {

    private static final int MB = 1024 * 1024;

    private final JobCodec codec = JobCodec.standard();

    record Mail(String to, int n) {}

    record Tagged(String kind, String to) {}

    record Signed(String kind, double zero) {}

    record Rich(Instant at, Optional<String> maybe, List<Mail> mails, Map<String, Double> numbers) {}

    @Test
    void aPayloadIsOneFlatObjectThatBeginsWithItsKind() {
        assertThat(codec.payload("email", new Mail("ä@b.c", 1), MB))
                .isEqualTo("{\"kind\":\"email\",\"to\":\"ä@b.c\",\"n\":1}");
        assertThat(codec.payload("ping", null, MB)).isEqualTo("{\"kind\":\"ping\"}");
        assertThat(codec.payload("ping", Map.of(), MB)).isEqualTo("{\"kind\":\"ping\"}");
        assertThat(codec.payload("a \"b\"", null, MB)).isEqualTo("{\"kind\":\"a \\\"b\\\"\"}");
    }

    @Test
    void aFieldNamedKindMustEqualTheKind() {
        assertThat(codec.payload("email", new Tagged("email", "x"), MB)).isEqualTo("{\"kind\":\"email\",\"to\":\"x\"}");
        assertThat(codec.payload("email", Map.of("nested", Map.of("kind", "other")), MB))
                .isEqualTo("{\"kind\":\"email\",\"nested\":{\"kind\":\"other\"}}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.payload("email", new Tagged("sms", "x"), MB))
                .withMessageContaining("'email'")
                .withMessageContaining("rename the field");
    }

    @Test
    void aPayloadThatIsNoObjectIsRefusedWithTheRemedy() {
        for (Object payload : new Object[] {"text", 42, List.of(1), true}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> codec.payload("email", payload, MB))
                    .withMessageContaining("wrap it in a record");
        }
    }

    @Test
    void anUnwritablePayloadIsRefusedWithItsType() {
        Map<String, Object> cyclic = new HashMap<>();
        cyclic.put("self", cyclic);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.payload("email", cyclic, MB))
                .withMessageContaining("cannot be written as JSON");
    }

    @Test
    void sizesAreCountedInBytesUpToTheLimit() {
        String exact = codec.payload("k", Map.of("x", "ä"), 25);

        assertThat(exact.getBytes(java.nio.charset.StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(25);
        int size = exact.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        assertThat(codec.payload("k", Map.of("x", "ä"), size)).isEqualTo(exact);
        assertThatThrownBy(() -> codec.payload("k", Map.of("x", "ä"), size - 1))
                .isInstanceOf(TooLargeException.class)
                .hasMessageContaining(size + " bytes, the limit is " + (size - 1));
    }

    @Test
    void aResultIsAlwaysAnObject() {
        assertThat(codec.result(null, Object.class, MB).object()).isEqualTo("{}");
        assertThat(codec.result(42, Object.class, MB).object()).isEqualTo("{\"value\":42}");
        assertThat(codec.result("x", Object.class, MB).object()).isEqualTo("{\"value\":\"x\"}");
        assertThat(codec.result(List.of(1, 2), Object.class, MB).object()).isEqualTo("{\"value\":[1,2]}");
        assertThat(codec.result(new Mail("a", 1), Object.class, MB).object()).isEqualTo("{\"to\":\"a\",\"n\":1}");
    }

    record Holder(List<Integer> value) {}

    record Same(String value) {}

    @Test
    void aResultIsTakenOutOfTheObjectAgain() {
        assertThat(codec.readResult("{}", Mail.class)).isNull();
        assertThat(codec.readResult(" { } ", Integer.class)).isNull();
        assertThat(codec.readResult("{\"to\":\"a\",\"n\":1}", Void.class)).isNull();
        assertThat(codec.readResult("{\"value\":42}", Integer.class)).isEqualTo(42);
        assertThat(codec.readResult("{ \"value\" : 42 }", int.class)).isEqualTo(42);
        assertThat(codec.readResult("{\"value\":[1,2]}", List.class)).isEqualTo(List.of(1, 2));
        assertThat(codec.readResult("{\"value\":12345678901234567890.50}", JsonText.class)
                        .text())
                .isEqualTo("12345678901234567890.50");
        assertThat(codec.readResult("{\"to\":\"a\",\"n\":1}", Mail.class)).isEqualTo(new Mail("a", 1));
    }

    @Test
    void aResultWithAFieldValueOfItsOwnIsReadAsItIs() {
        assertThat(codec.readResult("{\"value\":[1]}", Holder.class)).isEqualTo(new Holder(List.of(1)));
        assertThat(codec.readResult("{\"value\":\"x\"}", Same.class)).isEqualTo(new Same("x"));
        assertThat(codec.readResult("{\"value\":null}", Same.class)).isEqualTo(new Same(null));
        assertThat(codec.readResult("{\"value\":{\"a\":1}}", Map.class)).isEqualTo(Map.of("value", Map.of("a", 1)));
        assertThat(codec.readResult("{\"value\":1,\"more\":2}", Map.class)).isEqualTo(Map.of("value", 1, "more", 2));
    }

    @Test
    void aResultThatFitsTheTypeInNeitherFormIsRefusedForItsValue() {
        assertThatThrownBy(() -> codec.readResult("{\"value\":\"secret\"}", Integer.class))
                .isInstanceOf(UnreadableJsonException.class)
                .hasMessageContaining("java.lang.Integer")
                .hasMessageNotContaining("secret");
        assertThatThrownBy(() -> codec.readResult("no json", Integer.class))
                .isInstanceOf(UnreadableJsonException.class);
    }

    @Test
    void anIteratorIsTheSameInBothFormsOfAResult() {
        JobCodec.Result result = codec.result(List.of(1, 2).iterator(), Object.class, MB);

        assertThat(result).isEqualTo(new JobCodec.Result("[1,2]", "{\"value\":[1,2]}"));
    }

    @Test
    void valuesComeBackAsTheyWentIn() {
        Rich rich = new Rich(
                Instant.parse("2026-11-21T10:00:00.123456789Z"),
                Optional.of("x"),
                List.of(new Mail("😀 \u0000 \u2028", Integer.MIN_VALUE)),
                new LinkedHashMap<>(Map.of("small", 1e-300)));

        assertThat(codec.json(codec.output(rich, MB)).as(Rich.class)).isEqualTo(rich);
        assertThat(codec.json(codec.output("half \ud83d", MB)).as(String.class)).isEqualTo("half \ud83d");
        assertThat(codec.json(codec.output(9007199254740993L, MB)).as(Long.class))
                .isEqualTo(9007199254740993L);
        assertThat(codec.json(codec.output(Double.NaN, MB)).as(Double.class)).isNaN();
        assertThat(codec.json("7").as(int.class)).isEqualTo(7);
    }

    @Test
    void fieldsThatTheTypeDoesNotHaveAreIgnored() {
        assertThat(codec.json("{\"kind\":\"email\",\"to\":\"a\",\"n\":1,\"new\":{}}")
                        .as(Mail.class))
                .isEqualTo(new Mail("a", 1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "{}x",
                "{\"to\":",
                "[]",
                "\"text\"",
                "null",
                "{\"n\":\"secret\"}",
                "{\"n\":1e999}",
                "\ufeff{",
                "{\"to\":{\"deep\":\"secret\"}}",
                "nope",
                "{'to':1}"
            })
    void anUnreadableDocumentNamesThePlaceAndNeverTheValue(String document) {
        assertThatThrownBy(() -> codec.json(document).as(Mail.class))
                .isInstanceOf(UnreadableJsonException.class)
                .hasMessageContaining("Mail")
                .hasMessageNotContaining("secret");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[]", "\"text\"", "{\"n\":\"secret\"}", "{\"n\":1e999}", "{\"to\":{\"deep\":\"secret\"},\"n\":1}"
            })
    void aWellFormedDocumentThatDoesNotFitMayFitAnotherVersion(String document) {
        assertThat(unreadable(document).mayFitAnotherVersion()).isTrue();
        assertThat(unreadable(document).of("the output").mayFitAnotherVersion()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", " ", "{", "{}x", "null", "\ufeff{", "nope", "{'to':1}", "{\"n\":\"secret\"", "[]]", "[] []"})
    void aMalformedDocumentFitsNoVersion(String document) {
        assertThat(unreadable(document).mayFitAnotherVersion()).isFalse();
    }

    private UnreadableJsonException unreadable(String document) {
        return catchThrowableOfType(
                UnreadableJsonException.class, () -> codec.json(document).as(Mail.class));
    }

    private static Stream<Arguments> faults() {
        return Stream.of(
                arguments("[]", "it is an array"),
                arguments("\"secret\"", "it is a text"),
                arguments("{\"n\":\"secret\"}", "property 'n' is a text, which cannot be read as int"),
                arguments("{\"n\":1e999}", "property 'n' is a number, which cannot be read as int"),
                arguments("{\"n\":99999999999}", "property 'n' is a number, which cannot be read as int"),
                arguments(
                        "{\"to\":{\"secret\":1}}",
                        "property 'to' is an object, which cannot be read as java.lang.String"),
                arguments("{\"to\":", "the document is malformed at line 1, column 7"),
                arguments("{\n  \"to\" secret}", "the document is malformed at line 2, column 8"),
                arguments("{}x", "the document is malformed at line 1, column 3"),
                arguments("", "the document is malformed"),
                arguments("null", "it is null"),
                arguments("{\"x\":" + "1".repeat(1001) + "}", "the document is beyond the limits of the JSON reader"));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void aFaultIsToldInWordsThatNameTheProperty(String document, String words) {
        assertThat(unreadable(document))
                .hasMessageStartingWith("cannot be read as io.jobqueue.JobCodecTests$Mail: " + words)
                .hasMessageNotContaining("secret");
    }

    @Test
    void theKeysOfAMapAreContentAndNeverTold() {
        record Sums(Map<String, Mail> sums) {}

        assertThatThrownBy(() ->
                        codec.json("{\"sums\":{\"secret@b.c\":{\"n\":{}}}}").as(Sums.class))
                .hasMessageContaining("property 'sums[].n' is an object, which cannot be read as int")
                .hasMessageNotContaining("secret");
    }

    @Test
    void aNullWhereNoneMayBeIsTold() {
        JobCodec strict = JobCodec.customized(builder -> builder.enable(
                tools.jackson.databind.DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                tools.jackson.databind.DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES));

        assertThatThrownBy(() -> strict.json("{\"to\":\"a\"}").as(Mail.class))
                .hasMessageContaining("property 'n' is missing");
        assertThatThrownBy(() -> strict.json("{\"to\":\"a\",\"n\":null}").as(Mail.class))
                .hasMessageContaining("property 'n' is null");
        assertThatThrownBy(() -> strict.json("{\"n\":1,\"new\":1}").as(Mail.class))
                .hasMessageContaining("property 'new' is unknown to the type");
    }

    @Test
    void nestingWithoutEndIsRefused() {
        String deep = "{\"to\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";

        assertThatThrownBy(() -> codec.json(deep).as(Mail.class)).isInstanceOf(UnreadableJsonException.class);
        assertThat(codec.envelope(deep).kind()).isNull();
    }

    @Test
    void noTypeInformationInADocumentIsObeyed() {
        String gadget = "{\"@class\":\"javax.naming.InitialContext\",\"to\":\"a\",\"n\":1}";

        assertThat(codec.json(gadget).as(Object.class)).isInstanceOf(Map.class);
        assertThat(codec.json("[\"javax.naming.InitialContext\",{}]").as(Object.class))
                .isInstanceOf(List.class);
        assertThat(Mail.class.isAnnotationPresent(JsonTypeInfo.class)).isFalse();
        assertThat(codec.json(gadget).as(Mail.class)).isEqualTo(new Mail("a", 1));
    }

    @Test
    void theEnvelopeReadsTopLevelTextsOnly() {
        JobCodec.Envelope envelope = codec.envelope(
                "{\"x\":{\"kind\":\"no\"},\"kind\":\"email\",\"run_id\":\"r\",\"unit_id\":\"u\\u00e4\",\"n\":[1,{\"kind\":2}]}");

        assertThat(envelope).isEqualTo(new JobCodec.Envelope("email", "r", "uä"));
        assertThat(codec.envelope("{\"kind\":7,\"run_id\":null}")).isEqualTo(new JobCodec.Envelope(null, null, null));
        assertThat(codec.envelope("{\"kind\":\"a\",\"kind\":\"b\"}").kind()).isEqualTo("b");
        assertThat(codec.envelope("{\"kind\":\"a\",\"kind\":[\"b\"],\"x\":1}").kind())
                .isNull();
        assertThat(codec.envelope("[1]").kind()).isNull();
        assertThat(codec.envelope("nonsense").kind()).isNull();
    }

    @Test
    void aCustomizerComesAfterOurSettings() {
        JobCodec strict = JobCodec.customized(
                builder -> builder.enable(tools.jackson.databind.DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES));

        assertThatThrownBy(() -> strict.json("{\"to\":\"a\",\"n\":1,\"new\":1}").as(Mail.class))
                .isInstanceOf(UnreadableJsonException.class);
    }

    @Test
    void aDocumentIsNeverShown() {
        assertThat(codec.json("{\"password\":\"secret\"}")).hasToString("JsonText[21 characters]");
    }

    @Test
    void aFieldNamedKindSomewhereCostsNoDigit() {
        java.math.BigDecimal amount = new java.math.BigDecimal("12345678901234567890.120");

        String payload = codec.payload("pay", Map.of("amount", amount, "inner", Map.of("kind", "x")), MB);

        assertThat(payload).contains("12345678901234567890.120");
        assertThat(codec.payload("pay", new Signed("pay", -0.0), MB)).isEqualTo("{\"kind\":\"pay\",\"zero\":-0.0}");
    }

    @Test
    void anExceptionOfACustomSerializerIsRefusedLikeOneOfJackson() {
        tools.jackson.databind.JacksonSerializable own = new tools.jackson.databind.JacksonSerializable.Base() {
            @Override
            public void serialize(
                    tools.jackson.core.JsonGenerator generator, tools.jackson.databind.SerializationContext context) {
                throw new IllegalStateException("secret");
            }

            @Override
            public void serializeWithType(
                    tools.jackson.core.JsonGenerator generator,
                    tools.jackson.databind.SerializationContext context,
                    tools.jackson.databind.jsontype.TypeSerializer typed) {
                serialize(generator, context);
            }
        };

        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.output(own, MB))
                .withMessageContaining("cannot be written as JSON: IllegalStateException")
                .withMessageNotContaining("secret");
    }

    @Test
    void aPayloadThatCannotBeReadAgainToPutInItsKindIsRefused() {
        Map<String, String> inner = Map.of("kind", "x");

        for (Object payload : List.of(
                Map.of("inner", inner, "n", new java.math.BigInteger("1".repeat(1001))),
                Map.of("n".repeat(60_000), inner),
                new tools.jackson.databind.util.RawValue("{\"kind\":"),
                new tools.jackson.databind.util.RawValue(""))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> codec.payload("pay", payload, MB))
                    .withMessageContaining("payload of kind 'pay'");
        }
    }

    @Test
    void headersWithAnyTextComeBackUnchanged() {
        for (String text : List.of("", "\u0000\n\"\\", "ä 😀", "\ud83d", "\ude00\ud83d", "\u2028", "{}")) {
            Map<String, String> headers = Map.of("name", text, text + "!", "value");
            String stored = new String(codec.headers(headers).getBytes(UTF_8), UTF_8);

            assertThat(codec.headers(stored)).isEqualTo(headers);
        }
    }

    @Test
    void aHeaderThatIsNoTextCostsNoOtherHeader() {
        assertThat(codec.headers("{\"a\":\"1\",\"b\":{\"x\":[1]},\"c\":null,\"d\":7,\"e\":true,\"f\":[]}"))
                .isEqualTo(Map.of("a", "1", "d", "7", "e", "true"));
        assertThat(codec.headers("{\"a\":\"1\",\"b\":")).isEqualTo(Map.of("a", "1"));
        for (String none : List.of("", "[]", "7", "null", "nonsense")) {
            assertThat(codec.headers(none)).isEmpty();
        }
    }

    @Test
    void aCustomizerThatPrintsPrettilyBreaksNoPayload() {
        JobCodec pretty = JobCodec.customized(
                builder -> builder.enable(tools.jackson.databind.SerializationFeature.INDENT_OUTPUT));

        assertThat(pretty.payload("ping", Map.of(), MB)).isEqualTo("{\"kind\":\"ping\"}");
    }
}
