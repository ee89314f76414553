package io.jobqueue;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.time.Clock;
import java.time.Instant;

/** The directions between the rooms of core. */
@AnalyzeClasses(packages = "io.jobqueue", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTests {

    @ArchTest
    static final ArchRule roomsDependInOneDirection = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("words")
            .definedBy("io.jobqueue")
            .layer("worker")
            .definedBy("io.jobqueue.worker..")
            .layer("redis")
            .definedBy("io.jobqueue.redis..")
            .layer("metrics")
            .definedBy("io.jobqueue.metrics..")
            .whereLayer("redis")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("metrics")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("worker")
            .mayOnlyBeAccessedByLayers("redis")
            .whereLayer("words")
            .mayOnlyBeAccessedByLayers("worker", "redis", "metrics");

    @ArchTest
    static final ArchRule roomsHaveNoCycles =
            slices().matching("io.jobqueue.(*)..").should().beFreeOfCycles();

    /** A class counts together with the classes that it holds. */
    @ArchTest
    static final ArchRule classesHaveNoCycles = slices().assignedFrom(new TopLevelClasses())
            .should()
            .beFreeOfCycles()
            .ignoreDependency(resideInAPackage("io.jobqueue"), belongToAnyOf(JobCodec.class));

    private static final class TopLevelClasses implements SliceAssignment {

        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            JavaClass outer = type;
            while (outer.getEnclosingClass().isPresent()) {
                outer = outer.getEnclosingClass().get();
            }
            return outer.getPackageName().startsWith("io.jobqueue")
                    ? SliceIdentifier.of(outer.getName())
                    : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
            return "top-level classes";
        }
    }

    /** A wrong clock of a producer or worker changes nothing: ids sort by it, and a metric shows a wait. */
    @ArchTest
    static final ArchRule noClientClockDecides = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("io.jobqueue.redis.Ids")
            .and()
            .resideOutsideOfPackage("io.jobqueue.metrics..")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Clock.class);

    @ArchTest
    static final ArchRule coreKnowsNoSpring =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("org.springframework..");

    @ArchTest
    static final ArchRule onlyOneRoomKnowsLettuce = noClasses()
            .that()
            .resideOutsideOfPackage("io.jobqueue.redis..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.lettuce..", "io.netty..", "reactor..");

    @ArchTest
    static final ArchRule onlyOneRoomKnowsMicrometer = noClasses()
            .that()
            .resideOutsideOfPackage("io.jobqueue.metrics..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.micrometer..");

    @ArchTest
    static final ArchRule noStaticMutableState =
            fields().that().areStatic().and().doNotHaveName("$VALUES").should().beFinal();

    @ArchTest
    static final ArchRule roomsAreNamedAfterWhatTheyHold =
            noClasses().should().resideInAnyPackage("..util..", "..common..", "..impl..", "..model..", "..dto..");

    @ArchTest
    static final ArchRule theEngineOpensNothingButItsDoors = classes()
            .that()
            .resideInAPackage("io.jobqueue.redis")
            .and()
            .arePublic()
            .and()
            .areTopLevelClasses()
            .should()
            .haveNameMatching(".*\\.(RedisConnector|RedisLink|RedisQueues)");
}
