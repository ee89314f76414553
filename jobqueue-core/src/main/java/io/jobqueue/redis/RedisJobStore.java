package io.jobqueue.redis;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRun;
import io.jobqueue.JsonText;
import io.jobqueue.QueueSettings;
import io.jobqueue.WorkOutputs;
import io.jobqueue.worker.JobStore;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The transitions of claimed jobs on Redis. Each is one Lua file; this class only says what goes in and what the reply
 * means.
 */
final class RedisJobStore implements JobStore {

    private static final Script CLAIM = Script.of(ScriptOutputType.MULTI, "road/claim");
    private static final Script SETTLE = Script.of(ScriptOutputType.MULTI, "road/complete");
    private static final Script EXTEND = Script.of(ScriptOutputType.VALUE, "road/extend");
    private static final Script RECLAIM = Script.of(ScriptOutputType.MULTI, "upkeep/reclaim");
    private static final Script TEND = Script.of(ScriptOutputType.MULTI, "upkeep/check-run");
    private static final Script HEARD = Script.of(ScriptOutputType.MULTI, "runs/end-foreign-units");
    private static final Script EARLY = Script.of(ScriptOutputType.INTEGER, "runs/put-early-output");
    private static final Script STEP = Script.of(ScriptOutputType.INTEGER, "road/save-step");
    private static final Script PRUNE = Script.of(ScriptOutputType.MULTI, "upkeep/prune");

    /** By the digit in the reply of the settle script. */
    private static final List<Answer> ANSWERS = List.of(Answer.REFUSED, Answer.DONE, Answer.ALREADY, Answer.FAILED);

    /** What one reply of the claim script holds for each job. */
    private static final int FIELDS = 5;

    /** What it holds before them. */
    private static final int HEAD = 5;

    /** What it does not say of a job in its first attempt that has nothing but a payload. */
    private static final List<@Nullable Object> PLAIN = Arrays.asList(1L, null, null, null, null, null);

    /** By the digit in the reply of the extend script. */
    private static final List<Renewed> RENEWALS = List.of(Renewed.LOST, Renewed.HELD, Renewed.CANCELLED);

    /** Between two walks over the units of a run, for ends that other clients wrote; they keep those for five minutes. */
    private static final Duration WALK = Duration.ofMinutes(1);

    /** Pages of such walks in one sweep. */
    private static final int PAGES = 50;

    /** Calls in one sweep for what the channel told. */
    private static final int HEARD_CALLS = 10;

    private static final String STEP_FIELD = "step:";

    private final QueueRedis redis;
    private final String queue;
    private final QueueSettings settings;
    private final JobCodec codec;
    private final RedisConnector connector;
    private final HintWaiter hints;
    private final ForeignEnds foreignEnds;

    RedisJobStore(QueueRedis redis) {
        this.redis = redis;
        this.queue = redis.name();
        this.settings = redis.settings();
        this.codec = redis.codec();
        this.connector = redis.connector();
        this.hints = new HintWaiter(connector);
        this.foreignEnds = new ForeignEnds();
    }

    QueueRedis redis() {
        return redis;
    }

    QueueKeys keys() {
        return redis.keys();
    }

    @Override
    public String queue() {
        return queue;
    }

    @Override
    public QueueSettings settings() {
        return settings;
    }

    @Override
    public JobCodec codec() {
        return codec;
    }

    @Override
    public CompletableFuture<Claims> claim(int max) {
        String token = Ids.token();
        return this.<List<Object>>call(
                        CLAIM,
                        List.of(
                                text(max),
                                token,
                                text(settings.lease().visibilityTimeout()),
                                text(settings.workOutput().ttl())))
                .thenApply(reply -> claims(reply, token));
    }

    private Claims claims(List<Object> reply, String token) {
        List<Claim> jobs = new ArrayList<>((reply.size() - HEAD) / FIELDS);
        long fence = (Long) reply.get(4);
        for (int at = HEAD; at < reply.size(); at += FIELDS) {
            jobs.add(claim(reply.subList(at, at + FIELDS), token, fence++));
        }
        long nextDue = (Long) reply.get(0);
        return new Claims(
                jobs,
                (Long) reply.get(1) > 0,
                nextDue < 0 ? null : Duration.ofMillis(nextDue),
                ids(reply.get(2)),
                runsEnded(reply.get(3)));
    }

    private Claim claim(List<Object> fields, String token, long fence) {
        String id = (String) fields.get(0);
        String payload = (String) fields.get(1);
        String kind = string(fields.get(2));
        long enqueuedAt = JobHash.number(string(fields.get(3)));
        @SuppressWarnings("unchecked") // the script returns a list there, or nothing
        List<@Nullable Object> further = fields.get(4) == null ? PLAIN : (List<@Nullable Object>) fields.get(4);
        String runId = string(further.get(2));
        String unitId = string(further.get(3));
        if (kind == null) {
            // no field of ours: a guide producer's job, which says everything in its payload
            JobCodec.Envelope envelope = codec.envelope(payload);
            kind = envelope.kind();
            runId = envelope.runId();
            unitId = envelope.unitId();
        }
        return new Claim(
                queue,
                id,
                kind,
                token,
                (int) Math.min((Long) further.get(0), Integer.MAX_VALUE),
                JobHash.count(string(further.get(1))),
                fence,
                codec.json(payload),
                codec.headers(string(further.get(4))),
                runId,
                unitId,
                enqueuedAt == 0 ? null : Instant.ofEpochMilli(enqueuedAt),
                string(further.get(5)));
    }

