package io.jobqueue.redis;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.JobStore;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The transitions of claimed jobs on Redis. Each is one Lua file; this class only says what goes in and what the reply
 * means.
 */
final class RedisJobStore implements JobStore {

    private static final Script CLAIM = Script.of(ScriptOutputType.MULTI, "endings", "claim");
    private static final Script SETTLE = Script.of(ScriptOutputType.MULTI, "endings", "settle");
    private static final Script EXTEND = Script.of(ScriptOutputType.VALUE, "extend");
    private static final Script RECLAIM = Script.of(ScriptOutputType.MULTI, "endings", "reclaim");
    private static final Script PRUNE = Script.of(ScriptOutputType.MULTI, "prune");

    /** By the digit in the reply of the settle script. */
    private static final List<Answer> ANSWERS = List.of(Answer.REFUSED, Answer.DONE, Answer.ALREADY, Answer.FAILED);

    /** What one reply of the claim script holds for each job. */
    private static final int FIELDS = 10;

    private final String queue;
    private final QueueSettings settings;
    private final JobCodec codec;
    private final RedisConnector connector;
    private final String keyPrefix;
    private final HintWaiter hints;

    // made at first use, when it is known whether Redis is a cluster; harmless to make twice
    private volatile @Nullable QueueKeys keys;

    RedisJobStore(String keyPrefix, String queue, QueueSettings settings, JobCodec codec, RedisConnector connector) {
        this.keyPrefix = keyPrefix;
        this.queue = queue;
        this.settings = settings;
        this.codec = codec;
        this.connector = connector;
        this.hints = new HintWaiter(connector);
    }

