package io.jobqueue.redis;

import static io.jobqueue.redis.RedisJobStore.ids;
import static io.jobqueue.redis.RedisJobStore.text;

import io.jobqueue.JobEvent;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.Chore;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The sweep of one queue: takes back claims whose lease is over, and drops what retention does not keep. A round is one
 * page of a pass over the claimed jobs; the last round of a pass cuts the histories as well.
 */
final class Sweep implements Chore {

    private static final Script RECLAIM = Script.of(ScriptOutputType.MULTI, "upkeep/reclaim");
    private static final Script PRUNE = Script.of(ScriptOutputType.MULTI, "upkeep/prune");

    private final QueueRedis redis;
    private final Duration interval;

    /**
     * Makes the sweep of a queue.
     *
     * @param interval the time between two passes; three of them without a sweep are a gap, after which the sweep holds
     *     back for one lease, so that living workers can renew first
     */
    Sweep(QueueRedis redis, Duration interval) {
        this.redis = redis;
        this.interval = interval;
    }

    @Override
    public String queue() {
        return redis.name();
    }

    @Override
    public String name() {
        return "sweep";
    }

    @Override
    public CompletableFuture<Round> round() {
        return reclaim(redis, "background", interval)
                .thenCompose(page -> page.more()
                        ? CompletableFuture.completedFuture(new Round(page.events(0), Duration.ZERO))
                        : prune().thenApply(dropped -> new Round(page.events(dropped), interval)));
    }

    @Override
    public void stop() {}

    /**
     * One page of a pass that holds back for nothing.
     *
     * @param begin whether the pass begins with this page
     */
    static CompletableFuture<Page> pageAtOnce(QueueRedis redis, boolean begin) {
        return reclaim(redis, begin ? "begin" : "on", Duration.ZERO);
    }

    private static CompletableFuture<Page> reclaim(QueueRedis redis, String mode, Duration period) {
        QueueSettings settings = redis.settings();
        return redis.<List<Object>>call(
                        RECLAIM,
                        List.of(
                                mode,
                                text(period),
                                text(settings.lease().visibilityTimeout()),
                                text(settings.lease().maxCrashes()),
                                text(settings.retention().failed().kept()),
                                text(settings.workOutput().ttl())))
                .thenApply(reply -> new Page(redis.name(), reply));
    }

    /** What one call of the script did. */
    record Page(String queue, List<Object> reply) {

        /** The jobs that were put back. */
        List<String> reclaimed() {
            return ids(reply.get(0));
        }

        /** Whether the pass goes on with the next call. */
        boolean more() {
            return (Long) reply.get(4) == 1;
        }

        /**
         * What listeners are to hear.
         *
         * @param pruned how many dead letters were dropped after this call
         */
        List<JobEvent> events(long pruned) {
            Events events = new Events(queue);
            events.reclaimed(reclaimed());
            events.workerDied(ids(reply.get(1)));
            events.lost(ids(reply.get(2)));
            events.repaired(JobEvent.Damage.MISPLACED, ids(reply.get(6)));
            events.deadLettersDropped((Long) reply.get(3) + pruned);
            events.runsEnded(ids(reply.get(5)));
            return events.all();
        }
    }

    private CompletableFuture<Long> prune() {
        QueueSettings settings = redis.settings();
        return redis.<List<Object>>call(
                        PRUNE,
                        List.of(
                                text(settings.retention().completed().age()),
                                text(settings.retention().completed().kept()),
                                text(settings.retention().failed().age()),
                                text(settings.retention().failed().kept())))
                .thenApply(reply -> (Long) reply.get(1));
    }
}
