package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.WorkOutputs;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.springframework.stereotype.Component;

/** Results whose elements are of a polymorphic type, written by the workers and read by the gather. */
@RedisServer
class ResultTypeTests {

    private final EmbeddedRedis redis;

    ResultTypeTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Circle.class, name = "circle"),
        @JsonSubTypes.Type(value = Square.class, name = "square")
    })
    sealed interface Shape permits Circle, Square {}

    record Circle(double radius) implements Shape {}

    record Square(double side) implements Shape {}

    record Page<T>(int number, List<T> items) {}

    record Draw(String what) {}

    private static final List<Shape> SHAPES = List.of(new Circle(1), new Square(2));

    @Component
    static class ListOfShapes {

        @JobHandler("draw")
        List<Shape> draw(Draw draw) {
            return new ArrayList<>(SHAPES);
        }

        @JobHandler("gather")
        List<Shape> gather(WorkOutputs<List<Shape>> outputs) {
            return outputs.stream().flatMap(unit -> unit.getValue().stream()).toList();
        }
    }

    @Component
    static class MapOfShapes {

        @JobHandler("draw")
        Map<String, Shape> draw(Draw draw) {
            return Map.of("first", SHAPES.get(0), "second", SHAPES.get(1));
        }

        @JobHandler("gather")
        List<Shape> gather(WorkOutputs<Map<String, Shape>> outputs) {
            return outputs.stream()
                    .flatMap(unit -> List.of(
                            unit.getValue().get("first"), unit.getValue().get("second"))
                            .stream())
                    .toList();
        }
    }

    abstract static class Drawing<T> {

        @JobHandler("draw")
        Page<T> draw(Draw draw) {
            return new Page<>(1, drawn());
        }

        abstract List<T> drawn();
    }

    @Component
    static class PageOfShapes extends Drawing<Shape> {

        @Override
        List<Shape> drawn() {
            return SHAPES;
        }

        @JobHandler("gather")
        JobOutcome gather(WorkOutputs<Page<Shape>> outputs) {
            List<Shape> all = outputs.stream()
                    .flatMap(unit -> unit.getValue().items().stream())
                    .toList();
            return JobOutcome.completed(all.toArray(Shape[]::new));
        }
    }

    @Test
    void aListOfAPolymorphicTypeReachesTheGatherAsItWas() {
        assertThat(gathered(ListOfShapes.class)).isEqualTo(SHAPES);
    }

    @Test
    void aMapOfAPolymorphicTypeReachesTheGatherAsItWas() {
        assertThat(gathered(MapOfShapes.class)).isEqualTo(SHAPES);
    }

    @Test
    void aGenericRecordOfAPolymorphicTypeReachesTheGatherAsItWas() {
        assertThat(gathered(PageOfShapes.class)).isEqualTo(SHAPES);
    }

    private List<Shape> gathered(Class<?> handlers) {
        List<Shape> shapes = new ArrayList<>();
        Applications.on(redis, handlers).run(context -> {
            JobRuns runs = context.getBean(JobRuns.class);
            runs.start(
                    handlers.getSimpleName(),
                    List.of("unit"),
                    Function.identity(),
                    Draw::new,
                    JobRunOptions.of("draw").gather(JobRequest.of("gather", null)));
            shapes.addAll(List.of(runs.await(handlers.getSimpleName(), Shape[].class, Duration.ofSeconds(20))
                    .orElseThrow()));
        });
        return shapes;
    }
}
