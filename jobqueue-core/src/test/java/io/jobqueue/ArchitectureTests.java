package io.jobqueue;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The dependencies between the packages of core. */
@AnalyzeClasses(packages = "io.jobqueue", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTests {

    /** The classes that {@link #redisStandsOnItsGround} names. */
    private static final Set<String> PLACED = new TreeSet<>();

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

    @ArchTest
    static final ArchRule classesHaveNoCycles =
            slices().assignedFrom(new TopLevelClasses()).should().beFreeOfCycles();

    /** A class counts together with the classes that are nested in it. */
    private static final class TopLevelClasses implements SliceAssignment {

        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            return type.getPackageName().matches("io\\.jobqueue(\\.worker|\\.redis|\\.metrics)?")
                    ? SliceIdentifier.of(topLevel(type).getName())
                    : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
            return "top-level classes";
        }
    }

    /** An API is easier to keep when few types belong to it: at most half of all top-level types. */
    @ArchTest
    static void atMostHalfOfTheTypesIsPublic(JavaClasses types) {
        List<JavaClass> all = types.stream()
                .filter(JavaClass::isTopLevelClass)
                .filter(type -> type.getPackageName().matches("io\\.jobqueue(\\.worker|\\.redis|\\.metrics)?"))
                .filter(type -> !type.getSimpleName().equals("package-info"))
                .toList();
        assertThat(all.stream().filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC)))
                .as("public types of %d", all.size())
                .hasSizeLessThanOrEqualTo(all.size() / 2);
    }

    private static JavaClass topLevel(JavaClass type) {
        return type.getEnclosingClass().map(ArchitectureTests::topLevel).orElse(type);
    }

    /**
     * How one queue reaches Redis (ground) knows nothing of what is done there: jobs on their road, upkeep, and the
     * sides, which are all other classes.
     */
    @ArchTest
    static final ArchRule redisStandsOnItsGround = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("ground")
            .definedBy(
                    redis(
                            "RedisConnector AclLine RedisAccess Driver RedisLink RedisOutage LettuceClient LinkOptions Presence Subscriptions ChannelListener EndMessage Script ScriptText QueueKeys QueueRedis Args Reply Answers Batch Refusal Ids Events Place WrittenSchedule StoredSchedule ScheduleTexts DueSlots"))
            .layer("road")
            .definedBy(redis(
                    "RedisEnqueuer JobRelay WrittenJob SharedCalls RedisJobStore HintWaiter HintListener RedisSignals"))
            .layer("upkeep")
            .definedBy(
                    redis(
                            "Sweep Tend ForeignEnds Audit AuditJudge AuditedJob Decisions Finding ListSearch ListWalk QueueLook Repair Suspicion Schedules DeadLetterNotices"))
            .layer("sides")
            .definedBy(
                    redis(
                            "RedisQueues RightsCheck Application RedisJobQueue RedisJobAdmin DeadLetters Explanation KindOnHold Rescheduling Cancellation RedisJobWorker RedisNotes JobHash Page RedisJobRuns RunOpening RunUnits UnitNames GatherWaiter JobEnds ResultWait RedisWorkOutputCache RedisWorkOutputs UnitValues Fields RedisRecurringJobs"))
            .whereLayer("ground")
            .mayNotAccessAnyLayer()
            .whereLayer("road")
            .mayOnlyAccessLayers("ground")
            .whereLayer("upkeep")
            .mayOnlyAccessLayers("ground");

    @ArchTest
    static final ArchRule everyClassOfRedisHasItsPlace = classes()
            .that()
            .resideInAPackage("io.jobqueue.redis")
            .and()
            .areTopLevelClasses()
            .and()
            .doNotHaveSimpleName("package-info")
            .should(bePlaced());

    private static DescribedPredicate<JavaClass> redis(String names) {
        Set<String> placed = Set.of(names.split(" "));
        PLACED.addAll(placed);
        return DescribedPredicate.describe(
                "are " + names,
                type -> type.getPackageName().equals("io.jobqueue.redis")
                        && placed.contains(topLevel(type).getSimpleName()));
    }

    private static ArchCondition<JavaClass> bePlaced() {
        return new ArchCondition<>("be in ground, road, upkeep or sides of this test") {

            @Override
            public void check(JavaClass type, ConditionEvents events) {
                if (!PLACED.contains(type.getSimpleName())) {
                    events.add(SimpleConditionEvent.violated(type, type.getName() + " is in none of them"));
                }
            }
        };
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
            .haveNameMatching(".*\\.(JobRelay|RedisAccess|RedisConnector|RedisLink|RedisQueues)");
}