    @Override
    public CompletableFuture<Settled> settle(List<Settlement> batch) {
        List<Settlement> plain = batch.stream().filter(RedisJobStore::isPlain).toList();
        List<String> args = new ArrayList<>(4 + 3 * plain.size() + 9 * (batch.size() - plain.size()));
        args.add(text(settings.retention().completed().kept()));
        args.add(text(settings.retention().failed().kept()));
        args.add(text(settings.workOutput().ttl()));
        args.add(text(plain.size()));
        for (Settlement settlement : plain) {
            args.add(settlement.claim().id());
            args.add(settlement.claim().token());
            args.add(settlement.text());
        }
        for (Settlement settlement : batch) {
            if (!isPlain(settlement)) {
                addOther(settlement, args);
            }
        }
        return this.<List<Object>>call(SETTLE, args)
                .thenApply(reply -> new Settled(
                        answers(batch, plain.size(), (String) reply.get(0)),
                        (Long) reply.get(1),
                        runsEnded(reply.get(2))));
    }

    /** Whether a job completed that belongs to no run; most settlements are such, and cost least. */
    private static boolean isPlain(Settlement settlement) {
        return settlement.verb() == Verb.COMPLETE && !hasOutput(settlement.claim());
    }

    private static boolean hasOutput(Claim claim) {
        return claim.isUnit() || claim.gathers() != null;
    }

    private static void addOther(Settlement settlement, List<String> args) {
        Claim claim = settlement.claim();
        boolean unit = claim.isUnit();
        args.add(claim.id());
        args.add(claim.token());
        args.add(
                settlement.verb() == Verb.COMPLETE
                        ? "DELIVER"
                        : settlement.verb().name());
        args.add(settlement.text());
        args.add(settlement.output().equals(settlement.text()) ? "" : settlement.output());
        args.add(text(settlement.delay()));
        args.add(text(settlement.maxAttempts()));
        args.add(unit ? String.valueOf(claim.runId()) : "");
        args.add(unit ? String.valueOf(claim.unitId()) : "");
    }

    /** The script deals with plain ones first. */
    private static List<Answer> answers(List<Settlement> batch, int plain, String digits) {
        List<Answer> answers = new ArrayList<>(batch.size());
        int nextPlain = 0;
        int nextOther = plain;
        for (Settlement settlement : batch) {
            int at = isPlain(settlement) ? nextPlain++ : nextOther++;
            answers.add(ANSWERS.get(digits.charAt(at) - '0'));
        }
        return answers;
    }

    @Override
    public CompletableFuture<List<Renewed>> extend(List<Renewal> renewals) {
        List<String> args = renewals.stream()
                .flatMap(renewal ->
                        Stream.of(renewal.claim().id(), renewal.claim().token(), text(renewal.lease())))
                .toList();
        return this.<String>call(EXTEND, args).thenApply(digits -> digits.chars()
                .mapToObj(digit -> RENEWALS.get(digit - '0'))
                .toList());
    }

    @Override
    public CompletableFuture<Sweep> sweep(Duration period) {
        return reclaim("background", period)
                .thenCompose(sweep -> sweep.more()
                        ? CompletableFuture.completedFuture(sweep)
                        : prune().thenApply(dropped -> new Sweep(
                                sweep.reclaimed(),
                                sweep.died(),
                                sweep.lost(),
                                sweep.dropped() + dropped,
                                false,
                                sweep.runs(),
                                sweep.misplaced())));
    }

    // ---- runs

    @Override
    public CompletableFuture<List<JobEvent>> tend() {
        List<JobEvent> events = new ArrayList<>();
        return QueueRedis.attempt(() -> {
            foreignEnds.listen(connector.subscriptions(), keys().events());
            return tend(WALK, events, PAGES, false).thenCompose(live -> {
                foreignEnds.wanted(live);
                return catchUp(events, HEARD_CALLS).thenApply(done -> events);
            });
        });
    }

    @Override
    public void stopTending() {
        foreignEnds.stop(connector.subscriptions(), keys().events());
    }

    /**
     * Goes through what is due on the agenda.
     *
     * @return whether there are live runs
     */
    CompletableFuture<Boolean> tend(Duration walk, List<JobEvent> events, int pages, boolean live) {
        return this.<List<Object>>call(
                        TEND, List.of(text(walk), text(settings.result().maxSize())))
                .thenCompose(reply -> {
                    events.addAll(runsEnded(reply.get(2)));
                    ids(reply.get(3)).forEach(run -> events.add(new JobEvent.RunOverdue(queue, run)));
                    boolean found = live || (Long) reply.get(1) == 1;
                    return (Long) reply.get(0) == 1 && pages > 1
                            ? tend(walk, events, pages - 1, found)
                            : CompletableFuture.completedFuture(found);
                });
    }

