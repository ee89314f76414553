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

/**
 * One Lua file: one transition. Called by its digest; a server that does not know it yet, as after a restart, a failover
 * or SCRIPT FLUSH, gets the text once. Reply types are Long, String, {@code null} and lists of them.
 */
final class Script {

    private final String text;
    private final String digest;
    private final ScriptOutputType reply;

    private Script(String text, ScriptOutputType reply) {
        this.text = text;
        this.digest = sha1(text);
        this.reply = reply;
    }

    /**
     * Reads a script from the files beside this class.
     *
     * @param reply what it returns
     * @param files the files it is made of, without {@code .lua}; the prelude comes first by itself
     */
    static Script of(ScriptOutputType reply, String... files) {
        StringBuilder text = new StringBuilder(resource("prelude"));
        for (String file : files) {
            text.append('\n').append(resource(file));
        }
        return new Script(text.toString(), reply);
    }

    <T> CompletableFuture<T> call(RedisClusterAsyncCommands<String, String> redis, String[] keys, String... args) {
        return redis.<T>evalsha(digest, reply, keys, args)
                .toCompletableFuture()
                .exceptionallyCompose(failure -> isUnknown(failure)
                        ? redis.<T>eval(text, reply, keys, args).toCompletableFuture()
                        : CompletableFuture.failedFuture(failure));
    }

    <T> CompletableFuture<T> call(RedisClusterAsyncCommands<String, String> redis, String[] keys, List<String> args) {
        return call(redis, keys, args.toArray(String[]::new));
    }

    private static boolean isUnknown(Throwable failure) {
        return failure instanceof RedisNoScriptException || failure.getCause() instanceof RedisNoScriptException;
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
