package io.jobqueue.redis;

import static io.jobqueue.redis.RedisJobStore.ids;
import static io.jobqueue.redis.RedisJobStore.text;

import io.jobqueue.JobEvent;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.Chore;
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
 * The audit of one queue: walks through all that is kept, a page at a time, and repairs what foreign hands did. A round is
 * one step of the walk over the lists and, when it is its turn, a look for jobs by their keys. Redis knows which step is
 * next, so that all processes share one audit.
 */
final class Audit implements Chore {

    private static final Script AUDIT = Script.of(ScriptOutputType.MULTI, "upkeep/audit");

    /** How many keys of the server one look for jobs passes, and how many jobs one call examines. */
    private static final int KEYS_A_LOOK = 500;

    private static final int JOBS_A_CALL = 40;

    /** The pause between two pages while there is damage to repair. */
    private static final Duration DAMAGED_PACE = Duration.ofMillis(50);

    private final QueueRedis redis;
    private final Duration pace;

    /**
     * Makes the audit of a queue.
     *
     * @param pace how long the queue is left alone between two pages, whichever process takes them; a page before its
     *     time does nothing
     */
    Audit(QueueRedis redis, Duration pace) {
        this.redis = redis;
        this.pace = pace;
    }

    @Override
    public String queue() {
        return redis.name();
    }

    @Override
    public String name() {
        return "audit";
    }

    @Override
    public void stop() {}

    @Override
    public CompletableFuture<Round> round() {
        return page().thenApply(page ->
                new Round(page.events(), page.more() && pace.compareTo(DAMAGED_PACE) > 0 ? DAMAGED_PACE : pace));
    }

    /**
     * What one page repaired.
     *
     * @param more whether there is more to do at once
     */
    record Page(List<JobEvent> events, boolean more) {}

    CompletableFuture<Page> page() {
        return call("walk", List.of()).thenCompose(page -> {
            String cursor = (String) page.get(1);
            return cursor.isEmpty()
                    ? CompletableFuture.completedFuture(told(List.of(page)))
                    : lookForJobs(cursor).thenApply(pages -> {
                        pages.add(0, page);
                        return told(pages);
                    });
        });
    }

    /** Looks for jobs by their keys, because what stands in no list is found by nothing else. */
    private CompletableFuture<List<List<Object>>> lookForJobs(String cursor) {
        String prefix = redis.keys().job("");
        ScanArgs args = ScanArgs.Builder.limit(KEYS_A_LOOK).match(prefix + "*");
        return redis.<KeyScanCursor<String>>commandOfServerWith(
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
        QueueSettings settings = redis.settings();
        List<String> args = new ArrayList<>(List.of(
                mode,
                text(pace),
                text(settings.lease().visibilityTimeout()),
                text(settings.retention().completed().kept()),
                text(settings.retention().completed().age()),
                text(settings.retention().failed().kept()),
                text(settings.retention().failed().age())));
        args.addAll(more);
        return redis.command(commands -> AUDIT.call(commands, redis.keys().withSuspects(), args));
    }

    private Page told(List<List<Object>> pages) {
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
        Events events = new Events(redis.name());
        repaired.forEach(events::repaired);
        events.deadLettersDropped(dropped);
        return new Page(events.all(), more);
    }
}
