package io.jobqueue.redis;

import io.jobqueue.JobEvent;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.QueueSettings.Retentions;
import io.jobqueue.worker.Chore;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * The sweep of one queue: reclaims jobs whose lease has expired, and removes jobs that retention does not keep. A round
 * is one page of a pass over the claimed jobs.
 *
 * <h2>Idle queues</h2>
 *
 * <p>A round first checks whether there are claimed jobs; one command checks all queues of an application, see
 * {@link Presence}. When there are none, the round ends. The next sweep of claimed jobs then passes the time of the
 * last such check to the script. The check counts as a sweep, so that the idle time does not count as a gap without
 * sweeps.
 *
 * <p>The sweep trims a history when its oldest job is too old. The reply of the script says when that will be.
 */
final class Sweep implements Chore {

    private static final Script RECLAIM = Script.of(ScriptOutputType.MULTI, "upkeep/reclaim");
    private static final Script PRUNE = Script.of(ScriptOutputType.MULTI, "upkeep/prune");

    /** The longest time between two looks at the histories. */
    private static final Duration MAX_PRUNE_PAUSE = Duration.ofSeconds(30);

    private final QueueRedis redis;
    private final Presence presence;
    private final Duration interval;
    private final Duration longestPrunePause;

    // of one round at a time
    private volatile OptionalLong emptyAt = OptionalLong.empty();
    private volatile long pruneAt = System.nanoTime();

    /**
     * Makes the sweep of a queue.
     *
     * @param interval the time between two passes; three of them without a sweep are a gap, after which the sweep holds
     *     back for one lease, so that living workers can renew first
     */
    Sweep(QueueRedis redis, Presence presence, Duration interval) {
        this.redis = redis;
        this.presence = presence;
        this.interval = interval;
        Retentions retention = redis.settings().retention();
        this.longestPrunePause = Stream.of(
                        MAX_PRUNE_PAUSE,
                        retention.completed().age(),
                        retention.failed().age())
                .min(Comparator.naturalOrder())
                .orElseThrow();
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
        return QueueRedis.attempt(() -> presence.look(redis.keys().of(JobStatus.PROCESSING)))
                .thenCompose(seen -> {
                    if (seen.exists()) {
                        return pass();
                    }
                    emptyAt = seen.at();
                    return withPrune(List.of());
                });
    }

    private CompletableFuture<Round> pass() {
        return page(redis, interval, emptyAt)
                .thenCompose(page -> page.more()
                        ? CompletableFuture.completedFuture(new Round(page.events(), Duration.ZERO))
                        : withPrune(page.events()));
    }

    private CompletableFuture<Round> withPrune(List<JobEvent> events) {
        return pruneAt - System.nanoTime() > 0
                ? CompletableFuture.completedFuture(new Round(events, interval))
                : prune(redis).thenApply(pruned -> {
                    pruneAt = System.nanoTime() + pausedFor(pruned.nextDue()).toNanos();
                    return new Round(joined(events, pruned.events()), interval);
                });
    }

    private Duration pausedFor(Optional<Duration> nextDue) {
        Duration due = nextDue.orElse(longestPrunePause);
        return due.compareTo(longestPrunePause) < 0 ? due : longestPrunePause;
    }

    private static List<JobEvent> joined(List<JobEvent> first, List<JobEvent> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }

    @Override
    public void stop() {}

    /**
     * One page of a pass in the background.
     *
     * @param period the time between two passes
     * @param emptyAt when no job was claimed, by Redis's clock (ms), if that is known
     */
    static CompletableFuture<Page> page(QueueRedis redis, Duration period, OptionalLong emptyAt) {
        return reclaim(redis, "background", period, emptyAt.isPresent() ? Long.toString(emptyAt.getAsLong()) : "");
    }

    /**
     * One page of a pass that holds back for nothing.
     *
     * @param begin whether the pass begins with this page
     */
    static CompletableFuture<Page> pageAtOnce(QueueRedis redis, boolean begin) {
        return reclaim(redis, begin ? "begin" : "on", Duration.ZERO, "");
    }

    private static CompletableFuture<Page> reclaim(QueueRedis redis, String mode, Duration period, String emptyAt) {
        QueueSettings settings = redis.settings();
        List<String> args = Args.of(
                mode,
                period,
                settings.lease().visibilityTimeout(),
                settings.lease().maxCrashes(),
                settings.retention().failed().kept(),
                settings.workOutput().ttl(),
                emptyAt,
                settings.errors().kept());
        return redis.ask(RECLAIM, args).thenApply(reply -> {
            Page page = page(redis.name(), reply);
            redis.noteRefusedMessage(reply);
            return page;
        });
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
     * @param events the events for the listeners
     */
    record Page(List<String> reclaimed, boolean more, List<JobEvent> events) {}

    /**
     * What a cut of the histories did.
     *
     * @param nextDue how long until the next job is too old, if there is one
     */
    record Pruned(List<JobEvent> events, Optional<Duration> nextDue) {}

    /** Cuts the histories to what retention keeps. */
    static CompletableFuture<Pruned> prune(QueueRedis redis) {
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
            long due = reply.number();
            return new Pruned(events.all(), due < 0 ? Optional.empty() : Optional.of(Duration.ofMillis(due)));
        });
    }
}
