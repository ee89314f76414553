package io.jobqueue.redis;

import io.jobqueue.Claim;
import io.jobqueue.JsonText;
import io.jobqueue.RunPart;
import io.jobqueue.WorkOutputs;
import io.jobqueue.worker.AttemptNotes;
import io.lettuce.core.ScriptOutputType;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Stores in Redis what running attempts of one queue report: early outputs of units, values of steps, progress and log
 * lines.
 */
final class RedisNotes implements AttemptNotes {

    private static final Script PUT_EARLY_OUTPUT = Script.of(ScriptOutputType.INTEGER, "runs/put-early-output");
    private static final Script SAVE_STEP = Script.of(ScriptOutputType.INTEGER, "road/save-step");

    private static final Script SAVE_PROGRESS = Script.of(ScriptOutputType.MULTI, "road/save-progress");

    /** The most bytes of a job's log. */
    private static final int LOG_BYTES = 16 * 1024;

    /** What the field of a step begins with, in the hash of its job. */
    private static final String STEP = "step:";

    private final QueueRedis redis;

    RedisNotes(QueueRedis redis) {
        this.redis = redis;
    }

    @Override
    public CompletableFuture<Boolean> putOutput(Claim claim, String output) {
        RunPart.Unit unit = Objects.requireNonNull(claim.unit(), "a unit's claim");
        return written(redis.call(
                PUT_EARLY_OUTPUT,
                Args.of(
                        claim.id(),
                        claim.token(),
                        unit.runId(),
                        unit.unitId(),
                        output,
                        redis.settings().workOutput().ttl())));
    }

    @Override
    public CompletableFuture<Optional<JsonText>> findStep(Claim claim, String name) {
        return redis.<@Nullable String>command(
                        commands -> commands.hget(redis.keys().job(claim.id()), STEP + name))
                .thenApply(json -> Optional.ofNullable(json).map(redis.codec()::json));
    }

    @Override
    public CompletableFuture<Boolean> putStep(Claim claim, String name, String value) {
        return written(redis.call(SAVE_STEP, List.of(claim.id(), claim.token(), STEP + name, value)));
    }

    @Override
    public CompletableFuture<Optional<String>> findPrevious(Claim claim) {
        return redis.<@Nullable String>command(
                        commands -> commands.hget(redis.keys().job(claim.id()), "previous"))
                .thenApply(Optional::ofNullable);
    }

    @Override
    public CompletableFuture<Boolean> putProgress(Claim claim, long done, long total, String note) {
        return saved(List.of(claim.id(), claim.token(), "progress", done + ":" + total + ":" + note));
    }

    @Override
    public CompletableFuture<Boolean> putLogLine(Claim claim, String line) {
        return saved(List.of(claim.id(), claim.token(), "log", line, Integer.toString(LOG_BYTES)));
    }

    private CompletableFuture<Boolean> saved(List<String> args) {
        return redis.ask(SAVE_PROGRESS, args).thenApply(Reply::flag);
    }

    private static CompletableFuture<Boolean> written(CompletableFuture<Long> call) {
        return call.thenApply(answer -> answer == 1);
    }

    @Override
    public WorkOutputs<?> outputs(String runId, Type type) {
        return new RedisWorkOutputs<>(redis, runId, type);
    }
}
