package io.jobqueue.redis;

import io.jobqueue.JobCodec;
import io.jobqueue.QueueSettings;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The access of one queue to Redis: its name, keys, settings and codec, and the methods that call scripts and commands.
 * Every other class of this package reaches Redis through this class.
 *
 * <p>A failure always completes the returned future; no method throws it. Thread-safe.
 */
final class QueueRedis {

    /** What Redis calls this process, {@code pid@host}. */
    static final String PROCESS = ManagementFactory.getRuntimeMXBean().getName().replaceAll("\\p{Cntrl}", "");

    private final String keyPrefix;
    private final String name;
    private final QueueSettings settings;
    private final JobCodec codec;
    private final RedisConnector connector;

    // made at first use, when it is known whether Redis is a cluster; harmless to make twice
    private volatile @Nullable QueueKeys keys;

    QueueRedis(String keyPrefix, String name, QueueSettings settings, JobCodec codec, RedisConnector connector) {
        this.keyPrefix = keyPrefix;
        this.name = name;
        this.settings = settings;
        this.codec = codec;
        this.connector = connector;
    }

    /** The queue's name. */
    String name() {
        return name;
    }

    QueueSettings settings() {
        return settings;
    }

    JobCodec codec() {
        return codec;
    }

    /** The connections of the application, for commands that need one of their own. */
    RedisConnector connector() {
        return connector;
    }

    /** The names of the queue's keys. The first call may have to connect, to learn whether Redis is a cluster. */
    QueueKeys keys() {
        QueueKeys made = keys;
        if (made == null) {
            made = new QueueKeys(keyPrefix, name, connector.isCluster());
            keys = made;
        }
        return made;
    }

    /** Calls a script with the queue's root key. */
    <T> CompletableFuture<T> call(Script script, List<String> args) {
        return command(redis -> run(redis, script, keys().forScripts(), args));
    }

    /**
     * Calls a script that must not act twice. If the driver may send the call again after a reconnect, the call gets a
     * key under which the script remembers its answer. Other drivers spare Redis that.
     */
    <T> CompletableFuture<T> callOnce(Script script, List<String> args) {
        return command(redis -> run(
                redis, script, Driver.maySendTwice(redis) ? keys().withCall(Ids.token()) : keys().forScripts(), args));
    }

    /** Calls a script, in the form that uses the history stream when the queue has one. */
    private <T> CompletableFuture<T> run(
            RedisClusterAsyncCommands<String, String> redis, Script script, String[] keys, List<String> args) {
        QueueSettings.History.Stream stream = settings.history().stream();
        Script form = stream.enabled() ? script.recording() : script;
        if (form == script) {
            return script.call(redis, keys, args);
        }
        List<String> all = new ArrayList<>(args);
        all.addAll(Args.of(stream.maxLength(), stream.maxAge(), PROCESS));
        return form.call(redis, keys, all);
    }

    /** Calls a script that replies with a list. */
    CompletableFuture<Reply> ask(Script script, List<String> args) {
        return this.<List<@Nullable Object>>call(script, args).thenApply(Reply::new);
    }

    /** Calls a script that replies with a list and must not act twice, as {@link #callOnce} does. */
    CompletableFuture<Reply> askOnce(Script script, List<String> args) {
        return this.<List<@Nullable Object>>callOnce(script, args).thenApply(Reply::new);
    }

    /**
     * Warns when a script could not publish a message, once for an application.
     *
     * @param reply the reply of a script that publishes, read up to its last value, behind which the script says so
     */
    void noteRefusedMessage(Reply reply) {
        if (reply.hasNext()) {
            connector.subscriptions().publishingRefused(reply.text());
        }
    }

    /** Reads one key. When the key has another type, the failure names the key. */
    <T> CompletableFuture<T> read(
            String key, Function<RedisClusterAsyncCommands<String, String>, ? extends CompletionStage<T>> command) {
        return this.<T>command(command).exceptionallyCompose(failure -> {
            Throwable cause = Answers.unwrap(failure);
            return CompletableFuture.failedFuture(
                    cause instanceof RedisCommandExecutionException
                            ? new RedisCommandExecutionException(key + ": " + cause.getMessage(), cause)
                            : failure);
        });
    }

    /** Sends any command on the connection that all queues share. */
    <T> CompletableFuture<T> command(
            Function<RedisClusterAsyncCommands<String, String>, ? extends CompletionStage<T>> command) {
        return attempt(() -> connector.send(command));
    }

    /** Sends a command such as SCAN, which belongs to a server and not to a key, to the server that has a key. */
    <T> CompletableFuture<T> commandOfServerWith(
            String key, Function<RedisClusterAsyncCommands<String, String>, ? extends CompletionStage<T>> command) {
        return attempt(() -> connector.sendToServerWith(key, command));
    }

    /** Turns an exception of a call into a failed future. */
    static <T> CompletableFuture<T> attempt(Supplier<CompletableFuture<T>> call) {
        try {
            return call.get();
        } catch (RuntimeException ex) {
            return CompletableFuture.failedFuture(ex);
        }
    }
}
