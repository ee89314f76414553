package io.jobqueue.sample;

import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.stereotype.Component;

/** The clock of the Redis server, which all times of jobs and runs come from. Thread-safe. */
@Component
final class RedisClock {

    private final StringRedisTemplate redis;

    RedisClock(StringRedisTemplate redis) {
        this.redis = redis;
    }

    /** The time, to the millisecond. One round trip. */
    Instant now() {
        Long millis = redis.execute(
                (RedisCallback<Long>) connection -> connection.serverCommands().time(TimeUnit.MILLISECONDS));
        if (millis == null) {
            throw new IllegalStateException("Redis did not tell its time");
        }
        return Instant.ofEpochMilli(millis);
    }
}
