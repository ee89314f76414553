package io.jobqueue.redis;

import io.lettuce.core.RedisBusyException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisLoadingException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The reasons for which Redis or the driver refuses a command. A reason is recognized by its text anywhere in the
 * message, because our scripts add the name of a key and older servers add the name of the script. The error code alone
 * is not enough, because a queue may be named {@code READONLY}.
 */
enum Refusal {
    FULL("OOM command not allowed"),
    REPLICA("READONLY You can't write"),
    OTHER_TYPE("WRONGTYPE Operation against a key"),
    MASTER_AWAY("MASTERDOWN Link with MASTER"),
    SLOTS_AWAY("CLUSTERDOWN "),
    SLOT_MOVES("TRYAGAIN ");

    /** The words of Lettuce for a command that it does not send. What was in flight fails with other words. */
    private static final List<String> NOT_SENT = List.of(
            "Currently not connected.",
            "Connection is closed",
            "Request queue size exceeded",
            "Command buffer size exceeded");

    /**
     * The words of Redis for a command, a key or a channel that the user has no right to, or for a command that it does
     * not know because it was renamed: those for clients, and those of Redis 6 and 7.0 for scripts.
     */
    private static final List<String> MISSING_RIGHT = List.of(
            "no permissions to",
            "can't run this command",
            "can't access at least one of the keys",
            "can't publish to the channel",
            "unknown command",
            "Unknown Redis command");

    /**
     * What Redis says against keys and against channels: to clients, to scripts of Redis 7.2 and to those of older
     * ones.
     */
    private static final Pattern ABOUT_KEYS =
            Pattern.compile("to access (the '.*' key|one of the keys)|can't access at least one of the keys");

    private static final Pattern ABOUT_CHANNELS =
            Pattern.compile("to access (the '.*' channel|one of the channels)|can't publish to the channel");

    private final String words;

    Refusal(String words) {
        this.words = words;
    }

    /** Whether Redis refused a command for this reason. */
    boolean is(@Nullable Throwable failure) {
        return failure instanceof RedisCommandExecutionException
                && String.valueOf(failure.getMessage()).contains(words);
    }

    /**
     * Whether Redis said that the user has no right to a command, a key or a channel, or that it does not know a
     * command.
     */
    static boolean isMissingRight(String message) {
        return MISSING_RIGHT.stream().anyMatch(message::contains);
    }

    /** Whether a {@linkplain #isMissingRight missing right} is one to keys. */
    static boolean isAboutKeys(String message) {
        return ABOUT_KEYS.matcher(message).find();
    }

    /** Whether a {@linkplain #isMissingRight missing right} is one to channels. */
    static boolean isAboutChannels(String message) {
        return ABOUT_CHANNELS.matcher(message).find();
    }

    /** Whether a command failed before the driver sent it, so that it surely changed nothing. */
    static boolean isBeforeSending(Throwable failure) {
        return failure instanceof RedisConnectionException
                || (failure instanceof RedisException
                        && NOT_SENT.stream().anyMatch(String.valueOf(failure.getMessage())::startsWith));
    }

    /**
     * Whether Redis could not be reached or serves no client, as opposed to refusing this one command.
     * {@link RedisConnector} logs such failures, once for each outage.
     */
    static boolean isOutage(Throwable failure) {
        if (failure instanceof RedisCommandExecutionException) {
            return failure instanceof RedisBusyException || isStartingOrDemoted(failure);
        }
        return failure instanceof IOException
                || failure instanceof TimeoutException
                || (failure instanceof RedisException
                        && !String.valueOf(failure.getMessage())
                                .matches("(Request queue|Command buffer) size exceeded.*"));
    }

    /**
     * Whether the server is loading its data, is no master, its cluster is down, or the slot of the keys is on its way
     * to another server. The driver repeats a command after a reconnect, so an earlier copy of the refused command may
     * have run on the same server before, or on its predecessor.
     */
    static boolean isStartingOrDemoted(Throwable failure) {
        return failure instanceof RedisLoadingException
                || REPLICA.is(failure)
                || MASTER_AWAY.is(failure)
                || SLOTS_AWAY.is(failure)
                || SLOT_MOVES.is(failure);
    }
}
