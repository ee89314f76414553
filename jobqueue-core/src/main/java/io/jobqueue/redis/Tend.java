package io.jobqueue.redis;

import io.jobqueue.worker.Chore;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The upkeep of one queue's runs: ends units whose jobs other clients ended, ends runs that are due, reports overdue
 * runs, and removes expired ones. On a queue without runs it only checks whether a run exists.
 */
final class Tend implements Chore {

    private static final Script TEND = Script.of(ScriptOutputType.MULTI, "upkeep/check-run");
    private static final Script HEARD = Script.of(ScriptOutputType.MULTI, "runs/end-foreign-units");

    /**
     * Between two walks over the units of a run for ends that other clients wrote; they keep those for five minutes.
     */
    private static final Duration WALK = Duration.ofMinutes(1);

    /** Pages of such walks in one round. */
    private static final int PAGES = 50;

    /** The most calls in one round for ends that the channel announced. */
    private static final int HEARD_CALLS = 10;

    private final QueueRedis redis;
    private final Presence presence;
    private final Duration interval;
    private final ForeignEnds foreignEnds = new ForeignEnds();

    Tend(QueueRedis redis, Presence presence, Duration interval) {
        this.redis = redis;
        this.presence = presence;
        this.interval = interval;
    }

    @Override
    public String queue() {
        return redis.name();
    }

    @Override
    public String name() {
        return "upkeep of runs";
    }

    @Override
    public CompletableFuture<Round> round() {
        return QueueRedis.attempt(() -> presence.look(redis.keys().agenda()))
                .thenCompose(seen -> seen.exists() ? lookAfterRuns() : withoutRuns());
    }

    private CompletableFuture<Round> withoutRuns() {
        foreignEnds.wanted(false);
        foreignEnds.listen(redis.connector().subscriptions(), redis.keys().events());
        return CompletableFuture.completedFuture(new Round(List.of(), interval));
    }

    private CompletableFuture<Round> lookAfterRuns() {
        Events events = new Events(redis.name());
        foreignEnds.listen(redis.connector().subscriptions(), redis.keys().events());
        return page(redis, WALK, events, PAGES, false).thenCompose(live -> {
            foreignEnds.wanted(live);
            return catchUp(events, HEARD_CALLS).thenApply(done -> new Round(events.all(), interval));
        });
    }

    @Override
    public void stop() {
        foreignEnds.stop(redis.connector().subscriptions(), redis.keys().events());
    }

    /**
     * Goes through the runs that are due.
     *
     * @param walk the time between two walks over the units of a run
     * @param pages how many pages at the most
     * @param live whether a page before found live runs
     * @return whether there are live runs
     */
    static CompletableFuture<Boolean> page(QueueRedis redis, Duration walk, Events events, int pages, boolean live) {
        return redis.ask(
                        TEND,
                        Args.of(
                                walk,
                                redis.settings().result().maxSize(),
                                redis.settings().lease().visibilityTimeout()))
                .thenCompose(reply -> {
                    boolean more = reply.flag();
                    boolean found = reply.flag() || live;
                    events.runsEnded(reply.texts());
                    events.runsOverdue(reply.texts());
                    redis.noteRefusedMessage(reply);
                    return more && pages > 1
                            ? page(redis, walk, events, pages - 1, found)
                            : CompletableFuture.completedFuture(found);
                });
    }

    /** Ends the units whose jobs other clients have ended, according to the channel. */
    private CompletableFuture<?> catchUp(Events events, int calls) {
        List<String> ids = calls > 0 ? foreignEnds.take() : List.of();
        if (ids.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        List<String> args = Args.of(redis.settings().result().maxSize());
        args.addAll(ids);
        return redis.ask(HEARD, args).thenCompose(reply -> {
            events.runsEnded(reply.texts());
            foreignEnds.putBack(reply.texts());
            redis.noteRefusedMessage(reply);
            return catchUp(events, calls - 1);
        });
    }
}
