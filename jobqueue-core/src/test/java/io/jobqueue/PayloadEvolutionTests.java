package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * During a rolling deployment, each version of a payload's type reads payloads of the other version. In each nested
 * class, {@code V1} is the old version of the type and {@code V2} the new one.
 */
class PayloadEvolutionTests {

    private final JobCodec codec = JobCodec.standard();

    /** Writes with one version of a type and reads with the other. */
    private <T> T crossed(Object payload, Class<T> type) {
        return codec.json(codec.payload("grow", payload, 10_000)).as(type);
    }

    private void assertLeftToAnotherVersion(Object payload, Type type, String words) {
        UnreadableJsonException refused = catchThrowableOfType(
                UnreadableJsonException.class,
                () -> codec.json(codec.payload("grow", payload, 10_000)).as(type));
        assertThat(refused).hasMessageContaining(words);
        assertThat(refused.mayFitAnotherVersion()).isTrue();
    }

    static final class Records {
        record V1(String name) {}

        record V2(
                String name,
                int priority,
                boolean urgent,
                long size,
                double weight,
                char grade,
                String note,
                Integer boxed) {}
    }

    @Test
    void aRecordThatGrewReadsAnOldPayloadWithDefaults() {
        assertThat(crossed(new Records.V1("old"), Records.V2.class))
                .isEqualTo(new Records.V2("old", 0, false, 0, 0, '\0', null, null));
    }

    @Test
    void anOldRecordIgnoresTheFieldsOfANewPayload() {
        assertThat(crossed(new Records.V2("new", 1, true, 2, 3, 'x', "y", 4), Records.V1.class))
                .isEqualTo(new Records.V1("new"));
    }

    @Test
    void aFieldThatBecameAPrimitiveReadsNullAsItsDefault() {
        record Boxed(String name, Integer priority) {}

        assertThat(crossed(new Boxed("old", null), Records.V2.class).priority()).isZero();
    }

    @Test
    void anEmptyTextIsNoDefaultOfAPrimitive() {
        assertLeftToAnotherVersion(
                Map.of("name", "old", "priority", ""),
                Records.V2.class,
                "'priority' is a text, which cannot be read as int");
    }

    @Test
    void aFieldThatIsRequiredStaysRequired() {
        record Required(String name, @JsonProperty(required = true) int priority) {}

        assertLeftToAnotherVersion(new Records.V1("old"), Required.class, "property 'priority' is missing");
    }

    static final class Beans {
        public static final class V1 {
            public String name = "old";
        }

        public static final class V2 {
            public String name;
            public int priority = 3;
            private boolean urgent = true;

            public boolean isUrgent() {
                return urgent;
            }

            public void setUrgent(boolean urgent) {
                this.urgent = urgent;
            }
        }
    }

    @Test
    void aBeanThatGrewReadsAnOldPayloadWithItsInitialValues() {
        Beans.V2 read = crossed(new Beans.V1(), Beans.V2.class);

        assertThat(read.name).isEqualTo("old");
        assertThat(read.priority).isEqualTo(3);
        assertThat(read.urgent).isTrue();
    }

    @Test
    void anOldBeanIgnoresTheFieldsOfANewPayload() {
        Beans.V2 written = new Beans.V2();
        written.name = "new";

        assertThat(crossed(written, Beans.V1.class).name).isEqualTo("new");
    }

    static final class Enums {
        enum Before {
            LOW
        }

        enum After {
            LOW,
            HIGH {
                @Override
                public String toString() {
                    return "as high as can be";
                }
            }
        }

        record V1(Before level, List<Before> levels, Map<Before, Integer> counts) {}

        record V2(After level, List<After> levels, Map<After, Integer> counts) {}
    }

