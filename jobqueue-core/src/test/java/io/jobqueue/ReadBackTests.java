package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.BitSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The enqueue refuses a payload that could not be read back unchanged, so that no handler ever meets it. */
class ReadBackTests {

    private static final int MB = 1024 * 1024;

    private final JobCodec codec = JobCodec.standard();

    private String enqueued(Object payload) {
        return codec.payload("k", payload, MB);
    }

    private void assertRefused(Object payload, String... words) {
        assertThatIllegalArgumentException().isThrownBy(() -> enqueued(payload)).satisfies(ex -> assertThat(
                        ex.getMessage())
                .startsWith("the payload of kind 'k' ")
                .contains(words)
                .doesNotContain("secret"));
    }

    record Upload(String name, InputStream content) {}

    @Test
    void aStreamInARecordIsRefused() {
        assertRefused(
                new Upload("secret", new ByteArrayInputStream(new byte[] {1})),
                "'content'",
                "nothing of it would be stored");
        assertRefused(new Upload("secret", null), "'content'", "java.io.InputStream, which is abstract");
        assertRefused(
                Map.of("content", new ByteArrayInputStream(new byte[] {1})), "ByteArrayInputStream", "nothing of it");
    }

    static final class NoProperties {
        private final String hidden;

        NoProperties(String hidden) {
            this.hidden = hidden;
        }

        @Override
        public String toString() {
            return hidden;
        }
    }

    @JobKind("k")
    static final class AnnotatedWithoutProperties {
        private String hidden = "secret";

        @Override
        public String toString() {
            return hidden;
        }
    }

    static final class Empty {}

    @JobKind("k")
    static final class Marker {}

    record NoComponents() {}

    @Test
    void aTypeWithoutPropertiesIsRefused() {
        assertRefused(new NoProperties("secret"), NoProperties.class.getName(), "nothing of it would be stored");
        assertRefused(new AnnotatedWithoutProperties(), AnnotatedWithoutProperties.class.getName(), "nothing of it");
        assertRefused(new Empty(), Empty.class.getName(), "nothing of it would be stored");
        assertRefused(new Object(), "java.lang.Object", "nothing of it would be stored");
        assertRefused(JobRequest.of("k", Map.of("a", 1)), "io.jobqueue.JobRequest", "nothing of it");
        assertRefused(Map.of("inner", List.of(new NoProperties("secret"))), "nothing of it would be stored");
    }

