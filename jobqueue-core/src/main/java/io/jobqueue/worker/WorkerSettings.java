package io.jobqueue.worker;

import io.jobqueue.SettingException;
import java.time.Duration;

/**
 * The settings of one queue's {@link WorkerPool}. The components have the names of the {@code jobqueue.worker.*}
 * properties and of {@code jobqueue.shutdown.drain}. How often claims are renewed is a setting of the queue:
 * {@link io.jobqueue.QueueSettings.Lease#heartbeat()}.
 *
 * <p>An invalid value throws a {@link SettingException}. Immutable.
 *
 * @param concurrency how many jobs run at the same time, from 1 to 10,000; 16 by default
 * @param pollInterval the time between two polls of an idle queue, at least 1 ms; 500 ms by default. Polls find the
 *     jobs of clients in other languages, which push no hints
 * @param maxRunTime how long an attempt may run when its kind has no limit of its own, at least 1 ms; 30 min by default
 * @param unknownFor how long a job without a handler for its kind, or with a payload that its handler cannot read, is
 *     handed back before it becomes a dead letter; from 0, which makes it a dead letter at once, to 100 years; 1 h by
 *     default
 * @param cancelGrace how long a handler may go on after its job was cancelled, before its thread is interrupted; from 0,
 *     which interrupts at once, to 100 years; 5 s by default
 * @param drain how long a stop may take, see {@link WorkerPool#stop(Duration)}; 25 s by default, of which running
 *     handlers have 21 s
 * @since 0.1.0
 */
public record WorkerSettings(
        int concurrency,
        Duration pollInterval,
        Duration maxRunTime,
        Duration unknownFor,
        Duration cancelGrace,
        Duration drain) {

    private static final Duration CENTURY = Duration.ofDays(36_600);

    /** Checks the values. */
    public WorkerSettings {
        if (concurrency < 1 || concurrency > 10_000) {
            throw new SettingException("concurrency", "concurrency must be from 1 to 10000, was " + concurrency);
        }
        if (pollInterval.compareTo(Duration.ofMillis(1)) < 0) {
            throw new SettingException("pollInterval", "poll interval must be at least 1 ms, was " + pollInterval);
        }
        if (maxRunTime.compareTo(Duration.ofMillis(1)) < 0) {
            throw new SettingException("maxRunTime", "max run time must be at least 1 ms, was " + maxRunTime);
        }
        checkUnknownFor(unknownFor);
        if (cancelGrace.isNegative() || cancelGrace.compareTo(CENTURY) > 0) {
            throw new SettingException("cancelGrace", "cancel-grace must be from 0 to 100 years, was " + cancelGrace);
        }
        if (drain.isNegative()) {
            throw new SettingException("drain", "drain must not be negative, was " + drain);
        }
    }

    /**
     * Refuses a time for jobs that a worker cannot handle, of a queue or of a kind.
     *
     * @throws SettingException when it is negative or longer than 100 years
     */
    public static void checkUnknownFor(Duration time) {
        if (time.isNegative() || time.compareTo(CENTURY) > 0) {
            throw new SettingException("unknownFor", "unknown-for must be from 0 to 100 years, was " + time);
        }
    }

    /** The settings of a pool for which nothing else is configured. */
    public static WorkerSettings defaults() {
        return new WorkerSettings(
                16,
                Duration.ofMillis(500),
                Duration.ofMinutes(30),
                Duration.ofHours(1),
                Duration.ofSeconds(5),
                Duration.ofSeconds(25));
    }

    /** The same settings with another number of concurrent jobs. */
    public WorkerSettings withConcurrency(int jobs) {
        return new WorkerSettings(jobs, pollInterval, maxRunTime, unknownFor, cancelGrace, drain);
    }

    /** The same settings with another poll interval. */
    public WorkerSettings withPollInterval(Duration interval) {
        return new WorkerSettings(concurrency, interval, maxRunTime, unknownFor, cancelGrace, drain);
    }

    /** The same settings with another time limit. */
    public WorkerSettings withMaxRunTime(Duration time) {
        return new WorkerSettings(concurrency, pollInterval, time, unknownFor, cancelGrace, drain);
    }

    /** The same settings with another time for jobs that this worker cannot handle. */
    public WorkerSettings withUnknownFor(Duration time) {
        return new WorkerSettings(concurrency, pollInterval, maxRunTime, time, cancelGrace, drain);
    }

    /** The same settings with another time for handlers whose job was cancelled. */
    public WorkerSettings withCancelGrace(Duration time) {
        return new WorkerSettings(concurrency, pollInterval, maxRunTime, unknownFor, time, drain);
    }

    /** The same settings with another drain time. */
    public WorkerSettings withDrain(Duration time) {
        return new WorkerSettings(concurrency, pollInterval, maxRunTime, unknownFor, cancelGrace, time);
    }
}
