package io.jobqueue.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tells the callers in this process that wait for jobs of one queue how their jobs ended.
 *
 * <p>The hash of a job decides whether the job has ended. One script reads up to 200 hashes, and only one such call is
 * in flight at a time, so that the cost does not grow with the number of waiting callers. A hash is read
 * <ul>
 *   <li>when a caller begins to wait for the job,
 *   <li>when the channel {@code events} announces its end; before all others, because the history may soon drop the
 *       hash,
 *   <li>when a subscription begins or is lost, because messages may have been missed,
 *   <li>once per second.
 * </ul>
 *
 * <p>All waiting callers share one subscription. It begins when a look finds a job that has not ended, and ends when no
 * caller has waited for {@link #LINGER}. Without waiting callers, nothing is sent to Redis. Thread-safe.
 */
final class JobEnds {

    private static final Script LOOK = Script.of(ScriptOutputType.MULTI, "admin/look-at-ends");

    private static final int A_CALL = 200;
    private static final Duration PACE = Duration.ofSeconds(1);

    /**
     * How long the subscription outlives the last waiter, so that callers who wait one after the other do not
     * reconnect.
     */
    private static final Duration LINGER = Duration.ofSeconds(5);

    private final QueueRedis redis;
    private final ChannelListener channel = new Channel();

    // guarded by this
    private final Map<String, Set<Waiter>> waiters = new HashMap<>();
    private final Map<String, EndMessage> announced = new LinkedHashMap<>();
    private final Set<String> toLookAt = new LinkedHashSet<>();
    private boolean looking;
    private boolean ticking;
    private boolean listening;
    private long waitedLast;
    private long listenedLast = System.nanoTime() - PACE.toNanos();

    JobEnds(QueueRedis redis) {
        this.redis = redis;
    }

    /** The name of the queue. */
    String queue() {
        return redis.name();
    }

    /**
     * Waits for the end of one job. Its methods are called on a thread of the Redis client, never two at once for one
     * waiter of one queue, and must not block.
     */
    interface Waiter {

        /** The id of the job. */
        String id();

        /**
         * The job was looked at.
         *
         * @return whether the waiter goes on waiting on this queue
         */
        boolean seen(Look look);

        /**
         * The job could not be looked at.
         *
         * @return whether the waiter goes on waiting on this queue
         */
        boolean failed(Throwable cause);
    }

    /**
     * What the hash of a job said.
     *
     * @param status the status as it is stored, or {@code null} when there is no job
     * @param attempts how often it was claimed
     * @param error the last error of a job that has ended
     * @param result the result of a job that has ended, as it is stored
     * @param announced the message that announced the end and led to this look, if any did
     */
    record Look(
            @Nullable String status,
            int attempts,
            @Nullable String error,
            @Nullable String result,
            @Nullable EndMessage announced) {}

    /** A job that is to be looked at, and the message that announced its end, if any did. */
    private record Ask(String id, @Nullable EndMessage announced) {}

    // ---- waiters

    void add(Waiter waiter) {
        boolean first;
        synchronized (this) {
            waiters.computeIfAbsent(waiter.id(), any -> new HashSet<>()).add(waiter);
            toLookAt.add(waiter.id());
            waitedLast = System.nanoTime();
            first = !ticking;
            ticking = true;
        }
        if (first) {
            tickLater();
        }
        look();
    }

    synchronized void remove(Waiter waiter) {
        Set<Waiter> ofJob = waiters.get(waiter.id());
        if (ofJob != null && ofJob.remove(waiter) && ofJob.isEmpty()) {
            waiters.remove(waiter.id());
        }
    }

    // ---- when to look

    private final class Channel implements ChannelListener {

        @Override
        public void message(String message) {
            EndMessage end = EndMessage.read(message);
            if (end != null && isAwaited(end)) {
                look();
            }
        }

        @Override
        public void subscribed() {
            lookAtAll();
        }

        @Override
        public void lost() {
            lookAtAll(); // finds out whether the queue was stopped
        }
    }

    private synchronized boolean isAwaited(EndMessage end) {
        boolean awaited = waiters.containsKey(end.id());
        if (awaited) {
            announced.put(end.id(), end);
        }
        return awaited;
    }

    private void lookAtAll() {
        synchronized (this) {
            toLookAt.addAll(waiters.keySet());
        }
        look();
    }

    private void tickLater() {
        CompletableFuture.delayedExecutor(PACE.toMillis(), TimeUnit.MILLISECONDS)
                .execute(this::tick);
    }

    private void tick() {
        synchronized (this) {
            long now = System.nanoTime();
            if (!waiters.isEmpty()) {
                waitedLast = now;
            } else if (now - waitedLast > LINGER.toNanos()) {
                ticking = false;
                if (listening) {
                    listening = false;
                    redis.connector().subscriptions().remove(redis.keys().events(), channel);
                }
                return;
            }
        }
        lookAtAll();
        tickLater();
    }

    /**
     * Listens, unless that was tried within the last second: a server that refuses the subscription is not asked all
     * the time.
     */
    private void listen() {
        Subscriptions subscriptions = redis.connector().subscriptions();
        String events = redis.keys().events();
        synchronized (this) {
            long now = System.nanoTime();
            if (waiters.isEmpty() || subscriptions.has(events, channel) || now - listenedLast < PACE.toNanos()) {
                return;
            }
            listening = true;
            listenedLast = now;
        }
        subscriptions.add(events, channel);
    }

    // ---- how to look

    /** Sends the next look, unless one is in flight, which sends the next one when it arrives. */
    private void look() {
        List<Ask> asks;
        synchronized (this) {
            asks = looking ? List.of() : take();
            if (asks.isEmpty()) {
                return;
            }
            looking = true;
        }
        List<String> ids = asks.stream().map(Ask::id).toList();
        var unused = redis.ask(LOOK, ids).whenComplete((reply, failure) -> {
            if (reply == null) {
                fail(asks, Answers.unwrap(failure));
            } else {
                read(asks, reply);
            }
        });
    }

    /** Takes the next jobs to look at, announced ones first, and drops jobs without a waiting caller. */
    private List<Ask> take() {
        List<Ask> taken = new ArrayList<>();
        for (Iterator<EndMessage> ends = announced.values().iterator(); ends.hasNext() && taken.size() < A_CALL; ) {
            EndMessage end = ends.next();
            ends.remove();
            toLookAt.remove(end.id());
            take(new Ask(end.id(), end), taken);
        }
        for (Iterator<String> ids = toLookAt.iterator(); ids.hasNext() && taken.size() < A_CALL; ) {
            String id = ids.next();
            ids.remove();
            take(new Ask(id, null), taken);
        }
        return taken;
    }

    private void take(Ask ask, List<Ask> taken) {
        if (waiters.containsKey(ask.id())) {
            taken.add(ask);
        }
    }

    private void read(List<Ask> asks, Reply reply) {
        boolean goesOn = false;
        int answered = reply.left();
        for (Ask ask : asks.subList(0, answered)) {
            String id = ask.id();
            Reply fields = reply.list();
            if (fields.left() == 1) {
                RedisCommandExecutionException spoilt = new RedisCommandExecutionException(fields.text());
                tell(id, waiter -> waiter.failed(spoilt));
            } else {
                Look look = new Look(
                        fields.textOrNull(),
                        Reply.count(fields.textOrNull()),
                        fields.textOrNull(),
                        fields.textOrNull(),
                        ask.announced());
                goesOn |= tell(id, waiter -> waiter.seen(look));
            }
        }
        synchronized (this) {
            asks.subList(answered, asks.size()).forEach(this::putBack);
            looking = false;
        }
        if (goesOn) {
            listen();
        }
        look();
    }

    private void putBack(Ask ask) {
        if (ask.announced() == null) {
            toLookAt.add(ask.id());
        } else {
            announced.putIfAbsent(ask.id(), ask.announced());
        }
    }

    /** Tells all waiters whose jobs wait to be looked at, because a further call would fail as well. */
    private void fail(List<Ask> asks, Throwable cause) {
        Set<String> all = asks.stream().map(Ask::id).collect(Collectors.toCollection(LinkedHashSet::new));
        synchronized (this) {
            all.addAll(announced.keySet());
            all.addAll(toLookAt);
            announced.clear();
            toLookAt.clear();
        }
        all.forEach(id -> tell(id, waiter -> waiter.failed(cause)));
        synchronized (this) {
            looking = false;
        }
        look();
    }

    /**
     * Tells the waiters of a job.
     *
     * @param word says something to a waiter, and returns whether the waiter goes on waiting
     * @return whether a waiter of the job goes on
     */
    private boolean tell(String id, Predicate<Waiter> word) {
        List<Waiter> ofJob;
        synchronized (this) {
            ofJob = List.copyOf(waiters.getOrDefault(id, Set.of()));
        }
        List<Waiter> leaving = ofJob.stream().filter(word.negate()).toList();
        leaving.forEach(this::remove);
        return leaving.size() < ofJob.size();
    }
}
