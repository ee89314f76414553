package io.jobqueue.spring;

import io.jobqueue.redis.RedisConnector;
import org.springframework.context.SmartLifecycle;

/**
 * Opens the queue's connections after the application's connection factory has started, and closes them before it
 * stops. An earlier use of the queue opens them as well.
 */
final class ConnectionLifecycle implements SmartLifecycle {

    static final int PHASE = 1000;

    private final RedisConnector connector;

    ConnectionLifecycle(RedisConnector connector) {
        this.connector = connector;
    }

    @Override
    public void start() {
        connector.start();
    }

    @Override
    public void stop() {
        connector.stop();
    }

    @Override
    public boolean isRunning() {
        return connector.isRunning();
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