    @Test
    void anEnumThatGrewReadsTheConstantsOfBefore() {
        Enums.V1 old = new Enums.V1(Enums.Before.LOW, List.of(Enums.Before.LOW), Map.of(Enums.Before.LOW, 1));

        assertThat(crossed(old, Enums.V2.class))
                .isEqualTo(new Enums.V2(Enums.After.LOW, List.of(Enums.After.LOW), Map.of(Enums.After.LOW, 1)));
    }

    @Test
    void aConstantThatIsNotKnownYetIsLeftToAnotherVersion() {
        assertLeftToAnotherVersion(
                new Enums.V2(Enums.After.HIGH, List.of(), Map.of()),
                Enums.V1.class,
                "'level' is none of the constants of");
        assertLeftToAnotherVersion(
                new Enums.V2(null, List.of(Enums.After.LOW, Enums.After.HIGH), Map.of()),
                Enums.V1.class,
                "'levels[1]' is none of the constants of");
        assertLeftToAnotherVersion(
                new Enums.V2(null, List.of(), Map.of(Enums.After.HIGH, 1)),
                Enums.V1.class,
                "a key of property 'counts'");
    }

    @Test
    void aConstantIsStoredByItsNameWhichOutlivesItsText() {
        assertThat(codec.payload("grow", new Enums.V2(Enums.After.HIGH, List.of(), Map.of(Enums.After.HIGH, 1)), 1000))
                .contains("\"level\":\"HIGH\"", "{\"HIGH\":1}");
    }

    static final class Optionals {
        record V1(String name) {}

        record V2(String name, Optional<String> note) {}

        record V3(Optional<String> name) {}
    }

    @Test
    void anOptionalFieldIsEmptyInAnOldPayload() {
        assertThat(crossed(new Optionals.V1("old"), Optionals.V2.class))
                .isEqualTo(new Optionals.V2("old", Optional.empty()));
        assertThat(crossed(new Optionals.V2("new", Optional.of("x")), Optionals.V1.class))
                .isEqualTo(new Optionals.V1("new"));
    }

    @Test
    void aFieldThatBecameOptionalIsReadInBothDirections() {
        assertThat(crossed(new Optionals.V1("old"), Optionals.V3.class))
                .isEqualTo(new Optionals.V3(Optional.of("old")));
        assertThat(crossed(new Optionals.V1(null), Optionals.V3.class)).isEqualTo(new Optionals.V3(Optional.empty()));
        assertThat(crossed(new Optionals.V3(Optional.of("new")), Optionals.V1.class))
                .isEqualTo(new Optionals.V1("new"));
    }

    static final class Collections {
        record V1(String name, List<String> tags) {}

        record V2(String name, Set<String> tags, List<Integer> sizes, Map<String, Integer> counts) {}

        record V3(String name, String tags) {}
    }

    @Test
    void aCollectionThatIsNewIsNullInAnOldPayload() {
        assertThat(crossed(new Collections.V1("old", List.of("a")), Collections.V2.class))
                .isEqualTo(new Collections.V2("old", Set.of("a"), null, null));
        assertThat(crossed(new Collections.V2("new", Set.of("a"), List.of(1), Map.of("x", 1)), Collections.V1.class))
                .isEqualTo(new Collections.V1("new", List.of("a")));
    }

    @Test
    void aFieldThatBecameACollectionIsLeftToAnotherVersion() {
        assertLeftToAnotherVersion(
                new Collections.V3("old", "a"), Collections.V1.class, "'tags' is a text, which cannot be read as");
        assertLeftToAnotherVersion(
                new Collections.V1("new", List.of("a")),
                Collections.V3.class,
                "'tags' is an array, which cannot be read as");
    }

    static final class Nested {
        record V1(Records.V1 one, List<Records.V1> many, Map<String, Records.V1> named) {}

        record V2(Records.V2 one, List<Records.V2> many, Map<String, Records.V2> named) {}
    }

