package io.jobqueue.redis;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.JsonText;
import io.jobqueue.QueueSettings;
import io.jobqueue.RunPart;
import io.jobqueue.WorkOutputs;
import io.jobqueue.worker.AttemptNotes;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.Settlement;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
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
final class RedisJobStore implements JobStore, AttemptNotes {

    private static final Script CLAIM = Script.of(ScriptOutputType.MULTI, "road/claim");
    private static final Script SETTLE = Script.of(ScriptOutputType.MULTI, "road/complete");
    private static final Script EXTEND = Script.of(ScriptOutputType.VALUE, "road/extend");
    private static final Script EARLY = Script.of(ScriptOutputType.INTEGER, "runs/put-early-output");
    private static final Script STEP = Script.of(ScriptOutputType.INTEGER, "road/save-step");

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

    private static final String STEP_FIELD = "step:";

    private final QueueRedis redis;
    private final String queue;
    private final QueueSettings settings;
    private final JobCodec codec;
    private final RedisConnector connector;
    private final HintWaiter hints;

    RedisJobStore(QueueRedis redis) {
        this.redis = redis;
        this.queue = redis.name();
        this.settings = redis.settings();
        this.codec = redis.codec();
        this.connector = redis.connector();
        this.hints = new HintWaiter(connector);
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
        Events events = new Events(queue);
        events.lost(ids(reply.get(2)));
        events.runsEnded(ids(reply.get(3)));
        return new Claims(jobs, (Long) reply.get(1) > 0, nextDue < 0 ? null : Duration.ofMillis(nextDue), events.all());
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
                enqueuedAt == 0 ? null : Instant.ofEpochMilli(enqueuedAt),
                RunPart.of(runId, unitId, string(further.get(5))));
    }

    @Override
    public CompletableFuture<Settled> settle(List<Settlement> batch) {
        int plain = (int) batch.stream().filter(RedisJobStore::isPlain).count();
        List<String> args = new ArrayList<>(4 + 3 * plain + 9 * (batch.size() - plain));
        args.add(text(settings.retention().completed().kept()));
        args.add(text(settings.retention().failed().kept()));
        args.add(text(settings.workOutput().ttl()));
        args.add(text(plain));
        for (Settlement settlement : batch) {
            if (isPlain(settlement)) {
                args.add(settlement.claim().id());
                args.add(settlement.claim().token());
                args.add(((Settlement.Complete) settlement).result());
            }
        }
        for (Settlement settlement : batch) {
            if (!isPlain(settlement)) {
                addOther(settlement, args);
            }
        }
        return this.<List<Object>>call(SETTLE, args).thenApply(reply -> {
            Events events = new Events(queue);
            events.runsEnded(ids(reply.get(2)));
            events.deadLettersDropped((Long) reply.get(1));
            return new Settled(answers(batch, plain, (String) reply.get(0)), events.all());
        });
    }

    /** Whether a job completed that belongs to no run; most settlements are such, and cost least. */
    private static boolean isPlain(Settlement settlement) {
        return settlement instanceof Settlement.Complete && !settlement.claim().hasOutput();
    }

    private static void addOther(Settlement settlement, List<String> args) {
        if (settlement instanceof Settlement.Complete end) {
            addOther(args, end.claim(), "DELIVER", end.result(), end.output().equals(end.result()) ? "" : end.output());
        } else if (settlement instanceof Settlement.Retry end) {
            addOther(args, end.claim(), "RETRY", end.reason().text(), "", text(end.delay()), text(end.maxAttempts()));
        } else if (settlement instanceof Settlement.Fail end) {
            addOther(args, end.claim(), "FAIL", end.reason().text(), "");
        } else {
            addOther(args, settlement.claim(), "RELEASE", "", "");
        }
    }

    private static void addOther(List<String> args, Claim claim, String verb, String text, String output) {
        addOther(args, claim, verb, text, output, "0", "0");
    }

    private static void addOther(
            List<String> args, Claim claim, String verb, String text, String output, String delay, String maxAttempts) {
        RunPart.Unit unit = claim.unit();
        args.addAll(List.of(
                claim.id(),
                claim.token(),
                verb,
                text,
                output,
                delay,
                maxAttempts,
                unit == null ? "" : unit.runId(),
                unit == null ? "" : unit.unitId()));
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

    // ---- notes of running attempts

    @Override
    public CompletableFuture<Boolean> putOutput(Claim claim, String output) {
        RunPart.Unit unit = Objects.requireNonNull(claim.unit(), "a unit's claim");
        return this.<Long>call(
                        EARLY,
                        List.of(
                                claim.id(),
                                claim.token(),
                                unit.runId(),
                                unit.unitId(),
                                output,
                                text(settings.workOutput().ttl())))
                .thenApply(written -> written == 1);
    }

    @Override
    public CompletableFuture<Optional<JsonText>> findStep(Claim claim, String name) {
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

    // ---- hints

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
