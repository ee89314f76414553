package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Job;
import io.jobqueue.JobContext;
import io.jobqueue.JobOutcome;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.aot.generate.ClassNameGenerator;
import org.springframework.aot.generate.DefaultGenerationContext;
import org.springframework.aot.generate.GeneratedFiles;
import org.springframework.aot.generate.InMemoryGeneratedFiles;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.annotation.ReflectiveRuntimeHintsRegistrar;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.javapoet.ClassName;
import org.springframework.util.ClassUtils;

class RuntimeHintsTests {

    private final RuntimeHints hints = new RuntimeHints();

    record Attachment(String name) {}

    record SendEmail(String recipient, List<Attachment> attachments) {}

    record Receipt(String line) {}

    record Report(String title) {}

    static class Mailer {

        @JobHandler("email")
        Receipt send(SendEmail mail, JobContext context) {
            return new Receipt("");
        }

        @JobHandler("report")
        JobOutcome report(Job<Report> job) {
            return JobOutcome.completed(null);
        }

        @RecurringJob(every = "1h")
        void tidy() {}
    }

    @BeforeEach
    void register() {
        new ReflectiveRuntimeHintsRegistrar().registerRuntimeHints(hints, Mailer.class);
    }

    @Test
    void theMethodOfARecurringJobCanBeCalled() {
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Mailer.class, "tidy"))
                .accepts(hints);
    }

    @Test
    void theScriptsAreInTheImage() {
        RuntimeHints ofConfiguration = new RuntimeHints();

        new JobQueueAutoConfiguration.Scripts()
                .registerHints(ofConfiguration, getClass().getClassLoader());

        assertThat(RuntimeHintsPredicates.resource().forResource("io/jobqueue/redis/road/claim.lua"))
                .accepts(ofConfiguration);
        assertThat(getClass().getClassLoader().getResource("io/jobqueue/redis/road/claim.lua"))
                .isNotNull();
    }

    @Test
    void typesThatTheJsonMapperCreatesByReflectionAreInTheImage() {
        RuntimeHints ofConfiguration = new RuntimeHints();

        new JobQueueAutoConfiguration.Json()
                .registerHints(ofConfiguration, getClass().getClassLoader());

        assertThat(ofConfiguration.reflection().typeHints())
                .hasSizeGreaterThan(5)
                .allSatisfy(hint -> assertThat(ClassUtils.isPresent(
                                hint.getType().getName(), getClass().getClassLoader()))
                        .as("%s exists", hint.getType())
                        .isTrue());
    }

    @Test
    void anApplicationCanBeProcessedAheadOfTime() {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        TestPropertyValues.of("jobqueue.queues.mail.worker.concurrency=2").applyTo(context);
        context.register(DataRedisAutoConfiguration.class, JobQueueAutoConfiguration.class, Mailer.class);
        InMemoryGeneratedFiles files = new InMemoryGeneratedFiles();
        DefaultGenerationContext generation =
                new DefaultGenerationContext(new ClassNameGenerator(ClassName.get("com.acme", "Application")), files);

        new ApplicationContextAotGenerator().processAheadOfTime(context, generation);
        generation.writeGeneratedContent();

        assertThat(RuntimeHintsPredicates.resource().forResource("io/jobqueue/redis/road/settle.lua"))
                .accepts(generation.getRuntimeHints());
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Mailer.class, "send"))
                .accepts(generation.getRuntimeHints());
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(JobQueueProperties.Lease.class, "heartbeat"))
                .accepts(generation.getRuntimeHints());
        assertThat(RuntimeHintsPredicates.reflection()
                        .onType(JobQueueProperties.Retention.Completed.class)
                        .withMemberCategory(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS))
                .accepts(generation.getRuntimeHints());
        assertThat(files.getGeneratedFiles(GeneratedFiles.Kind.SOURCE))
                .containsKey("io/jobqueue/spring/JobQueueAutoConfiguration__BeanDefinitions.java");
    }

    @Test
    void aHandlerCanBeCalled() {
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Mailer.class, "send"))
                .accepts(hints);
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Mailer.class, "report"))
                .accepts(hints);
    }

    @Test
    void payloadsAndResultsCanBeBound() {
        for (Class<?> type : List.of(SendEmail.class, Attachment.class, Receipt.class, Report.class)) {
            assertThat(RuntimeHintsPredicates.reflection().onType(type))
                    .as(type.getSimpleName())
                    .accepts(hints);
        }
    }

    @Test
    void theQueuesOwnTypesAreNotBound() {
        for (Class<?> type : List.of(JobContext.class, Job.class, JobOutcome.class)) {
            assertThat(RuntimeHintsPredicates.reflection().onType(type).test(hints))
                    .as(type.getSimpleName())
                    .isFalse();
        }
    }
}
