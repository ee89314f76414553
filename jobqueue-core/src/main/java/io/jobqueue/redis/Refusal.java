package io.jobqueue.redis;

import io.lettuce.core.RedisCommandExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Why Redis refuses a command. Recognised by its words wherever they stand in the message, because scripts name a key
 * before them and older servers the script; never by the code alone, because a name may hold that.
 */
enum Refusal {
    FULL("OOM command not allowed"),
    REPLICA("READONLY You can't write"),
    OTHER_TYPE("WRONGTYPE Operation against a key"),
    MASTER_AWAY("MASTERDOWN Link with MASTER"),
    SLOTS_AWAY("CLUSTERDOWN ");

    private final String words;

    Refusal(String words) {
        this.words = words;
    }

    /** Whether this is what Redis said. */
    boolean is(@Nullable Throwable failure) {
        return failure instanceof RedisCommandExecutionException
                && String.valueOf(failure.getMessage()).contains(words);
    }
}
