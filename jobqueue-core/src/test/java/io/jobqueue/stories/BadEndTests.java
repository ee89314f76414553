package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.stories.Throwables.Thrower;
import io.jobqueue.stories.Unwritables.Value;
import io.jobqueue.worker.Handler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** However a handler ends, its exception or value becomes data, and its slot becomes free. */
@RedisServer
class BadEndTests {

    private static final int SLOTS = 4;

    private EmbeddedRedis server;
    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        stage = new Stage(redis.port());
    }

    @AfterEach
    void close() {
        stage.close();
    }

    @Test
    void anyExceptionOfAHandlerIsTheReasonOfARetryAndThenOfADeadLetter() {
        Map<String, Thrower> throwers = Throwables.all();
        assertThat(throwers).hasSizeGreaterThanOrEqualTo(30);
        List<String> names = List.copyOf(throwers.keySet());
        CountDownLatch together = new CountDownLatch(SLOTS);
        stage.pool(
                Stage.workers(SLOTS),
                Stage.handler("throw", (job, context) -> {
                    String name = String.valueOf(((Map<?, ?>) job.payload()).get("name"));
                    return Objects.requireNonNull(throwers.get(name)).function().handle(job, context);
                }),
                together(together));

        for (int i = 0; i < names.size(); i++) {
            stage.queue.enqueue(JobRequest.of("throw", Map.of("name", names.get(i)))
                    .id("throw-" + i)
                    .maxAttempts(2));
        }

        await().atMost(Duration.ofSeconds(30)).until(() -> stage.list("failed").size() == names.size());
        for (int i = 0; i < names.size(); i++) {
            JobSnapshot job = stage.queue.find("throw-" + i).orElseThrow();
            assertThat(job.status()).as(names.get(i)).isEqualTo(JobStatus.FAILED);
            assertThat(job.attempts()).as(names.get(i)).isEqualTo(2);
            assertError(
                    names.get(i), job.lastError(), throwers.get(names.get(i)).error());
        }
        assertThat(stage.heard(JobEvent.Retried.class)).hasSize(names.size());
        assertThat(stage.heard(JobEvent.Failed.class)).hasSize(names.size());
        assertThatAllSlotsAreThere(stage);
        System.out.printf("Bad input: %d throwables%n", names.size());
    }

    /** Short, whole characters, and says at least what was thrown. */
    private static void assertError(String name, String error, String begin) {
        assertThat(error)
                .as(name)
                .startsWith(begin)
                .hasSizeLessThanOrEqualTo(4096)
                .doesNotContain("\ufffd");
    }

    /** A handler that ends when as many of it run as there are slots. */
    private static Handler together(CountDownLatch together) {
        return Stage.handler("together", (job, context) -> {
            boolean flag = Thread.currentThread().isInterrupted();
            together.countDown();
            return together.await(10, TimeUnit.SECONDS) && !flag;
        });
    }

    /** One more job than there are slots; the first of them wait for each other. */
    private static void assertThatAllSlotsAreThere(Stage stage) {
        List<String> good = stage.enqueue("together", "good", SLOTS + 1);
        await().atMost(Duration.ofSeconds(20))
                .until(() -> stage.list("completed").containsAll(good));
        good.forEach(id -> assertThat(stage.job(id)).containsEntry("result", "{\"value\":true}"));
    }

    @Test
    void theLoopsSurviveAnyExceptionOfAListener() {
        stage.notAlone();
        Logger log = (Logger) LoggerFactory.getLogger(JobListener.class);
        Level level = log.getLevel();
        // an exception that is logged is asked for its message, its causes and its trace
        log.setLevel(Level.WARN);
        log.setAdditive(false);
        Iterator<Thrower> throwers = Throwables.all().values().iterator();
        CountDownLatch together = new CountDownLatch(SLOTS);
        List<String> told = new ArrayList<>();
        try (Stage noisy = new Stage(server.port()) {
            @Override
            synchronized void heard(JobEvent event) {
                if (throwers.hasNext()) {
                    told.add(event.getClass().getSimpleName());
                    try {
                        throwers.next().function().handle(null, null);
                    } catch (Throwable ex) {
                        throw Throwables.sneaky(ex);
                    }
                }
            }
        }) {
            noisy.pool(Stage.workers(SLOTS), together(together), Stage.handler("fail", (job, context) -> {
                throw new IllegalStateException("once more");
            }));
            noisy.enqueue("fail", "fail", 20);

            await().atMost(Duration.ofSeconds(20))
                    .until(() -> noisy.list("failed").size() == 20);
            assertThatAllSlotsAreThere(noisy);
            assertThat(throwers).isExhausted();
            assertThat(told).contains("Enqueued", "Started", "Retried");
            assertThat(noisy.total("claims")).as("no attempt was lost").isEqualTo(20 * 5 + SLOTS + 1);
        } finally {
            log.setAdditive(true);
            log.setLevel(level);
        }
    }

    @Test
    void aResultOrOutputThatCannotBeWrittenIsADeadLetterThatSaysWhyAndIsNotMadeAgain() {
        Map<String, Value> values = Unwritables.all();
        List<String> names = List.copyOf(values.keySet());
        stage.pool(
                Stage.workers(SLOTS),
                Stage.handler("return", (job, context) -> values.get(((Map<?, ?>) job.payload()).get("name"))
                        .value()),
                together(new CountDownLatch(SLOTS)));

        for (int i = 0; i < names.size(); i++) {
            JobRequest request = JobRequest.of("return", Map.of("name", names.get(i)));
            stage.queue.enqueue(request.id("job-" + i));
            stage.queue.enqueue(request.id("unit-" + i).unit("run", names.get(i)));
        }

        await().atMost(Duration.ofSeconds(30))
                .until(() ->
                        stage.list("failed").size() + stage.list("completed").size() == 2 * names.size());
        Map<String, String> failures = stage.queue.outputs().failures("run");
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            String json = values.get(name).json();
            for (String id : List.of("job-" + i, "unit-" + i)) {
                Map<String, String> job = stage.job(id);
                assertThat(job).as(name).containsEntry("attempts", "1");
                if (json == null) {
                    assertThat(job).as(name).containsEntry("status", "failed").doesNotContainKey("result");
                    assertThat(job.get("last_error")).as(name).matches("(?s)(bad-result|result-too-large): .{20,4000}");
                } else {
                    assertThat(job)
                            .as("%s, which %s", name, job.get("last_error"))
                            .containsEntry("result", json);
                    Object read = stage.queue.find(id).orElseThrow().result().as(Object.class);
                    assertThat(read).as(name).isInstanceOf(Map.class);
                }
            }
            assertThat(stage.redis.hget("queue:q:outputs:run", name)).as(name).isEqualTo(json);
            assertThat(failures.containsKey(name)).as(name).isEqualTo(json == null);
        }
        assertThatAllSlotsAreThere(stage);
        System.out.printf("Bad input: %d results%n", names.size());
    }

    @Test
    void aStepOrEarlyOutputThatCannotBeWrittenIsAMistakeThatTheHandlerIsTold() {
        Map<String, Throwable> told = new ConcurrentHashMap<>();
        Map<String, Value> values = Unwritables.all();
        stage.pool(Stage.workers(1), Stage.handler("work", (job, context) -> {
            values.forEach((name, value) -> {
                try {
                    context.step(name, Object.class, value::value);
                } catch (Throwable ex) {
                    told.put("step " + name, ex);
                }
                try {
                    context.output(value.value());
                } catch (Throwable ex) {
                    told.put("output " + name, ex);
                }
            });
            return null;
        }));

        stage.queue.enqueue(JobRequest.of("work", null).id("job").unit("run", "unit"));

        await().atMost(Duration.ofSeconds(20))
                .until(() -> stage.list("completed").contains("job"));
        values.forEach((name, value) -> {
            for (String what : List.of("step " + name, "output " + name)) {
                assertThat(told.containsKey(what))
                        .as("%s: %s", what, told.get(what))
                        .isEqualTo(value.json() == null);
            }
            assertThat(stage.redis.hget("queue:q:job:job", "step:" + name))
                    .as(name)
                    .isEqualTo(value.json());
        });
        assertThat(told.values())
                .filteredOn(IllegalArgumentException.class::isInstance)
                .hasSizeGreaterThan(20);
    }

    @Test
    void unwritableValuesAreRefusedByQueueAndCacheAndLeaveNothingInRedis() {
        stage.enqueue("work", "job", 1);
        Claim claim = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
        Map<String, String> before = stage.dump();
        Unwritables.all().forEach((name, value) -> {
            if (value.json() == null) {
                assertRefused(name, () -> stage.queue.worker().complete(claim, value.value()));
                assertRefused(name, () -> stage.queue.outputs().put("run", "unit", value.value()));
                if (!name.startsWith("too large") && !name.startsWith("too many")) { // payloads may be larger
                    assertRefused(name, () -> stage.queue.enqueue(JobRequest.of("work", value.value())));
                }
            }
        });
        assertThat(stage.dump()).isEqualTo(before);
        assertThat(stage.queue.worker().complete(claim, "good")).isTrue();
    }

    /** An error of the value's own comes through as it is. */
    private static void assertRefused(String name, ThrowingCallable use) {
        assertThatThrownBy(use).as(name).isInstanceOfAny(IllegalArgumentException.class, NoClassDefFoundError.class);
    }
}