    @Test
    void nestedRecordsGrowLikeTheirParents() {
        Records.V1 old = new Records.V1("old");
        Records.V2 grown = new Records.V2("old", 0, false, 0, 0, '\0', null, null);

        assertThat(crossed(new Nested.V1(old, List.of(old), Map.of("x", old)), Nested.V2.class))
                .isEqualTo(new Nested.V2(grown, List.of(grown), Map.of("x", grown)));
        assertThat(crossed(new Nested.V2(grown, List.of(grown), Map.of("x", grown)), Nested.V1.class))
                .isEqualTo(new Nested.V1(old, List.of(old), Map.of("x", old)));
    }

    static final class Renamed {
        record V1(String mail) {}

        record V2(@JsonAlias("mail") String address) {}

        record V3(@JsonProperty("mail") String address) {}
    }

    @Test
    void aRenamedFieldIsReadByItsAlias() {
        assertThat(crossed(new Renamed.V1("a@b.c"), Renamed.V2.class)).isEqualTo(new Renamed.V2("a@b.c"));
    }

    @Test
    void aFieldThatKeepsItsOldNameInJsonIsReadInBothDirections() {
        assertThat(crossed(new Renamed.V1("a@b.c"), Renamed.V3.class)).isEqualTo(new Renamed.V3("a@b.c"));
        assertThat(crossed(new Renamed.V3("a@b.c"), Renamed.V1.class)).isEqualTo(new Renamed.V1("a@b.c"));
    }

    static final class Sealed {
        @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
        @JsonSubTypes(@JsonSubTypes.Type(value = Shape1.Circle.class, name = "circle"))
        sealed interface Shape1 {
            record Circle(double radius) implements Shape1 {}
        }

        @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
        @JsonSubTypes({
            @JsonSubTypes.Type(value = Shape2.Circle.class, name = "circle"),
            @JsonSubTypes.Type(value = Shape2.Square.class, name = "square")
        })
        sealed interface Shape2 {
            record Circle(double radius, String colour) implements Shape2 {}

            record Square(double side) implements Shape2 {}
        }

        record V1(Shape1 shape, List<Shape1> shapes) {}

        record V2(Shape2 shape, List<Shape2> shapes) {}
    }

    @Test
    void aSealedTypeThatGrewReadsTheShapesOfBefore() {
        Sealed.Shape1 old = new Sealed.Shape1.Circle(1);
        Sealed.Shape2 grown = new Sealed.Shape2.Circle(1, null);

        assertThat(crossed(new Sealed.V1(old, List.of(old)), Sealed.V2.class))
                .isEqualTo(new Sealed.V2(grown, List.of(grown)));
        assertThat(crossed(new Sealed.V2(grown, List.of(grown)), Sealed.V1.class))
                .isEqualTo(new Sealed.V1(old, List.of(old)));
        assertThat(crossed(old, Sealed.Shape2.class)).isEqualTo(grown);
    }

    @Test
    void aShapeThatIsNotKnownYetIsLeftToAnotherVersion() {
        Sealed.Shape2 square = new Sealed.Shape2.Square(1);

        assertLeftToAnotherVersion(
                new Sealed.V2(square, null), Sealed.V1.class, "'shape' names a type that is not known as a");
        assertLeftToAnotherVersion(
                new Sealed.V2(null, List.of(square)),
                Sealed.V1.class,
                "'shapes[0]' names a type that is not known as a");
        assertLeftToAnotherVersion(square, Sealed.Shape1.class, "it names a type that is not known as a");
    }

    @Test
    void aRecordThatRefusesAnOldPayloadIsLeftToAnotherVersion() {
        record Strict(String name, int priority) {
            Strict {
                if (priority == 0) {
                    throw new IllegalArgumentException("the priority of " + name + " is 0");
                }
            }
        }

        assertLeftToAnotherVersion(new Records.V1("secret"), Strict.class, "threw IllegalArgumentException");
        UnreadableJsonException refused =
                catchThrowableOfType(UnreadableJsonException.class, () -> codec.json("{\"name\":\"secret\"}")
                        .as(Strict.class));
        assertThat(refused).hasMessageNotContaining("secret");
    }
}