    @Test
    void aResultWithoutPropertiesIsRefusedToo() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.output(new NoProperties("secret"), MB))
                .withMessageContaining("nothing of it would be stored")
                .withMessageNotContaining("secret");
    }

    @Test
    void aPayloadTypeThatHoldsNothingIsAllThereIsToStore() {
        assertThat(enqueued(new NoComponents())).isEqualTo("{\"kind\":\"k\"}");
        assertThat(enqueued(new Marker())).isEqualTo("{\"kind\":\"k\"}");
        assertThat(enqueued(null)).isEqualTo("{\"kind\":\"k\"}");
    }

    static final class Builder {
        private final String name;

        private Builder(String name) {
            this.name = name;
        }

        static Builder of(String name) {
            return new Builder(name);
        }

        public String getName() {
            return name;
        }
    }

    @Test
    void aTypeThatOnlyABuilderMakesIsRefused() {
        assertRefused(Builder.of("secret"), Builder.class.getName(), "@JsonCreator");
    }

    interface Named {
        String getName();
    }

    @Test
    void anAnonymousClassIsRefused() {
        assertRefused(
                new Named() {
                    @Override
                    public String getName() {
                        return "secret";
                    }
                },
                "cannot be read");
    }

    static final class OneName {
        private boolean urgent;

        public OneName() {}

        OneName(boolean urgent) {
            this.urgent = urgent;
        }

        @JsonProperty("urgent")
        public boolean written() {
            return urgent;
        }

        @JsonProperty("isUrgent")
        public void read(boolean value) {
            urgent = value;
        }
    }

    @Test
    void aPropertyThatIsReadByAnotherNameIsRefused() {
        assertRefused(new OneName(true), "'urgent'", "comes back as", "READ_ONLY");
    }

    @Test
    void aPropertyWhoseFirstValueProvesNothingIsCheckedAgain() {
        assertThatCode(() -> enqueued(new OneName(false))).doesNotThrowAnyException();

        assertRefused(new OneName(true), "'urgent'");
    }

    static final class Lost {
        private String name = "";

        static Lost of(String name) {
            Lost lost = new Lost();
            lost.name = name;
            return lost;
        }

        @JsonProperty
        public String title() {
            return name;
        }
    }

    record Inside(List<Lost> all) {}

    @Test
    void aPropertyThatCannotBeSetIsRefusedWhereverItIs() {
        assertRefused(Lost.of("secret"), "'title'");
        assertRefused(new Inside(List.of(Lost.of("secret"))), "'all[0].title'");
    }

    record Order(List<Integer> prices) {
        public int getTotal() {
            return prices.stream().mapToInt(Integer::intValue).sum();
        }
    }

    @Test
    void aComputedPropertyIsNoLoss() {
        assertThat(enqueued(new Order(List.of(1, 2)))).isEqualTo("{\"kind\":\"k\",\"prices\":[1,2],\"total\":3}");
    }

    static class Deliberate {
        public String name = "x";

        @JsonProperty(access = JsonProperty.Access.READ_ONLY)
        public Instant writtenAt() {
            return Instant.now();
        }
    }

    @JsonIgnoreProperties(value = "stamp", allowGetters = true)
    static class DeliberateByName {
        private static final AtomicInteger STAMPS = new AtomicInteger();
        public String name = "x";

        public int getStamp() {
            return STAMPS.incrementAndGet();
        }
    }

    record AroundDeliberate(Deliberate one, List<DeliberateByName> more) {}

    static class Secretive {
        @JsonProperty(access = JsonProperty.Access.WRITE_ONLY)
        public String password = "secret";

        @JsonIgnore
        public String token = "secret";

        public String name = "x";
        public transient Thread thread = Thread.currentThread();
    }

    @Test
    void aPropertyThatIsDeliberatelyWrittenOnlyOrReadOnlyIsNoLoss() {
        assertThat(enqueued(new Deliberate())).contains("\"writtenAt\":");
        assertThat(enqueued(new DeliberateByName())).contains("\"stamp\":");
        assertThat(enqueued(new AroundDeliberate(new Deliberate(), List.of(new DeliberateByName()))))
                .contains("\"writtenAt\":", "\"stamp\":");
        assertThat(enqueued(new Secretive())).isEqualTo("{\"kind\":\"k\",\"name\":\"x\"}");
    }

    record Kept(
            Set<String> ordered,
            Map<String, Object> any,
            Object untyped,
            BigDecimal exact,
            byte[] bytes,
            float single,
            Optional<Integer> maybe,
            char letter,
            double[] doubles) {}

    @Test
    void valuesThatJsonKeepsComeBackUnchanged() {
        Map<String, Object> any = new LinkedHashMap<>();
        any.put("exact", new BigDecimal("12345678901234567890.120"));
        any.put("single", 0.1f);
        any.put("order", new Order(List.of(1)));
        any.put("nan", Double.NaN);
        any.put("small", 1e-300);
        Kept kept = new Kept(
                new LinkedHashSet<>(List.of("z", "y", "x", "w", "ab", "aa")),
                any,
                List.of(1L, 5_000_000_000L),
                new BigDecimal("1E+3"),
                new byte[] {1, 2},
                1.1f,
                Optional.of(1),
                'x',
                new double[] {0.0, -0.0, Double.POSITIVE_INFINITY});

        assertThatCode(() -> enqueued(kept)).doesNotThrowAnyException();
    }

    @Test
    void typesOfTheJdkThatComeBackEmptyAreRefused() {
        BitSet bits = new BitSet();
        bits.set(3);
        record Bits(BitSet bits) {}
        record Later(CompletableFuture<String> later) {}
        record Once(Iterator<String> once) {}

        assertRefused(new Bits(bits), "'bits.empty'");
        assertRefused(new Later(CompletableFuture.completedFuture("secret")), "'later.");
        assertRefused(new Once(List.of("secret").iterator()), "'once'", "java.util.Iterator");
    }

    record Email(@JsonValue String address) {
        @JsonCreator
        static Email parse(String address) {
            return new Email(address);
        }
    }

    record Sent(Email to, List<Email> cc) {}

    @Test
    void aTypeThatIsWrittenAsATextIsReadByItsCreator() {
        Sent sent = new Sent(new Email("a@b.c"), List.of(new Email("d@e.f")));

        assertThat(codec.json(enqueued(sent)).as(Sent.class)).isEqualTo(sent);
    }

    @Test
    void aTypeIsCheckedOnce() {
        record Counted(String name) {
            static final AtomicInteger MADE = new AtomicInteger();

            Counted {
                MADE.incrementAndGet();
            }
        }
        Counted counted = new Counted("x");
        enqueued(counted);
        int made = Counted.MADE.get();

        for (int i = 0; i < 100; i++) {
            enqueued(counted);
        }

        assertThat(made).isEqualTo(2);
        assertThat(Counted.MADE.get()).isEqualTo(made);
    }

    @Test
    void aValueThatIsRefusedDoesNotSpoilItsType() {
        record Positive(int n) {
            static boolean strict = true;

            Positive {
                if (strict && n < 0) {
                    throw new IllegalArgumentException("secret " + n);
                }
            }
        }
        Positive.strict = false;
        Positive negative = new Positive(-1);
        Positive.strict = true;

        assertRefused(negative, "threw IllegalArgumentException");
        assertThat(enqueued(new Positive(1))).isEqualTo("{\"kind\":\"k\",\"n\":1}");
    }

    static class Recursive {
        public String name = "x";
        public List<Recursive> children = List.of();
        public Map<String, Recursive> named = Map.of();
    }

    @Test
    void aRecursiveTypeIsReadable() {
        assertThatCode(() -> enqueued(new Recursive())).doesNotThrowAnyException();
    }
}
