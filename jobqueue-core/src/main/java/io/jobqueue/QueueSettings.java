package io.jobqueue;

import java.time.Duration;

/**
 * The settings of one queue.
 *
 * @param visibility how long a claim is good without a heartbeat: how soon a crash is noticed, not how long a job may
 *     run; 30 s by default
 * @param maxCrashes how many of a job's workers may die before it becomes a dead letter; 3 by default
 * @param retry when failed attempts are tried again
 * @param completed how many completed jobs are kept; 1 h and 1,000 by default
 * @param failed how many dead letters are kept; 30 days and 10,000 by default
 * @param maxPayloadBytes the largest payload in bytes of UTF-8; 1 MiB by default
 * @param maxResultBytes the largest result or work output in bytes of UTF-8; 256 KiB by default
 * @param outputTtl how long the outputs of a run are kept: after the last write, or after the end of a run that was
 *     started; 7 days by default
 * @param runDeadline after how long a live run to which nothing happens is reported; 1 day by default
 * @since 0.1.0
 */
public record QueueSettings(
        Duration visibility,
        int maxCrashes,
        RetryPolicy retry,
        Retention completed,
        Retention failed,
        int maxPayloadBytes,
        int maxResultBytes,
        Duration outputTtl,
        Duration runDeadline) {

    private static final int LARGEST = 16 * 1024 * 1024;

    /** Refuses nonsense. */
    public QueueSettings {
        if (visibility.compareTo(Duration.ofMillis(10)) < 0 || visibility.compareTo(Duration.ofDays(7)) > 0) {
            throw new IllegalArgumentException("visibility timeout must be from 10 ms to 7 days, was " + visibility);
        }
        if (maxCrashes < 0) {
            throw new IllegalArgumentException("max crashes must not be negative, was " + maxCrashes);
        }
        checkBytes("max payload size", maxPayloadBytes);
        checkBytes("max result size", maxResultBytes);
        if (outputTtl.compareTo(Duration.ofSeconds(1)) < 0 || outputTtl.compareTo(Duration.ofDays(36_600)) > 0) {
            throw new IllegalArgumentException("work output ttl must be from 1 s to 100 years, was " + outputTtl);
        }
        if (runDeadline.compareTo(Duration.ofSeconds(1)) < 0 || runDeadline.compareTo(Duration.ofDays(36_600)) > 0) {
            throw new IllegalArgumentException("run deadline must be from 1 s to 100 years, was " + runDeadline);
        }
    }

    /** Settings with the usual deadline of runs. */
    public QueueSettings(
            Duration visibility,
            int maxCrashes,
            RetryPolicy retry,
            Retention completed,
            Retention failed,
            int maxPayloadBytes,
            int maxResultBytes,
            Duration outputTtl) {
        this(
                visibility,
                maxCrashes,
                retry,
                completed,
                failed,
                maxPayloadBytes,
                maxResultBytes,
                outputTtl,
                Duration.ofDays(1));
    }

    private static void checkBytes(String what, int bytes) {
        if (bytes < 1 || bytes > LARGEST) {
            throw new IllegalArgumentException("%s must be from 1 byte to 16 MiB, was %s".formatted(what, bytes));
        }
    }

    /** The settings of a queue that says nothing else. */
    public static QueueSettings defaults() {
        return new QueueSettings(
                Duration.ofSeconds(30),
                3,
                RetryPolicy.defaults(),
                new Retention(Duration.ofHours(1), 1000),
                new Retention(Duration.ofDays(30), 10_000),
                1024 * 1024,
                256 * 1024,
                Duration.ofDays(7));
    }

    /** The same settings with another visibility timeout. */
    public QueueSettings withVisibility(Duration timeout) {
        return new QueueSettings(
                timeout, maxCrashes, retry, completed, failed, maxPayloadBytes, maxResultBytes, outputTtl, runDeadline);
    }

    /** The same settings with another crash limit. */
    public QueueSettings withMaxCrashes(int crashes) {
        return new QueueSettings(
                visibility, crashes, retry, completed, failed, maxPayloadBytes, maxResultBytes, outputTtl, runDeadline);
    }

    /** The same settings with another retry policy. */
    public QueueSettings withRetry(RetryPolicy policy) {
        return new QueueSettings(
                visibility,
                maxCrashes,
                policy,
                completed,
                failed,
                maxPayloadBytes,
                maxResultBytes,
                outputTtl,
                runDeadline);
    }

    /** The same settings with other histories. */
    public QueueSettings withRetention(Retention ofCompleted, Retention ofFailed) {
        return new QueueSettings(
                visibility,
                maxCrashes,
                retry,
                ofCompleted,
                ofFailed,
                maxPayloadBytes,
                maxResultBytes,
                outputTtl,
                runDeadline);
    }

    /** The same settings with another time that outputs are kept. */
    public QueueSettings withOutputTtl(Duration time) {
        return new QueueSettings(
                visibility, maxCrashes, retry, completed, failed, maxPayloadBytes, maxResultBytes, time, runDeadline);
    }

    /** The same settings with another deadline of runs. */
    public QueueSettings withRunDeadline(Duration time) {
        return new QueueSettings(
                visibility, maxCrashes, retry, completed, failed, maxPayloadBytes, maxResultBytes, outputTtl, time);
    }
}
