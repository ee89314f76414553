package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonPOJOBuilder;

/** The type alone shows that no document can ever be read into it. */
class ReadableTypeTests {

    private final JobCodec codec = JobCodec.standard();

    interface Plain {
        String name();
    }

    sealed interface Shape permits Circle {}

    record Circle(double radius) implements Shape {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    sealed interface Named permits NamedCircle {}

    record NamedCircle(double radius) implements Named {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes(@JsonSubTypes.Type(Unmade.class))
    interface HalfRead {}

    static final class Unmade implements HalfRead {
        private final String name;

        private Unmade(String name) {
            this.name = name;
        }

        public String getName() {
            return name;
        }
    }

    class Inner {
        public String name;
    }

    abstract static class Abstract {
        public String name;
    }

    record Around(String name, List<Plain> plain) {}

    record Deep(Map<String, Optional<Around>> deep) {}

    record Keyed(Map<Callable<?>, String> keyed) {}

    static Stream<Object[]> unreadable() {
        return Stream.of(
                new Object[] {Plain.class, "Plain", "is an interface", "@JsonTypeInfo"},
                new Object[] {Shape.class, "Shape", "is an interface", "@JsonTypeInfo(use = Id.NAME)"},
                new Object[] {Abstract.class, "Abstract", "is abstract", "@JsonTypeInfo"},
                new Object[] {Unmade.class, "Unmade", "no constructor", "@JsonCreator"},
                new Object[] {Inner.class, "Inner", "is an inner class", "make it static"},
                new Object[] {HalfRead.class, "Unmade", "no constructor", "@JsonCreator"},
                new Object[] {
                    Around.class, "property 'plain[]' is of type", "Plain, which is an interface", "take a class"
                },
                new Object[] {
                    Deep.class, "property 'deep[].plain[]' is of", "Plain, which is an interface", "take a class"
                },
                new Object[] {Keyed.class, "Callable", "", ""},
                new Object[] {type(new TypeReference<List<Unmade>>() {}), "Unmade", "no constructor", "@JsonCreator"});
    }

    @ParameterizedTest
    @MethodSource("unreadable")
    void aTypeThatCanNeverBeReadIsNamedWithTheRemedy(Type type, String thing, String reason, String remedy) {
        UnreadableType unreadable = codec.unreadable(type).orElseThrow();

        assertThat(unreadable.reason()).contains(thing, reason);
        assertThat(unreadable.remedy()).contains(remedy);
    }

    static final class PrivateButFound {
        public String name;

        private PrivateButFound() {}
    }

    static final class ByFactory {
        private final String name;

        private ByFactory(String name) {
            this.name = name;
        }

        @JsonCreator
        static ByFactory of(@com.fasterxml.jackson.annotation.JsonProperty("name") String name) {
            return new ByFactory(name);
        }

        public String getName() {
            return name;
        }
    }

    @JsonDeserialize(builder = ByBuilder.Builder.class)
    static final class ByBuilder {
        private final String name;

        private ByBuilder(String name) {
            this.name = name;
        }

        public String getName() {
            return name;
        }

        @JsonPOJOBuilder(withPrefix = "")
        static final class Builder {
            private String name;

            public Builder name(String value) {
                name = value;
                return this;
            }

            public ByBuilder build() {
                return new ByBuilder(name);
            }
        }
    }

    static class Tree {
        public List<Tree> children;
    }

    static Stream<Type> readable() {
        return Stream.of(
                Circle.class,
                Named.class,
                PrivateButFound.class,
                ByFactory.class,
                ByBuilder.class,
                Tree.class,
                Object.class,
                Map.class,
                String.class,
                int.class,
                Integer[].class,
                JsonNode.class,
                JsonText.class,
                type(new TypeReference<Map<String, List<Named>>>() {}),
                type(new TypeReference<Optional<Circle>>() {}),
                type(new TypeReference<Map<String, Object>>() {}));
    }

    @ParameterizedTest
    @MethodSource("readable")
    void aTypeThatCanBeReadIsLeftAlone(Type type) {
        assertThat(codec.unreadable(type)).isEmpty();
    }

    @Test
    void aCustomizerMayMakeATypeReadable() {
        JobCodec mapped = JobCodec.customized(builder -> builder.addModule(
                new tools.jackson.databind.module.SimpleModule().addAbstractTypeMapping(Shape.class, Circle.class)));

        assertThat(mapped.unreadable(Shape.class)).isEmpty();
    }

    private static Type type(TypeReference<?> reference) {
        return reference.getType();
    }
}
