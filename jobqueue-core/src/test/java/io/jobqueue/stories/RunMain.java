package io.jobqueue.stories;

import io.jobqueue.GatherPolicy;
import io.jobqueue.JobEvent;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.WorkOutputs;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** Either the launcher of one run or a worker on it, in a separate JVM. */
final class RunMain {

    static final String RUN = "big";
    static final int UNITS = 5000;

    private static final CountDownLatch NEVER = new CountDownLatch(1);

    private RunMain() {}

    /** Three of ten units cannot be done. */
    static boolean isBad(int unit) {
        return unit % 10 < 3;
    }

    static JobRunOptions options() {
        return JobRunOptions.of("unit")
                .maxAttempts(10)
                .gather(JobRequest.of("gather", Map.of("run", RUN)))
                .policy(GatherPolicy.allEnded());
    }

    /** Arguments: port of Redis, {@code work} or {@code launch}; for a launcher the unit at which it stands still. */
    public static void main(String[] args) throws Exception {
        Stage stage = new Stage(Integer.parseInt(args[0]), Stage.settings().withMaxCrashes(50)) {
            @Override
            void heard(JobEvent event) {
                if (event instanceof JobEvent.Refused refused) {
                    redis.rpush("story:refused", refused.claim().id());
                }
            }
        };
        if (args[1].equals("launch")) {
            launch(stage, Integer.parseInt(args[2]));
        } else {
            work(stage);
        }
        NEVER.await();
    }

    private static void launch(Stage stage, int stopAt) {
        stage.queue
                .runs()
                .start(
                        RUN,
                        () -> IntStream.range(0, UNITS)
                                .mapToObj(i -> {
                                    if (i == stopAt) {
                                        stage.redis.rpush("story:launchers", Integer.toString(stopAt));
                                        waitFor(Duration.ofMinutes(5));
                                    }
                                    return Map.of("n", i);
                                })
                                .iterator(),
                        unit -> "unit " + unit.get("n"),
                        options());
        stage.redis.rpush("story:launchers", "done");
    }

    private static void work(Stage stage) {
        stage.upkeep(Duration.ofMillis(100));
        stage.pool(
                Stage.workers(8),
                Stage.handler("unit", (job, context) -> {
                    int n = ((Number) ((Map<?, ?>) job.payload()).get("n")).intValue();
                    context.output(Map.of("early", n));
                    waitFor(Duration.ofMillis(20));
                    if (isBad(n)) {
                        throw JobOutcome.deadLetter("cannot do " + n).asException();
                    }
                    return Map.of("n", n);
                }),
                Stage.handler("gather", (job, context) -> {
                    if (job.attempt() == 1) {
                        // for whoever kills this process in the midst of it
                        stage.redis.rpush(
                                "story:gathering",
                                Long.toString(ProcessHandle.current().pid()));
                        waitFor(Duration.ofMinutes(5));
                    }
                    WorkOutputs<?> outputs = context.outputs((java.lang.reflect.Type) Map.class);
                    long sum = outputs.stream()
                            .mapToLong(unit -> ((Number) ((Map<?, ?>) unit.getValue()).get("n")).longValue())
                            .sum();
                    Map<String, Object> view = new TreeMap<>();
                    view.put("size", outputs.size());
                    view.put("sum", sum);
                    view.put("failures", outputs.failures().count());
                    view.put("missing", outputs.missing().count());
                    stage.redis.rpush("story:gathered", view.toString());
                    return view;
                }));
    }

    private static void waitFor(Duration time) {
        try {
            NEVER.await(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }
}
