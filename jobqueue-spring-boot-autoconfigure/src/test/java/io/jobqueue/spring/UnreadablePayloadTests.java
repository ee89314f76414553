package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.jobqueue.Job;
import io.jobqueue.JobKind;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.WorkOutputs;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.stereotype.Component;
import tools.jackson.databind.module.SimpleModule;

/** Types of payloads and outputs that no document can be read into stop the application, not its jobs. */
@RedisServer
class UnreadablePayloadTests {

    static final class Built {
        private final String name;

        private Built(String name) {
            this.name = name;
        }

        static Built of(String name) {
            return new Built(name);
        }

        public String getName() {
            return name;
        }
    }

    interface Plain {
        String getName();
    }

    class Inner {
        public String name;
    }

    record Upload(String name, InputStream content) {}

    private static FailureAnalysis failure(Class<?> handlers) {
        FailureAnalysis[] analysis = new FailureAnalysis[1];
        Applications.offline(handlers).run(context -> {
            assertThat(context).hasFailed();
            analysis[0] = new JobQueueStartFailureAnalyzer().analyze(context.getStartupFailure());
        });
        assertThat(analysis[0]).isNotNull();
        return analysis[0];
    }

    @Component
    static class TakesBuilt {
        @JobHandler("k")
        void take(Built payload) {}
    }

    @Test
    void aClassThatOnlyABuilderMakesIsNamedWithTheRemedy() {
        FailureAnalysis failure = failure(TakesBuilt.class);

        assertThat(failure.getDescription())
                .isEqualTo(
                        "The handler io.jobqueue.spring.UnreadablePayloadTests$TakesBuilt#take(UnreadablePayloadTests.Built)"
                                + " (bean 'unreadablePayloadTests.TakesBuilt') has a payload that can never be read:"
                                + " io.jobqueue.spring.UnreadablePayloadTests$Built has no constructor that JSON can use.");
        assertThat(failure.getAction()).startsWith("Make it a record").contains("@JsonCreator");
    }

    @Component
    static class TakesInterface {
        @JobHandler("k")
        void take(Job<Plain> payload) {}
    }

    @Test
    void anInterfaceIsNamedWithTheRemedy() {
        FailureAnalysis failure = failure(TakesInterface.class);

        assertThat(failure.getDescription()).contains("UnreadablePayloadTests$Plain is an interface");
        assertThat(failure.getAction()).contains("@JsonTypeInfo");
    }

    @Component
    static class TakesInner {
        @JobHandler("k")
        void take(Inner payload) {}
    }

    @Test
    void anInnerClassIsNamedWithTheRemedy() {
        FailureAnalysis failure = failure(TakesInner.class);

        assertThat(failure.getDescription()).contains("UnreadablePayloadTests$Inner is an inner class");
        assertThat(failure.getAction()).isEqualTo("Make it static.");
    }

    @Component
    static class TakesStream {
        @JobHandler("k")
        void take(Upload payload) {}
    }

    @Test
    void aPropertyThatCanNeverBeReadIsNamed() {
        assertThat(failure(TakesStream.class).getDescription())
                .contains("its property 'content' is of type java.io.InputStream, which is abstract");
    }

    @Component
    static class GathersBuilt {
        @JobHandler("gather")
        void gather(WorkOutputs<List<Built>> outputs) {}
    }

    @Test
    void anOutputThatCanNeverBeReadIsNamed() {
        assertThat(failure(GathersBuilt.class).getDescription())
                .contains("gathers outputs that can never be read")
                .contains("its elements are of type io.jobqueue.spring.UnreadablePayloadTests$Built, which");
    }

    @Configuration(proxyBeanMethods = false)
    static class Mapped {
        @Bean
        JobMapperCustomizer mapped() {
            return builder -> builder.addModule(new SimpleModule().addAbstractTypeMapping(Plain.class, Named.class));
        }

        @Bean
        TakesInterface takesInterface() {
            return new TakesInterface();
        }
    }

    static final class Named implements Plain {
        private String name;

        @Override
        public String getName() {
            return name;
        }
    }

    @Test
    void aCustomizerOfTheMapperCanMakeATypeReadable() {
        Applications.offline(Mapped.class).run(context -> assertThat(context).hasNotFailed());
    }

    @JobKind("shape")
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    sealed interface Shape permits Circle, Square {}

    record Circle(double radius) implements Shape {}

    record Square(double side) implements Shape {}

    @Component
    static class TakesShapes {
        final BlockingQueue<Shape> taken = new LinkedBlockingQueue<>();

        @JobHandler
        void take(Shape shape) {
            taken.add(shape);
        }
    }

    @Test
    void theKindOnASealedInterfaceCountsForItsRecords(EmbeddedRedis redis) {
        Applications.on(redis, TakesShapes.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            TakesShapes handler = context.getBean(TakesShapes.class);

            jobs.enqueue(new Circle(1));
            jobs.enqueue(JobRequest.of(new Square(2)));

            assertThat(List.of(handler.taken.poll(20, TimeUnit.SECONDS), handler.taken.poll(20, TimeUnit.SECONDS)))
                    .containsExactlyInAnyOrder(new Circle(1), new Square(2));
        });
    }

    @Component
    static class TakesCircles {
        final BlockingQueue<Circle> taken = new LinkedBlockingQueue<>();

        @JobHandler
        void take(Circle circle) {
            taken.add(circle);
        }
    }

    @Test
    void aHandlerOfARecordHasTheKindOfItsSealedInterface(EmbeddedRedis redis) {
        Applications.on(redis, TakesCircles.class).run(context -> {
            context.getBean(JobQueue.class).enqueue(new Circle(3));

            assertThat(context.getBean(TakesCircles.class).taken.poll(20, TimeUnit.SECONDS))
                    .isEqualTo(new Circle(3));
        });
    }
}
