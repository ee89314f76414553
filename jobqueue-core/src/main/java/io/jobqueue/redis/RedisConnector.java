package io.jobqueue.redis;

import java.util.function.Supplier;

/** Skeleton. */
public final class RedisConnector {

    public RedisConnector(Supplier<? extends RedisLink> links) {}

    public void start() {}

    public void stop() {}

    public boolean isRunning() {
        return false;
    }
}
