package io.jobqueue.redis;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One Lua file: one transition. Called by its digest; a server that does not know it yet, as after a restart, a failover
 * or SCRIPT FLUSH, gets the text once. Reply types are Long, String, {@code null} and lists of them.
 */
final class Script {

    private final ScriptOutputType reply;
    private final List<String> files;

    // read at first use, as most applications call few of the scripts; harmless to read twice
    private volatile @Nullable Source source;

    private Script(ScriptOutputType reply, List<String> files) {
        this.reply = reply;
        this.files = files;
    }

    /** The text of a script, and how the server calls it. */
    private record Source(String text, String digest) {}

    /**
     * A script from the files beside this class.
     *
     * @param reply what it returns
     * @param files the files it is made of, without {@code .lua}; the prelude comes first by itself
     */
    static Script of(ScriptOutputType reply, String... files) {
        return new Script(reply, List.of(files));
    }

    <T> CompletableFuture<T> call(RedisClusterAsyncCommands<String, String> redis, String[] keys, String... args) {
        Source known = source();
        return redis.<T>evalsha(known.digest(), reply, keys, args)
                .toCompletableFuture()
                .exceptionallyCompose(failure -> isUnknown(failure)
                        ? redis.<T>eval(known.text(), reply, keys, args).toCompletableFuture()
                        : CompletableFuture.failedFuture(failure));
    }

    <T> CompletableFuture<T> call(RedisClusterAsyncCommands<String, String> redis, String[] keys, List<String> args) {
        return call(redis, keys, args.toArray(String[]::new));
    }

    private static boolean isUnknown(Throwable failure) {
        return Answers.unwrap(failure) instanceof RedisNoScriptException;
    }

    private Source source() {
        Source known = source;
        if (known == null) {
            StringBuilder text = new StringBuilder(resource("prelude"));
            for (String file : files) {
                text.append('\n').append(resource(file));
            }
            known = new Source(text.toString(), sha1(text.toString()));
            source = known;
        }
        return known;
    }

    private static String resource(String file) {
        try (InputStream in = Script.class.getResourceAsStream(file + ".lua")) {
            if (in == null) {
                throw new IllegalStateException("the script " + file + ".lua is missing from the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException ex) {
            throw new UncheckedIOException("cannot read the script " + file + ".lua", ex);
        }
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