    /** Ends units whose jobs, as the channel told, have ended by whomever. */
    private CompletableFuture<?> catchUp(List<JobEvent> events, int calls) {
        List<String> ids = calls > 0 ? foreignEnds.take() : List.of();
        if (ids.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        List<String> args = new ArrayList<>(ids);
        args.add(0, text(settings.result().maxSize()));
        return this.<List<Object>>call(HEARD, args).thenCompose(reply -> {
            events.addAll(runsEnded(reply.get(0)));
            foreignEnds.putBack(ids(reply.get(1)));
            return catchUp(events, calls - 1);
        });
    }

    private List<JobEvent.RunEnded> runsEnded(Object reply) {
        return runsEnded(queue, reply);
    }

    /** Reads pairs of run and state. */
    static List<JobEvent.RunEnded> runsEnded(String queue, Object reply) {
        List<String> pairs = ids(reply);
        List<JobEvent.RunEnded> runs = new ArrayList<>(pairs.size() / 2);
        for (int i = 0; i < pairs.size(); i += 2) {
            runs.add(new JobEvent.RunEnded(
                    queue, pairs.get(i), JobRun.State.valueOf(pairs.get(i + 1).toUpperCase(Locale.ROOT))));
        }
        return runs;
    }

    @Override
    public CompletableFuture<Boolean> putEarly(Claim claim, String output) {
        return this.<Long>call(
                        EARLY,
                        List.of(
                                claim.id(),
                                claim.token(),
                                String.valueOf(claim.runId()),
                                String.valueOf(claim.unitId()),
                                output,
                                text(settings.workOutput().ttl())))
                .thenApply(written -> written == 1);
    }

    @Override
    public CompletableFuture<Optional<JsonText>> step(Claim claim, String name) {
        return this.<@Nullable String>command(redis -> redis.hget(keys().job(claim.id()), STEP_FIELD + name))
                .thenApply(json -> Optional.ofNullable(json).map(codec::json));
    }

    @Override
    public CompletableFuture<Boolean> putStep(Claim claim, String name, String value) {
        return this.<Long>call(STEP, List.of(claim.id(), claim.token(), STEP_FIELD + name, value))
                .thenApply(written -> written == 1);
    }

    @Override
    public WorkOutputs<?> outputs(String runId, Type type) {
        return new RedisWorkOutputs<>(redis, runId, type);
    }

    // ---- sweep

    /** One page of a pass that holds back for nothing. */
    CompletableFuture<Sweep> sweepAtOnce(boolean begin) {
        return reclaim(begin ? "begin" : "on", Duration.ZERO);
    }

    private CompletableFuture<Sweep> reclaim(String mode, Duration period) {
        return this.<List<Object>>call(
                        RECLAIM,
                        List.of(
                                mode,
                                text(period),
                                text(settings.lease().visibilityTimeout()),
                                text(settings.lease().maxCrashes()),
                                text(settings.retention().failed().kept()),
                                text(settings.workOutput().ttl())))
                .thenApply(reply -> new Sweep(
                        ids(reply.get(0)),
                        ids(reply.get(1)),
                        ids(reply.get(2)),
                        (Long) reply.get(3),
                        (Long) reply.get(4) == 1,
                        runsEnded(reply.get(5)),
                        ids(reply.get(6))));
    }

    private CompletableFuture<Long> prune() {
        return this.<List<Object>>call(
                        PRUNE,
                        List.of(
                                text(settings.retention().completed().age()),
                                text(settings.retention().completed().kept()),
                                text(settings.retention().failed().age()),
                                text(settings.retention().failed().kept())))
                .thenApply(reply -> (Long) reply.get(1));
    }

    @Override
    public CompletableFuture<Audit> audit(Duration pace) {
        return new RedisAudit(this, pace).page();
    }

    @Override
    public CompletableFuture<Boolean> hint(Duration timeout) {
        return QueueRedis.attempt(() -> hints.await(keys().wake(), timeout));
    }

    @Override
    public void stopHints() {
        hints.close();
    }

    <T> CompletableFuture<T> call(Script script, List<String> args) {
        return redis.call(script, args);
    }

    <T> CompletableFuture<T> command(
            Function<RedisClusterAsyncCommands<String, String>, ? extends CompletionStage<T>> command) {
        return redis.command(command);
    }

    <T> CompletableFuture<T> commandOfServerWith(
            String key, Function<RedisClusterAsyncCommands<String, String>, ? extends CompletionStage<T>> command) {
        return redis.commandOfServerWith(key, command);
    }

    static String text(long number) {
        return Long.toString(number);
    }

    static String text(Duration duration) {
        return Long.toString(duration.toMillis());
    }

    private static @Nullable String string(@Nullable Object value) {
        return (String) value;
    }

    @SuppressWarnings("unchecked") // the scripts return lists of texts there
    static List<String> ids(Object value) {
        return (List<String>) value;
    }
}
