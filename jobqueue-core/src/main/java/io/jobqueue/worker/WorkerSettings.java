package io.jobqueue.worker;

import java.time.Duration;

/**
 * How one queue's pool works.
 *
 * @param concurrency how many jobs run at the same time, 1 to 10,000; 16 by default
 * @param pollInterval how often an idle pool looks for jobs that nobody announced, as the guide's producers do; 500 ms
 *     by default
 * @param maxRunTime how long an attempt may run when its kind says nothing else; 30 min by default
 * @param heartbeat how often claims are renewed: at most a third of the smallest visibility timeout on the queue, the
 *     guide's clients included; 1.5 s by default
 * @param drain how long a stop waits for running handlers before it interrupts them; 25 s by default
 * @since 0.1.0
 */
public record WorkerSettings(
        int concurrency, Duration pollInterval, Duration maxRunTime, Duration heartbeat, Duration drain) {

    /** Refuses nonsense. */
    public WorkerSettings {
        if (concurrency < 1 || concurrency > 10_000) {
            throw new IllegalArgumentException("concurrency must be from 1 to 10000, was " + concurrency);
        }
        if (pollInterval.compareTo(Duration.ofMillis(1)) < 0) {
            throw new IllegalArgumentException("poll interval must be at least 1 ms, was " + pollInterval);
        }
        if (maxRunTime.compareTo(Duration.ofMillis(1)) < 0) {
            throw new IllegalArgumentException("max run time must be at least 1 ms, was " + maxRunTime);
        }
        if (heartbeat.compareTo(Duration.ofMillis(1)) < 0) {
            throw new IllegalArgumentException("heartbeat must be at least 1 ms, was " + heartbeat);
        }
        if (drain.isNegative()) {
            throw new IllegalArgumentException("drain must not be negative, was " + drain);
        }
    }

    /** The settings of a pool that says nothing else. */
    public static WorkerSettings defaults() {
        return new WorkerSettings(
                16, Duration.ofMillis(500), Duration.ofMinutes(30), Duration.ofMillis(1500), Duration.ofSeconds(25));
    }

    /** The same settings with another number of concurrent jobs. */
    public WorkerSettings withConcurrency(int jobs) {
        return new WorkerSettings(jobs, pollInterval, maxRunTime, heartbeat, drain);
    }

    /** The same settings with another poll interval. */
    public WorkerSettings withPollInterval(Duration interval) {
        return new WorkerSettings(concurrency, interval, maxRunTime, heartbeat, drain);
    }

    /** The same settings with another heartbeat. */
    public WorkerSettings withHeartbeat(Duration interval) {
        return new WorkerSettings(concurrency, pollInterval, maxRunTime, interval, drain);
    }

    /** The same settings with another drain time. */
    public WorkerSettings withDrain(Duration time) {
        return new WorkerSettings(concurrency, pollInterval, maxRunTime, heartbeat, time);
    }
}
