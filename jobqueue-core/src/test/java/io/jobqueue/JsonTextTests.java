package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** A stored document is raw JSON wherever it is written or read. */
class JsonTextTests {

    private static final int MB = 1024 * 1024;

    private final JobCodec codec = JobCodec.standard();

    record Payment(String id, double amount) {}

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"kind\":\"payment\",\"id\":\"a\",\"amount\":12.50}",
                "{ \"id\" : \"\\u00e4\\/\", \"kind\" : \"payment\", \"n\" : -0.0, \"big\" : 12345678901234567890.1200 }",
                "{\"kind\":\"payment\",\"inner\":{\"kind\":\"other\"}}"
            })
    void aPayloadThatIsEnqueuedAgainIsTheSameDocument(String stored) {
        assertThat(codec.payload("payment", codec.json(stored), MB)).isEqualTo(stored);
    }

    @Test
    void aDocumentWithoutAKindGetsTheKindOfItsJob() {
        assertThat(codec.payload("payment", codec.json("{\"amount\":1.50}"), MB))
                .isEqualTo("{\"kind\":\"payment\",\"amount\":1.50}");
        assertThat(codec.payload("payment", codec.json("{}"), MB)).isEqualTo("{\"kind\":\"payment\"}");
        assertThat(codec.payload("payment", codec.json(" {\"inner\":{\"kind\":\"x\"}}"), MB))
                .isEqualTo("{\"kind\":\"payment\",\"inner\":{\"kind\":\"x\"}}");
    }

    @Test
    void aDocumentOfAnotherKindIsRefused() {
        for (String stored :
                List.of("{\"kind\":\"refund\"}", "{\"kind\":7}", "{\"kind\":\"payment\",\"kind\":\"refund\"}")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> codec.payload("payment", codec.json(stored), MB))
                    .withMessageContaining("has a field 'kind' of another value");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "7", "null", "{}{}", "{\"n\":01}", "\"{}\""})
    void aDocumentThatIsNoObjectIsNoPayload(String stored) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.payload("payment", codec.json(stored), MB))
                .withMessageContaining("payload of kind 'payment'");
    }

    @Test
    void aDocumentInsideOfAPayloadIsRawJsonToo() {
        record Again(String why, JsonText original) {}
        JsonText original = codec.json("{\"kind\":\"payment\",\"amount\":12.50}");

        String payload = codec.payload("again", new Again("manual", original), MB);

        assertThat(payload)
                .isEqualTo(
                        "{\"kind\":\"again\",\"why\":\"manual\",\"original\":{\"kind\":\"payment\",\"amount\":12.50}}");
        Again read = codec.json(payload).as(Again.class);
        assertThat(read).isEqualTo(new Again("manual", original));
        assertThat(read.original().as(Payment.class)).isEqualTo(new Payment(null, 12.5));
        assertThat(codec.json("{\"original\":null}").as(Again.class).original()).isNull();
    }

    @Test
    void aDocumentInsideOfAnotherKeepsItsNumbersAndLetters() {
        record Again(JsonText original) {}
        for (String number : List.of(
                "-0.0", "1E+2", "1.50", "12345678901234567890.1200", "-0", "[1,{\"a\":[true,null]}]", "\"\\uD83D\"")) {
            assertThat(codec.json("{\"original\":" + number + "}")
                            .as(Again.class)
                            .original())
                    .isEqualTo(codec.json(number));
        }
    }

    @Test
    void aDocumentIsReadAsItself() {
        JsonText document = codec.json("{ \"n\" : 1.50 }");

        assertThat(document.as(JsonText.class)).isEqualTo(document);
        assertThatThrownBy(() -> codec.json("{").as(JsonText.class)).isInstanceOf(UnreadableJsonException.class);
    }

    @Test
    void theApplicationsOwnMapperWritesAndReadsRawJson() {
        JsonMapper own = JsonMapper.builder().build();
        Map<String, JsonText> shown = Map.of("payload", codec.json("{\"amount\":12.50}"));

        assertThat(own.writeValueAsString(shown)).isEqualTo("{\"payload\":{\"amount\":12.50}}");
        JsonText read = own.readValue("{ \"amount\" : 12.50 }", JsonText.class);
        assertThat(read).isEqualTo(codec.json("{\"amount\":12.50}"));
        assertThat(read.as(Payment.class).amount()).isEqualTo(12.5);
    }

    @Test
    void aMalformedDocumentIsShownAsATextSoThatTheDocumentAroundItStaysWellFormed() {
        JsonMapper own = JsonMapper.builder().build();

        for (String malformed : List.of("", "{\"a\":", "nonsense", "{}}", "1 2")) {
            String shown = own.writeValueAsString(Map.of("payload", codec.json(malformed)));
            assertThat(own.readTree(shown).path("payload").stringValue()).isEqualTo(malformed);
        }
    }
}