    QueueKeys keys() {
        QueueKeys made = keys;
        if (made == null) {
            made = new QueueKeys(keyPrefix, queue, connector.isCluster());
            keys = made;
        }
        return made;
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
                        CLAIM, List.of(text(max), token, text(settings.visibility()), text(settings.outputTtl())))
                .thenApply(reply -> claims(reply, token));
    }

    private Claims claims(List<Object> reply, String token) {
        List<Claim> jobs = new ArrayList<>((reply.size() - 3) / FIELDS);
        for (int at = 3; at < reply.size(); at += FIELDS) {
            jobs.add(claim(reply.subList(at, at + FIELDS), token));
        }
        long nextDue = (Long) reply.get(0);
        return new Claims(
                jobs, (Long) reply.get(1) > 0, nextDue < 0 ? null : Duration.ofMillis(nextDue), ids(reply.get(2)));
    }

    private Claim claim(List<Object> fields, String token) {
        String payload = (String) fields.get(1);
        String kind = string(fields.get(4));
        String runId = string(fields.get(6));
        String unitId = string(fields.get(7));
        if (kind == null) {
            // no field of ours: a guide producer's job, which says everything in its payload
            JobCodec.Envelope envelope = codec.envelope(payload);
            kind = envelope.kind();
            runId = envelope.runId();
            unitId = envelope.unitId();
        }
        long enqueuedAt = JobHash.number(string(fields.get(9)));
        return new Claim(
                queue,
                (String) fields.get(0),
                kind,
                token,
                JobHash.count(string(fields.get(2))),
                JobHash.count(string(fields.get(5))),
                JobHash.number(string(fields.get(3))),
                codec.json(payload),
                codec.headers(string(fields.get(8))),
                runId,
                unitId,
                enqueuedAt == 0 ? null : Instant.ofEpochMilli(enqueuedAt));
    }

    @Override
    public CompletableFuture<Settled> settle(List<Settlement> batch) {
        List<String> args = new ArrayList<>(3 + batch.size() * 9);
        args.add(text(settings.completed().kept()));
        args.add(text(settings.failed().kept()));
        args.add(text(settings.outputTtl()));
        for (Settlement settlement : batch) {
            Claim claim = settlement.claim();
            boolean unit = claim.isUnit();
            args.add(claim.id());
            args.add(claim.token());
            args.add(settlement.verb().name());
            args.add(settlement.text());
            args.add(settlement.output());
            args.add(text(settlement.delay()));
            args.add(text(settlement.maxAttempts()));
            args.add(unit ? String.valueOf(claim.runId()) : "");
            args.add(unit ? String.valueOf(claim.unitId()) : "");
        }
        return this.<List<Object>>call(SETTLE, args)
                .thenApply(reply -> new Settled(answers((String) reply.get(0)), (Long) reply.get(1)));
    }

    private static List<Answer> answers(String digits) {
        return digits.chars().mapToObj(digit -> ANSWERS.get(digit - '0')).toList();
    }

    @Override
    public CompletableFuture<List<Boolean>> extend(List<Renewal> renewals) {
        List<String> args = renewals.stream()
                .flatMap(renewal ->
                        Stream.of(renewal.claim().id(), renewal.claim().token(), text(renewal.lease())))
                .toList();
        return this.<String>call(EXTEND, args)
                .thenApply(
                        digits -> digits.chars().mapToObj(digit -> digit == '1').toList());
    }

    @Override
    public CompletableFuture<Sweep> sweep(Duration period) {
        return reclaim("background", period)
                .thenCompose(sweep -> sweep.more()
                        ? CompletableFuture.completedFuture(sweep)
                        : prune().thenApply(dropped -> new Sweep(
                                sweep.reclaimed(), sweep.died(), sweep.lost(), sweep.dropped() + dropped, false)));
    }

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
                                text(settings.visibility()),
                                text(settings.maxCrashes()),
                                text(settings.failed().kept()),
                                text(settings.outputTtl())))
                .thenApply(reply -> new Sweep(
                        ids(reply.get(0)),
                        ids(reply.get(1)),
                        ids(reply.get(2)),
                        (Long) reply.get(3),
                        (Long) reply.get(4) == 1));
    }

    private CompletableFuture<Long> prune() {
        return this.<List<Object>>call(
                        PRUNE,
                        List.of(
                                text(settings.completed().age()),
                                text(settings.completed().kept()),
                                text(settings.failed().age()),
                                text(settings.failed().kept())))
                .thenApply(reply -> (Long) reply.get(1));
    }

    @Override
    public CompletableFuture<Boolean> hint(Duration timeout) {
        return attempt(() -> hints.await(keys().wake(), timeout));
    }

    @Override
    public void stopHints() {
        hints.close();
    }

    <T> CompletableFuture<T> call(Script script, List<String> args) {
        return command(redis -> script.call(redis, keys().fixed(), args));
    }

    /** A read of one key; when the key is of another type, the failure names it. */
    <T> CompletableFuture<T> read(
            String key, Function<RedisClusterAsyncCommands<String, String>, ? extends CompletionStage<T>> command) {
        return this.<T>command(command).exceptionallyCompose(failure -> {
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            return CompletableFuture.failedFuture(
                    cause instanceof RedisCommandExecutionException
                            ? new RedisCommandExecutionException(key + ": " + cause.getMessage(), cause)
                            : failure);
        });
    }

    /** Any command on the shared connection; its failures are futures, never thrown. */
    <T> CompletableFuture<T> command(
            Function<RedisClusterAsyncCommands<String, String>, ? extends CompletionStage<T>> command) {
        return attempt(() -> connector.commands().thenCompose(command))
                .whenComplete((reply, failure) -> connector.heard(failure));
    }

    private static <T> CompletableFuture<T> attempt(Supplier<CompletableFuture<T>> call) {
        try {
            return call.get();
        } catch (RuntimeException ex) {
            return CompletableFuture.failedFuture(ex);
        }
    }

    private static String text(long number) {
        return Long.toString(number);
    }

    private static String text(Duration duration) {
        return Long.toString(duration.toMillis());
    }

    private static @Nullable String string(@Nullable Object value) {
        return (String) value;
    }

    @SuppressWarnings("unchecked") // the scripts return lists of texts there
    private static List<String> ids(Object value) {
        return (List<String>) value;
    }
}
