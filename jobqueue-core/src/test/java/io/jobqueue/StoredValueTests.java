package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.util.RawValue;

/** Polymorphic types, dates and numbers come back from storage as they were, or are refused before they are stored. */
class StoredValueTests {

    private static final int MB = 1024 * 1024;

    private final JobCodec codec = JobCodec.standard();

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Circle.class), @JsonSubTypes.Type(Square.class)})
    sealed interface Shape permits Circle, Square {}

    @JsonTypeName("circle")
    record Circle(double radius) implements Shape {}

    @JsonTypeName("square")
    record Square(double side) implements Shape {}

    record Page<T>(int number, List<T> items) {}

    record Drawing(Shape first, List<Shape> more, Map<String, Shape> named, Optional<Shape> last, Page<Shape> page) {}

    static class Base {
        public int n = 1;
    }

    static class Derived extends Base {
        public int more = 2;
    }

    private static final List<Shape> SHAPES = List.of(new Circle(1), new Square(2));

    private static Type type(TypeReference<?> reference) {
        return reference.getType();
    }

    static Stream<Object[]> generics() {
        return Stream.of(
                new Object[] {SHAPES, type(new TypeReference<List<Shape>>() {})},
                new Object[] {new ArrayList<>(SHAPES), type(new TypeReference<Iterable<Shape>>() {})},
                new Object[] {new LinkedList<>(SHAPES), type(new TypeReference<List<? extends Shape>>() {})},
                new Object[] {Map.of("a", SHAPES.get(0)), type(new TypeReference<Map<String, Shape>>() {})},
                new Object[] {Map.of("a", SHAPES), type(new TypeReference<Map<String, List<Shape>>>() {})},
                new Object[] {new Page<>(1, SHAPES), type(new TypeReference<Page<Shape>>() {})},
                new Object[] {List.of(new Page<>(1, SHAPES)), type(new TypeReference<List<Page<Shape>>>() {})},
                new Object[] {Optional.of(SHAPES.get(1)), type(new TypeReference<Optional<Shape>>() {})},
                new Object[] {SHAPES.get(0), Shape.class});
    }

    @ParameterizedTest
    @MethodSource("generics")
    void elementsOfAPolymorphicTypeComeBackWhenTheDeclaredTypeIsKnown(Object value, Type declared) {
        assertThat(codec.json(codec.output(value, declared, MB)).as(declared)).isEqualTo(value);
    }

    /** Of a payload, an early output, a step or a value put into the cache nobody declares the type. */
    @ParameterizedTest
    @MethodSource("generics")
    void elementsOfAPolymorphicTypeComeBackWhenOnlyTheValueIsKnown(Object value, Type declared) {
        assertThat(codec.json(codec.output(value, MB)).as(declared)).isEqualTo(value);
    }

    @Test
    void fieldsOfAPayloadComeBackByTheirDeclaredTypes() {
        Drawing drawing = new Drawing(
                SHAPES.get(0), SHAPES, Map.of("a", SHAPES.get(1)), Optional.of(SHAPES.get(0)), new Page<>(2, SHAPES));

        assertThat(codec.json(codec.payload("draw", drawing, MB)).as(Drawing.class))
                .isEqualTo(drawing);
        String generic = codec.payload("draw", new Page<>(1, SHAPES), MB);
        assertThat(codec.json(generic).as(type(new TypeReference<Page<Shape>>() {})))
                .isEqualTo(new Page<>(1, SHAPES));
    }

    @Test
    void aDeclaredTypeHidesNoFieldOfASubclass() {
        assertThat(codec.output(List.of(new Derived()), type(new TypeReference<List<Base>>() {}), MB))
                .isEqualTo("[{\"more\":2,\"n\":1}]");
        assertThat(codec.output(new Derived(), Base.class, MB)).isEqualTo("{\"more\":2,\"n\":1}");
        assertThat(codec.output("text", type(new TypeReference<List<Base>>() {}), MB))
                .as("of another type than declared")
                .isEqualTo("\"text\"");
    }

    record Times(ZonedDateTime zoned, OffsetDateTime offset, Map<ZonedDateTime, Integer> keys) {}

    @ParameterizedTest
    @ValueSource(strings = {"Europe/Berlin", "America/St_Johns", "UTC", "Z", "+02:00", "-03:30", "Etc/GMT+5", "GMT"})
    void aZonedTimeComesBackWithItsZone(String zone) {
        ZonedDateTime zoned = ZonedDateTime.of(LocalDateTime.of(2026, 10, 25, 2, 30, 0, 123_456_789), ZoneId.of(zone));
        for (ZonedDateTime at : List.of(zoned, zoned.withLaterOffsetAtOverlap())) {
            Times times = new Times(at, at.toOffsetDateTime(), Map.of(at, 1));

            assertThat(codec.json(codec.payload("k", times, MB)).as(Times.class))
                    .isEqualTo(times);
        }
    }

    static Stream<Object> dates() {
        return Stream.of(
                Instant.parse("2026-11-21T10:00:00.123456789Z"),
                Instant.MAX,
                OffsetDateTime.of(2026, 11, 21, 10, 0, 0, 0, ZoneOffset.ofHoursMinutes(5, 45)),
                OffsetDateTime.of(2026, 11, 21, 10, 0, 0, 1, ZoneOffset.UTC),
                OffsetTime.of(10, 0, 0, 0, ZoneOffset.ofHours(-3)),
                LocalDate.of(2026, 11, 21),
                LocalTime.of(10, 0),
                LocalDateTime.of(2026, 11, 21, 10, 0),
                Duration.ofMillis(1500),
                Period.ofMonths(3),
                Year.of(2026),
                YearMonth.of(2026, 11),
                MonthDay.of(11, 21),
                DayOfWeek.MONDAY,
                ZoneId.of("Europe/Berlin"),
                ZoneOffset.ofHours(1),
                new java.util.Date(1_700_000_000_123L));
    }

    @ParameterizedTest
    @MethodSource("dates")
    void datesComeBackEqual(Object date) {
        assertThat((Object) codec.json(codec.output(date, MB)).as(date.getClass()))
                .isEqualTo(date);
    }

    record Amount(BigInteger whole, BigDecimal exact, Object any) {}

    @Test
    void aNumberOfMoreDigitsThanAReaderTakesIsRefusedEachTime() {
        BigInteger most = new BigInteger("1".repeat(1000));
        BigInteger tooMany = new BigInteger("1".repeat(1200));
        assertThat(codec.json(codec.payload("pay", new Amount(most, null, null), MB))
                        .as(Amount.class)
                        .whole())
                .isEqualTo(most);

        for (Object payload : List.of(
                new Amount(tooMany, null, null),
                new Amount(null, new BigDecimal(tooMany, 600), null),
                new Amount(null, null, List.of(tooMany.negate())),
                Map.of("whole", tooMany))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> codec.payload("pay", payload, MB))
                    .withMessage("the payload of kind 'pay' holds a number of more than 1000 characters, which no JSON"
                            + " reader takes; write it as a text");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.output(tooMany, MB))
                .withMessageContaining("a number of more than 1000 characters");
    }

    @Test
    void digitsInTextsAndNumbersSideBySideAreNoLongNumbers() {
        List<Object> values = List.of("1".repeat(5_000), "\"1\\".repeat(1_000), List.of(1, 2, 3));
        List<Integer> many = java.util.Collections.nCopies(5_000, 1);

        assertThat((Object) codec.json(codec.output(values, MB)).as(Object.class))
                .isEqualTo(values);
        assertThat((Object) codec.json(codec.output(many, MB)).as(Object.class)).isEqualTo(many);
    }

    @Test
    void aNameThatNoReaderTakesIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.payload("pay", Map.of("n".repeat(50_001), 1), MB))
                .withMessageContaining("a field name of more than 50000 characters");
        assertThat(codec.payload("pay", Map.of("n".repeat(49_000), "v".repeat(60_000)), MB))
                .hasSizeGreaterThan(100_000);
    }

    @Test
    void nestingThatNoReaderTakesIsRefused() {
        JsonText deep = codec.json("[".repeat(450) + "]".repeat(450));
        Object around = deep;
        for (int i = 0; i < 100; i++) {
            around = Map.of("x", around);
        }
        Object payload = around;

        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.payload("pay", payload, MB))
                .withMessageContaining("nested deeper than 500 levels");
    }

    @Test
    void rawJsonThatIsMalformedIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.payload("pay", new RawValue("{\"a\":"), MB))
                .withMessageContaining("payload of kind 'pay'");
    }

    @Test
    void notANumberStaysInAMap() {
        Map<String, Object> odd = new HashMap<>();
        odd.put("nan", Double.NaN);

        assertThat(codec.payload("pay", odd, MB)).isEqualTo("{\"kind\":\"pay\",\"nan\":\"NaN\"}");
    }
}
