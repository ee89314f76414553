package io.jobqueue.redis;

import io.jobqueue.JobEvent;
import io.jobqueue.QueueSettings;
import io.jobqueue.QueueSettings.Retentions;
import io.jobqueue.worker.Chore;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

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
                        ? CompletableFuture.completedFuture(new Round(page.events(), Duration.ZERO))
                        : prune().thenApply(dropped -> new Round(joined(page.events(), dropped), interval)));
    }

    private static List<JobEvent> joined(List<JobEvent> first, List<JobEvent> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
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
        List<String> args = Args.of(
                mode,
                period,
                settings.lease().visibilityTimeout(),
                settings.lease().maxCrashes(),
                settings.retention().failed().kept(),
                settings.workOutput().ttl());
        return redis.ask(RECLAIM, args).thenApply(reply -> page(redis.name(), reply));
    }

    private static Page page(String queue, Reply reply) {
        List<String> reclaimed = reply.texts();
        List<String> died = reply.texts();
        List<String> lost = reply.texts();
        long dropped = reply.number();
        boolean more = reply.flag();
        List<String> runs = reply.texts();
        List<String> misplaced = reply.texts();
        Events events = new Events(queue);
        events.reclaimed(reclaimed);
        events.workerDied(died);
        events.lost(lost);
        events.repaired(JobEvent.Damage.MISPLACED, misplaced);
        events.deadLettersDropped(dropped);
        events.runsEnded(runs);
        return new Page(reclaimed, more, events.all());
    }

    /**
     * What one call of the script did.
     *
     * @param reclaimed the jobs that were put back
     * @param more whether the pass goes on with the next call
     * @param events what listeners are to hear
     */
    record Page(List<String> reclaimed, boolean more, List<JobEvent> events) {}

    /** Cuts the histories to what retention keeps. */
    private CompletableFuture<List<JobEvent>> prune() {
        Retentions retention = redis.settings().retention();
        List<String> args = Args.of(
                retention.completed().age(),
                retention.completed().kept(),
                retention.failed().age(),
                retention.failed().kept());
        return redis.ask(PRUNE, args).thenApply(reply -> {
            reply.skip(); // completed jobs
            Events events = new Events(redis.name());
            events.deadLettersDropped(reply.number());
            return events.all();
        });
    }
}
