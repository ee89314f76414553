package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Job;
import io.jobqueue.JobContext;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobSnapshot;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.micrometer.context.ContextRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.MDC;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Specifies what jobs carry from the thread that enqueues them to the thread that handles them. */
@RedisServer
@ExtendWith(OutputCaptureExtension.class)
class CarriedContextTests {

    private static final ThreadLocal<Object> TENANT = new ThreadLocal<>();

    private final EmbeddedRedis redis;

    CarriedContextTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @AfterEach
    void clear() {
        MDC.clear();
        TENANT.remove();
        ContextRegistry.getInstance().removeThreadLocalAccessor("tenant");
    }

    /** A handler that tells what its thread knows while it runs. */
    static final class Told {

        private final BlockingQueue<Map<String, String>> seen = new LinkedBlockingQueue<>();

        @JobHandler("tell")
        void tell(Job<Map<String, Object>> job, JobContext context) {
            Map<String, String> known = new TreeMap<>(MDC.getCopyOfContextMap());
            if (TENANT.get() != null) {
                known.put("TENANT", TENANT.get().toString());
            }
            seen.add(known);
            MDC.put("left", "behind");
        }

        Map<String, String> next() throws InterruptedException {
            Map<String, String> next = seen.poll(10, TimeUnit.SECONDS);
            assertThat(next).as("what the handler saw").isNotNull();
            return next;
        }
    }

    private static void provideTenant() {
        ContextRegistry.getInstance().registerThreadLocalAccessor("tenant", TENANT::get, TENANT::set, TENANT::remove);
    }

    // the example of docs/features/context.md
    @Test
    void aHandlerSeesTheEntriesOfTheLoggingContextThatTheEnqueuingThreadHad() {
        Applications.on(redis, Told.class)
                .withPropertyValues("jobqueue.mdc-keys=requestId,user")
                .run(context -> {
                    JobQueue jobs = context.getBean(JobQueue.class);
                    MDC.put("requestId", "r-42");
                    MDC.put("secret", "stays here");
                    jobs.enqueue(JobRequest.of("tell", null));

                    assertThat(context.getBean(Told.class).next())
                            .containsEntry("requestId", "r-42")
                            .doesNotContainKeys("user", "secret");
                });
    }

    @Test
    void theThreadOfAHandlerLosesTheEntriesAfterTheJob() {
        Applications.on(redis, Told.class)
                .withPropertyValues("jobqueue.mdc-keys=requestId", "jobqueue.worker.concurrency=1")
                .run(context -> {
                    JobQueue jobs = context.getBean(JobQueue.class);
                    MDC.put("requestId", "r-42");
                    jobs.enqueue(JobRequest.of("tell", null));
                    context.getBean(Told.class).next();
                    MDC.clear();
                    jobs.enqueue(JobRequest.of("tell", null));

                    assertThat(context.getBean(Told.class).next()).doesNotContainKeys("requestId", "left");
                });
    }

    @Test
    void everyLineThatAHandlerLogsCanNameItsJobItsKindAndItsAttempt() {
        Applications.on(redis, Told.class).run(context -> {
            JobRef job = context.getBean(JobQueue.class).enqueue(JobRequest.of("tell", null));

            assertThat(context.getBean(Told.class).next())
                    .containsEntry("job", "jobs/" + job.id())
                    .containsEntry("jobKind", "tell")
                    .containsEntry("jobAttempt", "1");
        });
    }

    @Test
    void theUnitsAndTheGatherJobOfARunCarryThemToo() {
        Applications.on(redis, Told.class)
                .withPropertyValues("jobqueue.mdc-keys=requestId")
                .run(context -> {
                    MDC.put("requestId", "r-43");
                    context.getBean(JobQueue.class)
                            .runs()
                            .start(
                                    "carried",
                                    List.of("a", "b"),
                                    unit -> unit,
                                    unit -> Map.of(),
                                    JobRunOptions.of("tell").gather(JobRequest.of("tell", null)));

                    Told told = context.getBean(Told.class);
                    for (int i = 0; i < 3; i++) {
                        assertThat(told.next()).containsEntry("requestId", "r-43");
                    }
                });
    }

