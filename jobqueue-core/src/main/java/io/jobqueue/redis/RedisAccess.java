package io.jobqueue.redis;

import io.jobqueue.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What an application does with the queues, which decides the rights that its Redis user needs.
 * {@code docs/redis-acl.md} lists and explains the ACL lines.
 *
 * @since 0.1.0
 */
public enum RedisAccess {
    /** Looks at jobs, runs, outputs and depths, and changes nothing. */
    READER(
            "evalsha eval time get llen lindex lrange lpos zcard zcount zrange zrevrange zrank hlen hget hmget hgetall hexists hscan"),

    /** Enqueues and finds jobs, starts and cancels runs, waits for them and reads their outputs. */
    PRODUCER(
            READER,
            "set exists del unlink pttl persist pexpire pexpireat lpush rpush lrem hset hsetnx hdel hkeys hstrlen hincrby zadd zrem"),

    /** Does all that the queue can do: works on jobs, keeps queues up and operates them. */
    WORKER(PRODUCER, "blpop rpop lset ltrim zrangebyscore zremrangebyscore zscore scan");

    /** The commands for channels. Without these rights the queue works, but it polls instead of receiving messages. */
    private static final List<String> CHANNEL_COMMANDS = List.of("publish", "subscribe", "unsubscribe");

    /** The further commands for queues with a history stream, in lower case. Who ends jobs adds, who keeps queues up trims. */
    private static final List<String> HISTORY_COMMANDS = List.of("xadd", "xtrim");

    private final Set<String> commands;

    RedisAccess(String commands) {
        this.commands = new TreeSet<>(List.of(commands.split(" ")));
    }

    RedisAccess(RedisAccess less, String more) {
        this(String.join(" ", less.commands) + " " + more);
    }

    /** The commands without which this access does not work, in lower case. */
    Set<String> commands() {
        return commands;
    }

    /** The further commands that this access uses on queues with a history stream, in lower case. */
    List<String> historyCommands() {
        return switch (this) {
            case READER -> List.of();
            case PRODUCER -> HISTORY_COMMANDS.subList(0, 1);
            case WORKER -> HISTORY_COMMANDS;
        };
    }

    /** The commands for channels that this access uses, in lower case; the queue works without them. */
    List<String> channelCommands() {
        return this == READER ? CHANNEL_COMMANDS.subList(1, 3) : CHANNEL_COMMANDS;
    }

    /**
     * The rights as words of {@code ACL SETUSER}: the keys and channels of a prefix, and the commands.
     *
     * @param keyPrefix the first part of every key; see {@link Names#keyPrefix(String)}
     */
    public List<String> rights(String keyPrefix) {
        Names.keyPrefix(keyPrefix);
        List<String> rights = new ArrayList<>(List.of("~" + keyPrefix + ":*", "&" + keyPrefix + ":*"));
        Stream.concat(commands.stream(), channelCommands().stream())
                .map(command -> "+" + command.toLowerCase(Locale.ROOT))
                .forEach(rights::add);
        return List.copyOf(rights);
    }

    /**
     * The command that makes a user with these rights and no others, for an administrator of Redis.
     *
     * @param user the user's name
     * @param keyPrefix the first part of every key
     */
    public String aclLine(String user, String keyPrefix) {
        return "ACL SETUSER " + user + " reset resetchannels on >password " + String.join(" ", rights(keyPrefix));
    }
}
