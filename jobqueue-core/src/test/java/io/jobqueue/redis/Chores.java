package io.jobqueue.redis;

import io.jobqueue.JobEvent;
import io.jobqueue.Recurring;
import io.jobqueue.worker.Chore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/** The single chores of one queue, for stories that decide when a round runs. */
public final class Chores {

    private Chores() {}

    private static QueueRedis redis(RedisQueues queues, String queue) {
        return ((RedisJobStore) queues.store(queue)).redis();
    }

    private static Presence presence(QueueRedis redis) {
        return new Presence(redis.connector());
    }

    /** The sweep as applications run it, which remembers when it last saw no claimed job. */
    public static Chore sweep(RedisQueues queues, String queue, Duration period) {
        QueueRedis redis = redis(queues, queue);
        return new Sweep(redis, presence(redis), period);
    }

    /** A sweep that knows nothing of earlier rounds, asks for every page and cuts the histories every time. */
    public static Chore forgetfulSweep(RedisQueues queues, String queue, Duration period) {
        QueueRedis redis = redis(queues, queue);
        return new Chore() {
            @Override
            public String queue() {
                return queue;
            }

            @Override
            public String name() {
                return "sweep";
            }

            @Override
            public CompletableFuture<Round> round() {
                return Sweep.page(redis, period, OptionalLong.empty())
                        .thenCombine(Sweep.prune(redis), (page, pruned) -> {
                            List<JobEvent> events = new ArrayList<>(page.events());
                            events.addAll(pruned.events());
                            return new Round(events, page.more() ? Duration.ZERO : period);
                        });
            }

            @Override
            public void stop() {}
        };
    }

    /** The upkeep of runs. */
    public static Chore tend(RedisQueues queues, String queue) {
        QueueRedis redis = redis(queues, queue);
        return new Tend(redis, presence(redis), Duration.ofSeconds(1));
    }

    /** The recurring jobs that one instance declares, with times between declarations that a test can wait for. */
    public static Chore recurring(RedisQueues queues, String queue, Recurring... declared) {
        QueueRedis redis = redis(queues, queue);
        return new Schedules(
                redis,
                presence(redis),
                Duration.ofMillis(50),
                Stream.of(declared).map(each -> WrittenSchedule.of(redis, each)).toList(),
                queues.application().schedules(),
                new Schedules.Declaring(
                        Duration.ofMillis(50), Duration.ofMillis(400), Duration.ofMillis(600), Duration.ofSeconds(1)));
    }

    /** An audit whose every round takes a page. */
    public static Chore audit(RedisQueues queues, String queue) {
        return new Audit(redis(queues, queue), Duration.ZERO);
    }

    /** The fields of a job that the audit reads. */
    public static List<String> auditedFields() {
        return AuditedJob.FIELDS;
    }
}