    @Test
    void aHeaderThatTheRequestHasAlreadyIsKept() {
        Applications.on(redis, Told.class)
                .withPropertyValues("jobqueue.mdc-keys=requestId")
                .run(context -> {
                    MDC.put("requestId", "of the thread");
                    context.getBean(JobQueue.class)
                            .enqueue(JobRequest.of("tell", null).header("mdc.requestId", "of the request"));

                    assertThat(context.getBean(Told.class).next()).containsEntry("requestId", "of the request");
                });
    }

    @Test
    void aValueThatIsTooLongIsLeftOutWithOneWarningAndTheJobRuns(CapturedOutput output) {
        Applications.on(redis, Told.class)
                .withPropertyValues("jobqueue.mdc-keys=requestId")
                .run(context -> {
                    MDC.put("requestId", "x".repeat(300));
                    JobQueue jobs = context.getBean(JobQueue.class);
                    for (int i = 0; i < 2; i++) {
                        jobs.enqueue(JobRequest.of("tell", null));
                        assertThat(context.getBean(Told.class).next()).doesNotContainKey("requestId");
                    }

                    assertThat(output.getOut()).containsOnlyOnce("The header 'mdc.requestId' is left out of a job");
                });
    }

    @Test
    void aJobWithoutValuesCarriesNoHeaders() {
        Applications.on(redis).withPropertyValues("jobqueue.mdc-keys=requestId").run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            JobRef job = jobs.enqueue(JobRequest.of("tell", null).delay(Duration.ofHours(1)));

            assertThat(jobs.find(job).map(JobSnapshot::headers)).hasValue(Map.of());
        });
    }

    @Test
    void aHandlerSeesTheTextThatMicrometersContextPropagationKnows() {
        provideTenant();
        Applications.on(redis, Told.class)
                .withPropertyValues("jobqueue.context-keys=tenant")
                .run(context -> {
                    TENANT.set("blue");
                    context.getBean(JobQueue.class).enqueue(JobRequest.of("tell", null));

                    assertThat(context.getBean(Told.class).next()).containsEntry("TENANT", "blue");
                });
    }

    @Test
    void aValueThatIsNoTextStaysBehindWithAWarning(CapturedOutput output) {
        provideTenant();
        Applications.on(redis, Told.class)
                .withPropertyValues("jobqueue.context-keys=tenant")
                .run(context -> {
                    TENANT.set(42);
                    context.getBean(JobQueue.class).enqueue(JobRequest.of("tell", null));

                    assertThat(context.getBean(Told.class).next()).doesNotContainKey("TENANT");
                    assertThat(output.getOut())
                            .contains("'context.tenant'", "only text can be carried", "java.lang.Integer");
                });
    }

    @Test
    void aContextKeyThatNothingProvidesStopsTheStart() {
        Applications.on(redis, Told.class)
                .withPropertyValues("jobqueue.context-keys=tenant")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(JobQueueStartException.class)
                        .hasMessageContaining("jobqueue.context-keys names 'tenant'"));
    }

    @Test
    void contextKeysWithoutTheLibraryStopTheStartAndNameIt() {
        Applications.on(redis, Told.class)
                .withClassLoader(new FilteredClassLoader(ContextRegistry.class))
                .withPropertyValues("jobqueue.context-keys=tenant")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOfSatisfying(JobQueueStartException.class, failure -> assertThat(failure.action())
                                .contains("io.micrometer:context-propagation")));
    }

    @Test
    void aBlankKeyStopsTheStart() {
        Applications.on(redis, Told.class)
                .withPropertyValues("jobqueue.mdc-keys=requestId, ,user")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("jobqueue.mdc-keys[1]: a key has 1 to 64 characters and is not blank"));
    }
}
