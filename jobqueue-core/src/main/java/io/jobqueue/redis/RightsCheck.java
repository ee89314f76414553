package io.jobqueue.redis;

import io.jobqueue.MissingRightsException;
import io.jobqueue.RedisUnavailableException;
import io.lettuce.core.ScriptOutputType;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries every command that the queue needs, and reports those that the Redis user may not use.
 *
 * <h2>Why the check leaves nothing in Redis</h2>
 *
 * <p>All commands use one scratch key: a string that is created with a time to live of five seconds, and that the last
 * command removes. Commands for lists, hashes and sorted sets fail on it with WRONGTYPE, after Redis has checked the
 * rights, so they create nothing.
 *
 * <h2>What it costs</h2>
 *
 * <p>The commands go out together: one round trip, or two when the server does not know the script yet. Without a
 * cluster only the first queue is tried with all commands. The other queues differ only in their keys and channels, so
 * a write, a delete and a message are enough. Each server of a cluster has its own users, so there the check tries all
 * commands on each queue.
 *
 * <p>{@code ACL DRYRUN} would be simpler, but Redis 6 and some proxies do not know it.
 */
final class RightsCheck {

    private static final Logger log = LoggerFactory.getLogger(RightsCheck.class);

    private static final Script TRY = Script.of(ScriptOutputType.MULTI, "admin/try-commands");

    private static final String KEY = "%key";

    /** The command with which each script begins. When the user may not use it, the script fails as a whole. */
    private static final String BEGIN = "time";

    /** A digest that no script has. */
    private static final String NO_SCRIPT = "0".repeat(40);

    /** Arguments that make each command valid, where the key alone does not. */
    private static final Map<String, String> ARGUMENTS = Map.ofEntries(
            Map.entry("set", "%key x PX 5000"),
            Map.entry("scan", "0 COUNT 1"),
            Map.entry("publish", "%channel {}"),
            Map.entry("persist", "%none"), // the scratch key must keep its time to live
            Map.entry("pexpire", "%key 5000"),
            Map.entry("pexpireat", "%key %soon"),
            Map.entry("lpush", "%key x"),
            Map.entry("rpush", "%key x"),
            Map.entry("lindex", "%key 0"),
            Map.entry("lrange", "%key 0 0"),
            Map.entry("lrem", "%key 1 x"),
            Map.entry("lset", "%key 0 x"),
            Map.entry("ltrim", "%key 0 0"),
            Map.entry("lpos", "%key x"),
            Map.entry("hset", "%key f x"),
            Map.entry("hsetnx", "%key f x"),
            Map.entry("hincrby", "%key f 1"),
            Map.entry("hget", "%key f"),
            Map.entry("hmget", "%key f"),
            Map.entry("hdel", "%key f"),
            Map.entry("hexists", "%key f"),
            Map.entry("hstrlen", "%key f"),
            Map.entry("hscan", "%key 0"),
            Map.entry("xadd", "%key * f x"),
            Map.entry("xtrim", "%key MAXLEN 1"),
            Map.entry("zadd", "%key 1 x"),
            Map.entry("zrem", "%key x"),
            Map.entry("zscore", "%key x"),
            Map.entry("zrank", "%key x"),
            Map.entry("zcount", "%key 0 0"),
            Map.entry("zrange", "%key 0 0"),
            Map.entry("zrevrange", "%key 0 0"),
            Map.entry("zrangebyscore", "%key 0 0"),
            Map.entry("zremrangebyscore", "%key 0 0"));

    /** Commands that a script may not call, or that call scripts. They are sent by themselves. */
    private static final Set<String> NOT_IN_A_SCRIPT = Set.of("eval", "evalsha", "blpop");

    /** What Redis says against a command of a script, as opposed to one of a client. */
    private static final Pattern IN_A_SCRIPT = Pattern.compile("executing the script|failure in script|from script");

    private static final Pattern USER = Pattern.compile("User (\\S+) has no permissions");

    private final String keyPrefix;
    private final RedisAccess access;
    private final Set<String> commands;
    private final Set<String> missing = new LinkedHashSet<>(); // guarded by this
    private String said = ""; // guarded by this
    private String refusedMessage = ""; // guarded by this

    RightsCheck(String keyPrefix, RedisAccess access) {
        this.keyPrefix = keyPrefix;
        this.access = access;
        this.commands = new LinkedHashSet<>(access.commands());
    }

    /**
     * Tries the rights on some queues.
     *
     * @return fails with a {@link MissingRightsException}, or with another exception when the commands could not be
     *     tried
     */
    CompletableFuture<Void> of(List<QueueRedis> queues) {
        if (queues.stream()
                .anyMatch(queue -> queue.settings().history().stream().enabled())) {
            commands.addAll(access.historyCommands());
        }
        List<CompletableFuture<Void>> tried = new ArrayList<>();
        for (QueueRedis queue : queues) {
            boolean isFirst = queue == queues.get(0);
            tried.add(
                    QueueRedis.attempt(() -> isFirst || queue.connector().isCluster() ? all(queue) : keysOnly(queue)));
        }
        return CompletableFuture.allOf(tried.toArray(CompletableFuture[]::new)).thenRun(() -> conclude(queues.get(0)));
    }

