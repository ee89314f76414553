package io.jobqueue.stories;

import io.jobqueue.JobEvent;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A worker in a separate JVM. It reports what it does in the lists {@code story:…} of Redis. */
final class WorkerMain {

    private WorkerMain() {}

    /** Arguments: port of Redis, jobs at a time. */
    public static void main(String[] args) throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        Stage stage = new Stage(Integer.parseInt(args[0]), Stage.settings().withMaxCrashes(1)) {
            @Override
            void heard(JobEvent event) {
                if (event instanceof JobEvent.Refused refused) {
                    redis.rpush("story:refused", refused.claim().id());
                }
            }
        };
        stage.upkeep(Duration.ofMillis(100));
        stage.pool(
                Stage.workers(Integer.parseInt(args[1])),
                Stage.handler("quick", (job, context) -> {
                    stage.redis.rpush("story:runs", job.id());
                    never.await(10, TimeUnit.MILLISECONDS);
                    return Map.of("by", ProcessHandle.current().pid());
                }),
                Stage.handler("poison", (job, context) -> {
                    stage.redis.rpush("story:poisoned", job.id());
                    Runtime.getRuntime().halt(1);
                    return null;
                }),
                Stage.handler("long", (job, context) -> {
                    stage.redis.rpush("story:started", job.id());
                    try {
                        never.await(60, TimeUnit.SECONDS);
                    } catch (InterruptedException ex) {
                        stage.redis.rpush("story:lost", job.id() + " " + context.isLeaseLost());
                    }
                    return "zombie";
                }));
        never.await();
    }
}
