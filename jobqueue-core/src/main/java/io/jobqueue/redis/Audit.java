package io.jobqueue.redis;

import io.jobqueue.JobEvent;
import io.jobqueue.QueueSettings.Retentions;
import io.jobqueue.redis.Suspicion.Look;
import io.jobqueue.worker.Chore;
import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The audit of one queue: finds and repairs jobs that other clients or operators damaged. A round reads a page of the
 * lists and some jobs by their keys. {@link AuditJudge} judges them in Java, so that Redis is not blocked, and the
 * round repairs the damage.
 *
 * <h2>Three steps to a repair</h2>
 *
 * <ol>
 *   <li><em>Suspect.</em> A client may leave a job in a damaged state between two of its steps. The audit only
 *       remembers such a job at first.
 *   <li><em>Prove.</em> One lease later the job must still be in the same state. If the verdict depends on a list that
 *       is too long to be read at once, {@link ListSearch} reads all of it first.
 *   <li><em>Repair.</em> The script checks the job and its place again and repairs it, in one step.
 * </ol>
 *
 * <p>The suspicions and the position of the walk are stored in Redis, so that all processes share one audit. Rounds of
 * one audit must not overlap.
 */
final class Audit implements Chore {

    private static final Script TURN = Script.of(ScriptOutputType.MULTI, "upkeep/audit");
    private static final Script LOOK = Script.of(ScriptOutputType.MULTI, "upkeep/look-at-jobs");
    private static final Script REPAIR = Script.of(ScriptOutputType.MULTI, "upkeep/repair");

    /** How many keys of the server one look for jobs passes, and how many jobs one call looks at. */
    private static final int KEYS_A_LOOK = 500;

    private static final int JOBS_A_CALL = 100;

    /** How many suspicions one walk over the lists may settle. */
    private static final int SUSPICIONS_A_SEARCH = 10_000;

    /** How many calls in a row repair. */
    private static final int REPAIR_CALLS = 20;

    /** An idle queue, in which nothing waits or runs, is audited so many times less often. */
    private static final int IDLE = 15;

    /** The pause while there is damage to repair. */
    private static final Duration DAMAGED_PACE = Duration.ofMillis(50);

    private final QueueRedis redis;
    private final Duration pace;

    /**
     * Makes the audit of a queue.
     *
     * @param pace the time between two rounds on the queue, whichever process makes them; a round before its time does
     *     nothing
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
        return page().thenApply(page -> new Round(page.events(), page.pause()));
    }

    /**
     * What one round did.
     *
     * @param events the events for the listeners
     * @param pause how long until the next round
     * @param more whether there was damage, so that there may be more
     */
    record Page(List<JobEvent> events, Duration pause, boolean more) {}

    CompletableFuture<Page> page() {
        return call(TURN, List.of(text(pace), text(pace.multipliedBy(IDLE)), text(lease())))
                .thenCompose(reply -> {
                    Duration pause = Duration.ofMillis(reply.number());
                    String cursor = reply.text();
                    if (!reply.hasNext()) {
                        return CompletableFuture.completedFuture(new Page(List.of(), pause, false)); // not our turn
                    }
                    Decisions decisions = new Decisions();
                    return prove(judgeTurn(reply, decisions), decisions)
                            .thenCompose(any -> lookForKeys(cursor, decisions))
                            .thenCompose(next -> carryOut(decisions, next, REPAIR_CALLS))
                            .thenApply(any -> {
                                boolean soon = decisions.foundDamage() && pause.compareTo(DAMAGED_PACE) > 0;
                                return new Page(
                                        decisions.events(redis.name()),
                                        soon ? DAMAGED_PACE : pause,
                                        decisions.foundDamage());
                            });
                });
    }

    // ---- the page of the walk, and the suspicions that are a lease old

    /** What a turn brought, judged; the suspicions are those that only a walk over the lists can settle. */
    private record Judged(long now, Set<String> settled, Set<String> unproven) {}

    private Judged judgeTurn(Reply reply, Decisions decisions) {
        QueueLook queue = QueueLook.of(reply.list());
        AuditJudge judge = new AuditJudge(redis.settings(), queue);
        Iterator<String> page = reply.texts().iterator();
        List<String> withoutDueTime = reply.texts();
        List<String> suspicions = reply.texts();
        Iterator<AuditedJob> jobs = AuditedJob.all(reply.list()).iterator();
        Map<Place, Map<String, Integer>> onPage = new EnumMap<>(Place.class);
        while (page.hasNext()) {
            Place place = Place.ofKey(page.next());
            int times = onPage.computeIfAbsent(place, any -> new HashMap<>()).merge(page.next(), 1, Integer::sum);
            // an id that is twice on a page of a long list is also twice in the list
            AuditedJob job = jobs.next().withCopies(Map.of(place, times));
            decisions.first(judge.inPlace(place, job));
        }
        withoutDueTime.forEach(id -> decisions.first(List.of(judge.withoutDueTime(jobs.next()))));
        Set<String> settled = new HashSet<>();
        Set<String> unproven = new HashSet<>();
        for (String text : suspicions) {
            AuditedJob job = jobs.next();
            Optional<Suspicion> suspicion = Suspicion.parse(text);
            Finding finding = suspicion.map(any -> judge.again(any, job)).orElse(Finding.SOUND);
            (decisions.again(text, finding) ? settled : unproven).add(text);
        }
        return new Judged(queue.now(), settled, unproven);
    }