    private CompletableFuture<Void> all(QueueRedis queue) {
        List<String> inScript = new ArrayList<>(commands);
        inScript.removeAll(NOT_IN_A_SCRIPT);
        inScript.remove(BEGIN);
        if (access.channelCommands().contains("publish")) {
            inScript.add("publish");
        }
        String key = scratchKey(queue);
        CompletableFuture<Void> script = inScript(queue, key, inScript);
        CompletableFuture<Void> eval = alone(
                "eval", queue.command(redis -> redis.eval("return 1", ScriptOutputType.INTEGER, new String[] {key})));
        CompletableFuture<Void> evalsha = alone(
                "evalsha",
                queue.command(redis -> redis.evalsha(NO_SCRIPT, ScriptOutputType.INTEGER, new String[] {key})));
        CompletableFuture<Void> blpop = access.commands().contains("blpop")
                ? alone("blpop", queue.command(redis -> redis.blpop(0.01, key + ":none")))
                : CompletableFuture.completedFuture(null);
        return CompletableFuture.allOf(script, eval, evalsha, blpop);
    }

    private CompletableFuture<Void> keysOnly(QueueRedis queue) {
        return access == RedisAccess.READER
                ? inScript(queue, scratchKey(queue), List.of("hget"))
                : inScript(queue, scratchKey(queue), List.of("set", "publish", "unlink"));
    }

    private static String scratchKey(QueueRedis queue) {
        return queue.keys().scratch(Ids.token());
    }

    private CompletableFuture<Void> inScript(QueueRedis queue, String key, List<String> commands) {
        List<String> args = new ArrayList<>();
        for (String command : inOrder(commands)) {
            List<String> words = new ArrayList<>(List.of(command));
            String arguments = ARGUMENTS.getOrDefault(command, KEY);
            words.addAll(List.of(arguments.split(" ")));
            args.add(Integer.toString(words.size()));
            args.addAll(words);
        }
        CompletableFuture<List<String>> refused = queue.command(
                redis -> TRY.call(redis, new String[] {queue.keys().forScripts()[0], key}, args));
        return refused.handle((answers, failure) -> {
            if (failure != null) {
                noteFailure(BEGIN, failure);
            } else {
                for (int i = 0; i < answers.size(); i += 2) {
                    note(answers.get(i), answers.get(i + 1));
                }
            }
            return null;
        });
    }

    /** The scratch key is made first and removed last. */
    private static List<String> inOrder(List<String> commands) {
        List<String> order = new ArrayList<>();
        commands.stream().filter("set"::equals).forEach(order::add);
        commands.stream()
                .filter(command -> !Set.of("set", "del", "unlink").contains(command))
                .forEach(order::add);
        commands.stream().filter(Set.of("del", "unlink")::contains).forEach(order::add);
        return order;
    }

    private CompletableFuture<Void> alone(String command, CompletableFuture<?> reply) {
        return reply.handle((answer, failure) -> {
            if (failure != null) {
                noteFailure(command, failure);
            }
            return null;
        });
    }

    /** Notes a missing right; a failure of another sort says nothing about rights, unless Redis was not reached. */
    private void noteFailure(String command, Throwable failure) {
        Throwable cause = Answers.unwrap(failure);
        String message = String.valueOf(cause.getMessage());
        if (Refusal.isMissingRight(message)) {
            // EVALSHA and EVAL, which call the script, are tried by themselves
            boolean isOfTheCall =
                    command.equals(BEGIN) && !IN_A_SCRIPT.matcher(message).find() && !Refusal.isAboutKeys(message);
            if (!isOfTheCall) {
                note(command, message);
            }
        } else if (Refusal.isOutage(cause) || cause instanceof RedisUnavailableException) {
            throw Answers.rethrown(failure);
        }
    }

    private synchronized void note(String command, String refusal) {
        if (!Refusal.isMissingRight(refusal)) {
            return;
        }
        if (Refusal.isAboutChannels(refusal) || command.equals("publish")) {
            refusedMessage = refusal;
            return;
        }
        missing.add(Refusal.isAboutKeys(refusal) ? "~" + keyPrefix + ":*" : "+" + command.toLowerCase(Locale.ROOT));
        said = said.isEmpty() ? refusal : said;
    }

    private synchronized void conclude(QueueRedis queue) {
        if (!refusedMessage.isEmpty()) {
            queue.connector().subscriptions().publishingRefused(queue.keys().events() + " " + refusedMessage);
        }
        if (missing.isEmpty()) {
            log.debug("The Redis user has all rights that a {} needs", access);
            return;
        }
        var user = USER.matcher(said);
        String name = user.find() ? user.group(1) : "<user>";
        List<String> rights = List.copyOf(missing);
        String line = commands.stream()
                .filter(access.historyCommands()::contains)
                .map(command -> " +" + command)
                .collect(Collectors.joining("", access.aclLine(name, keyPrefix), ""));
        throw new MissingRightsException(rights, AclLine.grant(name, rights), line, said);
    }
}
