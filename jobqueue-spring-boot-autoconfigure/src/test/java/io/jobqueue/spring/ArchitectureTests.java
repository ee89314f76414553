package io.jobqueue.spring;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.members;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Set;
import org.springframework.boot.autoconfigure.AutoConfiguration;

@AnalyzeClasses(packages = "io.jobqueue.spring", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTests {

    private static final Set<String> FOR_USERS = Set.of(
            JobHandler.class.getName(),
            RecurringJob.class.getName(),
            OnDeadLetter.class.getName(),
            CronSchedule.class.getName(),
            JobQueueRedis.class.getName(),
            JobQueueStartException.class.getName(),
            JobMapperCustomizer.class.getName(),
            QueueSettingsCustomizer.class.getName(),
            WorkerSettingsCustomizer.class.getName(),
            ApplicationQueues.class.getName(),
            OutboxFigures.class.getName(),
            RunningWork.class.getName(),
            JobQueueAutoConfiguration.class.getName());

    private static final DescribedPredicate<JavaClass> MEANT_FOR_USERS =
            DescribedPredicate.describe("meant for users", type -> FOR_USERS.contains(type.getName()));

    @ArchTest
    static final ArchRule nearlyEverythingIsClosed =
            classes().that(DescribedPredicate.not(MEANT_FOR_USERS)).should().notBePublic();

    @ArchTest
    static final ArchRule autoConfigurationsShowNothing = members()
            .that()
            .areDeclaredInClassesThat()
            .areAnnotatedWith(AutoConfiguration.class)
            .should()
            .notBePublic();

    @ArchTest
    static final ArchRule autoConfigurationsAreFinal =
            classes().that().areAnnotatedWith(AutoConfiguration.class).should().haveModifier(JavaModifier.FINAL);

    /** An API is easier to keep when few types belong to it: at most a quarter of all top-level types. */
    @ArchTest
    static void atMostAQuarterOfTheTypesIsPublic(JavaClasses types) {
        List<JavaClass> all = types.stream()
                .filter(JavaClass::isTopLevelClass)
                .filter(type -> !type.getSimpleName().equals("package-info"))
                .toList();
        assertThat(all.stream().filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC)))
                .as("public types of %d", all.size())
                .hasSizeLessThanOrEqualTo(all.size() / 4);
    }

    @ArchTest
    static final ArchRule oneClassKnowsLettuce = noClasses()
            .that()
            .haveNameNotMatching("io\\.jobqueue\\.spring\\.LettuceLinkConfiguration(\\$.*)?")
            .should()
            .dependOnClassesThat(resideInAPackage("io.lettuce.."));

    @ArchTest
    static final ArchRule theQueueDoesNotKnowItsActuators = noClasses()
            .that()
            .resideInAPackage("io.jobqueue.spring")
            .should()
            .dependOnClassesThat(resideInAPackage("io.jobqueue.spring.actuate.."));

    @ArchTest
    static final ArchRule theQueueDoesNotKnowServiceBindings = noClasses()
            .that()
            .resideInAnyPackage("io.jobqueue.spring", "io.jobqueue.spring.actuate..")
            .should()
            .dependOnClassesThat(resideInAPackage("io.jobqueue.spring.binding.."));

    @ArchTest
    static final ArchRule micrometerIsOptional = noClasses()
            .that()
            .resideInAPackage("io.jobqueue.spring")
            .and()
            .doNotHaveSimpleName("ThreadContext") // loaded only where jobqueue.context-keys is set
            .should()
            .dependOnClassesThat(resideInAPackage("io.micrometer..").or(resideInAPackage("io.jobqueue.metrics..")));

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.jobqueue.(**)").should().beFreeOfCycles();
}