    // ---- proofs

    /** Reads all lists if a suspicion says that a job is in none of them. */
    private CompletableFuture<?> prove(Judged judged, Decisions decisions) {
        if (judged.unproven().isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        return due(judged).thenCompose(suspicions -> {
            Set<String> ids = suspicions.stream().map(Suspicion::id).collect(Collectors.toSet());
            return new ListSearch(redis, ids).begin().thenCompose(found -> {
                if (found.isPresent()) {
                    return settle(suspicions, found.get(), decisions);
                }
                suspicions.forEach(suspicion -> decisions.postpone(suspicion.text()));
                return CompletableFuture.completedFuture(null);
            });
        });
    }

    /** All suspicions that are a lease old and not settled: one walk over the lists is to serve as many as possible. */
    private CompletableFuture<List<Suspicion>> due(Judged judged) {
        String key = redis.keys().suspects();
        Range<Long> due = Range.create(0L, judged.now() - lease().toMillis());
        return redis.read(key, commands -> commands.zrangebyscore(key, due, Limit.create(0, SUSPICIONS_A_SEARCH)))
                .thenApply(all -> all.stream()
                        .filter(text -> !judged.settled().contains(text))
                        .flatMap(text -> Suspicion.parse(text).stream())
                        .filter(suspicion -> suspicion.look() != Look.DOUBLED)
                        .toList());
    }

    /** Judges suspicions again, now that all lists are known. */
    private CompletableFuture<?> settle(
            List<Suspicion> suspicions, Map<Place, Set<String>> found, Decisions decisions) {
        List<String> ids = suspicions.stream().map(Suspicion::id).toList();
        return lookAt(ids, (judge, at, job) -> {
            Map<Place, Integer> copies = new EnumMap<>(Place.class);
            found.forEach((place, met) -> copies.put(place, met.contains(job.id()) ? 1 : 0));
            Suspicion suspicion = suspicions.get(at);
            if (!decisions.again(suspicion.text(), judge.again(suspicion, job.withCopies(copies)))) {
                decisions.postpone(suspicion.text());
            }
        });
    }

    // ---- jobs by their keys

    /** Scans the keys of jobs, because nothing else finds a job that is in no list; returns the next cursor. */
    private CompletableFuture<String> lookForKeys(String cursor, Decisions decisions) {
        String prefix = redis.keys().job("");
        ScanArgs args = ScanArgs.Builder.limit(KEYS_A_LOOK).match(prefix + "*");
        return redis.<KeyScanCursor<String>>commandOfServerWith(
                        prefix, server -> server.scan(ScanCursor.of(cursor), args))
                .thenCompose(found -> {
                    List<String> ids = found.getKeys().stream()
                            .map(key -> key.substring(prefix.length()))
                            .toList();
                    String next = found.isFinished() ? "0" : found.getCursor();
                    return lookAt(ids, (judge, at, job) -> decisions.first(judge.byKey(job)))
                            .thenApply(any -> next);
                });
    }

    // ---- calls

    /** What is done with a look at a job. */
    private interface Use {

        /** Takes the look at the id of a position in the list of ids. */
        void take(AuditJudge judge, int at, AuditedJob job);
    }

    /** Looks at jobs, a hundred a call. */
    private CompletableFuture<?> lookAt(List<String> ids, Use use) {
        return lookAt(ids, 0, use);
    }

    private CompletableFuture<?> lookAt(List<String> ids, int from, Use use) {
        if (from >= ids.size()) {
            return CompletableFuture.completedFuture(null);
        }
        List<String> some = ids.subList(from, Math.min(ids.size(), from + JOBS_A_CALL));
        return call(LOOK, some).thenCompose(reply -> {
            AuditJudge judge = new AuditJudge(redis.settings(), QueueLook.of(reply.list()));
            int at = from;
            for (AuditedJob job : AuditedJob.all(reply.list())) {
                use.take(judge, at++, job);
            }
            return lookAt(ids, from + JOBS_A_CALL, use);
        });
    }

    /** Carries out what was decided, and remembers where the next look for keys begins. */
    private CompletableFuture<?> carryOut(Decisions decisions, String cursor, int calls) {
        Retentions retention = redis.settings().retention();
        Decisions.Call next = decisions.next();
        List<String> args = new ArrayList<>(List.of(
                text(lease()),
                Long.toString(retention.completed().kept()),
                Long.toString(retention.failed().kept()),
                cursor));
        args.addAll(next.args());
        return call(REPAIR, args).thenCompose(reply -> {
            next.ended(reply.text(), reply.number());
            return decisions.isEmpty() || calls == 1
                    ? CompletableFuture.completedFuture(null)
                    : carryOut(decisions, cursor, calls - 1);
        });
    }

    private CompletableFuture<Reply> call(Script script, List<String> args) {
        return redis.<List<@Nullable Object>>command(
                        commands -> script.call(commands, redis.keys().withSuspects(), args))
                .thenApply(Reply::new);
    }

    private Duration lease() {
        return redis.settings().lease().visibilityTimeout();
    }

    private static String text(Duration duration) {
        return Long.toString(duration.toMillis());
    }
}
