package io.jobqueue.redis;

import io.jobqueue.worker.Chore;
import java.time.Duration;
import java.util.List;

/** The chores of one queue, each by itself, for stories that decide when a round is due. */
public final class Chores {

    private Chores() {}

    private static QueueRedis redis(RedisQueues queues, String queue) {
        return ((RedisJobStore) queues.store(queue)).redis();
    }

    /** The sweep; three periods without a round are a gap. */
    public static Chore sweep(RedisQueues queues, String queue, Duration period) {
        return new Sweep(redis(queues, queue), period);
    }

    /** The upkeep of runs. */
    public static Chore tend(RedisQueues queues, String queue) {
        return new Tend(redis(queues, queue), Duration.ofSeconds(1));
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
