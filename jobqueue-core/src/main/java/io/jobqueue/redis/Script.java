package io.jobqueue.redis;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One transition in Lua. The client calls it by its digest; a server that does not know the digest, as after a restart, a
 * failover or SCRIPT FLUSH, receives the text once. Reply types are Long, String, {@code null} and lists of them.
 *
 * <p>In a cluster, Redis refuses a call while the slot of its keys is on its way to another server ({@link QueueKeys} says
 * why). The call is then repeated for some seconds, with the same keys. A refused call has not run.
 */
final class Script {

    private static final Duration PAUSE_FOR_SLOT = Duration.ofMillis(100);

    /** Four seconds, which is less than an answer may take: callers are used to waiting so long. */
    private static final int REPEATS_FOR_SLOT = 40;

    private final ScriptOutputType reply;
    private final String file;
    private final boolean isRecording;

    // made at first use; harmless to make twice
    private volatile @Nullable Script recording;

    // read at first use, as most applications call few of the scripts; harmless to read twice
    private volatile @Nullable Source source;

    private Script(ScriptOutputType reply, String file, boolean isRecording) {
        this.reply = reply;
        this.file = file;
        this.isRecording = isRecording;
    }

    /** The text of a script, and how the server calls it. */
    private record Source(String text, String digest) {}

    /**
     * A script from a Lua file, which names the other files it is made of itself.
     *
     * @param reply what it returns
     * @param file the file without {@code .lua}, for example {@code road/claim}
     */
    static Script of(ScriptOutputType reply, String file) {
        return new Script(reply, file, false);
    }

    /**
     * The same script in the form that uses the history stream; it takes three more arguments. A script that ends no job
     * has only one form and returns itself.
     */
    Script recording() {
        Script known = recording;
        if (known == null) {
            known = ScriptText.canRecord(file) ? new Script(reply, file, true) : this;
            recording = known;
        }
        return known;
    }

    <T> CompletableFuture<T> call(RedisClusterAsyncCommands<String, String> redis, String[] keys, String... args) {
        return call(redis, keys, args, REPEATS_FOR_SLOT);
    }

    private <T> CompletableFuture<T> call(
            RedisClusterAsyncCommands<String, String> redis, String[] keys, String[] args, int repeats) {
        Source known = source();
        return redis.<T>evalsha(known.digest(), reply, keys, args)
                .toCompletableFuture()
                .exceptionallyCompose(failure -> {
                    if (Answers.unwrap(failure) instanceof RedisNoScriptException) {
                        return redis.<T>eval(known.text(), reply, keys, args)
                                .toCompletableFuture()
                                .exceptionallyCompose(again -> callLater(redis, keys, args, repeats, again));
                    }
                    return callLater(redis, keys, args, repeats, failure);
                });
    }

    /** Calls again after a pause when Redis refused the call because of a slot on its way, else fails. */
    private <T> CompletableFuture<T> callLater(
            RedisClusterAsyncCommands<String, String> redis,
            String[] keys,
            String[] args,
            int repeats,
            Throwable failure) {
        if (repeats == 0 || !Refusal.SLOT_MOVES.is(Answers.unwrap(failure))) {
            return CompletableFuture.failedFuture(failure);
        }
        return CompletableFuture.supplyAsync(
                        () -> repeats - 1,
                        CompletableFuture.delayedExecutor(PAUSE_FOR_SLOT.toMillis(), TimeUnit.MILLISECONDS))
                .thenCompose(left -> call(redis, keys, args, left));
    }

    <T> CompletableFuture<T> call(RedisClusterAsyncCommands<String, String> redis, String[] keys, List<String> args) {
        return call(redis, keys, args.toArray(String[]::new));
    }

    private Source source() {
        Source known = source;
        if (known == null) {
            String text = isRecording
                    ? String.join("\n", ScriptText.filesOfRecording(file).values())
                    : ScriptText.of(file);
            known = new Source(text, sha1(text));
            source = known;
        }
        return known;
    }

    private static String sha1(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException("every JDK has SHA-1", ex);
        }
    }
}
