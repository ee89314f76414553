package io.jobqueue.redis;

import io.jobqueue.DeadLetterNotice;
import io.jobqueue.JobEvent;
import io.jobqueue.worker.Chore;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Enqueues the {@link DeadLetterNotice}s of one queue. A script creates a notice and notes that in the dead letter, so any
 * number of instances make one notice for each failure, and a crash loses none.
 *
 * <p>A round looks at the dead letters that are newer than the last look. Every few minutes it looks at all of them, because an
 * operator who requeues jobs while a look turns the pages can make it miss one.
 */
final class DeadLetterNotices implements Chore {

    private static final Script NOTIFY = Script.of(ScriptOutputType.MULTI, "upkeep/notify-dead-letters");

    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration BETWEEN_FULL_LOOKS = Duration.ofMinutes(5);
    private static final int PAGE = 100;

    private final QueueRedis redis;
    private final List<String> kinds;

    // of one round at a time
    private volatile int first;
    private volatile String lookedUpTo = "";
    private volatile String newest = "";
    private volatile long fullLookAt = System.nanoTime();

    /**
     * Makes the chore of a queue.
     *
     * @param kinds the kinds of dead letters that have a handler for notices
     */
    DeadLetterNotices(QueueRedis redis, Set<String> kinds) {
        this.redis = redis;
        this.kinds = List.copyOf(kinds);
    }

    @Override
    public String queue() {
        return redis.name();
    }

    @Override
    public String name() {
        return "notices of dead letters";
    }

    @Override
    public CompletableFuture<Round> round() {
        if (first == 0 && fullLookAt - System.nanoTime() <= 0) {
            lookedUpTo = "";
            fullLookAt = System.nanoTime() + BETWEEN_FULL_LOOKS.toNanos();
        }
        List<String> args = Args.of(first, PAGE, lookedUpTo, DeadLetterNotice.ID_HEADER, DeadLetterNotice.PREFIX);
        args.addAll(kinds);
        return redis.ask(NOTIFY, args).thenApply(this::took);
    }

    private Round took(Reply reply) {
        boolean more = reply.flag();
        String newestOfPage = reply.text();
        if (first == 0) {
            newest = newestOfPage;
        }
        first = more ? first + PAGE : 0;
        if (!more && !newest.isEmpty()) {
            lookedUpTo = newest;
        }
        List<JobEvent> events = new ArrayList<>();
        while (reply.hasNext()) {
            String id = reply.text();
            events.add(new JobEvent.Enqueued(queue(), reply.text(), id));
        }
        return new Round(events, more ? Duration.ZERO : PAUSE);
    }

    @Override
    public void stop() {
        first = 0;
    }
}
