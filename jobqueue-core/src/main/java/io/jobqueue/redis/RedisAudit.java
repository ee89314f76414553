package io.jobqueue.redis;

import static io.jobqueue.redis.RedisJobStore.ids;
import static io.jobqueue.redis.RedisJobStore.text;

import io.jobqueue.JobEvent;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.JobStore.Audit;
import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;

/**
 * One page of the audit of a queue: a step of the walk over its lists and, when it is its turn, a look for jobs by their
 * keys. Which step is next is known to Redis, so that all processes share one audit.
 */
final class RedisAudit {

    private static final Script AUDIT = Script.of(ScriptOutputType.MULTI, "upkeep/audit");

    /** How many keys of the server one look for jobs passes, and how many jobs one call examines. */
    private static final int KEYS_A_LOOK = 500;

    private static final int JOBS_A_CALL = 40;

    private final RedisJobStore store;
    private final Duration pace;

    RedisAudit(RedisJobStore store, Duration pace) {
        this.store = store;
        this.pace = pace;
    }

    CompletableFuture<Audit> page() {
        return call("walk", List.of()).thenCompose(page -> {
            String cursor = (String) page.get(1);
            return cursor.isEmpty()
                    ? CompletableFuture.completedFuture(audited(List.of(page)))
                    : lookForJobs(cursor).thenApply(pages -> {
                        pages.add(0, page);
                        return audited(pages);
                    });
        });
    }

    /** Looks for jobs by their keys, because what stands in no list is found by nothing else. */
    private CompletableFuture<List<List<Object>>> lookForJobs(String cursor) {
        String prefix = store.keys().job("");
        ScanArgs args = ScanArgs.Builder.limit(KEYS_A_LOOK).match(prefix + "*");
        return store.<KeyScanCursor<String>>commandOfServerWith(
                        prefix, server -> server.scan(ScanCursor.of(cursor), args))
                .thenCompose(found -> {
                    // in another order each time, so that what one call cannot afford another can
                    List<String> ids = new ArrayList<>(found.getKeys().stream()
                            .map(key -> key.substring(prefix.length()))
                            .toList());
                    Collections.shuffle(ids, ThreadLocalRandom.current());
                    String next = found.isFinished() ? "0" : found.getCursor();
                    return examine(cursor, next, ids, new ArrayList<>());
                });
    }

    private CompletableFuture<List<List<Object>>> examine(
            String cursor, String next, List<String> ids, List<List<Object>> pages) {
        int size = Math.min(ids.size(), JOBS_A_CALL);
        List<String> rest = ids.subList(size, ids.size());
        List<String> args = new ArrayList<>(2 + size);
        args.add(cursor);
        args.add(rest.isEmpty() ? next : "");
        args.addAll(ids.subList(0, size));
        return call("hashes", args).thenCompose(page -> {
            pages.add(page);
            return rest.isEmpty() ? CompletableFuture.completedFuture(pages) : examine(cursor, next, rest, pages);
        });
    }

    private CompletableFuture<List<Object>> call(String mode, List<String> more) {
        QueueSettings settings = store.settings();
        List<String> args = new ArrayList<>(List.of(
                mode,
                text(pace),
                text(settings.lease().visibilityTimeout()),
                text(settings.retention().completed().kept()),
                text(settings.retention().completed().age()),
                text(settings.retention().failed().kept()),
                text(settings.retention().failed().age())));
        args.addAll(more);
        return store.command(redis -> AUDIT.call(redis, store.keys().withSuspects(), args));
    }

    private Audit audited(List<List<Object>> pages) {
        Map<JobEvent.Damage, List<String>> repaired = new EnumMap<>(JobEvent.Damage.class);
        long dropped = 0;
        boolean more = false;
        for (List<Object> page : pages) {
            more |= (Long) page.get(0) == 1;
            dropped += (Long) page.get(2);
            for (int at = 3; at < page.size(); at += 2) {
                JobEvent.Damage damage = JobEvent.Damage.valueOf(((String) page.get(at)).toUpperCase(Locale.ROOT));
                repaired.computeIfAbsent(damage, any -> new ArrayList<>()).addAll(ids(page.get(at + 1)));
            }
        }
        return new Audit(
                repaired.entrySet().stream()
                        .map(entry ->
                                new JobEvent.Repaired(store.queue(), entry.getKey(), List.copyOf(entry.getValue())))
                        .toList(),
                dropped,
                more);
    }
}
