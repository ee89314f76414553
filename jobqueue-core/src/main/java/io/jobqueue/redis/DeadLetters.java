package io.jobqueue.redis;

import io.jobqueue.DeadLetterFilter;
import io.lettuce.core.ScriptOutputType;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The dead letters of one queue: finds, requeues and deletes those that match a filter. It reads all ids first, so that
 * one call does not touch newer dead letters and requeues no job twice. Thread-safe.
 */
final class DeadLetters {

    private static final Script FIND = Script.of(ScriptOutputType.MULTI, "admin/find-dead-letters");
    private static final Script REQUEUE = Script.of(ScriptOutputType.MULTI, "admin/requeue");
    private static final Script DISCARD = Script.of(ScriptOutputType.MULTI, "admin/discard");

    /** How many ids one command reads. */
    private static final int PAGE = 1000;

    /** How many ids one script looks at. */
    private static final int CHUNK = 100;

    private static final long MICROS_OF_A_SECOND = 1_000_000;

    private final QueueRedis redis;

    DeadLetters(QueueRedis redis) {
        this.redis = redis;
    }

    /** The ids of the dead letters on one page of those that match, newest first. */
    CompletableFuture<List<String>> find(DeadLetterFilter filter, Page page) {
        return idsNewestFirst().thenCompose(ids -> find(filter, ids, page, new ArrayList<>()));
    }

    private CompletableFuture<List<String>> find(
            DeadLetterFilter filter, List<String> ids, Page page, List<String> found) {
        if (ids.isEmpty() || found.size() > page.last()) {
            int begin = (int) Math.min(page.offset(), found.size());
            int end = (int) Math.min(page.last() + 1, found.size());
            return CompletableFuture.completedFuture(List.copyOf(found.subList(begin, end)));
        }
        List<String> chunk = firstOf(ids);
        List<String> args = of(filter);
        args.addAll(chunk);
        return redis.<List<String>>call(FIND, args).thenCompose(matching -> {
            found.addAll(matching);
            return find(filter, ids.subList(chunk.size(), ids.size()), page, found);
        });
    }

    /**
     * Requeues the dead letters that match.
     *
     * @param perSecond how many become due in a second, 0 for all at once
     * @return how many were requeued
     */
    CompletableFuture<Long> requeue(DeadLetterFilter filter, int perSecond) {
        return idsOldestFirst().thenCompose(ids -> requeue(filter, ids, perSecond));
    }

    /** Requeues those of some dead letters that match. */
    CompletableFuture<Long> requeue(DeadLetterFilter filter, List<String> ids, int perSecond) {
        long gap = perSecond == 0 ? 0 : MICROS_OF_A_SECOND / perSecond;
        return requeueRest(filter, ids, "", gap, 0);
    }

    private CompletableFuture<Long> requeueRest(
            DeadLetterFilter filter, List<String> ids, String firstDue, long gap, long before) {
        if (ids.isEmpty()) {
            return CompletableFuture.completedFuture(before);
        }
        List<String> args = of(filter);
        args.addAll(Args.of(firstDue, gap, before));
        args.addAll(firstOf(ids));
        return redis.ask(REQUEUE, args).thenCompose(reply -> {
            int handled = (int) reply.number();
            long requeued = before + reply.number();
            return requeueRest(filter, ids.subList(handled, ids.size()), reply.text(), gap, requeued);
        });
    }

    /** Deletes the dead letters that match; returns how many. */
    CompletableFuture<Long> discard(DeadLetterFilter filter) {
        return idsOldestFirst().thenCompose(ids -> discard(filter, ids, 0));
    }

    /** Deletes those of some dead letters that match. */
    CompletableFuture<Long> discard(DeadLetterFilter filter, List<String> ids) {
        return discard(filter, ids, 0);
    }

    private CompletableFuture<Long> discard(DeadLetterFilter filter, List<String> ids, long before) {
        if (ids.isEmpty()) {
            return CompletableFuture.completedFuture(before);
        }
        List<String> args = of(filter);
        args.addAll(firstOf(ids));
        return redis.ask(DISCARD, args).thenCompose(reply -> {
            int handled = (int) reply.number();
            return discard(filter, ids.subList(handled, ids.size()), before + reply.number());
        });
    }

    private CompletableFuture<List<String>> idsOldestFirst() {
        return idsNewestFirst().thenApply(ids -> {
            List<String> oldestFirst = new ArrayList<>(ids);
            Collections.reverse(oldestFirst);
            return oldestFirst;
        });
    }

    private CompletableFuture<List<String>> idsNewestFirst() {
        return ids(0, new LinkedHashSet<>()).thenApply(List::copyOf);
    }

    /**
     * New dead letters come at the head and push the others into the next page, so none of the others is passed over.
     */
    private CompletableFuture<Collection<String>> ids(long from, Set<String> read) {
        String key = redis.keys().of(Place.FAILED);
        return redis.<List<String>>read(key, commands -> commands.lrange(key, from, from + PAGE - 1))
                .thenCompose(page -> {
                    read.addAll(page);
                    return page.size() < PAGE
                            ? CompletableFuture.<Collection<String>>completedFuture(read)
                            : ids(from + PAGE, read);
                });
    }

    private static List<String> firstOf(List<String> ids) {
        return ids.subList(0, Math.min(CHUNK, ids.size()));
    }

    private static List<String> of(DeadLetterFilter filter) {
        return Args.of(
                filter.kind() == null ? "" : filter.kind(),
                filter.error() == null ? "" : filter.error(),
                millis(filter.failedFrom()),
                millis(filter.failedBefore()),
                filter.tag() == null ? "" : filter.tag());
    }

    private static String millis(@Nullable Instant time) {
        return time == null ? "" : Long.toString(time.toEpochMilli());
    }
}
